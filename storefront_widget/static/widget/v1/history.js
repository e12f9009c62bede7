// Every line opens to its reason.
import { h, icon, sentence } from "./panel.js?v=__VERSION__";
import styles from "./history.css.js?v=__VERSION__";

const BAG = "M5 6.5h10l1 10.2H4zM7.2 8.8V6a2.8 2.8 0 0 1 5.6 0v2.8";
const UNDO = "M7.5 4.5 4 8l3.5 3.5M4 8h7.5a4.25 4.25 0 0 1 0 8.5H8";

export function add(panel) {
  panel.use(styles);
  panel.tabs.history = history;
}

function history(panel, w) {
  const { history: lines, pending, expiring } = panel.data;
  const leave = h("button.rg-link", { id: "rg-leave", onclick: () => panel.leave() }, w.t("sign.out"));
  const coming = pending.map((each) => h("li.rg-row", {}, icon(panel.icons.CLOCK), h("span", {}, w.t("history.pending"), h("small", {}, w.t("history.from", { date: w.longDay(each.until) }))), h("b.rg-num", {}, w.signed(each.points))));
  return [
    expiring && panel.note(panel.icons.CLOCK, w.t("expiring", { n: expiring.points, date: w.longDay(expiring.at) })),
    lines.length || coming.length ? h("ul.rg-list", {}, coming, lines.map((line, index) => entry(panel, w, line, index))) : sentence(w.t("history.none")),
    !panel.api.proxy && !panel.api.signed && sentence(leave),
  ];
}

function entry(panel, w, line, index) {
  const { TICKET, CLOCK, GIFT } = panel.icons;
  const drawing = { earned: BAG, nothing: BAG, redeemed: TICKET, expired: CLOCK, reversed: UNDO, returned: UNDO }[line.kind] ?? GIFT;
  const id = [`history.${line.message}`, `history.${line.kind}`].find(w.has);
  const open = panel.line === index;
  const onclick = () => {
    panel.line = open ? undefined : index;
    panel.render();
  };
  const reward = panel.config.rewards.find((each) => each.name === line.params.reward);
  const values = reward ? { ...line.params, reward: w.reward(reward) } : line.params;
  const small = [w.day(line.at), line.params.code].filter(Boolean).join(", ");
  const sentences = [line.text, ...line.details].filter(Boolean).map((each) => h("li", {}, each));
  return h(
    "li",
    {},
    h("button.rg-row", { id: `rg-line-${index}`, "aria-expanded": `${open}`, onclick }, icon(drawing, drawing === UNDO ? "icon icon-dir" : "icon"), h("span", {}, id ? w.t(id, values) : line.text, h("small", {}, small)), h("b.rg-num", {}, w.signed(line.points))),
    open && h("ul.rg-why", {}, sentences),
  );
}
