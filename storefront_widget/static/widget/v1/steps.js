// One thing at a time: a picture, a sentence, what it comes to.
import { h } from "./panel.js?v=__VERSION__";
import styles from "./steps.css.js?v=__VERSION__";

export const useSteps = (panel) => panel.use(styles);

export const step = (picture, title, ...lines) => h("div.rg-step", {}, picture, h("h3", {}, title), lines.map((line) => line && h("p", {}, line)));

// Lines of a sum; the last is what it comes to.
export const sum = (...lines) =>
  h("dl.rg-sum", {}, lines.map(([name, value], index) => (index === lines.length - 1 ? [h("dt.rg-total", {}, name), h("dd.rg-total", {}, value)] : [h("dt", {}, name), h("dd", {}, value)])));
