// How many points? In whole steps, from what it takes at least to what there is.
import { button, h, tile } from "./panel.js?v=__VERSION__";
import { step, useSteps } from "./steps.js?v=__VERSION__";

export function add(panel) {
  useSteps(panel);
  panel.views.slide = slide;
}

function slide(panel, w) {
  const { reward, data } = panel;
  const most = Math.floor(data.available / reward.points) * reward.points;
  const chosen = () => +input.value;
  const worth = () => w.money((chosen() / reward.points) * reward.value_minor);
  const input = h("input", { type: "range", id: "rg-points", min: `${reward.least_points}`, max: `${most}`, step: `${reward.points}`, oninput: () => show() });
  input.value = most;
  const sum = h("output", { for: "rg-points" });
  const show = () => {
    sum.textContent = w.t(reward.kind === "cashback" ? "slide.pays" : "slide.worth", { n: chosen(), money: worth() });
    input.setAttribute("aria-valuetext", sum.textContent);
  };
  const go = () => {
    const points = chosen();
    panel.go("redeem/confirm", { key: undefined, reward: { ...reward, points, chosen: points, value_minor: (points / reward.points) * reward.value_minor } });
  };
  show();
  return {
    title: reward.name,
    back: "home",
    body: [
      step(tile(panel.icons.TAG), w.t("slide.title"), reward.maximum_percent < 100 && w.t("slide.part", { percent: w.percent(reward.maximum_percent) })),
      h("label.rg-field", {}, w.t("slide.label"), input),
      h("p.rg-centre", {}, sum),
      h("div.rg-duo", {}, button(".rg-main", w.t("slide.go"), go), button(".rg-text", w.t("slide.not"), () => panel.go("home"))),
    ],
  };
}
