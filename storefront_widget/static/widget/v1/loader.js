// The launcher: one button in a shadow root, drawn as soon as the page itself is there and it is known where it stands and in
// which language. The panel comes on touch or when idle.
import styles from "./loader.css.js?v=__VERSION__";

const TAG = "regulars-widget";
const OPENS = "#regulars";
const FRESH_MS = 600_000;
const ALIKE = { no: "nb", nn: "nb", iw: "he" };
const GIFT = "M3 7h14v3H3zM5 10v7h10v-7M10 7v10M10 7C8 3 4 4 6 6q1 1 4 1 3 0 4-1c2-2-2-3-4 1z";

// A drawing of 20 × 20.
function icon(path, name = "icon") {
  const [svg, line] = ["svg", "path"].map((part) => document.createElementNS("http://www.w3.org/2000/svg", part));
  svg.setAttribute("class", name);
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", true);
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

const px = (element) => parseFloat(getComputedStyle(element).fontSize);
let failures = 0;
const dark = matchMedia("(prefers-color-scheme: dark)");

// A module of ours. Some browsers remember an address that failed; the next try needs another.
export const bring = (path) =>
  import(`${path}?v=__VERSION__${failures ? `&try=${failures}` : ""}`).catch((error) => {
    failures += 1;
    throw Object.assign(error, { status: 0, code: "offline" });
  });
export const speak = (tongue, part) => bring(`./messages/${tongue}.${part}.js`).then((module) => module.default);

// The shop's page comes first: whole, or as much of it as comes in three seconds, and painted.
export const painted = new Promise((done) => {
  const paint = () => requestAnimationFrame(() => setTimeout(done));
  addEventListener("load", paint);
  setTimeout(paint, document.readyState === "complete" ? 0 : 3000);
});

// Storage may be forbidden or full; the widget then forgets between pages, and works.
export function quietly(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

const base = (tag) => {
  const [first] = tag.toLowerCase().split(/[-_]/);
  return ALIKE[first] || first;
};

// The storefront's language decides, then the reader's own: which of those offered it is, and how it is written there.
function language({ locale }, offered) {
  const wished = [locale, document.documentElement.lang, ...navigator.languages, "en"].filter(Boolean);
  const found = offered ? wished.find((tag) => offered.includes(base(tag))) || offered[0] : wished[0];
  return [base(found), quietly(() => Intl.getCanonicalLocales(found.replace("_", "-"))[0]) || base(found)];
}

// Through the shop's own proxy where it has one.
export function address({ shop, proxy, tongue }, path, more) {
  const query = new URLSearchParams({ ...(proxy ? {} : { shop }), lang: tongue, ...more });
  return `${proxy ? `${proxy}/${path}` : new URL(path, import.meta.url)}?${query}`;
}

// What the shop says of itself: asked once in a visit, and anew when a member's answer names another version.
async function configuration(settings, version) {
  const key = `regulars:${settings.shop}:${settings.tongue}`;
  const kept = quietly(() => JSON.parse(sessionStorage.getItem(key)));
  if (kept && (version ? kept.config.version === version : kept.until > Date.now())) return kept.config;
  const answer = await fetch(address(settings, "config", version && { v: version }));
  if (!answer.ok) throw new Error(answer.status);
  const config = await answer.json();
  quietly(() => sessionStorage.setItem(key, JSON.stringify({ config, until: Date.now() + FRESH_MS })));
  return config;
}

const matches = (path) => (path.endsWith("*") ? location.pathname.startsWith(path.slice(0, -1)) : location.pathname === path);

class Widget extends HTMLElement {
  static ways = { bring, speak, address, quietly, icon, GIFT };

  connectedCallback() {
    if (this.shadowRoot) return;
    const { dataset } = this;
    const shadow = this.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(styles);
    shadow.adoptedStyleSheets = [sheet];
    const make = (name, more) => Object.assign(document.createElement(name), more);
    this.root = make("div", { className: "rg" });
    this.button = make("button", { className: "rg-launch", type: "button", part: "launcher", hidden: true });
    this.button.setAttribute("aria-haspopup", "dialog");
    this.button.setAttribute("aria-expanded", false);
    this.label = make("span");
    this.button.append(icon(GIFT), this.label);
    this.root.append(this.button);
    shadow.append(this.root);
    // Themes shrink the root's font (62.5 %), readers enlarge theirs: never smaller than the reader's own size.
    this.root.style.setProperty("--u", Math.max(1, px(this.root) / px(document.documentElement)));
    this.button.onpointerenter = this.button.onfocus = () => this.load().catch(() => {});
    this.button.onclick = () => this.open();
    const called = () => {
      if (location.hash !== OPENS || this.config?.live === false) return;
      // Put back, or the same link would open it once only.
      history.replaceState(history.state, "", location.pathname + location.search);
      this.open();
    };
    addEventListener("hashchange", called);
    dark.onchange = () => this.config && this.place(this.config);
    painted
      .then(() => this.settle())
      .catch(() => this.place({}))
      .then(() => {
        (window.requestIdleCallback ?? setTimeout)(() => this.load().catch(() => {}));
        called();
        if (/[?&]ref=/.test(location.search) || quietly(() => localStorage[`regulars:${dataset.shop}:ref`])) bring("./referral.js").then((module) => module.keep(this, quietly)).catch(() => {});
      });
  }

  // What the shop says, and the words of one language; asked once at a time, and again by whoever finds nothing.
  settle(version) {
    return (this.settling ??= this.learn(version).finally(() => (this.settling = undefined)));
  }

  async learn(version) {
    const { dataset } = this;
    [dataset.tongue] = language(dataset);
    const config = await configuration(dataset, version);
    [dataset.tongue, this.locale] = language(dataset, config.languages ?? ["en"]);
    this.words = await speak(dataset.tongue, "panel");
    this.config = config;
    this.place(config);
  }

  place({ look = {}, place = {}, texts, live }) {
    const { root, dataset, button } = this;
    const theme = dataset.theme || look.theme || "light";
    root.lang = dataset.tongue;
    root.dir = this.words?.dir || "ltr";
    root.dataset.side = place.side || "end";
    root.dataset.theme = theme === "auto" ? (dark.matches ? "dark" : "light") : theme;
    const set = { ...look[root.dataset.theme] };
    for (const edge of ["bottom", "inline"]) if (place[edge] >= 0) set[`--rg-${edge}`] = `${place[edge]}px`;
    for (const name in set) root.style.setProperty(name, set[name]);
    this.plain = texts?.launcher || this.words?.launcher || "Rewards";
    this.label.textContent ||= this.plain;
    // Only the blocks of the page need us, or the merchant has no program yet, or wants no button here.
    button.hidden = !!dataset.bare || live === false || !!place.hidden?.some(matches);
  }

  load() {
    // A failed download is tried again at the next touch.
    return (this.panel ??= bring("./panel.js").then((module) => module.mount(this)).catch((error) => {
      this.panel = undefined;
      throw error;
    }));
  }

  open() {
    return this.load().then((panel) => panel.open(), () => {});
  }
}

// settings: shop, platform, proxy, customerId, theme, locale, email, identity, bare, all text. Gives the element; a second
// call gives the first's.
export function start(settings) {
  if (!customElements.get(TAG)) customElements.define(TAG, Widget);
  let widget = document.querySelector(TAG);
  if (widget) {
    if (!settings.bare && widget.dataset.bare) {
      delete widget.dataset.bare;
      if (widget.plain) widget.place(widget.config ?? {});
    }
    return widget;
  }
  widget = document.createElement(TAG);
  for (const name in settings) if (settings[name]) widget.dataset[name] = settings[name];
  document.body.append(widget);
  return widget;
}

// A module has no currentScript: the tag is the one that names this address.
const plain = (address) => address.split("?")[0];
const tag = [...document.scripts].find((script) => script.dataset.shop && plain(script.src) === plain(import.meta.url));
if (tag) start(tag.dataset);
