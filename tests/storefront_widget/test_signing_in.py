"""Who the shopper is, in Chromium: a code by mail, devices, and what the Ecwid script hears and tells."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Request, expect

from tests.storefront_widget.pretend import (
    CONFIG,
    MADE,
    MEMBER,
    SHOP,
    WIDGET,
    Answer,
    Pretend,
    opened,
    plain_tag,
    problem,
)

pytestmark = pytest.mark.browser


def code_answers(token: str = "token-1") -> dict[str, object]:
    def session(request: Request) -> Answer:
        if request.post_data_json["code"] != "123456":
            return problem(401, "wrong_code")
        return 200, {"token": token, "device": "1.first", "expires_in": 900}

    def member(request: Request) -> Answer:
        known = request.headers.get("authorization", "").startswith("Bearer token-")
        return (200, MEMBER) if known else problem(401, "signed_out")

    return {"code": (202, {"challenge": "c"}), "session": session, "member": member, "session/end": (204, None)}


def signed_in(pretend: Pretend) -> Pretend:
    opened(pretend, plain_tag())
    pretend.press("See my points")
    pretend.panel.get_by_label("E-mail").fill("marta@example.com")
    pretend.press("Send the code")
    pretend.panel.get_by_label("Six digits").fill("123456")
    pretend.press("Sign in")
    expect(pretend.panel).to_contain_text("Hello, Marta")
    return pretend


def test_a_code_from_the_mail_signs_in_and_a_wrong_one_may_be_mended(page: Page) -> None:
    pretend = opened(Pretend(page, code_answers()), plain_tag())
    pretend.press("See my points")
    expect(pretend.panel.get_by_label("E-mail")).to_be_focused()
    page.keyboard.type("marta@example.com")
    page.keyboard.press("Enter")
    expect(pretend.panel).to_contain_text("If marta@example.com has points here")
    expect(pretend.panel.get_by_label("Six digits")).to_be_focused()
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    expect(pretend.panel.get_by_role("alert")).to_have_text("This code is not right, or it has expired.")
    pretend.panel.get_by_label("Six digits").fill("123 456")
    page.keyboard.press("Enter")
    expect(pretend.panel).to_contain_text("Hello, Marta")
    expect(pretend.launcher).to_have_text("1,040 points")


def test_after_five_wrong_codes_the_panel_offers_a_new_one(page: Page) -> None:
    answers = code_answers() | {"session": problem(401, "code_over")}
    pretend = opened(Pretend(page, answers), plain_tag())
    pretend.press("See my points")
    pretend.panel.get_by_label("E-mail").fill("marta@example.com")
    pretend.press("Send the code")
    pretend.panel.get_by_label("Six digits").fill("000000")
    pretend.press("Sign in")
    expect(pretend.panel.get_by_role("alert")).to_contain_text("This code does not work any more.")
    expect(pretend.panel.get_by_label("Six digits")).to_have_count(0)
    pretend.answers["code"] = problem(429, "too_many_requests")
    pretend.press("Send a new code")
    expect(pretend.panel).to_contain_text("Too many tries.")
    pretend.answers |= code_answers() | {"code": (202, {"challenge": "c-2"})}
    pretend.press("Send a new code")
    pretend.panel.get_by_label("Six digits").fill("123456")
    pretend.press("Sign in")
    expect(pretend.panel).to_contain_text("Hello, Marta")
    assert [call.post_data_json["email"] for call in pretend.calls("code")] == ["marta@example.com"] * 3
    assert pretend.calls("session")[-1].post_data_json["challenge"] == "c-2"


SLIDER = {
    "id": "slider",
    "name": "Pay with points",
    "kind": "points_slider",
    "points": 100,
    "value_minor": 100,
    "percent": 0,
    "minimum_order_minor": 0,
    "maximum_percent": 50,
    "least_points": 300,
    "valid_days": 90,
    "missing": 0,
    "obstacle": "",
}
SLID = {
    **MADE,
    "reward": "slider",
    "name": "Pay with points",
    "kind": "points_slider",
    "points": 700,
    "value_minor": 700,
}


def slid(page: Page, made: dict[str, object]) -> Pretend:
    """Seven of ten steps chosen with the keyboard, and taken."""
    member = {**MEMBER, "rewards": [SLIDER]}
    pretend = signed_in(Pretend(page, code_answers() | {"member": (200, member), "redeem": (200, made)}))
    pretend.press("Redeem: Pay with points")
    slider = pretend.panel.get_by_role("slider", name="Points to use")
    assert (slider.get_attribute("min"), slider.get_attribute("max"), slider.get_attribute("step")) == (
        "300",
        "1000",
        "100",
    )
    expect(pretend.panel).to_contain_text("up to 50% of an order")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    expect(slider).to_have_attribute("aria-valuetext", "700 points are €7 off")
    pretend.press("Go on")
    expect(pretend.panel).to_contain_text("€7 off for 700 points?")
    pretend.press("Get my code")
    expect(pretend.panel).to_contain_text("€7 off is ready")
    assert pretend.calls("redeem")[0].post_data_json == {"reward": "slider", "points": 700}
    return pretend


def test_a_slider_takes_as_many_points_as_were_chosen(page: Page) -> None:
    pretend = slid(page, SLID)
    expect(pretend.panel.locator("#rg-copy")).to_contain_text("HM4T-9XKE-W7QP")


ECWID = """<script>
    const follows = () => ({ all: [], add(then) { this.all.push(then); }, fire(value) { this.all.forEach((then) => then(value)); } });
    window.Ecwid = { getOwnerId: () => 1003, openPage: (name) => { window.went = name; }, told: [],
        refreshConfig() { this.told.push(JSON.parse(JSON.stringify(ec.order.extraFields))); },
        OnAPILoaded: { add: (then) => setTimeout(then, 0) }, OnSetProfile: follows(), OnCartChanged: follows(), OnOrderPlaced: follows(),
        Customer: { get: (then) => then({ id: 1, email: "marta@example.com" }) }, Cart: { get: (then) => then({ productsQuantity: 2 }) } };
</script>"""
ECWID_TAG = f'<script src="{WIDGET}ecwid.js"></script>'


def hidden_fields(page: Page) -> dict[str, dict[str, str]]:
    return dict(page.evaluate("window.ec?.order?.extraFields ?? {}"))


def test_what_the_cart_takes_off_is_a_hidden_field_until_the_order_is_placed(page: Page) -> None:
    page.add_init_script(
        "localStorage['regulars:ecwid:1003'] = JSON.stringify({ token: 'token-1', device: '1.a', until: 9e15 })"
    )
    answers = code_answers() | {"member": (200, {**MEMBER, "codes": [{**SLID, "in_cart": True, "apply_url": ""}]})}
    pretend = Pretend(page, answers, head=ECWID)
    pretend.open(ECWID_TAG)
    expect(pretend.launcher).to_have_text("1,040 points")
    pretend.launcher.click()
    pretend.press("Show: €7 off")
    expect(pretend.panel).to_contain_text("It comes off in your cart by itself.")
    expect(pretend.panel.locator("#rg-copy")).to_have_count(0)
    pretend.press("Go to cart")
    assert page.evaluate("window.went") == "cart"
    assert hidden_fields(page) == {"regulars_points": {"value": "HM4T-9XKE-W7QP"}}
    page.reload()
    expect(pretend.launcher).to_have_text("1,040 points")
    assert hidden_fields(page) == {"regulars_points": {"value": "HM4T-9XKE-W7QP"}}
    page.evaluate("Ecwid.OnOrderPlaced.fire({})")
    assert hidden_fields(page) == {}
    page.reload()
    expect(pretend.launcher).to_have_text("1,040 points")
    assert hidden_fields(page) == {}


def test_a_friends_code_in_the_address_goes_with_the_order(page: Page) -> None:
    pretend = Pretend(page, head=ECWID)
    pretend.body += ECWID_TAG
    page.goto(f"{SHOP}/?ref=MARTA-7")
    expect(pretend.launcher).to_be_visible()
    assert hidden_fields(page) == {"regulars_ref": {"value": "MARTA-7"}}
    page.goto(f"{SHOP}/?ref=%3Cscript%3E")
    expect(pretend.launcher).to_be_visible()
    assert hidden_fields(page) == {"regulars_ref": {"value": "MARTA-7"}}
    assert page.evaluate("Ecwid.told.length") >= 1


def test_a_friends_code_that_was_typed_goes_with_the_order_too(page: Page) -> None:
    friends = {"friend_points": 5, "referrer_points": 5, "friend_gifts": [], "referrer_gifts": []}
    pretend = Pretend(page, {"config": (200, {**CONFIG, "referral": friends})}, head=ECWID)
    opened(pretend, ECWID_TAG)
    pretend.press("I have a friend’s code")
    pretend.panel.get_by_label("Your friend’s code").fill("MARTA-7")
    pretend.press("Use the code")
    expect(pretend.panel).to_contain_text("Kept on this device.")
    assert hidden_fields(page) == {"regulars_ref": {"value": "MARTA-7"}}


def test_a_script_that_comes_before_the_store_waits_for_it(page: Page) -> None:
    late = ECWID.replace("window.Ecwid =", "setTimeout(() => { window.Ecwid =", 1).replace(
        "</script>", "}, 600);</script>"
    )
    pretend = Pretend(page, head=f"<script>window.ec = undefined;</script>{ECWID_TAG}{late}")
    pretend.open("")
    expect(pretend.launcher).to_be_visible()


def test_a_store_that_says_whose_cart_it_is_signs_in_without_a_code(page: Page) -> None:
    asked: list[str] = []

    def session(request: Request) -> Answer:
        asked.append(request.post_data_json["claim"])
        if len(asked) < 2:
            return problem(401, "not_proven")
        return 200, {"token": "token-1", "device": "1.first", "expires_in": 900}

    cart = {"cart/nonce": (200, {"claim": "c-1", "field": "regulars_nonce", "nonce": "n-1"}), "cart/session": session}
    answers = code_answers() | cart | {"config": (200, {**CONFIG, "cart_sign_in": True})}
    pretend = Pretend(page, answers, head=ECWID)
    pretend.open(ECWID_TAG)
    expect(pretend.launcher).to_have_text("1,040 points")
    assert asked == ["c-1", "c-1"]
    told = page.evaluate("Ecwid.told")
    assert {"regulars_nonce": {"value": "n-1"}} in told
    page.wait_for_function("!ec.order.extraFields.regulars_nonce")
    page.evaluate("Ecwid.OnSetProfile.fire(null)")
    expect(pretend.launcher).to_have_text("Rewards")


def test_a_device_renews_its_session_on_the_next_visit_and_ends_it_on_leaving(page: Page) -> None:
    pretend = signed_in(Pretend(page, code_answers()))
    renewed = {"token": "token-2", "device": "1.second", "expires_in": 900}
    pretend.answers["session/renew"] = (200, renewed)
    page.evaluate("""() => {
        const key = "regulars:ecwid:1003";
        localStorage[key] = JSON.stringify({ ...JSON.parse(localStorage[key]), until: Date.now() });
    }""")
    page.reload()
    expect(pretend.launcher).to_have_text("1,040 points")
    assert [request.post_data_json for request in pretend.calls("session/renew")] == [{"device": "1.first"}]
    pretend.launcher.click()
    pretend.panel.get_by_role("tab", name="History").click()
    pretend.press("Sign out")
    expect(pretend.panel).to_contain_text("Every order counts")
    expect(pretend.launcher).to_have_text("Rewards")
    assert pretend.calls("session/end")[0].post_data_json == {"device": "1.second"}
    kept = page.evaluate("JSON.stringify(localStorage) + JSON.stringify(sessionStorage)")
    assert "1.second" not in kept
    assert "Marta" not in kept


def test_a_device_that_was_ended_elsewhere_is_a_guest_again(page: Page) -> None:
    pretend = signed_in(Pretend(page, code_answers()))
    pretend.answers["session/renew"] = problem(401, "signed_out")
    page.evaluate("localStorage['regulars:ecwid:1003'] = JSON.stringify({ token: 'x', device: '1.old', until: 0 })")
    page.reload()
    page.wait_for_function("localStorage['regulars:ecwid:1003'] === 'null'")


def test_when_another_customer_comes_the_first_ones_points_go(page: Page) -> None:
    stub = """<script>window.Ecwid = { followers: [], getOwnerId: () => 1003, openPage: (name) => { window.went = name; },
        OnAPILoaded: { add: (then) => setTimeout(then, 0) }, Customer: { get: (then) => then({ id: 1, email: "marta@example.com" }) },
        OnSetProfile: { add(then) { Ecwid.followers.push(then); } } };</script>"""
    pretend = Pretend(page, code_answers(), head=stub)
    pretend.open(f'<script src="{WIDGET}ecwid.js"></script>')
    pretend.launcher.click()
    pretend.press("See my points")
    expect(pretend.panel.get_by_label("E-mail")).to_have_value("marta@example.com")
    pretend.press("Send the code")
    pretend.panel.get_by_label("Six digits").fill("123456")
    pretend.press("Sign in")
    expect(pretend.panel).to_contain_text("Hello, Marta")
    assert pretend.calls("member")[0].url.endswith("?shop=ecwid%3A1003&lang=en")
    page.evaluate("Ecwid.followers[0]({ id: 2, email: 'bob@example.com' })")
    expect(pretend.panel).to_contain_text("Every order counts")
    expect(pretend.launcher).to_have_text("Rewards")


def test_another_customer_after_a_reload_does_not_see_the_first_ones_points(page: Page) -> None:
    pretend = Pretend(page, code_answers(), head=ECWID)
    pretend.open(ECWID_TAG)
    expect(pretend.launcher).to_be_visible()
    page.evaluate("""localStorage['regulars:ecwid:1003'] =
        JSON.stringify({ token: 'token-1', device: '1.a', until: 9e15 })""")
    page.reload()
    expect(pretend.launcher).to_have_text("1,040 points")
    pretend.head = ECWID.replace("id: 1,", "id: 2,")
    page.reload()
    expect(pretend.launcher).to_have_text("Rewards")
    assert page.evaluate("localStorage['regulars:ecwid:1003']") is None
    assert [call.post_data_json for call in pretend.calls("session/end")] == [{"device": "1.a"}]


def visited(page: Page, head: str = ECWID) -> Pretend:
    """Somebody is signed in, in the panel and, by ECWID, at the store."""
    pretend = Pretend(page, code_answers(), head=head)
    pretend.open(ECWID_TAG)
    expect(pretend.launcher).to_be_visible()
    page.evaluate("""localStorage['regulars:ecwid:1003'] =
        JSON.stringify({ token: 'token-1', device: '1.a', until: 9e15 })""")
    page.reload()
    expect(pretend.launcher).to_have_text("1,040 points")
    return pretend


NAMED = "get: (then) => then({ id: 1,"


@pytest.mark.parametrize("says", ["get: (then) => then(null), was: ({ id: 1,", "get: () => {}, was: ({ id: 1,"])
def test_who_has_signed_out_at_the_store_leaves_nothing_to_who_comes_next(page: Page, says: str) -> None:
    """Whether the store says that nobody is there, or says nothing."""
    pretend = visited(page)
    pretend.head = ECWID.replace(NAMED, says)
    asked = len(pretend.calls("member"))
    page.reload()
    expect(pretend.launcher).to_have_text("Rewards")
    page.wait_for_function("!JSON.stringify({ ...localStorage, ...sessionStorage }).match(/1\\.a|Marta|1040/)")
    page.wait_for_timeout(300)
    assert len(pretend.calls("member")) == asked
    assert [call.post_data_json for call in pretend.calls("session/end")] == [{"device": "1.a"}]


def test_a_store_that_is_slow_to_name_its_customer_signs_nobody_out(page: Page) -> None:
    pretend = visited(page)
    pretend.head = ECWID.replace(
        NAMED, "asked: 0, get(then) { then(this.asked++ < 2 ? null : this.was); }, was: ({ id: 1,"
    )
    page.reload()
    expect(pretend.launcher).to_have_text("1,040 points")
    assert not pretend.calls("session/end")


def test_who_signed_in_by_a_code_alone_is_not_signed_out_for_being_nobody_to_the_store(page: Page) -> None:
    pretend = visited(page, ECWID.replace(NAMED, "get: (then) => then(null), was: ({ id: 1,"))
    page.reload()
    expect(pretend.launcher).to_have_text("1,040 points")
    assert not pretend.calls("session/end")
