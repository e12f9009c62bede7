// What the pages need beyond htmx: the bearer, focus after a change, copying, and a word when nothing answers.
(() => {
  "use strict";

  const named = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? "";
  const RENEWED = "X-Regulars-Bearer";
  const BUSY = "aria-busy";
  let bearer = named("regulars-bearer");

  // Where App Bridge is in the page it signs every fetch by itself; elsewhere the page carries our own bearer.
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (bearer) ctx.request.headers.Authorization = `Bearer ${bearer}`;
  });

  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    ctx.target?.setAttribute(BUSY, "true");
    const button = ctx.request.submitter ?? (ctx.sourceElement.matches(".button") ? ctx.sourceElement : null);
    button?.setAttribute(BUSY, "true");
    document.getElementById("says-no-answer")?.remove();
  });

  document.addEventListener("htmx:before:response", ({ detail: { ctx } }) => {
    bearer = ctx.response.headers.get(RENEWED) ?? bearer;
  });

  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (ctx.overtaken) return; // the page that is coming is still on its way
    for (const busy of document.querySelectorAll(`#app[${BUSY}], #app [${BUSY}]`)) busy.removeAttribute(BUSY);
  });

  let held = null;
  document.addEventListener("htmx:before:swap", ({ detail: { ctx } }) => {
    held = ctx?.target?.contains?.(document.activeElement) ? document.activeElement : null;
  });

  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    const isPart = ctx?.target && ctx.target.id !== "app";
    if (isPart && (!held || held.isConnected)) return; // a part that reads back must not take the focus from a field
    const kept = isPart && held.id ? document.getElementById(held.id) : null;
    const wanted = kept ?? document.querySelector("[aria-invalid=true], [data-focus]");
    const folded = wanted?.closest("details");
    if (folded) folded.open = true;
    const heading = wanted ?? document.querySelector("#app h1");
    if (heading?.matches("h1")) heading.tabIndex = -1;
    heading?.focus({ preventScroll: !wanted?.matches("[data-focus]") });
    if (!isPart) dismissToasts();
  });

  document.addEventListener("htmx:error", ({ detail: { ctx } }) => {
    if (ctx && !ctx.response && !ctx.overtaken) say("no-answer");
  });

  // What is not kept must not be lost: the page stays as it is where it was too much, where no page of ours answers, and
  // where the answer refuses a form without showing it again (the session is over, a colleague took the thing away).
  document.addEventListener("htmx:after:request", (event) => {
    const { request, response, text, overtaken } = event.detail.ctx;
    if (overtaken || response.status < 400) return;
    const ours = text.includes('id="app"');
    const page = new DOMParser().parseFromString(ours ? text : "", "text/html");
    const isTyped = request.form?.method === "post" && request.form.querySelector("input:not([type=hidden]), select, textarea");
    const address = request.form?.getAttribute("action");
    const isShown = [...page.forms].some((form) => form.getAttribute("action") === address);
    if (response.status !== 413 && (ours || response.status < 500) && (!isTyped || isShown)) return;
    event.preventDefault();
    const [heading, words] = ["h1", "h1 ~ p"].map((part) => page.querySelector(`main ${part}`)?.textContent);
    if (response.status === 413) say("too-much", "", words);
    else say("no-answer", heading, words);
  });

  function say(name, heading, text) {
    const words = document.getElementById(name);
    const main = document.querySelector("#app main");
    if (!words || !main) return;
    const box = document.createElement("div");
    box.id = "says-no-answer";
    box.className = "space";
    box.append(words.content.cloneNode(true));
    if (heading) box.querySelector("h2").textContent = heading;
    if (text) box.querySelector("p").textContent = text;
    main.prepend(box);
    box.scrollIntoView({ block: "nearest" });
  }

  // A frame that is opened again by its own address must still know its shop.
  const opened = new URLSearchParams(location.search);
  function withShop(path) {
    const address = new URL(path, location.href);
    for (const name of ["shop", "host"]) if (opened.has(name)) address.searchParams.set(name, opened.get(name));
    return address.pathname + address.search + address.hash;
  }
  document.addEventListener("htmx:before:history:update", ({ detail: { history: step } }) => {
    step.path = withShop(step.path);
  });

  // The platform's entry shows Home under its own address, which only the platform can open: going back needs ours.
  // A token in the address has done its work; it must not stay in the history.
  const home = document.querySelector(".nav a")?.getAttribute("href");
  if (home) {
    const here = new URL(location.href);
    for (const name of ["id_token", "patched", "hmac", "timestamp", "session", "locale", "embedded"]) here.searchParams.delete(name);
    const ours = location.pathname.startsWith(home) ? here.pathname + here.search : home;
    history.replaceState({ ...history.state, htmx: true }, "", withShop(ours));
  }

  // The admin's side bar presses our link in s-app-nav (unverified; else it opens the frame anew): the page changes inside.
  // Where no admin draws a side bar our own stays.
  if (window.parent === window || window.shopify?.environment?.pos) document.documentElement.dataset.nav = "own";
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("s-app-nav [href]");
    const same = link && document.querySelector(`.nav a[href="${CSS.escape(link.getAttribute("href"))}"]`);
    if (!same) return;
    event.preventDefault();
    same.click();
  });

  document.addEventListener("click", async ({ target }) => {
    const button = target.closest?.("[data-copy]");
    if (!button) return;
    await copy(button.dataset.copy, button);
    const label = button.querySelector("span");
    const before = label.textContent;
    label.textContent = button.dataset.copied;
    setTimeout(() => { label.textContent = before; }, 2000);
  });

  // What was found by name goes into the field of ids, once.
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-add]");
    const search = button?.closest(".field")?.querySelector("[data-fills]");
    if (!search) return;
    const field = document.getElementById(search.dataset.fills);
    const ids = new Set(field.value.split("\n").map((line) => line.trim()).filter(Boolean));
    field.value = [...ids.add(button.dataset.add)].join("\n");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    button.closest("li").remove();
    search.focus();
  });

  // A link could not bring the bearer, so the page makes the file of the text that it shows.
  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("[data-download]");
    if (!button) return;
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([document.getElementById(button.dataset.download).value], { type: "application/json" }));
    link.download = button.dataset.name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  });

  // A frame may lack the permission for the clipboard; a selected text can be copied all the same.
  async function copy(text, beside) {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      const field = document.createElement("textarea");
      field.value = text;
      field.className = "sr";
      beside.after(field);
      field.select();
      document.execCommand("copy");
      field.remove();
      beside.focus();
    }
  }

  function dismissToasts() {
    for (const toast of document.querySelectorAll(".toast")) setTimeout(() => toast.remove(), 6000);
  }

  // The preview of the widget, drawn when its frame is ready and again when the form has been read.
  function sendToPreview() {
    const words = document.querySelector("[data-overlay]")?.dataset.overlay;
    if (words) document.querySelector("iframe.preview")?.contentWindow?.postMessage(JSON.parse(words), location.origin);
  }
  addEventListener("message", ({ origin, data }) => {
    if (origin === location.origin && data === "preview") sendToPreview();
  });
  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    if (ctx?.target && ctx.target.id !== "app") sendToPreview();
  });

  // Whether the merchant's theme shows our embed only the host can say; where it does not, nothing is said.
  async function sayEmbedStatus() {
    const card = document.querySelector("[data-embed]");
    const badge = card?.querySelector("[data-embed-status]");
    if (!badge || !window.shopify?.app?.extensions) return;
    const extensions = await window.shopify.app.extensions().catch(() => []);
    const placed = extensions.flatMap((each) => each.activations ?? []);
    const embed = placed.find((each) => each.handle === card.dataset.embed);
    if (!embed) return;
    const isOn = embed.status === "active";
    badge.textContent = card.querySelector(`template[data-embed-${isOn ? "on" : "off"}]`).content.textContent;
    badge.dataset.tone = isOn ? "good" : "warn";
    badge.hidden = false;
  }
  sayEmbedStatus();
  document.addEventListener("htmx:after:swap", sayEmbedStatus);

  const app = named("ecwid-app-id");
  if (app && window.EcwidApp) window.EcwidApp.init({ app_id: app, autoloadedflag: true, autoheight: true });
})();
