// A code that is ready: to apply, to copy, or to give back for its points.
import { button, h, icon, sentence, tile } from "./panel.js?v=__VERSION__";
import { COPY, copy } from "./doing.js?v=__VERSION__";
import { step, useSteps } from "./steps.js?v=__VERSION__";

const CHECK = "M4.5 10.5 8 14l7.5-8";

export function add(panel) {
  useSteps(panel);
  Object.assign(panel.views, { ready, "ready/giving": giving });
}

function ready(panel, w) {
  const { redemption, data, widget } = panel;
  const name = w.reward(redemption);
  const toCart = () => {
    panel.close();
    widget.dispatchEvent(new CustomEvent("regulars-cart", { detail: redemption.in_cart ? redemption.code : "" }));
  };
  const apart = /access|custom|partner/.test(redemption.kind);
  const cart = redemption.code && !apart && widget.dataset.platform === "ecwid" && button(".rg-main", w.t("ready.cart"), toCart);
  const door = (href, label) => /^https?:/.test(href) && h("a.rg-button.rg-main", { id: "rg-main", href }, w.t(label));
  const apply = door(redemption.apply_url, "ready.apply") || door(redemption.link, "ready.open") || cart;
  // Where the cart takes it off there is nothing to type.
  const typed = !redemption.in_cart && redemption.code;
  const { kind, code, in_cart: inCart, expires_at: ends } = redemption;
  const how = inCart ? w.t("ready.in.cart") : apart ? w.t(`ready.${kind}`) : ends ? w.t("ready.until", { date: w.longDay(ends) }) : code && w.t("ready.use");
  return {
    title: name,
    back: "home",
    body: [
      step(tile(CHECK, ".good"), w.t("ready.title", { reward: name }), how, redemption.description, redemption.note),
      typed && h("button.rg-code", { id: "rg-copy", onclick: () => copy(panel, redemption.code) }, h("code", {}, redemption.code), h("span.rg-button", {}, icon(COPY), h("span", {}, w.t("copy")))),
      h("div.rg-duo", {}, apply, button(".rg-text", w.t("ready.back"), () => panel.go("home"))),
      redemption.cancellable ? button(".rg-text", w.t("give.back"), () => panel.go("ready/giving")) : sentence(w.t("ready.left", { n: data.available })),
    ],
  };
}

async function giveBack(panel, redemption) {
  if (panel.busy) return;
  panel.busy = true;
  panel.render();
  try {
    await panel.api.own(`redemptions/${redemption.id}/cancel`, {});
    await panel.refresh().catch(() => {});
    panel.go("home");
    panel.say(panel.w.t("give.done", { n: redemption.points }));
  } catch (error) {
    if (error.status === 401) panel.signedOut();
    panel.go("ready/giving", { error });
  }
  panel.label();
}

function giving(panel, w) {
  const { redemption, busy } = panel;
  return {
    title: w.reward(redemption),
    back: "ready",
    body: [
      panel.alert(),
      step(panel.tile(redemption), w.t("give.title"), w.t("give.text", { n: redemption.points })),
      h("div.rg-duo", {}, button(".rg-main", w.t("give.back"), () => giveBack(panel, redemption), { "aria-busy": busy && "true" }), button(".rg-text", w.t("give.keep"), () => panel.go("ready"))),
    ],
  };
}
