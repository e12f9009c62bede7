// Ecwid: finds the store, starts the widget, follows who is signed in. What Ecwid says of the customer is a hint for the
// form at most; who somebody is, only the code from the mail shows. Ecwid puts this into the page as a classic script.
(() => {
  const tag = document.currentScript ?? document.querySelector('script[src*="/widget/v1/ecwid.js"]');
  const { Ecwid } = window;

  async function begin() {
    let customer = null;
    let widget;
    const follow = (next) => {
      // Somebody left, or somebody else came: what is on the screen is not theirs.
      if (customer && customer.id !== next?.id) widget?.dispatchEvent(new CustomEvent("regulars-leave"));
      customer = next;
      if (widget) widget.dataset.email = next?.email ?? "";
    };
    Ecwid.OnSetProfile?.add(follow);
    Ecwid.Customer?.get(follow);
    const { start } = await import(new URL("loader.js", tag.src));
    widget = start({ shop: `ecwid:${Ecwid.getOwnerId()}`, platform: "ecwid", email: customer?.email });
    widget.addEventListener("regulars-cart", () => Ecwid.openPage("cart"));
  }

  if (Ecwid?.OnAPILoaded) Ecwid.OnAPILoaded.add(begin);
})();
