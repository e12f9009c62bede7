// Ecwid: finds the store, starts the widget, follows who is signed in. What Ecwid says of the customer is a hint for the
// form at most; who somebody is, only the code from the mail shows.
import { start } from "./loader.js";

const Ecwid = window.Ecwid;

function begin() {
  const widget = start({ shop: `ecwid:${Ecwid.getOwnerId()}`, platform: "ecwid" });
  let before = null;
  Ecwid.OnSetProfile?.add((customer) => {
    const now = customer?.id ?? null;
    widget.dataset.email = customer?.email ?? "";
    // Somebody left, or somebody else came: what is on the screen is not theirs.
    if (before !== null && before !== now) widget.dispatchEvent(new CustomEvent("regulars-leave"));
    before = now;
  });
  widget.addEventListener("regulars-cart", () => Ecwid.openPage("cart"));
}

if (Ecwid?.OnAPILoaded && !Ecwid.getOwnerId) Ecwid.OnAPILoaded.add(begin);
else if (Ecwid) begin();
