// The admin's side of App Bridge: answers the framed app, and only it.
(function () {
  'use strict';
  const frame = document.getElementById('app-frame');
  const appOrigin = frame.dataset.origin;
  const base = frame.dataset.base;
  const home = frame.dataset.home;
  const toast = document.getElementById('toast');

  // The app's home has the admin's shortest address; every other path of the app stands behind it.
  function place(path) {
    return path.split('?')[0] === home ? base + path.slice(home.length) : base + path;
  }

  async function idToken() {
    const response = await fetch(frame.dataset.token, { method: 'POST' });
    if (!response.ok) throw new Error('The app is not installed.');
    return (await response.json()).token;
  }

  const list = document.getElementById('app-menu');
  const name = document.querySelector('[data-app-home]');

  function leads(link, href) {
    link.onclick = (event) => {
      event.preventDefault();
      frame.contentWindow.postMessage({ appBridgeMenu: href }, appOrigin);
    };
  }

  // The app's own name leads home; the others stand below it.
  function menu(items) {
    for (const { href } of items.filter((item) => item.home)) {
      leads(name, href);
      name.dataset.also = place(new URL(href, appOrigin).pathname);
    }
    list.replaceChildren(
      ...items.filter((item) => !item.home).map(({ label, href }) => {
        const entry = document.createElement('li');
        const link = document.createElement('a');
        link.textContent = label;
        link.href = place(new URL(href, appOrigin).pathname);
        leads(link, href);
        entry.append(link);
        return entry;
      })
    );
    mark();
  }

  function mark() {
    for (const link of [name, ...list.querySelectorAll('a')]) {
      if ([link.pathname, link.dataset.also].includes(location.pathname)) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
  }

  function show(detail) {
    toast.textContent = detail.message;
    toast.dataset.error = String(detail.isError);
    toast.hidden = false;
    clearTimeout(show.timer);
    show.timer = setTimeout(() => (toast.hidden = true), 5000);
  }

  const extensions = async () => (await fetch(frame.dataset.extensions)).json();

  // Whoever would leave with changes unsaved is told so and stays: the bar's own two buttons are the way on. What the real
  // admin answers where the app asks is (unverified); this one never says that the merchant leaves.
  const bar = document.getElementById('save-bar');
  const told = document.getElementById('save-bar-says');
  function refuseToLeave() {
    told.textContent = 'Save or discard first.';
    bar.animate({ translate: ['0', '-.375rem', '.375rem', '0'] }, { duration: 200, iterations: 2 });
  }
  const leave = () => (bar.hidden ? Promise.resolve() : new Promise(refuseToLeave));
  for (const button of bar.querySelectorAll('button')) {
    button.onclick = () => frame.contentWindow.postMessage({ appBridgeSaveBar: button.name }, appOrigin);
  }
  document.addEventListener('click', (event) => {
    if (bar.hidden || !event.target.closest('a[href]')) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    refuseToLeave();
  }, true);

  const answers = { idToken, extensions, leave };

  const acts = {
    menu,
    toast: show,
    hideToast: () => (toast.hidden = true),
    title: (title) => (document.title = title + ' · Shopify admin'),
    saveBar(on) {
      bar.hidden = !on;
      told.textContent = '';
    },
    loading: (on) => frame.setAttribute('aria-busy', String(on)),
    navigated(path) {
      history.replaceState(null, '', place(path));
      mark();
    },
  };

  window.addEventListener('message', (event) => {
    if (event.origin !== appOrigin || event.source !== frame.contentWindow || !event.data.appBridge) return;
    const { type, id, detail } = event.data;
    if (Object.hasOwn(answers, type)) {
      const answer = (body) => frame.contentWindow.postMessage({ appBridgeAnswer: true, id, ...body }, appOrigin);
      answers[type]().then((value) => answer({ value }), (error) => answer({ error: error.message }));
    } else if (Object.hasOwn(acts, type)) {
      acts[type](detail);
    }
  });
})();
