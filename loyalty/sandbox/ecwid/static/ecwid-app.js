/* The SDK for pages inside the admin: it speaks to the frame around it with messages. */
(function () {
  "use strict";
  var settings = null;
  var height = 0;

  function tell(method, data) {
    window.parent.postMessage(JSON.stringify({ ecwidAppSdk: true, method: method, data: data || {} }), "*");
  }

  function payload() {
    var hex = location.hash.replace(/^#/, "");
    if (!/^([0-9a-f]{2})+$/i.test(hex)) return undefined;
    try {
      var bytes = new Uint8Array(hex.match(/../g).map(function (pair) { return parseInt(pair, 16); }));
      return JSON.parse(new TextDecoder().decode(bytes));
    } catch (error) {
      return undefined;
    }
  }

  function setSize(size) {
    tell("setSize", { height: size.height });
  }

  function follow() {
    var next = Math.ceil(document.documentElement.getBoundingClientRect().height);
    if (next !== height) {
      height = next;
      setSize({ height: next });
    }
  }

  window.EcwidApp = {
    init: function (options) {
      if (!options || !options.app_id) throw new Error("EcwidApp.init needs app_id");
      settings = options;
      tell("init", { app_id: options.app_id });
      if (options.autoheight !== false && window.ResizeObserver) {
        new ResizeObserver(follow).observe(document.documentElement);
      }
      if (options.autoloadedflag) {
        if (document.readyState === "complete") tell("ready");
        else window.addEventListener("load", function () { tell("ready"); });
      }
      return { ready: window.EcwidApp.ready };
    },
    ready: function () { tell("ready"); },
    getPayload: function () { return settings ? payload() : undefined; },
    setSize: setSize,
    openPage: function (page) { tell("openPage", { page: String(page) }); },
    closeAppPopup: function () { tell("closeAppPopup"); },
    sendUserToUpgrade: function (features) { tell("sendUserToUpgrade", { features: features }); },
  };
})();
