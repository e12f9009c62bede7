// What a press does: to the clipboard, and in the member's name.
export const COPY = "M8.75 7h6A1.75 1.75 0 0 1 16.5 8.75v6a1.75 1.75 0 0 1-1.75 1.75h-6A1.75 1.75 0 0 1 7 14.75v-6A1.75 1.75 0 0 1 8.75 7zM13 7V5.25a1.75 1.75 0 0 0-1.75-1.75h-6A1.75 1.75 0 0 0 3.5 5.25v6c0 .97.78 1.75 1.75 1.75H7";
export const USERS = "M10.3 7.2a2.8 2.8 0 1 1-5.6 0 2.8 2.8 0 0 1 5.6 0zM2.4 16c.6-2.7 2.6-4 5.1-4s4.5 1.3 5.1 4M13 4.6a2.8 2.8 0 0 1 0 5.2M14.6 12.3c1.6.5 2.6 1.8 3 3.7";

// From the button #rg-copy to the clipboard; where that is forbidden the text is selected at least.
export async function copy(panel, text) {
  const field = panel.over.querySelector("#rg-copy");
  try {
    await navigator.clipboard.writeText(text);
    field.querySelector("span span").textContent = panel.w.t("copied");
    panel.say(panel.w.t("copied"));
  } catch {
    getSelection().selectAllChildren(field.querySelector("code"));
  }
}

// Does something in the member's name, then shows how things stand.
export async function act(panel, path, body, done) {
  if (panel.busy) return;
  Object.assign(panel, { busy: true, error: undefined });
  panel.render();
  try {
    await panel.api.own(path, body);
    await panel.refresh();
    if (done) panel.say(done);
  } catch (error) {
    if (error.status === 401) panel.signedOut();
    panel.error = error;
  }
  panel.busy = false;
  panel.label();
  panel.render();
}
