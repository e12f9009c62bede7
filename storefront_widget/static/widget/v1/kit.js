// What every view is made of: elements without markup, words of the reader's language, and the way to the server.
const SVG = "http://www.w3.org/2000/svg";
const EARLY_MS = 10_000;
const PATIENCE_MS = 20_000;

// h("p.rg-note", {onclick, "aria-label"}, child, …): a child is an element, text, or nothing. Text is only ever text.
export function h(name, properties, ...children) {
  const [tag, ...classes] = name.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  if (tag === "button") element.type = "button";
  for (const key in properties) {
    const value = properties[key];
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(2).filter(Boolean));
  return element;
}

// A drawing of 20 × 20; one that points somewhere is mirrored where text runs from right to left.
export function icon(path, name = "icon") {
  const svg = document.createElementNS(SVG, "svg");
  const line = document.createElementNS(SVG, "path");
  svg.setAttribute("class", name);
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export const tile = (path, tone = "") => h(`span.rg-tile${tone}`, {}, icon(path));
export const button = (kind, label, onclick, more) => h(`button.rg-button${kind}`, { id: `rg${kind || label}`.replace(/\W+/g, "-"), onclick, ...more }, label);
export const sentence = (...text) => h("p.rg-small.rg-centre", {}, ...text);

// Messages, numbers, money and dates, as the reader's language writes them. {points} is a number with its word, {unit}
// the word for that number, {point_name} the word alone; the merchant's own word, if there is one, takes their place.
export function words({ shop, point }, messages, lang) {
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
    form(messages[id] ?? id, values.n).replace(/\{(\w+)\}/g, (_, key) => WORDS[key]?.(values) ?? apart(typeof values[key] === "number" ? number(values[key]) : values[key] ?? ""));
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
    signed: (value) => (value < 0 ? "−" : value ? "+" : "") + number(Math.abs(value)),
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

export class Problem extends Error {
  constructor(status, code, detail, wait = 0) {
    super(detail);
    Object.assign(this, { status, code, detail, wait });
  }
}

// Storage may be forbidden or full; the widget then forgets between pages, and works.
export const store = (area, key) => ({
  get: () => quietly(() => JSON.parse(window[area].getItem(key))),
  set: (value) => quietly(() => window[area].setItem(key, JSON.stringify(value))),
});

function quietly(work) {
  try {
    return work();
  } catch {
    return null;
  }
}

// Through the shop's own proxy, or to us with a token: earned by a code from the mail, or for what the shop's own server
// has signed. `address` says where a path lies.
export class Api {
  constructor({ shop, proxy, customerId, identity }, address) {
    Object.assign(this, { proxy, address, name: `regulars:${shop}`, signed: quietly(() => JSON.parse(identity)) });
    this.session = store("localStorage", this.name);
    // Somebody else is signed in at the shop by now, or nobody.
    const kept = this.session.get();
    if (kept?.customer && kept.customer !== this.signed?.customer) this.session.set(null);
    this.seen = store("sessionStorage", `${this.name}:${customerId || this.signed?.customer || ""}`);
    // Is it worth asking who this is before the panel is opened?
    this.expected = () => !!(proxy ? customerId : this.signed || this.session.get());
  }

  // Counted on this device's own clock, which may be wrong but is wrong the same way later.
  keep({ token, device, expires_in }) {
    this.session.set({ token, device, until: Date.now() + expires_in * 1000, customer: this.signed?.customer });
    return token;
  }

  // Two tabs must not use one device token twice: that signs the device out, as theft would.
  token() {
    const renew = async () => {
      const session = this.session.get();
      if (session?.until > Date.now() + EARLY_MS) return session.token;
      if (session?.device) return this.keep(await this.send("session/renew", { device: session.device }));
      if (this.signed) return this.keep(await this.send("session/signed", this.signed));
      throw new Problem(401, "signed_out");
    };
    return navigator.locks ? navigator.locks.request(this.name, renew) : renew();
  }

  // What is the shopper's own.
  async own(path, body, headers) {
    const proof = this.proxy ? {} : { Authorization: `Bearer ${await this.token()}` };
    return this.send(path, body, { ...proof, ...headers });
  }

  async send(path, body, headers) {
    const more = body && { method: "POST", body: JSON.stringify(body) };
    const types = body && { "Content-Type": "application/json", "X-Regulars": "1" };
    let response, answer;
    try {
      response = await fetch(this.address(path), { credentials: this.proxy ? "same-origin" : "omit", signal: AbortSignal.timeout?.(PATIENCE_MS), headers: { ...types, ...headers }, ...more });
      answer = await response.json().catch(() => null);
    } catch {
      throw new Problem(0, "offline");
    }
    if (response.ok) return answer;
    if (answer?.code === "signed_out") this.session.set(null);
    throw new Problem(response.status, answer?.code ?? "unknown", answer?.detail, +response.headers.get("Retry-After"));
  }
}
