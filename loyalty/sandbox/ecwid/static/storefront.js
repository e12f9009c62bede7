/* The storefront's JavaScript API, as far as apps use it. Names and shapes are those of Ecwid's documentation. */
(function () {
  "use strict";
  var settings = window.ecwidStandInSettings;
  if (window.Ecwid && window.Ecwid.getOwnerId) return;

  var root = null;
  var state = null;
  var loaded = false;
  window.ec = window.ec || {};

  function event(replays) {
    var handlers = [];
    return {
      add: function (handler) {
        handlers.push(handler);
        if (replays && replays()) Promise.resolve().then(function () { run(handler, []); });
      },
      fire: function () {
        var values = arguments;
        handlers.slice().forEach(function (handler) { run(handler, values); });
      },
    };
  }

  function run(handler, values) {
    try { handler.apply(null, values); } catch (error) { console.error(error); }
  }

  function copy(value) {
    return value === null || value === undefined ? null : JSON.parse(JSON.stringify(value));
  }

  function later(callback, value) {
    if (typeof callback === "function") setTimeout(function () { run(callback, [value]); }, 0);
  }

  function publicCart(cart) {
    var shown = copy(cart);
    if (shown) delete shown._cost;
    return shown;
  }

  var onApiLoaded = event(function () { return loaded; });
  var onPageLoad = event();
  var onPageLoaded = event();
  var onSetProfile = event();
  var onCartChanged = event();
  var onOrderPlaced = event();
  var app = function (clientId) { return settings.apps[clientId] || {}; };

  window.Ecwid = {
    OnAPILoaded: { add: onApiLoaded.add },
    OnPageLoad: { add: onPageLoad.add },
    OnPageLoaded: { add: onPageLoaded.add },
    OnSetProfile: { add: onSetProfile.add },
    OnCartChanged: { add: onCartChanged.add },
    OnOrderPlaced: { add: onOrderPlaced.add },
    Customer: {
      get: function (callback) { later(callback, copy(state && state.customer)); },
      signOut: function (callback) { post("/products/account/logout", {}).then(function () { later(callback); }); },
    },
    Cart: {
      get: function (callback) { later(callback, publicCart(state && state.cart)); },
      calculateTotal: function (callback) {
        fetch("/_state").then(function (answer) { return answer.json(); }).then(function (fresh) {
          later(callback, { cart: publicCart(fresh.cart), cost: fresh.cart._cost });
        });
      },
      gotoCheckout: function (callback) { go("/products/checkout").then(function () { later(callback); }); },
      setCustomerEmail: function (email, success, failure) {
        fetch("/_email", { method: "POST", body: new URLSearchParams({ email: email }) }).then(function (answer) {
          later(answer.ok ? success : failure);
        });
      },
    },
    getOwnerId: function () { return settings.ownerId; },
    getStorefrontLang: function () { return settings.lang; },
    getAppPublicConfig: function (clientId) { return app(clientId).config || null; },
    getAppPublicToken: function (clientId) { return app(clientId).token || null; },
    getInitializedWidgets: function () { return root ? ["ProductBrowser"] : []; },
    formatCurrency: function (amount) {
      var formats = settings.formats;
      var parts = Number(amount).toFixed(formats.currencyPrecision).split(".");
      parts[0] = parts[0].replace(/\B(?=(\d{3})+(?!\d))/g, formats.currencyGroupSeparator);
      return formats.currencyPrefix + parts.join(formats.currencyDecimalSeparator) + formats.currencySuffix;
    },
    openPage: function (page, params) {
      var paths = { cart: "/products/cart", checkout: "/products/checkout", account: "/products/account", category: "/products" };
      var path = paths[page] || (page === "product" && params ? "/products/" + encodeURIComponent(params.id) : "/products");
      go(path);
    },
    refreshConfig: function () { run(applyConfig, []); return tellFields(); },
    ecommerceInstance: {},
  };
  window.ecwid_script_defer = true;
  window.xProductBrowser = function () { /* the pages bring their own markup */ };

  function applyConfig() {
    var order = window.ec.order || {};
    var form = root && root.querySelector("form[data-ec-checkout]");
    if (!form) return;
    hidden(form, "ec_extra_fields", JSON.stringify(order.extraFields || {}));
    hidden(form, "ec_referer_id", order.referrer_id || "");
  }

  /* Hidden fields are the cart's too: the page of the cart is drawn anew with whatever they change. */
  var told = "{}";
  function tellFields() {
    var fields = JSON.stringify((window.ec.order || {}).extraFields || {});
    if (!root || fields === told) return Promise.resolve();
    told = fields;
    var headers = { "Content-Type": "application/json" };
    return fetch("/_fields", { method: "POST", headers: headers, body: fields }).then(function () {
      if (state && state.page.type === "CART") return fetch(location.href).then(function (answer) { return show(answer, false); });
    });
  }

  function hidden(form, name, value) {
    var field = form.querySelector('input[name="' + name + '"]');
    if (!field) {
      field = document.createElement("input");
      field.type = "hidden";
      field.name = name;
      form.appendChild(field);
    }
    field.value = value;
  }

  function read() {
    root = document.getElementById("ec-store");
    var element = document.getElementById("ec-state");
    state = element ? JSON.parse(element.textContent) : null;
    if (settings.sessionTokens && root && root.dataset.sessionToken) {
      window.Ecwid.ecommerceInstance.widgets = { options: { storefrontApiClient: { sessionStorageOptions: {
        sessionToken: { _value: root.dataset.sessionToken } } } } };
    }
  }

  function announce(before) {
    if (!state) return;
    applyConfig();
    onPageLoad.fire(copy(state.page));
    if (!before || JSON.stringify(before.customer) !== JSON.stringify(state.customer)) onSetProfile.fire(copy(state.customer));
    if (before && JSON.stringify(before.cart) !== JSON.stringify(state.cart)) onCartChanged.fire(publicCart(state.cart));
    onPageLoaded.fire(copy(state.page));
    if (state.order && root.querySelector("[data-ec-fresh]")) onOrderPlaced.fire(copy(state.order));
  }

  /* The real storefront is one page that changes in place: so is this one. */
  function show(answer, push) {
    return answer.text().then(function (html) {
      var next = new DOMParser().parseFromString(html, "text/html");
      var store = next.getElementById("ec-store");
      if (!store) { location.assign(answer.url); return; }
      var before = state;
      root.replaceWith(document.adoptNode(store));
      document.title = next.title;
      if (push) history.pushState({}, "", answer.url);
      read();
      window.scrollTo(0, 0);
      var heading = root.querySelector("h1");
      if (heading) { heading.tabIndex = -1; heading.focus({ preventScroll: true }); }
      announce(before);
    });
  }

  function go(url) {
    return fetch(url).then(function (answer) { return show(answer, true); });
  }

  function post(url, values) {
    return fetch(url, { method: "POST", body: new URLSearchParams(values) }).then(function (answer) { return show(answer, true); });
  }

  document.addEventListener("click", function (click) {
    var link = click.target.closest ? click.target.closest("#ec-store a[href]") : null;
    if (!link || link.origin !== location.origin || click.defaultPrevented || click.ctrlKey || click.metaKey) return;
    click.preventDefault();
    go(link.href);
  });

  document.addEventListener("submit", function (submit) {
    var form = submit.target;
    if (!root || !root.contains(form) || submit.defaultPrevented) return;
    submit.preventDefault();
    applyConfig();
    var values = new FormData(form, submit.submitter || undefined);
    if (form.method.toLowerCase() === "get") go(form.action);
    else post(form.action, values);
  });

  window.addEventListener("popstate", function () {
    fetch(location.href).then(function (answer) { return show(answer, false); });
  });

  function begin() {
    read();
    loaded = true;
    onApiLoaded.fire();
    var waiting = settings.scripts.map(function (source) {
      return new Promise(function (done) {
        var script = document.createElement("script");
        script.src = source;
        script.async = true;
        script.onload = script.onerror = done;
        setTimeout(done, 3000);
        document.head.appendChild(script);
      });
    });
    Promise.all(waiting).then(function () { announce(null); });
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
