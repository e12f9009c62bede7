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

  function menu(items) {
    const list = document.getElementById('app-menu');
    list.replaceChildren(
      ...items.map((item) => {
        const entry = document.createElement('li');
        const link = document.createElement('a');
        link.textContent = item.label;
        link.href = place(new URL(item.href, appOrigin).pathname);
        entry.append(link);
        return entry;
      })
    );
  }

  function show(detail) {
    toast.textContent = detail.message;
    toast.dataset.error = String(detail.isError);
    toast.hidden = false;
    clearTimeout(show.timer);
    show.timer = setTimeout(() => (toast.hidden = true), 5000);
  }

  const extensions = async () => (await fetch(frame.dataset.extensions)).json();
  const answers = { idToken, extensions };

  const acts = {
    menu,
    toast: show,
    hideToast: () => (toast.hidden = true),
    title: (title) => (document.title = title + ' · Shopify admin'),
    loading: (on) => frame.setAttribute('aria-busy', String(on)),
    navigated(path) {
      history.replaceState(null, '', place(path));
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
