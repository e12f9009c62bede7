// Ecwid: finds the store, starts the widget, follows sign-in, cart and orders. What Ecwid says of the customer is a hint for
// the form at most; who somebody is, only the code from the mail shows, or the store's own server. The platform puts this
// into the page as a classic script; pasted by hand it may come before the platform's own.
(() => {
  const tag = document.currentScript ?? document.querySelector('script[src*="/widget/v1/ecwid.js"]');
  const PATIENCE_MS = 15_000;
  const REFERRAL_MS = 30 * 86_400_000;
  const ASKS = 5;
  const SILENCE_MS = 5_000;
  const FRIEND = /^[A-Za-z0-9_-]{1,64}$/;

  // Hidden fields of the order: the platform keeps them with the cart and shows them to our server.
  const fields = {};
  function tell(changes) {
    const { Ecwid } = window;
    Object.assign(fields, changes);
    window.ec ??= {};
    window.ec.order ??= {};
    window.ec.order.extraFields ??= {};
    for (const name in fields) {
      if (fields[name]) window.ec.order.extraFields[name] = { value: fields[name] };
      else delete window.ec.order.extraFields[name];
    }
    Ecwid.refreshConfig?.();
  }

  // Storage may be forbidden or full; what it would keep is then forgotten with the page.
  function quietly(work) {
    try {
      return work();
    } catch {
      return null;
    }
  }

  const shelf = (key) => ({
    get() {
      const kept = quietly(() => JSON.parse(localStorage.getItem(key)));
      return kept?.until > Date.now() ? kept.text : "";
    },
    set: (text, life) => quietly(() => (text ? localStorage.setItem(key, JSON.stringify({ text, until: Date.now() + life })) : localStorage.removeItem(key))),
  });

  // Where a page's block stands: after these, if the page has them (unverified: classes that stores' pages are known to
  // have and that no documentation promises), in room of its own for a guest or a member. A page without them has no block,
  // and nothing else is touched.
  const PLACES = {
    PRODUCT: ["product", ".details-product-purchase__controls", "3em", "3em"],
    CART: ["cart", ".ec-cart__sidebar-inner", "3em", "15em"],
    ORDER_CONFIRMATION: ["order", ".ec-confirmation__steps", "9em", "17em"],
  };
  const PRICE = ".product-details__product-price[itemprop=price]";
  const QUANTITY = "input[name=ec-qty], input[name=quantity]";
  const STORE = ".ec-store, #ec-store main";

  // The storefront is one page that changes in place: what the page before had goes. The room is there as soon as the platform
  // says that the page is, so that nothing moves later.
  function place(shop, page) {
    for (const old of document.querySelectorAll("regulars-block[data-own]")) old.remove();
    const put = (kind, how) => {
      const box = document.createElement("regulars-block");
      Object.assign(box.dataset, { own: "1", kind, shop, platform: "ecwid", locale: window.Ecwid.getStorefrontLang?.() ?? "" });
      how(box);
      return box;
    };
    const [kind, beside, ...room] = PLACES[page.type] ?? [];
    const anchor = beside && document.querySelector(beside);
    const box = anchor && put(kind, (made) => anchor.after(made));
    if (box) Object.assign(box.style, { display: "block", minHeight: room[+!!quietly(() => localStorage[`regulars:${shop}`])] });
    if (box && kind === "product") {
      box.dataset.product = page.productId ?? "";
      followProduct(box);
    }
    if (box && kind === "cart") window.Ecwid.Cart.calculateTotal?.((order) => order && Object.assign(box.dataset, inCart(order)));
    const store = document.querySelector(STORE);
    if (store && kind !== "order") put("nudge", (made) => store.append(made)).hidden = true;
  }

  // What is in the cart and what is off (unverified: which parts `cost` has beside the subtotal). What options add to the
  // prices stands in the subtotal alone.
  function inCart({ cart, cost = {} }) {
    const goods = (cart?.items ?? []).map(({ product, quantity }) => ({ product: `${product.id}`, price: product.price, quantity }));
    const sum = goods.reduce((all, each) => all + each.price * each.quantity, 0);
    const { subtotal = sum, couponDiscount = 0, discount = 0 } = cost;
    if (subtotal > sum + 0.0001) goods.push({ price: subtotal - sum, quantity: 1 });
    return { goods: JSON.stringify(goods), off: Math.max(0, sum - subtotal) + couponDiscount + discount };
  }

  // They are filled once the widget has begun, which knows more of who is there than they do.
  const fill = () => document.querySelector("regulars-block[data-own]") && import(new URL("blocks.js", tag.src)).catch(() => {});

  // Price and quantity as the page shows them, whatever option is chosen.
  function followProduct(box) {
    const tell = () => {
      const price = document.querySelector(PRICE)?.getAttribute("content");
      const quantity = document.querySelector(QUANTITY)?.value;
      if (box.dataset.price !== price || box.dataset.quantity !== quantity) Object.assign(box.dataset, { price: price ?? "", quantity: quantity ?? "1" });
    };
    tell();
    const left = new AbortController();
    const later = () => (box.isConnected ? setTimeout(tell, 50) : left.abort());
    for (const event of ["input", "change", "click"]) document.addEventListener(event, later, left);
    const seen = document.querySelector(PRICE);
    if (seen) new MutationObserver(tell).observe(seen, { attributes: true });
  }

  async function begin() {
    const { Ecwid } = window;
    const shop = `ecwid:${Ecwid.getOwnerId()}`;
    const code = shelf(`regulars:${shop}:cart`);
    const referral = shelf(`regulars:${shop}:ref`);
    const last = shelf(`regulars:${shop}:customer`);
    let customer = null;
    let items = 0;
    let widget;

    const friend = new URLSearchParams(location.search).get("ref") ?? "";
    if (FRIEND.test(friend)) referral.set(friend, REFERRAL_MS);
    tell({ regulars_ref: referral.get(), regulars_points: code.get() });

    // The store's server is asked who the cart belongs to, where the shop's operator has switched that on.
    let asking = false;
    async function ask() {
      if (asking || !customer || !items || !widget) return;
      asking = true;
      const panel = await widget.load();
      await panel.configure();
      if (!panel.config.cart_sign_in || panel.api.session.get()) return;
      const { claim, field, nonce } = await panel.api.send("cart/nonce", {});
      tell({ [field]: nonce });
      for (let tries = 1; tries <= ASKS; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, tries * 1000));
        const session = await panel.api.send("cart/session", { claim }).catch((problem) => {
          if (problem.code !== "not_proven") throw problem;
        });
        if (session) {
          (await panel.api.sessions()).keep(panel.api, session);
          await panel.load();
          break;
        }
      }
      tell({ [field]: "" });
    }

    // Nobody's points stay on the screen or on this device; before the widget is there, its server hears of it later.
    let left;
    const leave = () => {
      if (widget) return widget.load().then((panel) => panel.leave());
      left ??= quietly(() => JSON.parse(localStorage.getItem(`regulars:${shop}`))?.device);
      quietly(() => [localStorage.removeItem(`regulars:${shop}`), sessionStorage.removeItem(`regulars:${shop}:`)]);
    };

    const follow = (next) => {
      // Somebody left, or somebody else came: what is on the screen is not theirs, nor what the cart takes off.
      const before = customer?.id ?? (next && last.get());
      if (before && `${before}` !== `${next?.id}`) {
        leave();
        code.set("");
        tell({ regulars_points: "" });
        asking = false;
      }
      customer = next;
      if (next?.id) last.set(`${next.id}`, REFERRAL_MS);
      if (widget) widget.dataset.email = next?.email ?? "";
      ask().catch(() => {});
    };
    // Whom the store named on this device before and doesn't name any more has signed out there. It may say nobody before
    // it knows, or say nothing at all where there is nobody (unverified): it is asked twice, and waited for.
    const whoIsThere = () =>
      new Promise((done) => {
        let nobody = 0;
        const hear = (next) => {
          if (next) follow(next);
          if (next || (nobody += 1) > 1) done();
        };
        if (!last.get() || customer || !Ecwid.Customer) done();
        else {
          Ecwid.Customer.get(hear);
          setTimeout(() => Ecwid.Customer.get(hear), 1500);
          setTimeout(done, SILENCE_MS);
        }
      });

    const count = (cart) => {
      items = cart?.productsQuantity ?? 0;
      ask().catch(() => {});
    };

    Ecwid.OnPageLoaded?.add((page) => {
      place(shop, page);
      if (widget) fill();
      // Whether the button hides here is a matter of the address, which is another now.
      if (widget?.config) widget.place(widget.config);
    });
    Ecwid.OnSetProfile?.add(follow);
    Ecwid.OnCartChanged?.add(count);
    Ecwid.OnOrderPlaced?.add(() => {
      // Its points are spent; the order's own come with the notice of it.
      code.set("");
      tell({ regulars_points: "" });
      setTimeout(() => widget?.load().then((panel) => panel.load()), 3000);
    });
    Ecwid.Customer?.get(follow);
    Ecwid.Cart?.get(count);

    const { start } = await import(new URL("loader.js", tag.src));
    await whoIsThere();
    if (Ecwid.Customer && !customer && last.get()) {
      leave();
      last.set("");
      code.set("");
      tell({ regulars_points: "" });
    }
    widget = start({ shop, platform: "ecwid", email: customer?.email, locale: Ecwid.getStorefrontLang?.() });
    widget.addEventListener("regulars-friend", ({ detail }) => {
      if (!FRIEND.test(detail)) return;
      referral.set(detail, REFERRAL_MS);
      tell({ regulars_ref: detail });
    });
    fill();
    widget.addEventListener("regulars-cart", ({ detail }) => {
      if (detail) {
        code.set(detail, REFERRAL_MS);
        tell({ regulars_points: detail });
      }
      Ecwid.openPage("cart");
    });
    if (left) widget.load().then((panel) => panel.api.send("session/end", { device: left })).catch(() => {});
    ask().catch(() => {});
  }

  const since = Date.now();
  (function look() {
    if (window.Ecwid?.OnAPILoaded) window.Ecwid.OnAPILoaded.add(begin);
    else if (Date.now() - since < PATIENCE_MS) setTimeout(look, 200);
  })();
})();
