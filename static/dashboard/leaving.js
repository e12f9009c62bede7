// Typed changes are not lost without a question, and of two quick clicks the later one wins.
(() => {
  "use strict";

  const dialog = document.getElementById("leave");
  const bar = document.getElementById("unsaved");
  if (!dialog) return;

  // What a form held when it was served: {values, page, refused}. A refused form was never saved, so it keeps what it held first.
  const served = new Map();
  const UNTYPED = new Set(["hidden", "submit", "button", "reset", "image"]);
  const fields = (form) => [...form.elements].filter((field) => field.name && "value" in field && !UNTYPED.has(field.type) && !field.readOnly);
  const isTick = (field) => field.type === "checkbox" || field.type === "radio";

  function holds(field) {
    if (isTick(field)) return field.checked ? field.value : "";
    return field.type === "file" ? [...field.files].map((file) => file.name).join("/") : field.value;
  }

  // Not what it holds when this script runs: a browser that loads a page again may have put back what was typed.
  function heldWhenServed(field) {
    if (isTick(field)) return field.defaultChecked ? field.value : "";
    if (field.type === "file") return "";
    if (field.options) return ([...field.options].find((option) => option.defaultSelected) ?? field.options[0])?.value ?? "";
    const fresh = field.cloneNode();
    fresh.value = field.defaultValue;
    return fresh.value;
  }

  function read(form, each) {
    const values = new Map();
    for (const field of fields(form)) values.set(field.name, [...(values.get(field.name) ?? []), each(field)]);
    return values;
  }

  function changedFields(form) {
    const { values } = served.get(form);
    const met = new Map();
    return fields(form).filter((field) => {
      const place = met.get(field.name) ?? 0;
      met.set(field.name, place + 1);
      return holds(field) !== (values.get(field.name)?.[place] ?? "");
    });
  }

  let leaving = null;
  const isChanged = (form) => form.isConnected && changedFields(form).length > 0;
  const changedForms = () => (leaving ? [] : [...served.keys()].filter(isChanged));

  // The same form in the answer that refuses it: by its address and what it is about.
  function sameForm(form) {
    const about = [...form.elements].filter((field) => field.type === "hidden" && !["revision", "key"].includes(field.name));
    return [form.getAttribute("action"), ...about.map((field) => field.value)].join(" ");
  }

  function meet(refused) {
    const before = new Map(refused ? [...served].map(([form, first]) => [sameForm(form), { ...first, refused }]) : []);
    for (const form of served.keys()) if (!form.isConnected) served.delete(form);
    const page = location.pathname + location.search;
    for (const form of document.forms) {
      if (served.has(form) || form.method !== "post" || "unkept" in form.dataset || !fields(form).length) continue;
      served.set(form, before.get(sameForm(form)) ?? { values: read(form, heldWhenServed), page });
    }
    showBar();
  }

  const isPage = (ctx) => ctx?.target?.id === "app";
  const isSent = (ctx) => ctx.request.method !== "GET";
  const isRestored = (ctx) => "HX-History-Restore-Request" in (ctx.request.headers ?? {});
  const lost = (ctx) => changedForms().filter((form) => form !== ctx.request.form);

  // One page at a time: `sending` is a form on its way, `coming` the page that was asked for last. A link that is pressed
  // twice has its second request wait for the first, and comes too late where something else was pressed meanwhile.
  let presses = 0;
  let sending = null;
  let coming = null;

  function overtake(ctx) {
    if (coming) coming.overtaken = true;
    coming = ctx;
  }

  document.addEventListener("htmx:config:request", (event) => {
    const { ctx } = event.detail;
    if (!isPage(ctx)) return;
    if (sending && isSent(ctx)) {
      event.preventDefault();
      return;
    }
    ctx.press = presses += 1;
    if (isRestored(ctx) && history.state?.step === here) {
      overtake(null);
      event.preventDefault();
    } else if (sending || lost(ctx).length) {
      ctx.confirm = "leave";
    }
  });

  // What was pressed while a form was on its way waits for the answer: a refusal has to be read first.
  document.addEventListener("htmx:confirm", async (event) => {
    const { ctx, issueRequest, dropRequest } = event.detail;
    event.preventDefault();
    const isRefused = sending && !(await sending.isKept);
    const leaves = !isRefused && (!lost(ctx).length || (await ask(ctx)));
    if (leaves) {
      leaving = ctx;
      showBar();
      issueRequest();
    } else {
      dropRequest();
      stay(ctx);
    }
  });

  function stay(ctx) {
    if (isRestored(ctx) && history.state?.step !== here) history.go(here - (history.state?.step ?? 0));
  }

  // What is typed while the page that was asked for is on its way is asked about when it comes.
  const askWhenItComes = (ctx) => async (...request) => {
    const response = await fetch(...request);
    if (ctx.overtaken || !lost(ctx).length) return response;
    if (await ask(ctx)) {
      leaving = ctx;
      showBar();
    } else if (!ctx.overtaken) {
      ctx.overtaken = true;
      stay(ctx);
    }
    return response;
  };

  // A form that is on its way takes no more words: its answer would take them away, and could not bring them back.
  let held = null;
  function rest() {
    held = document.activeElement;
    for (const form of served.keys()) form.inert = true;
  }

  function wake() {
    for (const form of served.keys()) form.inert = false;
    if (held?.isConnected && document.activeElement === document.body) held.focus();
  }

  document.addEventListener("htmx:before:request", (event) => {
    const { ctx } = event.detail;
    if (!isPage(ctx)) return;
    if (ctx.press < presses) {
      event.preventDefault();
      return;
    }
    ctx.target = document.getElementById("app");
    overtake(isSent(ctx) ? null : ctx);
    if (!isSent(ctx)) {
      ctx.fetch = askWhenItComes(ctx);
      return;
    }
    rest();
    sending = { ctx };
    sending.isKept = new Promise((resolve) => { sending.answered = resolve; });
  });

  document.addEventListener("htmx:after:request", (event) => {
    const { ctx } = event.detail;
    const first = served.get(ctx.request.form);
    if (ctx.overtaken) event.preventDefault();
    else if (isPage(ctx) && first && ctx.response.status < 400) first.values = read(ctx.request.form, holds);
    showBar();
  });

  document.addEventListener("htmx:after:swap", ({ detail: { ctx } }) => {
    if (isPage(ctx) && isRestored(ctx)) here = history.state?.step ?? 0;
    meet(isPage(ctx) && isSent(ctx) && ctx.response.status >= 400);
  });

  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (leaving === ctx) leaving = null;
    if (coming === ctx) coming = null;
    if (sending?.ctx === ctx) {
      const { answered } = sending;
      sending = null;
      wake();
      answered(ctx.response?.status < 400);
    }
    showBar();
  });

  // Where in the frame's history the page stands that is shown: who goes back and then stays is brought here again.
  let here = history.state?.step ?? 0;
  const markStep = () => history.replaceState({ ...history.state, step: here }, "");
  document.addEventListener("htmx:after:history:push", () => {
    here += 1;
    markStep();
  });
  document.addEventListener("htmx:after:history:replace", markStep);
  markStep();

  // The question. Asked anew while it stands open, it is about what was pressed last.
  let settle = null;
  function ask(ctx) {
    settle?.(false);
    const forms = lost(ctx);
    const names = forms.flatMap(changedFields).map(nameOf);
    dialog.querySelector("ul").replaceChildren(
      ...[...new Set(names)].filter(Boolean).slice(0, 6).map((name) => {
        const entry = document.createElement("li");
        entry.append(Object.assign(document.createElement("bdi"), { textContent: name }));
        return entry;
      })
    );
    if (!dialog.open) open(forms, ctx.sourceElement);
    return new Promise((resolve) => { settle = resolve; });
  }

  function open(forms, pressed) {
    const [field] = changedFields(forms[0]);
    dialog.returnValue = "";
    dialog.addEventListener("close", () => { if (document.activeElement === document.body) field.focus(); }, { once: true });
    dialog.showModal();
    dialog.querySelector("[value=stay]").focus();
    if (document.documentElement.dataset.frame !== "tall") return;
    // A frame as tall as its page has no middle that anybody sees.
    const near = (pressed.id === "app" ? field : pressed).getBoundingClientRect().top - dialog.offsetHeight / 2;
    dialog.style.top = `${Math.max(16, Math.min(near, innerHeight - dialog.offsetHeight - 16))}px`;
  }

  dialog.addEventListener("close", () => {
    settle?.(dialog.returnValue === "leave");
    settle = null;
  });

  function nameOf(field) {
    const group = isTick(field) && field.closest("fieldset, [role=group]");
    const label = group ? group.querySelector("legend") ?? document.getElementById(group.getAttribute("aria-labelledby")) : field.labels?.[0];
    const words = (label ?? field.labels?.[0])?.cloneNode(true);
    for (const aside of words?.querySelectorAll(".badge, .muted") ?? []) aside.remove();
    return (words?.textContent.trim() || field.ariaLabel || "").replace(/\s+/g, " ");
  }

  addEventListener("beforeunload", (event) => {
    if (!changedForms().length) return;
    event.preventDefault();
    event.returnValue = true;
  });

  // Shopify's own bar for unsaved changes (https://shopify.dev/docs/api/app-home/app-bridge-web-components/ui-save-bar). While
  // it is shown, App Bridge as Shopify serves it follows no link, hears nothing of the admin's navigation, asks before a
  // reload, and has the admin warn. Whether the admin also warns at a step back is (unverified): our question stands behind it.
  let isShown = false;
  const saved = () => changedForms().filter((form) => !("act" in form.dataset));
  function showBar() {
    const wanted = saved().length > 0;
    if (!bar || !window.shopify?.saveBar || wanted === isShown) return;
    isShown = wanted;
    Promise.resolve(window.shopify.saveBar[wanted ? "show" : "hide"](bar.id)).catch(() => {});
  }

  let typedLast = null;
  for (const type of ["input", "change"]) {
    document.addEventListener(type, ({ target }) => {
      typedLast = target.form ?? typedLast;
      showBar();
    });
  }

  bar?.querySelector("[name=save]").addEventListener("click", () => {
    const forms = saved();
    const form = forms.includes(typedLast) ? typedLast : forms[0];
    form?.requestSubmit([...form.elements].find((field) => field.type === "submit"));
  });

  bar?.querySelector("[name=discard]").addEventListener("click", () => {
    const forms = saved();
    const refused = forms.map((form) => served.get(form)).find((first) => first.refused);
    for (const form of forms) {
      form.reset();
      served.get(form).values = read(form, holds);
      form.dispatchEvent(new Event("input", { bubbles: true }));
    }
    // Served with what was refused, it cannot be put back here.
    if (refused) window.htmx.ajax("GET", refused.page, { target: "#app", select: "#app", swap: "outerHTML", replace: refused.page });
  });

  meet(false);
})();
