// In the preview's frame: the real widget, with answers that are not saved yet laid over those that are. Nothing in it
// takes the focus from the form.
const { shop } = document.body.dataset;
const loader = new URL(document.body.dataset.loader, self.origin);
HTMLDialogElement.prototype.showModal = function show() {
  this.setAttribute("open", "");
};
HTMLElement.prototype.focus = () => {};

// Here the panel is no modal, so it leaves the launcher its place.
const above = new CSSStyleSheet();
above.replaceSync(".rg-over[open] { inset-block-end: 5rem; max-height: calc(100% - 6rem); border-radius: var(--rg-radius); }");

// An admin's frame may have no storage, and a preview should leave nothing in one.
for (const name of ["sessionStorage", "localStorage"]) {
  const kept = new Map();
  const storage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value), removeItem: (key) => kept.delete(key) };
  Object.defineProperty(window, name, { value: storage });
}

let turn = 0;
async function draw({ language, overlay }) {
  const mine = ++turn;
  const [{ start }, saved] = await Promise.all([
    import(loader.href),
    fetch(new URL(`config?${new URLSearchParams({ shop, lang: language })}`, loader)).then((answer) => (answer.ok ? answer.json() : {})),
  ]);
  if (mine !== turn) return;
  // Where the widget keeps what the shop says of itself.
  const config = { earn: [], rewards: [], tiers: [], ...saved, ...overlay };
  sessionStorage.setItem(`regulars:${shop}:${language}`, JSON.stringify({ config, until: Date.now() + 600_000 }));
  document.querySelector("regulars-widget")?.remove();
  const widget = start({ shop, locale: language });
  await widget.open();
  widget.shadowRoot.adoptedStyleSheets.push(above);
}

addEventListener("message", ({ origin, data }) => {
  if (origin === self.origin && data?.overlay) draw(data);
});
parent.postMessage("preview", self.origin);
