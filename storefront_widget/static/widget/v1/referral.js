// Who sent this visitor: ?ref= is kept for 30 days on this device and handed on, to the shop's cart where orders tell us of
// it, or to us once somebody has signed in; a code that a guest has typed as well. Ecwid's orders have a field of their own for it (ecwid.js).
const LIFE_MS = 30 * 86_400_000;
const CODE = /^[A-Za-z0-9_-]{1,64}$/;

export async function keep(widget, quietly, came = new URLSearchParams(location.search).get("ref") ?? "") {
  const { dataset } = widget;
  if (dataset.platform === "ecwid") return widget.dispatchEvent(new CustomEvent("regulars-friend", { detail: came }));
  const key = `regulars:${dataset.shop}:ref`;
  if (CODE.test(came)) quietly(() => localStorage.setItem(key, JSON.stringify({ text: came, until: Date.now() + LIFE_MS })));
  const kept = quietly(() => JSON.parse(localStorage.getItem(key))) ?? { text: came, until: Infinity };
  if (!CODE.test(kept.text) || kept.until < Date.now()) return quietly(() => localStorage.removeItem(key));
  if (dataset.platform === "shopify") toCart(kept.text, `${key}:told`, quietly).catch(() => {});
  // The code that was named last is the one that counts.
  widget.removeEventListener("regulars-member", widget.claim);
  const claim = (widget.claim = async () => {
    const panel = await widget.load();
    widget.removeEventListener("regulars-member", claim);
    // What was refused will be refused again; a lost connection is tried with the next page.
    const lost = await panel.api.own("referral/claim", { code: kept.text }).then(() => false, (problem) => !problem.status);
    if (!lost) quietly(() => localStorage.removeItem(key));
  });
  widget.addEventListener("regulars-member", claim);
}

// An attribute of the cart comes with its order (unverified: that one beginning with _ stays out of the shopper's sight).
// Once in a visit, for an ordered cart is followed by another.
async function toCart(code, key, quietly) {
  if (quietly(() => sessionStorage.getItem(key)) === code) return;
  const body = JSON.stringify({ attributes: { _regulars_ref: code } });
  const answer = await fetch("/cart/update.js", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  if (answer.ok) quietly(() => sessionStorage.setItem(key, code));
}
