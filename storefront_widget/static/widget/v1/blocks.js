// What stands on the shop's own pages: points for a product and for the cart, codes and rewards in the cart, the loyalty
// page, what an order brought. <regulars-block data-kind="…"> in the theme's font and colours, outlined at most; one that has
// nothing to say stays empty. The page reserves each one's room before we come, so none grows beyond it by what it says; what a
// member should know lies over the page.
import { bring, painted, speak, start } from "./loader.js";
import { keepClear } from "./clear.js?v=__VERSION__";
import styles from "./blocks.css.js?v=__VERSION__";
import nudgeStyles from "./nudge.css.js?v=__VERSION__";

const NAME = "regulars-block";
const CHANGES = ["regulars-member", "regulars-left"];
const X = "m5.5 5.5 9 9m0-9-9 9";

// The panel's, which comes after the page.
let button, h, icon, store;

const FILL = { product, cart, page, nudge, order };

class Block extends HTMLElement {
  connectedCallback() {
    this.here = new AbortController();
    this.fill().catch(() => {});
  }

  disconnectedCallback() {
    this.here.abort();
    this.form = this.asked = undefined;
    if (this.dataset.kind === "nudge") this.panel?.nudge?.remove();
  }

  // What it costs and how many are told by the element's data; whoever changes them is followed.
  static observedAttributes = ["data-price", "data-quantity", "data-prices", "data-product", "data-goods"];
  attributeChangedCallback() {
    this.draw?.();
  }

  async fill() {
    const { kind, platform, shop, proxy, customerId, locale } = this.dataset;
    const { signal } = this.here;
    await painted;
    const widget = start({ platform, shop, proxy, customerId, locale, bare: "1" });
    this.panel = await widget.load();
    ({ button, h, icon, store } = await bring("./panel.js"));
    await this.panel.prepared;
    if (!this.panel.config || this.panel.config.live === false || !FILL[kind]) return;
    this.panel.w.add(await speak(widget.dataset.tongue, "blocks"));
    this.dir = widget.root.dir;
    this.lang = widget.dataset.tongue;
    this.draw = () => this.isConnected && this.show([FILL[kind](this, this.panel, this.panel.w) || []].flat(2).filter(Boolean));
    for (const event of CHANGES) widget.addEventListener(event, this.draw, { signal });
    this.draw();
  }

  // What stays is left alone, or a reader would not be told that it says something else; whoever stood on a button still does.
  show(parts) {
    const { childNodes } = this;
    if (parts.length === childNodes.length && parts.every((part, at) => part === childNodes[at])) return;
    const held = pressed(this).indexOf(document.activeElement);
    this.replaceChildren(...parts);
    pressed(this)[held]?.focus();
  }
}

const pressed = (box) => [...box.querySelectorAll("a, button")];

// Whoever closes the panel is back at what they pressed, or at what stands in its place by then.
const open = (box, panel, view, changes) => async ({ currentTarget }) => {
  const at = pressed(box).indexOf(currentTarget);
  panel.open();
  panel.over.addEventListener("close", () => pressed(box)[at]?.focus(), { once: true });
  if (view) await panel.go(view, changes);
};

// Without an id: a page has several of them.
const press = (label, onclick, more) => button(".regulars-open", label, onclick, { id: "", ...more });

const minorOf = ({ config }, price) => Math.round((+price || 0) * 10 ** config.shop.exponent);

// What these goods earn, as the engine judges an order of them. What was told before stands until the answer comes; what
// is sold in another currency than the shop's own is told nothing.
function earned(box, panel, lines, off = 0) {
  const { api, data, config, who } = panel;
  const body = { lines, off_minor: off };
  const asked = JSON.stringify([body, data?.as_of, who]);
  if (box.asks !== asked) {
    box.asks = asked;
    clearTimeout(box.timer);
    const foreign = box.dataset.currency && box.dataset.currency !== config.shop.currency;
    const ask = async () => {
      const told = lines.length && !foreign ? await (who === "member" ? api.own("estimate", body) : api.send("estimate", body)).catch(() => null) : null;
      if (box.asks !== asked) return;
      box.told = told;
      box.draw();
    };
    box.timer = setTimeout(ask, box.told ? 250 : 0);
  }
  return box.told;
}

function line(box, panel, w, told) {
  if (!told?.points) return null;
  const rate = panel.config.earn.find((rule) => rule.kind === "per_amount");
  const said = w.t(told.least ? "product.least" : "product.points", { n: told.points });
  box.line ??= h("p.regulars-line", {}, icon(panel.icons.GIFT), h("span", { role: "status" }), rate && h("small", {}, w.t("product.rate", { n: rate.points, money: w.money(rate.per_minor) })));
  const status = box.line.querySelector("span");
  if (status.textContent !== said) status.textContent = said;
  return box.line;
}

// What the element says of the article. Collections that it doesn't name are not known.
const article = ({ product = "", variant = "", vendor = "", gift, collections }) => ({ product, variant, vendor, gift_card: gift === "true", collections: collections === undefined ? null : collections.split(",").filter(Boolean) });

// Points for what is chosen. Themes change the field by script, which says nothing; the form's own events come with
// every choice.
function product(box, panel, w) {
  const { dataset } = box;
  const form = box.closest("form") ?? document.querySelector('form[action*="/cart/add"]');
  if (form && box.form !== form) {
    box.form = form;
    for (const event of ["change", "input"]) form.addEventListener(event, () => setTimeout(box.draw), box.here);
  }
  const quantity = Math.max(1, Math.floor(+(form?.elements.quantity?.value ?? dataset.quantity ?? 1)) || 1);
  const variant = form?.elements.id?.value ?? dataset.variant;
  // The theme tells hundredths, whatever the currency.
  const hundredths = JSON.parse(dataset.prices || "{}")[variant];
  const price = minorOf(panel, hundredths ? hundredths / 100 : dataset.price);
  return line(box, panel, w, earned(box, panel, price ? [{ ...article(dataset), variant: variant ?? "", price_minor: price, quantity }] : []));
}

function page(box, panel, w) {
  const { data, config } = panel;
  const { earn, rewards, shop, texts } = config;
  const earning = earn.filter((rule) => rule.per_minor || rule.name).map((rule) => h("li", {}, rule.per_minor ? w.t("product.rate", { n: rule.points, money: w.money(rule.per_minor) }) : rule.name));
  return h(
    "section",
    {},
    h("h2", {}, texts?.title || w.t("title", { shop: shop.name })),
    h("p", {}, data ? w.t("page.have", { n: data.available }) : w.t("page.guest", { shop: shop.name })),
    earning.length && [h("h3", {}, w.t("tab.earn")), h("ul", {}, earning)],
    rewards.length && [h("h3", {}, w.t("tab.rewards")), h("ul", {}, rewards.map((reward) => h("li", {}, h("strong", {}, w.reward(reward)), ` ${w.points(reward.points)}`)))],
    h("p", {}, press(w.t(data ? "page.open" : "page.join"), open(box, panel)), " ", config.version && press(w.t("more.faq"), open(box, panel, "faq"))),
  );
}

// What the cart earns, and the one thing to do: a code to put into it with one press, else the largest reward within reach.
// All others are in the panel.
function cart(box, panel, w) {
  const { data } = panel;
  const { dataset } = box;
  if (dataset.platform === "shopify" && !box.asked) follow(box);
  const earns = line(box, panel, w, earned(box, panel, inCart(dataset, (price) => minorOf(panel, price)), minorOf(panel, dataset.off)));
  if (!data) return earns;
  return [h("section.regulars-box", {}, h("h2", {}, w.points(data.available)), h("p.regulars-row", {}, atHand(box, panel, w)), press(w.t("page.open"), open(box, panel))), earns];
}

function atHand(box, panel, w) {
  const { codes, rewards } = panel.data;
  const made = codes.find(({ state }) => state === "ready");
  if (made) return [h("span", {}, w.reward(made)), /^https?:/.test(made.apply_url) ? h("a.regulars-open", { href: made.apply_url }, w.t("cart.apply", { reward: w.reward(made) })) : press(w.t("show"), open(box, panel, "ready", { redemption: made }))];
  const [reward] = rewards.filter(({ missing, obstacle }) => !missing && !obstacle).sort((one, other) => other.points - one.points);
  if (reward) return [h("span", {}, w.reward(reward), " ", h("small", {}, w.points(reward.points))), press(w.t("redeem"), open(box, panel, /slider|cashback/.test(reward.kind) ? "slide" : "redeem/confirm", { reward, key: undefined }), { "aria-label": `${w.t("redeem")}: ${w.reward(reward)}` })];
  const far = rewards.find(({ missing }) => missing);
  return far && w.t("next.missing", { n: far.missing, reward: w.reward(far) });
}

// Its goods as the page tells them, or else so many pieces for one sum.
function inCart({ goods, price, quantity }, minor) {
  const lines = goods ? JSON.parse(goods).map(({ price: each, off, quantity: count, ...more }) => ({ ...article(more), price_minor: minor(each), off_minor: minor(off), quantity: count })) : [];
  const sum = minor(price);
  const pieces = +quantity || 1;
  const each = Math.ceil(sum / pieces);
  if (!goods && sum) lines.push({ ...article({}), price_minor: each, off_minor: each * pieces - sum, quantity: pieces });
  return lines;
}

// The platform's own cart, in hundredths; asked again when the page's cart form changes. Which collections its goods are
// in is known of those that the page was made with.
async function follow(box) {
  box.asked = true;
  const known = JSON.parse(box.dataset.known || "{}");
  const ask = async () => {
    const { items, currency, total_price } = await fetch("/cart.js", { headers: { Accept: "application/json" } }).then((answer) => answer.json());
    const whole = (item) => item.final_line_price ?? item.line_price;
    const goods = items.map((item) => {
      const each = item.original_price ?? item.price;
      return { price: each / 100, off: (each * item.quantity - whole(item)) / 100, quantity: item.quantity, product: `${item.product_id}`, variant: `${item.variant_id}`, vendor: item.vendor ?? "", gift: `${item.gift_card}`, collections: known[item.product_id] };
    });
    const off = items.reduce((sum, item) => sum + whole(item), 0) - total_price;
    Object.assign(box.dataset, { currency: currency ?? "", off: Math.max(0, off) / 100, goods: JSON.stringify(goods) });
  };
  document.addEventListener("change", ({ target }) => target.form?.action.includes("/cart") && setTimeout(() => ask().catch(() => {}), 1500), box.here);
  await ask().catch(() => {});
}

// What a member should know now, beside the launcher, where nothing of the page is in its way; put away it stays away.
function nudge(box, panel, w) {
  const { widget, data } = panel;
  const kept = store("localStorage", `${panel.api.name}:away`);
  const gone = kept.get() ?? [];
  const first = data?.nudges?.find((each) => !gone.includes(each.id));
  panel.nudge?.remove();
  // On a phone it would lie over the way to pay.
  if (!first || (matchMedia("(max-width: 40em)").matches && /\/(cart|checkout)(?![\w-])/.test(location.pathname + location.hash))) return null;
  const away = () => {
    kept.set([...gone, first.id].slice(-50));
    box.draw();
    widget.button.focus();
  };
  panel.use(nudgeStyles);
  panel.nudge = h("p.rg-nudge.rg-away", { role: "status" }, icon(panel.icons.GIFT), h("span", {}, first.text), h("button", { "aria-label": `${w.t("dismiss")}: ${first.text}`, onclick: away }, icon(X)));
  widget.root.append(panel.nudge);
  keepClear(panel.nudge, widget);
  return null;
}

// After an order: what is on its way, and when it can be spent.
function order(box, panel, w) {
  const { data } = panel;
  const to = (label) => press(label, open(box, panel));
  if (!data) return h("section.regulars-box", {}, h("h2", {}, w.t("order.guest")), to(w.t("page.join")));
  // Nothing is on its way to whoever takes no part.
  if (data.enrolled === false) return h("section.regulars-box", {}, h("h2", {}, w.t("join.text")), to(w.t("join")));
  // The notice of the order is on its way to us; what waits already is of other orders.
  box.asked = (box.asked ?? 0) + 1;
  if (box.asked < 4) setTimeout(() => panel.load(), 5000);
  if (!data.pending.length) return h("section.regulars-box", {}, h("h2", {}, w.t("page.have", { n: data.available })), h("p", {}, w.t("order.soon")), to(w.t("page.open")));
  // The soonest, and the rest together from the day on which all of it is there.
  const total = data.available + data.pending_points;
  const [{ points, until }, ...rest] = data.pending;
  const lines = [[w.t("order.have"), data.available], [w.t("order.from", { date: w.longDay(until) }), points]];
  if (rest.length) lines.push([w.t("order.from", { date: w.longDay(rest.at(-1).until) }), data.pending_points - points]);
  return h(
    "section.regulars-box",
    {},
    h("h2", {}, w.t("order.coming", { n: data.pending_points })),
    h("dl", {}, lines.map(([name, value]) => [h("dt", {}, name), h("dd", {}, w.number(value))]), h("dt.regulars-total", {}, w.t("order.together")), h("dd.regulars-total", {}, w.number(total))),
    to(w.t("page.open")),
  );
}

if (!customElements.get(NAME)) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(styles);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  customElements.define(NAME, Block);
}
