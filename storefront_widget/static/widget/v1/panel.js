// The panel: what is shown when, and what every view is made of: elements without markup, words of the reader's language,
// the way to the server. All that is not the first screen of a member comes when it is asked for.
import styles from "./widget.css.js?v=__VERSION__";

const FRESH_MS = 30_000;

export const icons = {
  ALERT: "M10 3l7 13H3zM10 8v4M10 14v.01",
  BACK: "M12 5l-5 5 5 5",
  CLOCK: "M17 10a7 7 0 1 1-14 0 7 7 0 0 1 14 0zM10 6v4l3 2",
  LOCK: "M5 9h10v7H5zM7 9V6a3 3 0 0 1 6 0v3",
  TAG: "M4 4h6l6.5 6.5-6 6L4 10zM7 7v.01",
  TICKET: "M3 8V5h14v3a2 2 0 0 0 0 4v3H3v-3a2 2 0 0 0 0-4zM12 5v10",
  TRUCK: "M2 5h9v9H2zM11 8h4l3 3v3h-7M5 15h2v2H5zM13 15h2v2h-2z",
  X: "M5 5l10 10M15 5L5 15",
};

const PATIENCE_MS = 20_000;

// h("p.rg-note", {onclick, "aria-label"}, child, …): a child is an element, text, or nothing. Text is only ever text.
export function h(name, properties, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  element.className = classes.join(" ");
  if (tag === "button") element.type = "button";
  for (const key in properties) {
    const value = properties[key];
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value) element.setAttribute(key, value);
  }
  element.append(...children.flat(2).filter(Boolean));
  return element;
}

// The loader's: a drawing of 20 × 20, which `icon-dir` mirrors where text runs from right to left; and what forgives a storage
// that is forbidden or full, so that the widget forgets between pages, and works. Taken from where every copy of this module
// finds them: one that came at a second try has another address than the one that views ask for.
const ways = customElements.get("regulars-widget").ways;
const { address, bring, speak } = ways;
export const { icon, quietly } = ways;
icons.GIFT = ways.GIFT;

export const tile = (path, tone = "") => h(`span.rg-tile${tone}`, {}, icon(path));
export const button = (kind, label, onclick, more) => h(`button.rg-button${kind}`, { id: `rg${kind || label}`.replace(/\W+/g, "-"), onclick, ...more }, label);
export const sentence = (...text) => h("p.rg-small.rg-centre", {}, ...text);

// Messages, numbers, money and dates, as the reader's language writes them. {points} is a number with its word, {unit}
// the word for that number, {point_name} the word alone; the merchant's own word, if there is one, takes their place.
function words({ shop, point }, messages, lang) {
  const scale = 10 ** shop.exponent;
  const number = (value) => value.toLocaleString(lang);
  const date = (style) => (instant) => new Date(instant).toLocaleString(lang, { timeZone: shop.time_zone, ...style });
  const percent = (value) => (value / 100).toLocaleString(lang, { style: "percent", maximumFractionDigits: 2 });
  const money = (minor) => {
    const digits = minor % scale ? shop.exponent : 0;
    return (minor / scale).toLocaleString(lang, { style: "currency", currency: shop.currency, minimumFractionDigits: digits, maximumFractionDigits: digits });
  };
  const plural = new Intl.PluralRules(lang);
  const form = (message, n) => (typeof message === "string" ? message : message[plural.select(Math.abs(n))] ?? message.other ?? Object.values(message)[0]);
  // Where text runs from the right, what is put in keeps its own direction.
  const apart = (value) => (messages.dir && value !== "" ? `\u2068${value}\u2069` : value);
  const name = point ? point.name ?? point.other : messages.point_name;
  const WORDS = {
    points: ({ n }) => apart(t("points", { n })),
    unit: ({ n }) => form(point ?? messages.unit, n),
    point_name: () => name,
    Point_name: () => name[0].toLocaleUpperCase(lang) + name.slice(1),
  };
  const t = (id, values = {}) =>
    form(messages[id] ?? id, values.n).replace(/\{(\w+)\}/g, (_, key) => WORDS[key]?.(values) ?? apart((values[key] ?? "").toLocaleString(lang)));
  // Money and percentages say more than a name, and in every language.
  const reward = ({ kind, name, value_minor, percent: off, state, chosen }) =>
    kind === "amount_off" || (kind === "points_slider" && (state || chosen)) ? t("reward.amount", { money: money(value_minor) }) : kind === "percent_off" ? t("reward.percent", { percent: percent(off) }) : name;
  return {
    t,
    number,
    money,
    percent,
    reward,
    unit: (n) => t("{unit}", { n }),
    points: (n) => t("points", { n }),
    has: (id) => id in messages,
    add: (more) => (messages = { ...messages, ...more }),
    // A true minus sign, and a plus: what came and what went is seen at once.
    signed: (value) => apart((value < 0 ? "−" : value ? "+" : "") + number(Math.abs(value))),
    date,
    day: date({ month: "short", day: "numeric" }),
    longDay: date({ month: "long", day: "numeric" }),
    // Of the reader's own clock; days are the shop's.
    time: date({ hour: "numeric", minute: "2-digit", timeZone: undefined }),
    problem({ code, detail, wait }) {
      const id = `error.${code}`;
      return id in messages ? t(id, { n: Math.max(1, Math.ceil(wait / 60)) }) : detail || t("error.unknown");
    },
  };
}

export const Problem = (status, code, detail, wait = 0) => Object.assign(Error(detail), { status, code, detail, wait });

export const store = (area, key) => ({
  get: () => quietly(() => JSON.parse(window[area].getItem(key))),
  set: (value) => quietly(() => window[area].setItem(key, JSON.stringify(value))),
});

// Through the shop's own proxy, or to us with a token: earned by a code from the mail, or for what the shop's own server
// has signed. `address` says where a path lies.
class Api {
  constructor({ shop, proxy, customerId, identity }, address) {
    Object.assign(this, { proxy, address, name: `regulars:${shop}`, signed: quietly(() => JSON.parse(identity)) });
    this.session = store("localStorage", this.name);
    this.seen = store("sessionStorage", `${this.name}:${customerId || this.signed?.customer || ""}`);
    // Is it worth asking who this is before the panel is opened?
    this.expected = () => (proxy ? customerId : this.signed || this.session.get());
  }

  sessions = () => bring("./session.js");

  // What is the shopper's own.
  async own(path, body, headers) {
    const proof = this.proxy ? {} : { Authorization: `Bearer ${await (await this.sessions()).token(this)}` };
    return this.send(path, body, { ...proof, ...headers });
  }

  async send(path, body, headers) {
    const more = body && { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json", "X-Regulars": "1", ...headers } };
    let response, answer;
    try {
      response = await fetch(this.address(path), { credentials: this.proxy ? "same-origin" : "omit", signal: AbortSignal.timeout?.(PATIENCE_MS), headers, ...more });
      answer = await response.json().catch(() => null);
    } catch {
      throw Problem(0, "offline");
    }
    if (response.ok) return answer;
    if (answer?.code === "signed_out") this.session.set(null);
    throw Problem(response.status, answer?.code, answer?.detail, +response.headers.get("Retry-After"));
  }
}

class Panel {
  view = "home";
  tab = "rewards";
  who = "guest";
  views = { home };
  tabs = { rewards };
  icons = icons;
  used = [];
  retry = () => this.load();

  constructor(widget) {
    this.widget = widget;
    this.api = new Api(widget.dataset, (path) => address(widget.dataset, path));
    this.use(styles);
    this.status = h("div.rg-status", { role: "status" });
    // A modal dialog holds the focus, lies above every theme and closes with Esc; a press beside it closes it too.
    this.over = h("dialog.rg-over", { "aria-labelledby": "rg-title", part: "panel", onclose: () => this.closed(), onclick: (event) => event.target === this.over && this.close() });
    widget.root.append(this.over, this.status);
  }

  use(css) {
    if (this.used.includes(css)) return;
    this.used.push(css);
    const sheet = new CSSStyleSheet();
    // Themes shrink the root's font; --u is what the loader measured of that. Media queries know only the reader's, in em.
    sheet.replaceSync(css.replace(/[\d.]+rem/g, "calc(var(--u)*$&)"));
    this.widget.shadowRoot.adoptedStyleSheets = [...this.widget.shadowRoot.adoptedStyleSheets, sheet];
  }

  // Before the first opening: the number for the launcher, if there is reason to think that somebody is signed in.
  async prepare() {
    if (this.api.expected()) Object.assign(this, this.api.seen.get());
    if (this.data) this.who = "member";
    return this.load();
  }

  async load() {
    this.error = undefined;
    try {
      await this.configure();
      if ((this.api.proxy && this.over.open) || this.api.expected() || this.who === "expired") await this.refresh();
    } catch (problem) {
      this.error = problem;
    }
    this.label();
    if (this.over.open && this.view === "home") this.render();
  }

  async configure(version) {
    const { widget } = this;
    if (!widget.config || version)
      await widget.settle(version).catch((problem) => {
        if (!widget.config) throw problem;
      });
    if (this.config === widget.config) return;
    this.config = widget.config;
    this.w = words(this.config, widget.words, widget.locale);
    Object.assign(this, { views: { home }, tabs: { rewards } });
  }

  // Of several questions under way the last one counts; whoever asked before waits for it.
  refresh() {
    const turn = (this.turn = this.api.own("member").catch((problem) => problem).then(async (data) => {
      if (turn !== this.turn) return this.turn;
      const before = this.data ?? data;
      if (data.member) {
        Object.assign(this, { data, at: Date.now(), who: "member", offline: false });
        this.api.seen.set({ data, at: this.at });
        if (data.config && data.config !== this.config.version) await this.configure(data.config);
        if (before.available !== data.available) this.say(this.w.points(data.available));
        this.widget.dispatchEvent(new Event("regulars-member"));
      } else if (data.member === null || data.status === 401) this.signedOut();
      else if (data.code === "offline" && this.data) this.offline = true;
      else throw data;
    }));
    return turn;
  }

  // What was on the screen stays; redeeming waits for a new sign-in.
  signedOut() {
    this.who = this.data ? "expired" : "guest";
    this.api.seen.set(null);
  }

  async leave() {
    await (await this.api.sessions()).leave(this);
  }

  label() {
    const { label, plain } = this.widget;
    label.textContent = this.w && this.who === "member" ? this.w.points(this.data.available) : plain;
  }

  say(text) {
    this.status.textContent = text;
  }

  open() {
    this.over.showModal();
    this.widget.button.setAttribute("aria-expanded", true);
    this.render("h2");
    if (!this.config || !(Date.now() - this.at < FRESH_MS)) this.load();
    ["redeem/confirm", "ready"].map((view) => this.fetchView(view).catch(() => {}));
  }

  close() {
    this.over.close();
  }

  closed() {
    this.widget.button.setAttribute("aria-expanded", false);
    // The browser gives the focus back to what opened it, where that is still there.
    if (document.activeElement === document.body) this.widget.button.focus();
    this.wish = undefined;
    if (!/working/.test(this.view)) this.view = "home";
  }

  // Draws anew; the focus goes to `focus`, or stays where it was if that is still there.
  render(focus) {
    const active = this.widget.shadowRoot.activeElement;
    const kept = this.over.contains(active) && active.id;
    const view = this.view === "home" && !this.data ? "earn/guest" : this.view;
    const draw = this.config && this.views[view];
    if (this.config && !draw && !this.error) this.fetchView(view).catch((error) => (this.error = error)).then(() => this.render(focus));
    const { title, back, body } = draw ? draw(this, this.w) : this.waiting();
    this.over.dataset.view = this.view;
    const heading = h("h2", { id: "rg-title", tabindex: "-1" }, title);
    const press = (id, path, onclick) => h("button.rg-icon", { id: `rg-${id}`, "aria-label": this.widget.words?.[id] ?? id, onclick }, icon(path, "icon icon-dir"));
    const head = h(`div.rg-head${back ? ".with-back" : ""}`, {}, back && press("back", icons.BACK, () => this.go(back)), heading, press("close", icons.X, () => this.close()));
    this.over.replaceChildren(head, h("div.rg-body", {}, body));
    const place = focus || (kept && `#${kept}`);
    if (this.over.open && place) (this.over.querySelector(place) ?? heading).focus();
  }

  // Before anything is known, in the launcher's own words.
  waiting() {
    const { plain, words = {} } = this.widget;
    return { title: plain, body: this.error ? this.alert(words.retry || "Retry", this.retry, words["error.offline"] || "No connection.") : h("div.rg-busy", { role: "status" }, h("span.rg-wait")) };
  }

  go(view, changes) {
    Object.assign(this, { error: undefined, busy: false, line: undefined }, changes);
    return this.turnTo("view", view, /^sign/.test(view) ? "input" : "h2");
  }

  choose(tab) {
    return this.turnTo("tab", tab, `#rg-tab-${tab}`);
  }

  // Shown as soon as it is there, unless something else was pressed by then, or the panel closed.
  async turnTo(part, name, focus) {
    const wish = (this.wish = {});
    const error = await this.fetchView(name).catch((problem) => problem);
    if (wish !== this.wish) return;
    Object.assign(this, error ? { error } : { [part]: name });
    this.render(error ? "" : focus);
  }

  // A view and its words.
  async fetchView(view) {
    if (this.views[view] || this.tabs[view]) return;
    const [name] = view.split("/");
    const [module, more] = await Promise.all([bring(`./${name}.js`), speak(this.widget.dataset.tongue, name)]);
    this.w.add(more);
    module.add(this);
  }

  note(path, text, label, onclick) {
    return h("p.rg-note", {}, icon(path), h("span", {}, text), label && h("button", { onclick }, label));
  }

  alert(label, onclick, text = this.error && this.w.problem(this.error)) {
    return text && h("div", { role: "alert" }, this.note(icons.ALERT, text, label, onclick));
  }

  tile(reward) {
    return tile({ free_shipping: icons.TRUCK, free_product: icons.GIFT, access: icons.LOCK, gift_card: icons.TICKET }[reward.kind] ?? icons.TAG);
  }
}

// A bar's width is set through the object model: a strict policy forbids style attributes.
export function bar(part) {
  const fill = h("i");
  fill.style.setProperty("--w", `${Math.max(0, Math.min(1, part)) * 100}%`);
  return h("span.rg-bar", { "aria-hidden": "true" }, fill);
}

function home(panel, w) {
  const { data, config, who } = panel;
  const signIn = () => (panel.api.proxy ? location.assign(`/account/login?return_url=${encodeURIComponent(location.pathname)}`) : panel.go("sign-in/email"));
  const more = [config.tiers?.length && "tiers", config.referral && data.referral && "friend", (data.profile || data.notifications) && "me", config.version && "faq"].filter(Boolean);
  return {
    title: data.member.name ? w.t("hello", data.member) : config.texts?.title || w.t("title", { shop: config.shop.name }),
    body: [
      panel.offline && panel.note(icons.ALERT, w.t("offline", { time: w.time(panel.at) }), w.t("retry"), panel.retry),
      who === "member" && panel.alert(w.t("retry"), panel.retry),
      card(panel, w),
      who === "expired" && panel.note(icons.LOCK, w.t("signed.out"), w.t("sign.in"), signIn),
      data.enrolled === false && (config.may_join || data.member.known) && panel.note(icons.GIFT, w.t("join.text"), w.t("join"), () => panel.go("me/joining")),
      tabs(panel, w),
      h("div.rg-more", {}, more.map((view) => h("button.rg-link", { id: `rg-more-${view}`, onclick: () => panel.go(view) }, w.t(`more.${view}`)))),
    ],
  };
}

// The way to the next tier; where there are none, to the next reward.
function goal({ data: { available, rewards, tier } }, w) {
  const next = tier?.next;
  const far = !tier && rewards.find((reward) => reward.missing);
  return next ? [w.t(`tier.${next.measure}`, { n: next.missing, money: w.money(next.missing), tier: next.name }), next.have / next.need] : far ? [w.t("next.missing", { n: far.missing, reward: w.reward(far) }), available / far.points] : [];
}

function card(panel, w) {
  const { available, worth_minor, pending, tier } = panel.data;
  const [text, part] = goal(panel, w);
  const coming = pending[0];
  return h(
    "div.rg-card",
    { part: "card" },
    h("div", {}, tier && h("span", {}, tier.name), h("span", {}, text || w.t("your.points"))),
    h("p.rg-balance", {}, h("b", {}, w.number(available)), w.unit(available)),
    text && bar(part),
    h("div", {}, h("span", {}, worth_minor && w.t("worth", { money: w.money(worth_minor) })), h("span", {}, coming && w.t("pending", { n: coming.points, date: w.day(coming.until) }))),
  );
}

function tabs(panel, w) {
  const names = ["rewards", "earn", "history"];
  const onkeydown = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key] * (panel.widget.root.dir === "rtl" ? -1 : 1);
    if (by) panel.choose(names.at((names.indexOf(panel.tab) + by) % 3));
  };
  const draw = panel.tabs[panel.tab];
  if (!draw) panel.choose(panel.tab);
  const tab = (name) => h("button", { id: `rg-tab-${name}`, role: "tab", "aria-selected": `${panel.tab === name}`, tabindex: panel.tab === name ? "0" : "-1", onclick: () => panel.choose(name) }, w.t(`tab.${name}`));
  return [h("div.rg-tabs", { role: "tablist", onkeydown }, names.map(tab)), h("div.rg-tab", { id: "rg-tab", role: "tabpanel", "aria-labelledby": `rg-tab-${panel.tab}` }, draw?.(panel, w))];
}

function rewards(panel, w) {
  const { codes, member, nudges } = panel.data;
  const rows = [...codes.map((made) => codeRow(panel, w, made)), ...panel.data.rewards.map((reward) => rewardRow(panel, w, reward))];
  return [
    panel.config.paused?.redeeming && panel.note(icons.CLOCK, w.t("paused.redeeming")),
    !member.known && panel.note(icons.GIFT, w.t("new.member")),
    nudges?.slice(0, 2).map((each) => panel.note(icons.CLOCK, each.text)),
    rows.length ? h("ul.rg-list", {}, rows) : sentence(w.t("rewards.none")),
  ];
}

const row = (picture, name, small, more, end) => h("li.rg-row", {}, picture, h("span", {}, name, h("small", {}, small), more), end);

function codeRow(panel, w, made) {
  const ready = made.state === "ready";
  const small = ready ? (made.expires_at ? w.t("code.until", { date: w.longDay(made.expires_at) }) : made.code) : made.waits || w.t("code.coming");
  return row(tile(icons.TICKET), w.reward(made), small, "", ready && press(w, "show", made, false, () => panel.go("ready", { redemption: made })));
}

function rewardRow(panel, w, reward) {
  const { missing, obstacle, points, kind } = reward;
  const resting = panel.config.paused?.redeeming;
  const disabled = panel.who !== "member" || panel.offline || !!obstacle || resting;
  const redeem = () => panel.go(/slider|cashback/.test(kind) ? "slide" : "redeem/confirm", { reward, key: undefined });
  return row(panel.tile(reward), w.reward(reward), (!resting && obstacle) || w.points(points), missing && bar(1 - missing / (reward.least_points || points)), missing ? h("small.rg-num", {}, w.t("to.go", { n: missing })) : press(w, "redeem", reward, disabled, redeem));
}

const press = (w, verb, thing, disabled, onclick) => button("", w.t(verb), onclick, { id: `rg-${verb}-${thing.id}`, disabled, "aria-label": `${w.t(verb)}: ${w.reward(thing)}` });

export function mount(widget) {
  const panel = new Panel(widget);
  panel.prepared = panel.prepare();
  return panel;
}
