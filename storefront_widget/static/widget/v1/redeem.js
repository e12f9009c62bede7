// Redeeming: the second tap, the wait, the code, and what became of the points if there is none.
import { button, h, sentence, tile } from "./panel.js?v=__VERSION__";
import { step, sum, useSteps } from "./steps.js?v=__VERSION__";

const SLOW_MS = 2_000;
const POLLS = 30;
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const newKey = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

export function add(panel) {
  useSteps(panel);
  Object.assign(panel.views, { "redeem/confirm": confirm, "redeem/working": working, "redeem/failed": failed });
}

// The key stays until there is an answer: asked again after a lost connection, nothing is taken twice.
async function redeem(panel) {
  if (panel.busy) return;
  const { reward } = panel;
  panel.key ??= newKey();
  panel.busy = true;
  panel.render();
  const slow = setTimeout(() => panel.busy && panel.go("redeem/working", { busy: true, redemption: reward }), SLOW_MS);
  try {
    let made = await ask(panel);
    if (made.state === "issuing") made = await settled(panel, made);
    await panel.refresh().catch(() => {});
    finish(panel, made);
  } catch (error) {
    if (error.status === 401) panel.signedOut();
    panel.go(error.status === 401 ? "home" : "redeem/failed", { error });
  } finally {
    clearTimeout(slow);
    panel.busy = false;
    panel.label();
  }
}

async function ask(panel) {
  for (let tries = 0; ; tries += 1) {
    try {
      return await panel.api.own("redeem", { reward: panel.reward.id, points: panel.reward.chosen }, { "Idempotency-Key": panel.key });
    } catch (problem) {
      if (problem.code !== "under_way" || tries > 5) throw problem;
      await wait(problem.wait * 1000 || SLOW_MS);
    }
  }
}

async function settled(panel, made) {
  for (let poll = 0; poll < POLLS && made.state === "issuing"; poll += 1) {
    await wait(1000 + poll * 200);
    made = await panel.api.own(`redemptions/${made.id}`).catch((problem) => {
      if (problem.status === 401) throw problem;
      return made;
    });
  }
  return made;
}

// Whoever went elsewhere in the panel meanwhile is told, and not pulled away.
function finish(panel, made) {
  const view = /ready|used/.test(made.state) ? "ready" : made.state === "issuing" ? "redeem/working" : "redeem/failed";
  if (/confirm|working/.test(panel.view)) panel.go(view, { redemption: made });
  else if (panel.over.open) panel.render();
  if (view === "ready") panel.say(panel.w.t("redeem.done", { reward: panel.w.reward(made) }));
}

function confirm(panel, w) {
  const { reward, data, busy, config } = panel;
  const { kind, points, valid_days: n, minimum_order_minor: least } = reward;
  const name = w.reward(reward);
  // No order uses these.
  const apart = /access|custom|partner/.test(kind);
  return {
    title: name,
    back: "home",
    body: [
      step(panel.tile(reward), w.t("confirm.title", { n: points, reward: name }), !apart && w.t(!n ? "confirm.money" : least ? "confirm.minimum" : "confirm.days", { n, money: w.money(least) })),
      sum([w.t("confirm.have"), w.number(data.available)], [name, w.signed(-points)], [w.t("confirm.left"), w.number(data.available - points)]),
      h("div.rg-duo", {}, button(".rg-main", w.t(busy ? "confirm.going" : apart || /credit|cashback/.test(kind) ? "redeem" : "confirm.go"), () => redeem(panel), { "aria-busy": busy && "true" }), button(".rg-text", w.t("confirm.not"), () => panel.go("home"))),
      !apart && n && sentence(w.t(config.expired_codes ? "confirm.spent" : "confirm.back")),
    ],
  };
}

function working(panel, w) {
  const { redemption, data } = panel;
  const left = data.available - (data.codes.some((made) => made.id === redemption.id) ? 0 : redemption.points);
  return {
    title: w.reward(redemption),
    back: "home",
    body: [
      h("div", { role: "status" }, step(h("span.rg-tile", {}, h("span.rg-wait")), w.t("working.title"), w.t("working.text"))),
      sum([w.t("working.held"), w.number(redemption.points)], [w.t("working.yours"), w.number(left)]),
    ],
  };
}

// What happened, what became of the points, what to do. A lost connection is asked again with the same key.
function failed(panel, w) {
  const { error, redemption, reward, data, key } = panel;
  const again = async () => {
    const kept = error && ["offline", "under_way", undefined].includes(error.code);
    await panel.go("redeem/confirm", { reward, key: kept ? key : undefined });
    redeem(panel);
  };
  // What was refused for a reason will be refused again.
  const doors = [422, 404].includes(error?.status) ? [button(".rg-main", w.t("redeem.back"), () => panel.go("home"))] : [button(".rg-main", w.t("again"), again), button(".rg-text", w.t("redeem.back"), () => panel.go("home"))];
  const told = error ? w.problem(error) : w.t("failed.text", { n: redemption.points });
  return {
    title: w.reward(reward ?? redemption),
    back: "home",
    body: [
      h("div", { role: "alert" }, step(tile(panel.icons.ALERT, ".bad"), w.t(error ? "failed.other" : "failed.title"), told)),
      sum([w.t("confirm.have"), w.number(data.available)]),
      h("div.rg-duo", {}, doors),
    ],
  };
}
