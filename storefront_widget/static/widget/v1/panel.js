// The panel: what is shown when. All that is not the first screen of a member comes when it is asked for.
import { Api, Problem, button, h, icon, sentence, tile, words } from "./kit.js?v=__VERSION__";
import styles from "./widget.css.js?v=__VERSION__";

const FRESH_MS = 30_000;
// Views that share a module; all others have their own.
const MODULES = { guest: "earn", email: "sign-in", code: "sign-in", confirm: "redeem", working: "redeem", failed: "redeem", giving: "ready", terms: "faq", leaving: "me", joining: "me" };

const ALERT = "M10 3.5 17.2 16H2.8zM10 8.2v3.6M10 13.8v.01";
const BACK = "M12 5.5 7.5 10l4.5 4.5";
const CLOCK = "M17.25 10a7.25 7.25 0 1 1-14.5 0 7.25 7.25 0 0 1 14.5 0zM10 6v4.2l2.8 1.8";
const LOCK = "M5 9h10v7.5H5zM7 9V6.5a3 3 0 0 1 6 0V9";
const TAG = "M4 4h6l6.5 6.5-6 6L4 10zM7 7v.01";
const TICKET = "M3 7.5v-3h14v3a2.5 2.5 0 0 0 0 5v3H3v-3a2.5 2.5 0 0 0 0-5zM12 5v10";
const TRUCK = "M2.5 5H11v9H2.5zM11 8h3.5l3 3v3H11M6 14a1.5 1.5 0 1 0 .01 0zM14 14a1.5 1.5 0 1 0 .01 0z";
const X = "m5.5 5.5 9 9m0-9-9 9";

class Panel {
  view = "home";
  tab = "rewards";
  who = "guest";
  views = { home };
  tabs = { rewards };
  icons = { ALERT, CLOCK, LOCK, TAG, TICKET };
  coming = {};
  used = [];

  constructor(widget, { bring, speak, address }) {
    this.widget = widget;
    this.bring = (name) => Promise.all([bring(`./${name}.js`), speak(widget.tongue, name)]);
    this.api = new Api(widget.dataset, (path) => address(widget.dataset, path));
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
    if (this.used.includes(css)) return;
    this.used.push(css);
    const sheet = new CSSStyleSheet();
    // Themes shrink the root's font; --u is what the loader measured of that. Media queries know only the reader's.
    sheet.replaceSync(css.replace(/(?<!min-width:)(?<![\d.])([\d.]+rem)/g, "calc(var(--u)*$1)"));
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

  async configure(version) {
    const { widget } = this;
    if (!widget.config || version)
      await widget.settle(version).catch(() => {
        if (!widget.config) throw new Problem(0, "offline");
      });
    if (this.config === widget.config) return;
    this.config = widget.config;
    this.w = words(this.config, widget.words, widget.locale);
    Object.assign(this, { views: { home }, tabs: { rewards }, coming: {} });
  }

  async refresh() {
    const before = this.data?.available;
    try {
      const data = await this.api.own("member");
      if (!data.member) throw new Problem(401, "signed_out");
      if (data.config && data.config !== this.config.version) await this.configure(data.config);
      Object.assign(this, { data, at: Date.now(), who: "member", offline: false });
      this.api.seen.set({ data, at: this.at });
      if (before !== undefined && before !== data.available) this.say(this.w.points(data.available));
      this.widget.dispatchEvent(new CustomEvent("regulars-member", { detail: data }));
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
    if (device) await this.api.send("session/end", { device }).catch(() => {});
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
    for (const view of ["confirm", "ready"]) this.fetchView(view).catch(() => {});
  }

  close() {
    this.over.close();
  }

  closed() {
    this.widget.button.setAttribute("aria-expanded", false);
    this.widget.button.focus();
    if (this.view !== "working") this.view = "home";
  }

  // Draws anew; the focus goes to `focus`, or stays where it was if that is still there.
  render(focus) {
    const active = this.widget.shadowRoot.activeElement;
    const kept = this.over.contains(active) && active.id;
    const view = this.view === "home" && !this.data ? "guest" : this.view;
    if (this.config && !this.views[view] && !this.error) this.fetchView(view).then(() => this.render(focus), (error) => this.render(focus, (this.error = error)));
    const { title, back, body } = this.views[view] && this.config ? this.views[view](this, this.w) : this.waiting();
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
    const { error, w, widget } = this;
    const body = error ? h("div", { role: "alert" }, this.note(ALERT, error.code && w ? w.problem(error) : "No connection.", w?.t("retry") ?? "Retry", () => this.load())) : h("div.rg-busy", { role: "status" }, h("span.rg-wait"));
    return { title: widget.plain, body };
  }

  async go(view, changes = {}) {
    Object.assign(this, { error: undefined, busy: false, line: undefined }, changes);
    await this.fetchView(view).then(() => (this.view = view), (error) => (this.error = error));
    this.render(["email", "code"].includes(this.view) ? "input" : "h2");
  }

  async choose(tab) {
    await this.fetchView(tab).then(() => (this.tab = tab), (error) => (this.error = error));
    this.render(`#rg-tab-${this.tab}`);
  }

  // A view and its words.
  async fetchView(view) {
    const name = MODULES[view] ?? view;
    if (this.views[view] || this.tabs[view]) return;
    const [module, more] = await (this.coming[name] ??= this.bring(name)).catch(() => {
      delete this.coming[name];
      throw new Problem(0, "offline");
    });
    this.w.add(more);
    module.add(this);
  }

  note(path, text, label, onclick) {
    return h("p.rg-note", {}, icon(path), h("span", {}, text), label && h("button", { onclick }, label));
  }

  alert() {
    return this.error && h("div", { role: "alert" }, this.note(ALERT, this.w.problem(this.error)));
  }

  tile(reward) {
    return tile({ free_shipping: TRUCK, free_product: this.icons.GIFT, access: LOCK, gift_card: TICKET }[reward.kind] ?? TAG);
  }
}

// A bar's width is set through the object model: a strict policy forbids style attributes.
export function bar(part, label) {
  const fill = h("i");
  fill.style.setProperty("--w", `${Math.max(0, Math.min(1, part)) * 100}%`);
  return h("span.rg-bar", label ? { role: "img", "aria-label": label } : { "aria-hidden": "true" }, fill);
}

const account = (page) => `/account/${page}?return_url=${encodeURIComponent(location.pathname)}`;

function home(panel, w) {
  const { data, config, error, who } = panel;
  const retry = () => panel.load();
  const signIn = () => (panel.api.proxy ? location.assign(account("login")) : panel.go("email"));
  const more = [config.tiers?.length && "tiers", config.referral && data.referral && "friend", (data.profile || data.notifications) && "me", config.version && "terms"].filter(Boolean);
  return {
    title: data.member.name ? w.t("hello", data.member) : config.texts?.title || w.t("title", { shop: config.shop.name }),
    body: [
      panel.offline && panel.note(ALERT, w.t("offline", { time: w.time(panel.at) }), w.t("retry"), retry),
      error && who === "member" && h("div", { role: "alert" }, panel.note(ALERT, w.problem(error), w.t("retry"), retry)),
      card(panel, w),
      who === "expired" && panel.note(LOCK, w.t("signed.out"), w.t("sign.in"), signIn),
      data.enrolled === false && config.may_join && panel.note(panel.icons.GIFT, w.t("join.text"), w.t("join"), () => panel.go("joining")),
      tabs(panel, w),
      h("div.rg-more", {}, more.map((view) => h("button.rg-link", { id: `rg-more-${view}`, onclick: () => panel.go(view) }, w.t(`more.${view}`)))),
    ],
  };
}

// The way to the next tier; where there are none, to the next reward.
function goal({ data: { available, rewards, tier } }, w) {
  const next = tier?.next;
  if (next) return [w.t(`tier.${next.measure}`, { n: next.missing, money: w.money(next.missing), tier: next.name }), next.have / next.need];
  const far = rewards.find((reward) => reward.missing);
  const near = rewards.find((reward) => !reward.missing && !reward.obstacle);
  return far && !tier ? [w.t("next.missing", { n: far.missing, reward: w.reward(far) }), available / far.points] : near && [w.t("next.enough", { reward: w.reward(near) }), 1];
}

function card(panel, w) {
  const { available, worth_minor, pending, tier } = panel.data;
  const [text, part] = goal(panel, w) || [];
  const coming = pending[0];
  return h(
    "div.rg-card",
    { part: "card" },
    h("div", {}, tier && h("span", {}, tier.name), h("span", {}, text || w.t("your.points"))),
    h("p.rg-balance", {}, h("b", {}, w.number(available)), w.unit(available)),
    text && bar(part, text),
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
  const tab = (name) => h("button", { id: `rg-tab-${name}`, role: "tab", "aria-selected": `${panel.tab === name}`, "aria-controls": "rg-tab", tabindex: panel.tab === name ? "0" : "-1", onclick: () => panel.choose(name) }, w.t(`tab.${name}`));
  return [h("div.rg-tabs", { role: "tablist", onkeydown }, names.map(tab)), h("div.rg-tab", { id: "rg-tab", role: "tabpanel", "aria-labelledby": `rg-tab-${panel.tab}` }, draw?.(panel, w))];
}

function rewards(panel, w) {
  const { expiring, codes, member, nudges } = panel.data;
  const rows = [...codes.map((made) => codeRow(panel, w, made)), ...panel.data.rewards.map((reward) => rewardRow(panel, w, reward))];
  return [
    panel.config.paused?.redeeming && panel.note(CLOCK, w.t("paused.redeeming")),
    !member.known && panel.note(panel.icons.GIFT, w.t("new.member")),
    nudges ? nudges.slice(0, 2).map((each) => panel.note(CLOCK, each.text)) : expiring && panel.note(CLOCK, w.t("expiring", { n: expiring.points, date: w.longDay(expiring.at) })),
    rows.length ? h("ul.rg-list", {}, rows) : sentence(w.t("rewards.none")),
  ];
}

function codeRow(panel, w, made) {
  const ready = made.state === "ready";
  const small = ready && made.expires_at ? w.t("code.until", { date: w.longDay(made.expires_at) }) : ready ? made.code : w.t("code.coming");
  const show = button("", w.t("show"), () => panel.go("ready", { redemption: made }), { id: `rg-show-${made.id}`, "aria-label": `${w.t("show")}: ${w.reward(made)}` });
  return h("li.rg-row", {}, tile(TICKET), h("span", {}, w.reward(made), h("small", {}, small)), ready && show);
}

function rewardRow(panel, w, reward) {
  const name = w.reward(reward);
  const { missing, obstacle, points } = reward;
  const disabled = panel.who !== "member" || panel.offline || !!obstacle || panel.config.paused?.redeeming;
  const redeem = button("", w.t("redeem"), () => panel.go(/slider|cashback/.test(reward.kind) ? "slide" : "confirm", { reward, key: undefined }), { id: `rg-redeem-${reward.id}`, disabled, "aria-label": `${w.t("redeem")}: ${name}` });
  return h(
    "li.rg-row",
    {},
    panel.tile(reward),
    h("span", {}, name, h("small", {}, obstacle || w.points(points)), missing && bar(1 - missing / (reward.least_points || points))),
    missing ? h("small.rg-num", {}, w.t("to.go", { n: missing })) : redeem,
  );
}

export function mount(widget, ways) {
  const panel = new Panel(widget, ways);
  panel.prepared = panel.prepare();
  return panel;
}
