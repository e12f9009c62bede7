// A member's own details: birthday, what to be told about, signing out, leaving the program.
import { button, h, sentence, tile } from "./panel.js?v=__VERSION__";
import { act } from "./doing.js?v=__VERSION__";
import styles from "./me.css.js?v=__VERSION__";
import { step, useSteps } from "./steps.js?v=__VERSION__";

const CAKE = "M4 16.5v-5A1.5 1.5 0 0 1 5.5 10h9a1.5 1.5 0 0 1 1.5 1.5v5M3 16.5h14M4 13q2 1.6 4 0t4 0 4 0M10 10V7M10 4.2v.01";
const LEAP_YEAR = 2024;

export function add(panel) {
  useSteps(panel);
  panel.use(styles);
  Object.assign(panel.views, { me, "me/joining": joining, "me/leaving": leaving });
}

const dayOf = (month, day) => Date.UTC(LEAP_YEAR, month - 1, day, 12);

function me(panel, w) {
  const { profile, notifications } = panel.data;
  return {
    title: w.t("more.me"),
    back: "home",
    body: [
      panel.alert(),
      profile && (profile.birthday || asksForBirthday(panel)) && birthday(panel, w, profile),
      notifications?.length && choices(panel, w, notifications),
      h("div.rg-duo", {}, !panel.api.proxy && !panel.api.signed && button(".rg-text", w.t("me.sign.out"), () => panel.leave()), panel.data.enrolled !== false && button(".rg-text", w.t("me.leave"), () => panel.go("me/leaving"), { id: "rg-leaving" })),
    ],
  };
}

// What earns nothing is not asked for.
const asksForBirthday = ({ config }) => config.birthday || config.earn.some((rule) => rule.activity === "profile_completed");

function birthday(panel, w, { birthday: known, locked }) {
  const [month, day] = (known ?? panel.born ?? "").split("-").map(Number);
  const written = (style) => (m, d) => new Date(dayOf(m, d)).toLocaleString(panel.widget.locale, { timeZone: "UTC", ...style });
  if (locked) return h("div.rg-sum", {}, h("span", {}, w.t("me.birthday")), h("b", {}, written({ month: "long", day: "numeric" })(month, day)));
  const option = (text, value, chosen) => h("option", { value: `${value}`, selected: value === chosen }, text);
  // Nothing is chosen before somebody chooses: it can be set once.
  const none = (text) => Object.assign(h("option", { selected: !month, disabled: true }, text), { value: "" });
  const numbers = (count) => Array.from({ length: count }, (_, index) => index + 1);
  const months = h("select", { id: "rg-month", "aria-label": w.t("me.month"), required: true }, none(w.t("me.month")), numbers(12).map((each) => option(written({ month: "long" })(each, 1), each, month)));
  const days = h("select", { id: "rg-day", "aria-label": w.t("me.day"), required: true }, none(w.t("me.day")), numbers(31).map((each) => option(w.number(each), each, day)));
  const two = (select) => select.value.padStart(2, "0");
  const save = () => {
    const missing = [months, days].find((select) => !select.value);
    if (missing) return missing.focus();
    panel.born = `${two(months)}-${two(days)}`;
    act(panel, "profile", { birthday: panel.born }, w.t("me.saved"));
  };
  const points = panel.config.birthday?.points;
  return [
    step(tile(CAKE), w.t("me.when"), points ? w.t("me.points", { n: points }) : w.t("me.once")),
    h("div.rg-pair", {}, months, days),
    button(".rg-main", w.t("me.save"), save, { "aria-busy": panel.busy && "true" }),
    points && sentence(w.t("me.once")),
  ];
}

function choices(panel, w, notifications) {
  const choice = (each) => {
    const { id, on } = each;
    // It stays as it was pressed, and goes back if that could not be saved.
    const onchange = async () => {
      each.on = !on;
      await act(panel, "notifications", { id, on: !on }, w.t("me.saved"));
      if (panel.error) each.on = on;
      panel.render();
    };
    const input = h("input", { type: "checkbox", id: `rg-tell-${id}`, onchange });
    input.checked = on;
    return h("li", {}, h("label.rg-row", {}, h("span", {}, w.t(`me.tell.${id}`)), input));
  };
  return h("div", {}, h("h3.rg-title", {}, w.t("me.tell")), h("ul.rg-list", {}, notifications.map(choice)));
}

function leaving(panel, w) {
  const { available } = panel.data;
  const leave = async () => {
    await act(panel, "leave", {});
    if (!panel.error) panel.go("home", { tab: "rewards" });
  };
  return {
    title: w.t("me.leave"),
    back: "me",
    body: [
      panel.alert(),
      step(tile(panel.icons.ALERT), w.t("leave.title"), w.t("leave.text", { n: available })),
      h("div.rg-duo", {}, button(".rg-main", w.t("leave.stay"), () => panel.go("me")), button(".rg-text", w.t("leave.go"), leave, { "aria-busy": panel.busy && "true" })),
    ],
  };
}

function joining(panel, w) {
  const join = async () => {
    await act(panel, "join", {});
    if (!panel.error) panel.go("home");
  };
  return {
    title: w.t("join"),
    back: "home",
    body: [panel.alert(), step(tile(panel.icons.GIFT), w.t("joining.title"), w.t("joining.text", { shop: panel.config.shop.name })), button(".rg-main", w.t("join"), join, { "aria-busy": panel.busy && "true" })],
  };
}
