// Who somebody is where no proxy of the shop vouches for it: a token, earned by a code from the mail or for what the shop's
// own server has signed, and renewed with what only this device holds.
import { Problem } from "./panel.js?v=__VERSION__";

const EARLY_MS = 10_000;

// Counted on this device's own clock, which may be wrong but is wrong the same way later.
export function keep(api, { token, device, expires_in }) {
  api.session.set({ token, device, until: Date.now() + expires_in * 1000, customer: api.signed?.customer });
  return token;
}

// Two tabs must not use one device token twice: that signs the device out, as theft would.
export function token(api) {
  const renew = async () => {
    let session = api.session.get();
    // Somebody else is signed in at the shop by now, or nobody; or the shop says who it is and a code did before.
    if (session && session.customer !== api.signed?.customer) session = null;
    if (session?.until > Date.now() + EARLY_MS) return session.token;
    if (session?.device) return keep(api, await api.send("session/renew", { device: session.device }));
    if (api.signed) return keep(api, await api.send("session/signed", api.signed));
    throw Problem(401, "signed_out");
  };
  return navigator.locks ? navigator.locks.request(api.name, renew) : renew();
}

// Signing out: here at once, at the server as soon as it hears of it. What was asked before is nobody's answer now.
export async function leave(panel) {
  const { api } = panel;
  const device = api.session.get()?.device;
  api.session.set(null);
  api.seen.set(null);
  Object.assign(panel, { data: undefined, who: "guest", tab: "rewards", turn: undefined });
  panel.label();
  panel.go("home");
  panel.widget.dispatchEvent(new Event("regulars-left"));
  if (device) await api.send("session/end", { device }).catch(() => {});
}
