// Stand-in for Shopify's App Bridge: what the real one does for an embedded app, and no more. It adds the session token
// to fetch() of the app's own origin, never to XMLHttpRequest, and sets no cookie.
(function () {
  'use strict';
  const script = document.currentScript;
  const meta = document.querySelector('meta[name="shopify-api-key"]');
  const apiKey = (script && script.dataset.apiKey) || (meta && meta.content);
  if (!apiKey) throw new Error('App Bridge: give data-api-key on the script tag, or a meta tag shopify-api-key.');
  if (document.querySelector('script') !== script) console.warn('App Bridge must be the first script of the document.');

  const adminOrigin = new URL(script.src).origin.replace('//cdn.', '//admin.');
  const query = new URLSearchParams(location.search);
  // A browser that blocks third-party storage says so by throwing.
  const kept = (name) => {
    let value = query.get(name);
    try {
      value = value || sessionStorage.getItem('app-bridge-' + name);
      if (value) sessionStorage.setItem('app-bridge-' + name, value);
    } catch (blocked) {
      return value || undefined;
    }
    return value || undefined;
  };
  const framed = window.parent !== window;
  const waiting = new Map();
  let lastId = 0;

  function post(message) {
    if (framed) window.parent.postMessage(Object.assign({ appBridge: true }, message), adminOrigin);
  }

  function ask(type, detail) {
    return new Promise((resolve, reject) => {
      if (!framed) return reject(new Error('App Bridge: this page is not inside the admin.'));
      lastId += 1;
      waiting.set(lastId, { resolve, reject });
      post({ type, id: lastId, detail });
    });
  }

  window.addEventListener('message', (event) => {
    if (event.origin !== adminOrigin || event.source !== window.parent) return;
    const answer = event.data || {};
    if (answer.appBridgeMenu) return press(answer.appBridgeMenu);
    if (answer.appBridgeSaveBar) return showing() && showing().press(answer.appBridgeSaveBar);
    const asked = answer.appBridgeAnswer && waiting.get(answer.id);
    if (!asked) return;
    waiting.delete(answer.id);
    if (answer.error) asked.reject(new Error(answer.error));
    else asked.resolve(answer.value);
  });

  const shopify = {
    config: { apiKey, shop: kept('shop'), host: kept('host'), locale: kept('locale') || 'en' },
    environment: { embedded: framed, mobile: false, pos: false },
    idToken: () => ask('idToken'),
    app: { extensions: () => ask('extensions') },
    loading: (on) => post({ type: 'loading', detail: on !== false }),
    toast: {
      show(message, options) {
        const id = 'toast-' + Math.random().toString(36).slice(2);
        post({ type: 'toast', detail: { id, message: String(message), isError: Boolean(options && options.isError) } });
        return id;
      },
      hide: (id) => post({ type: 'hideToast', detail: id }),
    },
  };
  window.shopify = shopify;

  // The bar for unsaved changes stands in the admin; its two buttons press those inside the app's element. While it is
  // shown no link of the app is followed, no new page opened, and the admin's navigation is not heard.
  const bars = () => Array.from(document.querySelectorAll('ui-save-bar'));
  const showing = () => bars().find((bar) => bar.showing);

  class SaveBar extends HTMLElement {
    showing = false;
    async show() { this.turn(true); }
    async hide() { this.turn(false); }
    async toggle() { this.turn(!this.showing); }
    disconnectedCallback() { this.turn(false); }
    turn(on) {
      if (this.showing === on) return;
      this.showing = on;
      post({ type: 'saveBar', detail: Boolean(showing()) });
      this.dispatchEvent(new CustomEvent(on ? 'show' : 'hide'));
    }
    press(name) {
      const button = this.querySelector(name === 'save' ? ':scope > [variant=primary]' : ':scope > :not([variant=primary])');
      if (button) button.click();
    }
  }
  customElements.define('ui-save-bar', SaveBar);

  async function barOf(id) {
    const bar = bars().find((each) => each.id === id);
    if (!bar) throw new Error('SaveBar with ID ' + id + ' not found');
    return bar;
  }
  shopify.saveBar = {
    show: async (id) => (await barOf(id)).show(),
    hide: async (id) => (await barOf(id)).hide(),
    toggle: async (id) => (await barOf(id)).toggle(),
    async leaveConfirmation() {
      if (!showing()) return;
      await ask('leave');
      bars().forEach((bar) => bar.hide());
    },
  };

  window.addEventListener('click', (event) => {
    const link = showing() && event.target.closest && event.target.closest('a[href], s-link[href], s-button[href]');
    if (!link) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    ask('leave').catch(() => {});
  }, true);
  window.addEventListener('beforeunload', (event) => {
    if (showing()) event.preventDefault();
  });

  const nativeFetch = window.fetch.bind(window);

  async function authorized(request) {
    if (request.headers.has('Authorization')) return nativeFetch(request);
    const headers = new Headers(request.headers);
    headers.set('Authorization', 'Bearer ' + (await shopify.idToken()));
    return nativeFetch(new Request(request, { headers }));
  }

  window.fetch = async function (input, init) {
    const request = new Request(input, init);
    if (!framed || new URL(request.url).origin !== location.origin) return nativeFetch(request);
    const again = request.clone();
    let response = await authorized(request);
    if (response.status === 401 && response.headers.get('X-Shopify-Retry-Invalid-Session-Request') === '1') {
      response = await authorized(again);
    }
    const leave = response.headers.get('X-Shopify-API-Request-Failure-Reauthorize-Url');
    if (response.status === 401 && leave) window.open(new URL(leave, location.href).href, '_top');
    return response;
  };

  // A page that came without a token asks to be loaded again with one.
  const reload = query.get('shopify-reload');
  if (reload && framed) {
    const target = new URL(reload, location.origin);
    if (target.origin === location.origin) {
      shopify.idToken().then((token) => {
        target.searchParams.set('id_token', token);
        location.replace(target.href);
      });
    }
  }

  // The admin's address follows the frame's; what the admin itself adds to the query is not part of it.
  function navigated() {
    const url = new URL(location.href);
    ['id_token', 'hmac', 'host', 'session', 'shop', 'timestamp', 'embedded', 'locale'].forEach((name) =>
      url.searchParams.delete(name)
    );
    if (!reload) post({ type: 'navigated', detail: url.pathname + url.search });
  }
  ['pushState', 'replaceState'].forEach((name) => {
    const native = history[name];
    history[name] = function () {
      const result = native.apply(this, arguments);
      navigated();
      return result;
    };
  });
  window.addEventListener('popstate', navigated);

  // The app's menu is shown by the admin, beside the frame; what is pressed there is pressed here, and opened where the
  // app does not see to it itself.
  const entries = () => Array.from(document.querySelectorAll('s-app-nav [href], ui-nav-menu [href]'));

  function menu() {
    const items = entries().map((link) => ({
      label: link.textContent.trim(),
      href: link.getAttribute('href'),
      home: link.getAttribute('rel') === 'home',
    }));
    if (items.length) post({ type: 'menu', detail: items });
  }

  function press(href) {
    if (showing()) return;
    const link = entries().find((entry) => entry.getAttribute('href') === href);
    const goes = !link || link.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
    if (goes) location.assign(href);
  }

  ['s-app-nav', 'ui-nav-menu'].forEach((name) => customElements.define(name, class extends HTMLElement {}));
  const style = new CSSStyleSheet();
  style.replaceSync('s-app-nav, ui-nav-menu, ui-save-bar { display: none; }');
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, style];
  navigated();
  document.addEventListener('DOMContentLoaded', () => {
    menu();
    post({ type: 'title', detail: document.title });
  });
})();
