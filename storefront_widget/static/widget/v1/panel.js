// The panel: what is shown when. Signing in, redeeming and history are rare and come when they are asked for.
import { Api, Problem, button, h, icon, sentence, speak, tile } from "./kit.js?v=__VERSION__";
import styles from "./widget.css.js?v=__VERSION__";

const FRESH_MS = 30_000;
const RARE = { slide: "slide", email: "sign-in", code: "sign-in", confirm: "redeem", working: "redeem", ready: "redeem", failed: "redeem", giving: "give-back", history: "history" };

const ALERT = "M10 3.5 17.2 16H2.8zM10 8.2v3.6M10 13.8v.01";
const BACK = "M12 5.5 7.5 10l4.5 4.5";
const BAG = "M5 6.5h10l.8 9a1.2 1.2 0 0 1-1.2 1.25H5.4A1.2 1.2 0 0 1 4.2 15.5zM7.2 8.8V6a2.8 2.8 0 0 1 5.6 0v2.8";
const CLOCK = "M17.25 10a7.25 7.25 0 1 1-14.5 0 7.25 7.25 0 0 1 14.5 0zM10 6v4.2l2.8 1.8";
const LOCK = "M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9";
const TAG = "M3.5 4.5v5.1c0 .4.16.78.44 1.06l5.8 5.8a1.5 1.5 0 0 0 2.12 0l4.6-4.6a1.5 1.5 0 0 0 0-2.12l-5.8-5.8a1.5 1.5 0 0 0-1.06-.44H4.5a1 1 0 0 0-1 1zM7 7v.01";
const TICKET = "M3 7.5v-3h14v3a2.5 2.5 0 0 0 0 5v3H3v-3a2.5 2.5 0 0 0 0-5zM12 4.8v1.7M12 9.2v1.6M12 13.5v1.7";
const X = "m5.5 5.5 9 9m0-9-9 9";

export class Panel {
  view = "home";
  tab = "rewards";
  who = "guest";
  views = { home };
  tabs = { rewards, earn };
  icons = { ALERT, BAG, CLOCK, LOCK, TAG, TICKET };

  constructor(widget) {
    this.widget = widget;
    this.api = new Api(widget.dataset);
    this.icons.GIFT = widget.button.querySelector("path").getAttribute("d");
    this.use(styles);
    this.status = h("div.rg-status", { role: "status" });
    // A modal dialog holds the focus, lies above every theme and closes with Esc; a press beside it closes it too.
    this.over = h("dialog.rg-over", { "aria-labelledby": "rg-title", part: "panel", onclose: () => this.closed(), onclick: (event) => event.target === this.over && this.close() });
    widget.root.append(this.over, this.status);
    widget.addEventListener("regulars-leave", () => this.leave());
    widget.addEventListener("regulars-order", () => this.load());
  }

  use(css) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    this.widget.shadowRoot.adoptedStyleSheets = [...this.widget.shadowRoot.adoptedStyleSheets, sheet];
  }

  // Before the first opening: the number for the launcher, if there is reason to think that somebody is signed in.
  async prepare() {
    const seen = this.api.expected() && this.api.seen.get();
    if (seen) Object.assign(this, seen, { who: "member" });
    await this.load();
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

  async configure() {
    if (this.config) return;
    const config = await this.api.send("config");
    const { root, dataset } = this.widget;
    this.w = await speak(config, dataset.lang, "panel");
    this.config = config;
    root.lang = this.api.lang = this.w.lang;
    root.dir = this.w.dir;
    const { look } = this.config;
    const theme = dataset.theme || look.theme;
    root.dataset.theme = theme === "auto" ? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light") : theme;
    const colours = look[root.dataset.theme];
    for (const name in colours) root.style.setProperty(name, colours[name]);
  }

  async refresh() {
    const before = this.data?.available;
    try {
      const data = await this.api.own("member");
      if (!data.member) throw new Problem(401, "signed_out");
      Object.assign(this, { data, at: Date.now(), who: "member", offline: false });
      this.api.seen.set({ data, at: this.at });
      if (before !== undefined && before !== data.available) this.say(this.w.t("points", { n: data.available }));
    } catch (problem) {
      if (problem.status === 401) this.signedOut();
      else if (problem.code === "offline" && this.data) this.offline = true;
      else throw problem;
    }
  }

  // What was on the screen stays; redeeming waits for a new sign-in.
  signedOut() {
    this.who = this.data ? "expired" : "guest";
    this.api.seen.set(null);
  }

  async leave() {
    const device = this.api.session.get()?.device;
    this.api.session.set(null);
    this.api.seen.set(null);
    Object.assign(this, { data: undefined, who: "guest", tab: "rewards" });
    this.label();
    this.go("home");
    if (device) await this.api.post("session/end", { device }).catch(() => {});
  }

  label() {
    const { label } = this.widget;
    if (this.w) label.textContent = this.who === "member" ? this.w.t("points", { n: this.data.available }) : this.w.t("launcher");
  }

  say(text) {
    this.status.textContent = text;
  }

  open() {
    this.over.showModal();
    this.expanded(true);
    this.render("h2");
    if (!this.config || !(Date.now() - this.at < FRESH_MS)) this.load();
  }

  close() {
    this.over.close();
  }

  closed() {
    this.expanded(false);
    this.widget.button.focus();
    if (this.view !== "working") this.view = "home";
  }

  expanded(open) {
    this.widget.button.setAttribute("aria-expanded", open);
  }

  // Draws anew; the focus goes to `focus`, or stays where it was if that is still there.
  render(focus) {
    const active = this.widget.shadowRoot.activeElement;
    const kept = this.over.contains(active) && active.id;
    const { title, back, body } = this.config ? this.views[this.view](this, this.w) : this.waiting();
    this.over.dataset.view = this.view;
    const heading = h("h2", { id: "rg-title", tabindex: "-1" }, title);
    const close = h("button.rg-icon", { id: "rg-close", "aria-label": this.w?.t("close") ?? "Close", onclick: () => this.close() }, icon(X));
    const before = back && h("button.rg-icon", { id: "rg-back", "aria-label": this.w.t("back"), onclick: () => this.go(back) }, icon(BACK, "icon icon-dir"));
    const head = h(back ? "div.rg-head.with-back" : "div.rg-head", {}, before, heading, close);
    this.over.replaceChildren(head, h("div.rg-body", {}, body));
    const target = (focus && this.over.querySelector(focus)) || (kept && this.over.querySelector(`#${kept}`)) || heading;
    if (this.over.open && (focus || kept)) target.focus();
  }

  // Before anything is known, in the launcher's own words.
  waiting() {
    const retry = { onclick: () => this.load() };
    const body = this.error ? h("p.rg-note", { role: "alert" }, icon(ALERT), h("span", {}, "No connection."), h("button", retry, "Retry")) : h("div.rg-busy", { role: "status" }, h("span.rg-wait"));
    return { title: this.widget.label.textContent, body };
  }

  async go(view, changes = {}) {
    Object.assign(this, { error: undefined, busy: false }, changes);
    try {
      await this.fetchView(view);
      this.view = view;
    } catch {
      this.error = new Problem(0, "offline");
    }
    this.render(["email", "code"].includes(this.view) ? "input" : "h2");
  }

  async choose(tab) {
    await this.fetchView(tab).then(() => (this.tab = tab), () => (this.error = new Problem(0, "offline")));
    this.render(`#rg-tab-${this.tab}`);
  }

  // The browser remembers an address that failed; the next try needs another.
  async fetchView(view) {
    if (this.views[view] || this.tabs[view]) return;
    this.failures ??= 0;
    this.failures += 1;
    const [module] = await Promise.all([import(`./${RARE[view]}.js?v=__VERSION__${this.failures > 1 ? `&try=${this.failures}` : ""}`), this.w.learn(RARE[view])]);
    this.failures -= 1;
    if (!this.views[view] && !this.tabs[view]) module.add(this);
  }

  note(path, text, label, onclick) {
    return h("p.rg-note", {}, icon(path), h("span", {}, text), label && h("button", { onclick }, label));
  }

  tile(reward) {
    return tile({ free_shipping: TRUCK, free_product: this.icons.GIFT }[reward.kind] ?? TAG);
  }
}

const TRUCK = "M2.5 5H11v8.5H8M4 13.5H2.5V5M11 8h3.5l3 3v2.5H16M12 13.5h-1M7.75 14a1.75 1.75 0 1 1-3.5 0 1.75 1.75 0 0 1 3.5 0zM15.75 14a1.75 1.75 0 1 1-3.5 0 1.75 1.75 0 0 1 3.5 0z";

// A bar's width is set through the object model: a strict policy forbids style attributes.
function bar(part, label) {
  const fill = h("i");
  fill.style.setProperty("--w", `${Math.max(0, Math.min(1, part)) * 100}%`);
  return h("span.rg-bar", label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" }, fill);
}

const account = (page) => `/account/${page}?return_url=${encodeURIComponent(location.pathname)}`;

function home(panel, w) {
  const { data, config, error, who } = panel;
  if (!data) return guest(panel, w);
  const retry = () => panel.load();
  const signIn = () => (panel.api.proxy ? location.assign(account("login")) : panel.go("email"));
  return {
    title: data.member.name ? w.t("hello", data.member) : w.t("title", { shop: config.shop.name }),
    body: [
      panel.offline && panel.note(OFFLINE, w.t("offline", { time: w.time(panel.at) }), w.t("retry"), retry),
      error && who === "member" && panel.note(ALERT, w.problem(error), w.t("retry"), retry),
      card(panel, w),
      who === "expired" && panel.note(LOCK, w.t("signed.out"), w.t("sign.in"), signIn),
      tabs(panel, w),
    ],
  };
}

const OFFLINE = "M3.5 3.5l13 13M3 8.5q7-6 14 0M5.5 11.5q4.5-4 9 0M8 14.2q2-1.7 4 0M10 16.5v.01";

function guest(panel, w) {
  const { shop, rewards } = panel.config;
  const doors =
    panel.widget.dataset.platform === "shopify"
      ? [h("a.rg-button.rg-main", { href: account("register") }, w.t("guest.join")), h("a.rg-button.rg-text", { href: account("login") }, w.t("guest.account"))]
      : [button(".rg-main", w.t("guest.code"), () => panel.go("email")), sentence(w.t("guest.first"))];
  return {
    title: w.t("title", { shop: shop.name }),
    body: [
      panel.error && panel.note(ALERT, w.problem(panel.error), w.t("retry"), () => panel.load()),
      h("div.rg-hello", {}, h("h3", {}, w.t("guest.title")), h("p", {}, w.t("guest.text", { shop: shop.name }))),
      earn(panel, w),
      rewards[0] && panel.note(panel.icons.GIFT, w.t("guest.reward", { n: rewards[0].points, reward: w.reward(rewards[0]) })),
      h("div.rg-duo", {}, doors),
    ],
  };
}

function card(panel, w) {
  const { available, worth_minor, pending, rewards } = panel.data;
  const next = rewards.find((reward) => reward.missing);
  const inReach = rewards.find((reward) => !reward.missing && !reward.obstacle);
  const goal = next ? w.t("next.missing", { n: next.missing, reward: w.reward(next) }) : inReach && w.t("next.enough", { reward: w.reward(inReach) });
  const coming = pending[0];
  return h(
    "div.rg-card",
    { part: "card" },
    h("div", {}, goal || w.t("your.points")),
    h("p.rg-balance", {}, h("b", {}, w.number(available)), w.t("unit", { n: available })),
    goal && bar(next ? available / next.points : 1, goal),
    h("div", {}, h("span", {}, worth_minor && w.t("worth", { money: w.money(worth_minor) })), h("span", {}, coming && w.t("pending", { n: coming.points, date: w.day(coming.until) }))),
  );
}

function tabs(panel, w) {
  const names = ["rewards", "earn", "history"];
  const onkeydown = (event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by) panel.choose(names.at((names.indexOf(panel.tab) + by) % 3));
  };
  const tab = (name) => h("button", { id: `rg-tab-${name}`, role: "tab", "aria-selected": `${panel.tab === name}`, "aria-controls": "rg-tab", tabindex: panel.tab === name ? "0" : "-1", onclick: () => panel.choose(name) }, w.t(`tab.${name}`));
  return [h("div.rg-tabs", { role: "tablist", onkeydown }, names.map(tab)), h("div.rg-tab", { id: "rg-tab", role: "tabpanel", "aria-labelledby": `rg-tab-${panel.tab}` }, panel.tabs[panel.tab](panel, w))];
}

function rewards(panel, w) {
  const { expiring, codes, member } = panel.data;
  const rows = [...codes.map((made) => codeRow(panel, w, made)), ...panel.data.rewards.map((reward) => rewardRow(panel, w, reward))];
  return [
    !member.known && panel.note(panel.icons.GIFT, w.t("new.member")),
    expiring && panel.note(CLOCK, w.t("expiring", { n: expiring.points, date: w.longDay(expiring.at) })),
    rows.length ? h("ul.rg-list", {}, rows) : sentence(w.t("rewards.none")),
  ];
}

function codeRow(panel, w, made) {
  const ready = made.state === "ready";
  const small = ready && made.expires_at ? w.t("code.until", { date: w.longDay(made.expires_at) }) : ready ? made.code : w.t("code.coming");
  const show = h("button.rg-button", { id: `rg-show-${made.id}`, "aria-label": `${w.t("show")}: ${w.reward(made)}`, onclick: () => panel.go("ready", { redemption: made }) }, w.t("show"));
  return h("li.rg-row", {}, tile(TICKET), h("span", {}, w.reward(made), h("small", {}, small)), ready && show);
}

function rewardRow(panel, w, reward) {
  const name = w.reward(reward);
  const { missing, obstacle, points } = reward;
  const disabled = panel.who !== "member" || panel.offline || !!obstacle;
  const redeem = h("button.rg-button", { id: `rg-redeem-${reward.id}`, disabled, "aria-label": `${w.t("redeem")}: ${name}`, onclick: () => panel.go(reward.kind === "points_slider" ? "slide" : "confirm", { reward, key: undefined }) }, w.t("redeem"));
  return h(
    "li.rg-row",
    {},
    panel.tile(reward),
    h("span", {}, name, h("small", {}, obstacle || w.t("points", { n: points })), missing && bar(1 - missing / (reward.least_points ?? points))),
    missing ? h("small.rg-num", {}, w.t("to.go", { n: missing })) : redeem,
  );
}

function earn(panel, w) {
  const rows = panel.config.earn
    .filter((rule) => rule.kind === "per_amount")
    .map((rule) => h("li.rg-row", {}, tile(BAG), h("span", {}, rule.name || w.t("earn.order"), h("small", {}, w.t("earn.per", { money: w.money(rule.per_minor) }))), h("b.rg-num", {}, w.signed(rule.points))));
  return rows.length ? h("ul.rg-list", {}, rows) : sentence(w.t("earn.none"));
}

export function mount(widget) {
  const panel = new Panel(widget);
  panel.prepare();
  return panel;
}
