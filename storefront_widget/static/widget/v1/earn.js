// What earns points: for members with how it stands, for guests with the way in.
import { button, h, icon, sentence, tile } from "./panel.js?v=__VERSION__";
import { act, USERS } from "./doing.js?v=__VERSION__";
import { useSteps } from "./steps.js?v=__VERSION__";

const BAG = "M5 6.5h10l1 10.2H4zM7.2 8.8V6a2.8 2.8 0 0 1 5.6 0v2.8";
const CAKE = "M4 16.5v-5A1.5 1.5 0 0 1 5.5 10h9a1.5 1.5 0 0 1 1.5 1.5v5M3 16.5h14M4 13q2 1.6 4 0t4 0 4 0M10 10V7M10 4.2v.01";
const CHECK = "M4.5 10.5 8 14l7.5-8";
const STAR = "m10 3 2.2 4.5 4.8.5-3.5 3.5 1 4.5-4.5-2.3L5.5 16l1-4.5L3 8l4.8-.5z";
const USER = "M13 7a3 3 0 1 1-6 0 3 3 0 0 1 6 0zM3.8 16.5c.9-3 3.3-4.3 6.2-4.3s5.3 1.3 6.2 4.3";
const ORDERS = ["per_amount", "per_order", "per_item", "cashback", "milestone", "goal"];
const ICONS = { birthday: CAKE, referral: USERS, sign_up: USER, profile_completed: USER };
export function add(panel) {
  useSteps(panel);
  panel.views["earn/guest"] = guest;
  panel.tabs.earn = earn;
}

const account = (page) => `/account/${page}?return_url=${encodeURIComponent(location.pathname)}`;

function guest(panel, w) {
  const { shop, rewards, earn: rules, texts } = panel.config;
  const joining = rules.find((rule) => rule.activity === "sign_up")?.points;
  const join = joining ? w.t("guest.join.points", { n: joining }) : w.t("join");
  const doors =
    panel.widget.dataset.platform === "shopify"
      ? [h("a.rg-button.rg-main", { href: account("register") }, join), h("a.rg-button.rg-text", { href: account("login") }, w.t("guest.account"))]
      : [button(".rg-main", w.t("guest.code"), () => panel.go("sign-in/email")), sentence(w.t("guest.first"))];
  return {
    title: texts?.title || w.t("title", { shop: shop.name }),
    body: [
      panel.alert(),
      h("div.rg-hello", {}, h("h3", {}, texts?.greeting || w.t("guest.title")), h("p", {}, w.t("guest.text", { shop: shop.name }))),
      list(panel, w),
      rewards[0] && panel.note(panel.icons.GIFT, w.t("guest.reward", { n: rewards[0].points, reward: w.reward(rewards[0]) })),
      h("div.rg-duo", {}, doors),
      invited(panel, w),
      panel.config.version && sentence(h("button.rg-link", { id: "rg-more-faq", onclick: () => panel.go("faq") }, w.t("more.faq"))),
    ],
  };
}

const earn = (panel, w) => [panel.config.paused?.earning && panel.note(panel.icons.CLOCK, w.t("paused.earning")), panel.refused && panel.alert("", null, w.problem(panel.refused)), list(panel, w), panel.data && typed(panel, w), invited(panel, w)];

// For who may still say that a friend brought them.
function invited(panel, w) {
  const { config, data } = panel;
  return config.referral && (!data?.member.known || data.referral?.may_claim) && sentence(h("button.rg-link", { id: "rg-have", onclick: () => panel.go("friend/code") }, w.t("earn.have")));
}

function list(panel, w) {
  // A guest sees the first few and the way in without scrolling.
  const rows = panel.config.earn.map((rule) => row(panel, w, rule)).filter(Boolean).slice(0, panel.data ? 99 : 4);
  return rows.length ? h("ul.rg-list", {}, rows) : sentence(w.t("earn.none"));
}

// What was refused stands beside what was pressed, until the next press.
async function claim(panel, body) {
  panel.refused = undefined;
  await act(panel, "activity", body, panel.w.t("earn.claimed"));
  if (body.code && !panel.error) panel.typed = "";
  Object.assign(panel, { refused: panel.error, error: undefined });
  panel.render();
}

// What a rule says of itself, by what it counts.
function about(w, rule) {
  const { kind, activity, steps } = rule;
  if (kind === "per_amount") return w.t("earn.per", { money: w.money(rule.per_minor) });
  if (kind === "cashback") return w.t("earn.cashback", { percent: w.percent(+rule.percent) });
  if (kind === "milestone") return w.t("earn.milestone", { n: steps[0].orders });
  if (kind === "streak") return w.t(`earn.streak.${rule.period || "month"}`, { n: rule.length });
  if (kind === "goal") return w.t("earn.goal", { money: w.money(rule.amount_minor) });
  if (kind === "referral") return w.t(rule.friend_points ? (rule.referrer_points ? "earn.both" : "earn.friend") : "earn.referrer");
  return activity ? (rule.asks_code ? w.t("earn.code") : "") : w.t(`earn.about.${kind}`);
}

function row(panel, w, rule) {
  const { id, kind, activity } = rule;
  const said = `earn.${ORDERS.includes(kind) ? "per_order" : (activity ?? kind)}`;
  const name = rule.name || (w.has(said) && w.t(said));
  if (!name) return null;
  const points = rule.points ?? rule.steps?.[0].points ?? (rule.referrer_points || rule.friend_points);
  const { state, at } = panel.data?.earn?.[id] ?? {};
  const ready = panel.who === "member" && !panel.offline;
  const press = kind === "referral" && panel.data?.referral ? ["more.friend", () => panel.go("friend")] : kind === "birthday" && panel.data?.profile && !panel.data.profile.birthday ? ["earn.tell", () => panel.go("me")] : rule.claim && state === "open" ? ["earn.claim", () => claim(panel, { rule: id })] : null;
  const small = state === "done" ? (at ? w.t("earn.came", { date: w.longDay(at) }) : w.t("earn.done")) : state === "waiting" ? w.t("earn.waiting") : about(w, rule);
  const worth = points ? w.signed(points) : "";
  const gifts = rule.gifts?.length ? w.t("earn.gift", { reward: rule.gifts.join(", ") }) : "";
  const end = state === "done" ? icon(CHECK, "icon rg-done") : press && panel.data ? button("", worth || w.t(press[0]), press[1], { id: `rg-earn-${id}`, disabled: !ready, "aria-label": `${w.t(press[0])}: ${name} ${worth}` }) : h("b.rg-num", {}, worth);
  return h("li.rg-row", {}, tile(ORDERS.includes(kind) ? BAG : (ICONS[activity ?? kind] ?? STAR)), h("span", {}, name, [small, gifts].filter(Boolean).map((text) => h("small", {}, text))), end);
}

// A code from an event, a parcel or a mail. What was typed stays until it was taken: the panel is drawn anew now and then.
function typed(panel, w) {
  const rules = panel.config.earn.filter((rule) => rule.asks_code);
  if (!rules.length) return null;
  const input = h("input", { id: "rg-typed", maxlength: 64, autocomplete: "off", value: panel.typed, oninput: () => (panel.typed = input.value) });
  const onsubmit = (event) => {
    event.preventDefault();
    if (input.value.trim() && !panel.busy) claim(panel, { code: input.value.trim() });
  };
  const send = h("button.rg-button", { id: "rg-typed-send", "aria-busy": panel.busy && "true" }, w.t("earn.send"));
  send.type = "submit";
  return h("form.rg-duo", { onsubmit }, h("label.rg-field", {}, w.t("earn.typed"), input), send);
}
