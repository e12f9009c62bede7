// Signing in where the platform vouches for nobody: an address, a code from its mailbox.
import { button, h, tile } from "./panel.js?v=__VERSION__";
import { keep } from "./session.js?v=__VERSION__";
import { step, useSteps } from "./steps.js?v=__VERSION__";

export function add(panel) {
  useSteps(panel);
  Object.assign(panel.views, { "sign-in/email": email, "sign-in/code": code });
}

// One press, one answer: the button says that it works, an error stays beside what was typed.
async function attempt(panel, work) {
  if (panel.busy) return;
  Object.assign(panel, { busy: true, error: undefined });
  panel.render();
  try {
    await work();
  } catch (error) {
    Object.assign(panel, { busy: false, error });
    panel.render("input");
  }
}

function form(panel, w, input, label, press, ...more) {
  const onsubmit = (event) => {
    event.preventDefault();
    attempt(panel, () => press(input.value.trim()));
  };
  const error = panel.error && h("p.rg-error", { id: "rg-error", role: "alert" }, w.problem(panel.error));
  if (error) input.setAttribute("aria-describedby", "rg-error");
  const field = h("label.rg-field", {}, label, input);
  const send = h("button.rg-button.rg-main", { id: "rg-main", "aria-busy": panel.busy && "true" }, w.t(`${panel.view.slice(8)}.send`));
  send.type = "submit";
  return h("form.rg-duo", { onsubmit, novalidate: true }, field, error, send, more);
}

async function send(panel, address) {
  panel.email = address;
  const { challenge } = await panel.api.send("code", { email: address });
  await panel.go("sign-in/code", { challenge });
}

function email(panel, w) {
  const input = h("input", { type: "email", id: "rg-email", autocomplete: "email", maxlength: 320, value: panel.email ?? panel.widget.dataset.email });
  const press = (address) => send(panel, address);
  return {
    title: w.t("sign.in"),
    back: "home",
    body: [step(tile(panel.icons.LOCK), w.t("email.title"), w.t("email.text")), form(panel, w, input, w.t("email.label"), press)],
  };
}

function code(panel, w) {
  const input = h("input", { inputmode: "numeric", id: "rg-digits", autocomplete: "one-time-code", maxlength: 12 });
  const press = async (typed) => {
    keep(panel.api, await panel.api.send("session", { challenge: panel.challenge, code: typed.replace(/\D/g, "").slice(0, 6).padEnd(6, "0") }));
    await panel.refresh();
    panel.label();
    await panel.go("home", { tab: "rewards", email: undefined });
  };
  const other = button(".rg-text", w.t("code.other"), () => panel.go("sign-in/email"));
  if (panel.error?.code === "code_over") Object.assign(panel, { spent: panel.challenge, error: undefined });
  if (panel.spent === panel.challenge) return spent(panel, w, other);
  return {
    title: w.t("sign.in"),
    back: "sign-in/email",
    body: [step(tile(panel.icons.LOCK), w.t("code.title"), w.t("code.text", panel)), form(panel, w, input, w.t("code.label"), press, other)],
  };
}

// Nothing more can be typed: what helps is another code.
function spent(panel, w, other) {
  const again = button(".rg-main", w.t("code.again"), () => attempt(panel, () => send(panel, panel.email)), { "aria-busy": panel.busy && "true" });
  const error = panel.error && h("p.rg-error", { role: "alert" }, w.problem(panel.error));
  return {
    title: w.t("sign.in"),
    back: "sign-in/email",
    body: [h("div", { role: "alert" }, step(tile(panel.icons.LOCK), w.t("error.code_over"), w.t("code.spent", panel))), error, h("div.rg-duo", {}, again, other)],
  };
}
