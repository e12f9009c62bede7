// Giving an unused code back for its points.
import { button, h } from "./kit.js?v=__VERSION__";
import { step, useSteps } from "./steps.js?v=__VERSION__";

export function add(panel) {
  useSteps(panel);
  panel.views.giving = giving;
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
    panel.go("giving", { error });
  }
  panel.label();
}

function giving(panel, w) {
  const { redemption, busy, error } = panel;
  return {
    title: w.reward(redemption),
    back: "ready",
    body: [
      error && panel.note(panel.icons.ALERT, w.problem(error)),
      step(panel.tile(redemption), w.t("give.title"), w.t("give.text", { n: redemption.points })),
      h("div.rg-duo", {}, button(".rg-main", w.t("give.back"), () => giveBack(panel, redemption), { "aria-busy": busy && "true" }), button(".rg-text", w.t("give.keep"), () => panel.go("ready"))),
    ],
  };
}
