// Inviting a friend: the link, what both get, and how many came. And the other side: the code of who invited us.
import { button, h, icon, quietly, sentence, tile } from "./panel.js?v=__VERSION__";
import { act, COPY, copy, USERS } from "./doing.js?v=__VERSION__";
import { keep } from "./referral.js?v=__VERSION__";
import { step, sum, useSteps } from "./steps.js?v=__VERSION__";

export function add(panel) {
  useSteps(panel);
  panel.views.friend = friend;
  panel.views["friend/code"] = typed;
}

function friend(panel, w) {
  const { config, data } = panel;
  const { friend_points: theirs, referrer_points: mine, friend_gifts: gift, referrer_gifts: reward } = config.referral;
  const { code, url, confirmed, waiting, may_claim } = data.referral;
  const share = () => navigator.share({ title: config.shop.name, text: w.t("friend.share", { shop: config.shop.name }), url }).catch(() => {});
  const lines = [theirs && w.t("friend.theirs", { n: theirs }), gift?.length && w.t("friend.gift", { reward: gift.join(", ") }), mine && w.t("friend.mine", { n: mine }), reward?.length && w.t("friend.reward", { reward: reward.join(", ") })].filter(Boolean);
  return {
    title: w.t("more.friend"),
    back: "home",
    body: [
      step(tile(USERS), w.t("friend.title"), ...lines),
      h("button.rg-code", { id: "rg-copy", onclick: () => copy(panel, url || code) }, h("code.rg-url", {}, url || code), h("span.rg-button", {}, icon(COPY), h("span", {}, w.t("friend.copy")))),
      navigator.share && url && button(".rg-main", w.t("friend.send"), share),
      confirmed || waiting ? sum([w.t("friend.waiting"), w.number(waiting)], [w.t("friend.confirmed"), w.number(confirmed)]) : sentence(w.t("friend.none")),
      may_claim && sentence(h("button.rg-link", { id: "rg-have", onclick: () => panel.go("friend/code") }, w.t("friend.have"))),
    ],
  };
}

// A member's word is judged at once. A guest's code is kept on this device, as one from a link is, until they sign in.
function typed(panel, w) {
  const input = h("input", { id: "rg-friend-code", maxlength: 64, autocomplete: "off", required: "true", pattern: "[\\w\\s\\-]+" });
  input.value = panel.friendCode ?? "";
  const onsubmit = async (event) => {
    event.preventDefault();
    const code = input.value.replace(/\s/g, "");
    panel.friendCode = code;
    if (panel.data) await act(panel, "referral/claim", { code });
    else await keep(panel.widget, quietly, code);
    if (panel.error) return;
    panel.go("friend/code", { friendCode: "", noted: w.t(panel.data ? "friend.noted" : "friend.kept") });
    panel.say(panel.noted);
  };
  const send = h("button.rg-button.rg-main", { id: "rg-friend-send", "aria-busy": panel.busy && "true" }, w.t("friend.use"));
  send.type = "submit";
  return {
    title: w.t("friend.have"),
    back: "home",
    body: [panel.alert(), panel.noted && panel.note(panel.icons.GIFT, panel.noted), !(panel.noted && panel.data) && h("form.rg-duo", { onsubmit }, h("label.rg-field", {}, w.t("friend.code"), input), send)],
  };
}
