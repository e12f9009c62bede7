// What an order brings, beside it on Shopify's own pages. Our server says all of it in words, in the buyer's language; here it
// becomes Shopify's elements, made with the few verbs that every DOM has, for this one is a worker's. Where anything fails the
// page stays as it would be without us.
import { SERVER } from "./server.js";

const ASKS = 5;

// Signals, whose value may be called `current`.
const now = (signal) => signal?.value ?? signal?.current;
const number = (gid) => /(\d+)$/.exec(gid ?? "")?.[1] ?? "";
const later = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));

export async function show(orderOf) {
  const { shopify } = globalThis;
  // Soon at first, then with longer pauses: most orders are heard of within seconds, some within a minute.
  for (let asked = 0; asked < ASKS; asked += 1) {
    const note = await ask(shopify, orderOf(shopify, now)).catch(() => null);
    // What was said before stands until something else can be said.
    if (!note) return;
    draw(note, linkOf(shopify));
    if (!note.again_seconds) return;
    await later(note.again_seconds * (asked + 1));
  }
}

async function ask(shopify, order) {
  const token = await shopify.sessionToken.get();
  const answer = await fetch(`${SERVER}/widget/v1/extension/order?lang=${encodeURIComponent(language(shopify))}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-Regulars": "1", Authorization: `Bearer ${token}` },
    body: JSON.stringify({ order: number(order?.id), placed_at: order?.processedAt && new Date(order.processedAt), ...bought(shopify) }),
  });
  return answer.ok ? answer.json() : null;
}

const language = ({ localization }) => now(localization?.language)?.isoCode ?? "";

// The goods as the page has them, with the discounts of single lines off; those of the whole order apart.
function bought({ lines, discountAllocations }) {
  const goods = (now(lines) ?? []).map(({ merchandise, quantity, cost }) => ({
    price: cost.totalAmount.amount,
    quantity,
    product: number(merchandise.product?.id),
    variant: number(merchandise.id),
    vendor: merchandise.product?.vendor ?? "",
    shipped: merchandise.requiresShipping !== false,
  }));
  const off = (now(discountAllocations) ?? []).reduce((sum, { discountedAmount }) => sum + discountedAmount.amount, 0);
  return { currency: now(lines)?.[0]?.cost.totalAmount.currencyCode ?? "", lines: goods, off: Math.max(0, off) };
}

// The panel opens on the shop's own pages.
const linkOf = ({ shop }) => `${(shop.storefrontUrl || `https://${shop.myshopifyDomain}`).replace(/\/$/, "")}/#regulars`;

// One element for all that is said in turn: a screen reader hears what changes in it.
let place = null;

function draw({ heading, text, lines, link }, href) {
  if (!place && heading) {
    place = element("s-stack", { gap: "base", accessibilityRole: "status" }, []);
    document.body.appendChild(place);
  }
  while (place?.firstChild) place.removeChild(place.firstChild);
  if (!heading) return;
  const told = [
    element("s-heading", {}, [heading]),
    text && element("s-text", {}, [text]),
    ...lines.map(({ name, value }) => element("s-stack", { direction: "inline", justifyContent: "space-between", gap: "base" }, [element("s-text", {}, [name]), element("s-text", {}, [value])])),
    element("s-link", { href }, [link]),
  ];
  for (const child of told) if (child) place.appendChild(child);
}

function element(name, properties, children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  for (const child of children) if (child) made.appendChild(typeof child === "string" ? document.createTextNode(child) : child);
  return made;
}
