// Every line opens to its reason.
import { h, icon, sentence } from "./kit.js?v=__VERSION__";
import styles from "./history.css.js?v=__VERSION__";

const UNDO = "M7.5 4.5 4 8l3.5 3.5M4 8h7.5a4.25 4.25 0 0 1 0 8.5H8";

export function add(panel) {
  panel.use(styles);
  panel.tabs.history = history;
}

function history(panel, w) {
  const lines = panel.data.history;
  const leave = h("button.rg-link", { id: "rg-leave", onclick: () => panel.leave() }, w.t("sign.out"));
  return [lines.length ? h("ul.rg-list", {}, lines.map((line, index) => entry(panel, w, line, index))) : sentence(w.t("history.none")), !panel.api.proxy && sentence(leave)];
}

function entry(panel, w, line, index) {
  const { BAG, TICKET, CLOCK, GIFT } = panel.icons;
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
