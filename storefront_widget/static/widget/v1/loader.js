// The launcher: one button in a shadow root, drawn before anything else is loaded. The panel comes on touch or when idle.
const TAG = "regulars-widget";
const SCRIPT = new URL(import.meta.url);
// Held by its far edge through a transform: when "Rewards" becomes a number the page's layout has not shifted.
const STYLES = `
:host { all: initial !important; font-family: inherit !important; }
.rg { font-size: medium; line-height: 1.4; --rg-accent: #2b3263; --rg-on-accent: #fff; --rg-focus: #0a5fd1; }
.rg[dir="rtl"] { --way: 1; }
.rg[data-theme="dark"] { --rg-accent: #b9c1f4; --rg-on-accent: #171a30; --rg-focus: #8cbcff; }
.rg-launch { all: unset; box-sizing: border-box; position: fixed; inset-block-end: 1em; inset-inline-start: 100%; z-index: 2147483000;
  transform: translateX(calc(var(--way, -1) * (100% + 1em))); white-space: nowrap; width: max-content; display: inline-flex; align-items: center; gap: .5em; min-height: 3em; padding-inline: 1em 1.25em; border-radius: 99em;
  background: var(--rg-accent); color: var(--rg-on-accent); font-weight: 600; font-variant-numeric: tabular-nums; cursor: pointer;
  box-shadow: 0 2px 6px rgb(20 22 40 / .2), 0 8px 24px rgb(20 22 40 / .18); }
.rg-launch:focus-visible { outline: 2px solid var(--rg-focus); outline-offset: 2px; }
.rg-launch svg { width: 1.25em; height: 1.25em; fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; }
@media print { .rg { display: none; } }`;
const GIFT =
  "M4 7h12a.75.75 0 0 1 .75.75v1.75a.75.75 0 0 1-.75.75H4a.75.75 0 0 1-.75-.75V7.75A.75.75 0 0 1 4 7zM4.5 10.25v5.5a1 1 0 0 0 1 1h9a1 1 0 0 0 1-1v-5.5M10 7v9.75M10 7C8.8 3.6 4.8 3.4 5.3 5.8 5.5 6.9 7.5 7 10 7zm0 0c1.2-3.4 5.2-3.6 4.7-1.2C14.5 6.9 12.5 7 10 7z";

const px = (element) => parseFloat(getComputedStyle(element).fontSize);

class Widget extends HTMLElement {
  connectedCallback() {
    if (this.shadowRoot) return;
    const shadow = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(STYLES);
    shadow.adoptedStyleSheets = [sheet];
    this.root = document.createElement("div");
    this.root.className = "rg";
    this.root.dir = "ltr"; // of the launcher's word, which is English until the panel knows better
    this.root.lang = "en";
    this.root.dataset.theme = this.dataset.theme || "light";
    this.button = document.createElement("button");
    this.button.className = "rg-launch";
    this.button.type = "button";
    this.button.part = "launcher";
    this.button.setAttribute("aria-haspopup", "dialog");
    this.button.setAttribute("aria-expanded", "false");
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const path = document.createElementNS(svg.namespaceURI, "path");
    svg.setAttribute("viewBox", "0 0 20 20");
    svg.setAttribute("aria-hidden", "true");
    path.setAttribute("d", GIFT);
    svg.append(path);
    this.label = document.createElement("span");
    this.label.textContent = "Rewards";
    this.button.append(svg, this.label);
    this.root.append(this.button);
    shadow.append(this.root);
    // Themes shrink the root's font (62.5 %), readers enlarge theirs: never smaller than the reader's own size.
    this.root.style.setProperty("--u", Math.max(1, px(this.root) / px(document.documentElement)));
    for (const touch of ["pointerenter", "focus"]) this.button.addEventListener(touch, () => this.load(), { once: true });
    this.button.addEventListener("click", () => this.load().then((panel) => panel.open(), () => {}));
    (window.requestIdleCallback || ((later) => setTimeout(later, 1500)))(() => this.load().catch(() => {}));
  }

  load() {
    // A failed download is tried again at the next touch; the browser remembers a failed address, so it gets another.
    this.tries ??= 0;
    this.panel ??= import(`./panel.js?v=__VERSION__${this.tries ? `&try=${this.tries}` : ""}`)
      .then((module) => module.mount(this))
      .catch((error) => {
        this.panel = undefined;
        this.tries += 1;
        throw error;
      });
    return this.panel;
  }
}

// settings: shop, platform, proxy, customerId, theme, email, all text. Gives the element; a second call gives the first's.
export function start(settings) {
  if (!customElements.get(TAG)) customElements.define(TAG, Widget);
  let widget = document.querySelector(TAG);
  if (widget) return widget;
  widget = document.createElement(TAG);
  for (const name in settings) if (settings[name]) widget.dataset[name] = settings[name];
  document.body.append(widget);
  return widget;
}

// A module has no currentScript: the tag is the one that names this address.
const tag = [...document.querySelectorAll("script[data-shop]")].find((script) => script.src.split("?")[0] === SCRIPT.origin + SCRIPT.pathname);
if (tag) start(tag.dataset);
