// Stand-in for what Shopify gives a UI extension: the global `shopify`, and of its elements those that show a few lines. Each
// keeps what it is told in attributes, as properties or not.
const given = JSON.parse(document.querySelector("#given").textContent);
const signal = (value) => ({ value, current: value, subscribe: () => () => {} });

function define(name, properties, made) {
  customElements.define(
    name,
    class extends HTMLElement {
      connectedCallback() {
        made?.(this);
      }
    },
  );
  for (const property of properties)
    Object.defineProperty(customElements.get(name).prototype, property, {
      get() {
        return this.getAttribute(property);
      },
      set(value) {
        this.setAttribute(property, value);
      },
    });
}

define("s-stack", ["direction", "gap", "justifyContent", "accessibilityRole"], (stack) => {
  if (stack.accessibilityRole === "status") stack.setAttribute("role", "status");
});
define("s-heading", [], (heading) => {
  heading.setAttribute("role", "heading");
  heading.setAttribute("aria-level", "2");
});
define("s-text", []);
define("s-link", ["href"], (link) => {
  const inside = document.createElement("a");
  Object.assign(inside, { href: link.href, target: "_top" });
  inside.append(document.createElement("slot"));
  (link.shadowRoot ?? link.attachShadow({ mode: "open" })).replaceChildren(inside);
});

globalThis.shopify = {
  sessionToken: { get: async () => given.token },
  shop: given.shop,
  localization: { language: signal({ isoCode: given.language }) },
  lines: signal(given.lines),
  discountAllocations: signal(given.off.amount ? [{ discountedAmount: given.off }] : []),
  // The number of an order is there before it, under another name.
  orderConfirmation: given.place === "orderConfirmation" ? signal({ order: { id: `gid://shopify/OrderIdentity/${given.order}` } }) : undefined,
  order: given.place === "order" ? signal({ id: `gid://shopify/Order/${given.order}`, processedAt: given.placed_at }) : undefined,
};
document.querySelector("#given").remove();
new ResizeObserver(() => parent.postMessage({ height: document.documentElement.offsetHeight }, "*")).observe(document.documentElement);
