// What stands on the shop's own pages: points for a product, the loyalty page, points and codes in the cart. Plain elements
// in the theme's font and colours, each inside the box that the theme has placed; a box that has nothing to say stays empty.
import { Api, button, h, speak } from "./kit.js?v=__VERSION__";

const FILL = { product, page, cart };
const sent = {};

// The launcher's panel, wherever the theme's scripts are by now.
async function openPanel() {
  const widget = document.querySelector("regulars-widget");
  if (widget) (await widget.load()).open();
}

const put = (box, ...parts) => box.replaceChildren(...parts.flat().filter(Boolean));

// One question for all the boxes of a page.
const asked = (api, path) => (sent[path] ??= api.send(path).catch(() => null));

export async function fill(box) {
  const api = new Api(box.dataset);
  const config = await asked(api, "config");
  if (!config) return;
  const w = await speak(config, box.dataset.lang, "panel", "blocks");
  box.lang = api.lang = w.lang;
  box.dir = w.dir;
  const member = box.dataset.customerId ? await asked(api, "member") : null;
  await FILL[box.dataset.regularsBlock]?.(box, w, config, member?.member ? member : null);
}

// Points for what is chosen: a rate that holds for everybody, in whole steps, as the program counts by default.
function product(box, w, { earn, shop }) {
  const prices = JSON.parse(box.dataset.prices || "{}");
  const form = box.closest("form") ?? document.querySelector('form[action*="/cart/add"]');
  const line = h("p", { role: "status" });
  const draw = () => {
    const variant = form?.elements.id?.value ?? box.dataset.variant;
    const quantity = Math.max(1, Math.floor(+(form?.elements.quantity?.value ?? 1)) || 1);
    // The theme tells hundredths, whatever the currency.
    const minor = Math.round(((prices[variant] ?? 0) * 10 ** shop.exponent) / 100) * quantity;
    const points = earn.filter((rule) => rule.per_minor).reduce((sum, rule) => sum + Math.floor((minor * rule.points) / rule.per_minor), 0);
    line.textContent = points ? w.t("product.points", { n: points }) : "";
  };
  draw();
  box.replaceChildren(line);
  // Themes change the field by script, which says nothing; the form's own events come with every choice.
  for (const event of ["change", "input"]) form?.addEventListener(event, () => setTimeout(draw));
}

function rewardLine(w, reward) {
  return h("li", {}, h("strong", {}, w.reward(reward)), ` ${w.t("points", { n: reward.points })}`);
}

function page(box, w, { earn, rewards, shop }, member) {
  const earning = earn.map((rule) => h("li", {}, rule.per_minor ? `${w.t("points", { n: rule.points })}: ${w.t("earn.per", { money: w.money(rule.per_minor) })}` : rule.name || rule.id));
  const about = member ? h("p", {}, w.t("page.have", { n: member.available })) : h("p", {}, w.t("page.guest", { shop: shop.name }));
  put(
    box,
    h("h2", {}, w.t("title", { shop: shop.name })),
    about,
    earning.length ? [h("h3", {}, w.t("tab.earn")), h("ul", {}, earning)] : "",
    rewards.length ? [h("h3", {}, w.t("tab.rewards")), h("ul", {}, rewards.map((reward) => rewardLine(w, reward)))] : "",
    button(".regulars-open", w.t(member ? "page.open" : "page.join"), openPanel),
  );
}

// Codes that are ready, to put in the cart with one press, and how many points there are to spend.
function cart(box, w, _config, member) {
  if (!member) return;
  const ready = member.codes.filter((made) => made.state === "ready" && /^https?:/.test(made.apply_url));
  const within = member.rewards.filter((reward) => !reward.missing && !reward.obstacle);
  put(
    box,
    h("h2", {}, w.t("points", { n: member.available })),
    ready.length ? h("ul", {}, ready.map((made) => h("li", {}, h("a", { href: made.apply_url }, w.t("cart.apply", { reward: w.reward(made) }))))) : "",
    within.length ? button(".regulars-open", w.t("cart.use"), openPanel) : "",
  );
}

for (const box of document.querySelectorAll("[data-regulars-block]")) fill(box);
// The theme's editor draws a section anew without loading the page.
document.addEventListener("shopify:section:load", ({ target }) => target.querySelectorAll("[data-regulars-block]").forEach(fill));
