// The tiers, what each gives and what is missing to the next.
import { bar, h, icon, tile } from "./panel.js?v=__VERSION__";
import { useSteps } from "./steps.js?v=__VERSION__";

const CHECK = "M4.5 10.5 8 14l7.5-8";
const STAR = "m10 3.2 2 4.3 4.8.6-3.5 3.3.9 4.7-4.2-2.3-4.2 2.3.9-4.7-3.5-3.3 4.8-.6z";

export function add(panel) {
  useSteps(panel);
  panel.views.tiers = tiers;
}

function tiers(panel, w) {
  const { tier } = panel.data ?? {};
  const next = tier?.next;
  const missing = next && w.t(`tier.${next.measure}`, { n: next.missing, money: w.money(next.missing), tier: next.name });
  return {
    title: w.t("more.tiers"),
    back: "home",
    body: [
      tier && h("div.rg-hello", {}, h("h3", {}, w.t("tiers.yours", { tier: tier.name })), tier.kept_until && h("p", {}, w.t("tiers.until", { date: w.date({ dateStyle: "long" })(tier.kept_until) }))),
      next && h("div.rg-duo", {}, bar(next.have / next.need), h("p.rg-small", {}, missing)),
      h("ul.rg-list", {}, panel.config.tiers.map((each) => level(w, each, each.id === tier?.id))),
    ],
  };
}

function level(w, each, mine) {
  const { measure, at_least: least, multiplier_percent: times } = each;
  const from = least ? w.t(`tiers.${measure}`, { n: least, money: w.money(least) }) : w.t("tiers.first");
  const perks = [times > 100 && w.t("tiers.more", { percent: w.percent(times - 100) }), ...each.perks].filter(Boolean);
  return h("li.rg-row", {}, tile(STAR), h("span", {}, h(mine ? "b" : "span.rg-name", {}, each.name), h("small", {}, from), perks.map((perk) => h("small", {}, perk))), mine && h("span", { class: "rg-num rg-done", role: "img", "aria-label": w.t("tiers.mine") }, icon(CHECK)));
}
