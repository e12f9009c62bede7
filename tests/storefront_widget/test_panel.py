"""The panel in Chromium: what a shopper sees and does, with any luck and without it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Request, expect

from tests.storefront_widget.pretend import (
    CONFIG,
    MADE,
    MEMBER,
    WIDGET,
    Answer,
    Pretend,
    opened,
    problem,
    shopify_tag,
)

pytestmark = pytest.mark.browser
SCRIPT = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>\'"&'


def at_confirmation(pretend: Pretend, tag: str = "") -> Pretend:
    opened(pretend, tag).press("Redeem: €5 off")
    expect(pretend.panel.get_by_role("heading", name="€5 off for 500 points?")).to_be_visible()
    return pretend


def test_a_guest_reads_what_the_program_gives_and_how_to_join(page: Page) -> None:
    pretend = Pretend(page, {"member": (200, {"member": None})})
    pretend.open(shopify_tag(customer=""))
    page.wait_for_timeout(300)
    assert pretend.calls("member") == []
    pretend.launcher.click()
    expect(pretend.panel.get_by_role("heading", name="Halfmoon Rewards")).to_be_visible()
    expect(pretend.panel).to_contain_text("For every €1 you spend")
    expect(pretend.panel).to_contain_text("500 points are €5 off.")
    assert pretend.panel.get_by_role("link", name="Join").get_attribute("href") == "/account/register?return_url=%2F"
    expect(pretend.launcher).to_have_text("Rewards")


def test_a_member_sees_the_points_on_the_launcher_and_all_of_it_inside(page: Page) -> None:
    pretend = Pretend(page)
    pretend.open(shopify_tag())
    expect(pretend.launcher).to_have_text("1,040 points")
    pretend.launcher.click()
    for text in ("Hello, Marta", "1,040", "Worth €10.40", "191 more on Nov 28", "140 points expire on November 30."):
        expect(pretend.panel).to_contain_text(text)


def test_two_taps_give_a_code_to_copy_or_to_put_in_the_cart(page: Page) -> None:
    pretend = at_confirmation(Pretend(page))
    expect(pretend.panel).to_contain_text("For an order of €20 or more, within 90 days.")
    expect(pretend.panel.locator("dl")).to_have_text("You have1,040€5 off−500Left540")
    pretend.press("Get my code")
    expect(pretend.panel.get_by_role("heading", name="€5 off is ready")).to_be_visible()
    [request] = pretend.calls("redeem")
    assert request.headers["x-regulars"] == "1"
    assert len(request.headers["idempotency-key"]) == 32
    assert request.post_data_json == {"reward": "amount-off"}
    assert pretend.panel.get_by_role("link", name="Put it in my cart").get_attribute("href") == MADE["apply_url"]
    pretend.panel.get_by_role("button", name="HM4T-9XKE-W7QP").click()
    expect(pretend.panel.locator(".rg-code")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "HM4T-9XKE-W7QP"


@pytest.mark.parametrize(
    ("policy", "words", "others"),
    [
        ({}, "If you don’t use it, the points come back.", "don’t come back"),
        (
            {"expired_codes": "stay_spent"},
            "Use it in time: after that, its points don’t come back.",
            "the points come back",
        ),
    ],
)
def test_what_becomes_of_the_points_of_an_unused_code_is_told_before_it_is_taken(
    page: Page, policy: dict[str, str], words: str, others: str
) -> None:
    pretend = at_confirmation(Pretend(page, {"config": (200, {**CONFIG, **policy})}))
    expect(pretend.panel).to_contain_text(words)
    expect(pretend.panel).not_to_contain_text(others)


def test_an_unused_code_goes_back_for_its_points(page: Page) -> None:
    path = f"redemptions/{MADE['id']}/cancel"
    pretend = at_confirmation(Pretend(page, {path: (200, {**MADE, "state": "returned", "code": ""})}))
    pretend.press("Get my code")
    pretend.press("Give it back")
    expect(pretend.panel).to_contain_text("It stops working, and your 500 points return.")
    pretend.press("Keep it")
    expect(pretend.panel.get_by_role("heading", name="€5 off is ready")).to_be_visible()
    pretend.press("Give it back")
    pretend.press("Give it back")
    expect(pretend.panel.get_by_role("heading", name="Hello, Marta")).to_be_visible()
    [request] = pretend.calls(path)
    assert request.headers["x-regulars"] == "1"
    assert request.post_data_json == {}


def test_money_has_no_end_and_store_credit_has_no_code(page: Page) -> None:
    credit = {**CONFIG["rewards"][0], "id": "credit", "name": "€5 credit", "kind": "store_credit", "valid_days": 0}  # type: ignore[dict-item, index]
    made = {**MADE, "kind": "store_credit", "name": "€5 credit", "state": "used", "code": "", "apply_url": ""}
    offered = {**MEMBER, "rewards": [{**credit, "missing": 0, "obstacle": ""}]}
    answers = {"member": (200, offered), "redeem": (200, {**made, "expires_at": None, "cancellable": False})}
    answers["config"] = (200, {**CONFIG, "expired_codes": "stay_spent"})
    pretend = opened(Pretend(page, answers))
    pretend.press("Redeem: €5 credit")
    expect(pretend.panel).to_contain_text("It is yours to keep.")
    expect(pretend.panel).not_to_contain_text("come back")
    pretend.press("Redeem")
    expect(pretend.panel.get_by_role("heading", name="€5 credit is ready")).to_be_visible()
    expect(pretend.panel.locator("code")).to_have_count(0)


def test_after_a_lost_connection_the_same_key_asks_again(page: Page) -> None:
    answers: list[Answer | None] = [None, (200, MADE)]
    pretend = at_confirmation(Pretend(page, {"redeem": lambda _: answers.pop(0)}))
    pretend.press("Get my code")
    expect(pretend.panel.get_by_role("alert")).to_contain_text("No connection. Nothing was lost")
    pretend.press("Try again")
    expect(pretend.panel.get_by_role("heading", name="€5 off is ready")).to_be_visible()
    first, second = pretend.calls("redeem")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


def test_a_new_redemption_has_a_new_key(page: Page) -> None:
    pretend = at_confirmation(Pretend(page))
    pretend.press("Get my code")
    pretend.press("Back to rewards")
    pretend.press("Redeem: €5 off")
    pretend.press("Get my code")
    expect(pretend.panel.get_by_role("heading", name="€5 off is ready")).to_be_visible()
    first, second = pretend.calls("redeem")
    assert first.headers["idempotency-key"] != second.headers["idempotency-key"]


def test_what_is_under_way_is_waited_for(page: Page) -> None:
    answers = [problem(409, "under_way"), (200, MADE)]
    pretend = at_confirmation(Pretend(page, {"redeem": lambda _: answers.pop(0)}))
    pretend.press("Get my code")
    expect(pretend.panel.get_by_role("heading", name="€5 off is ready")).to_be_visible()


def test_a_shop_that_takes_longer_shows_the_wait_and_settles_by_itself(page: Page) -> None:
    coming = {**MADE, "state": "issuing", "code": "", "apply_url": ""}
    answers = [coming, coming, MADE]
    pretend = Pretend(page, {"redeem": (200, coming), f"redemptions/{MADE['id']}": lambda _: (200, answers.pop(0))})
    at_confirmation(pretend).press("Get my code")
    expect(pretend.panel.get_by_role("heading", name="Your code is on its way")).to_be_visible()
    expect(pretend.panel.locator("dl")).to_have_text("Held for this code500Still yours to spend540")
    expect(pretend.panel.get_by_role("heading", name="€5 off is ready")).to_be_visible()


def test_a_code_that_could_not_be_made_gives_the_points_back_and_says_so(page: Page) -> None:
    pretend = Pretend(page, {"redeem": (200, {**MADE, "state": "failed", "code": "", "apply_url": ""})})
    at_confirmation(pretend).press("Get my code")
    expect(pretend.panel.get_by_role("alert")).to_contain_text("Your 500 points are back.")


def test_what_was_refused_for_a_reason_says_it_and_offers_no_second_try(page: Page) -> None:
    pretend = Pretend(page, {"redeem": problem(422, "limit_total", "€5 off is sold out.")})
    at_confirmation(pretend).press("Get my code")
    expect(pretend.panel.get_by_role("alert")).to_contain_text("€5 off is sold out.")
    expect(pretend.panel.get_by_role("button", name="Try again")).to_have_count(0)


def test_a_proxys_own_error_page_is_no_end(page: Page) -> None:
    pretend = Pretend(page, {"redeem": (502, None)})
    at_confirmation(pretend).press("Get my code")
    expect(pretend.panel.get_by_role("alert")).to_contain_text("The shop did not answer.")


def test_an_expired_session_keeps_the_balance_and_redeeming_waits(page: Page) -> None:
    pretend = Pretend(page, {"redeem": problem(401, "signed_out")})
    at_confirmation(pretend).press("Get my code")
    expect(pretend.panel).to_contain_text("You have been signed out. Sign in to redeem.")
    expect(pretend.panel).to_contain_text("1,040")
    expect(pretend.panel.get_by_role("button", name="Redeem: €5 off")).to_be_disabled()


def test_without_a_connection_the_last_balance_stays(page: Page) -> None:
    pretend = opened(Pretend(page))
    expect(pretend.panel).to_contain_text("1,040")
    pretend.answers["member"] = None
    page.evaluate("document.querySelector('regulars-widget').load().then(panel => panel.load())")
    expect(pretend.panel).to_contain_text("No connection. This is how it stood at")
    expect(pretend.panel.get_by_role("button", name="Redeem: €5 off")).to_be_disabled()
    pretend.answers["member"] = (200, {**MEMBER, "available": 1000})
    pretend.press("Retry")
    expect(pretend.panel.get_by_role("button", name="Redeem: €5 off")).to_be_enabled()
    expect(page.locator("regulars-widget [role=status]").last).to_have_text("1,000 points")


def test_nothing_at_all_answers_and_a_retry_mends_it(page: Page) -> None:
    pretend = Pretend(page, {"config": None})
    pretend.open(shopify_tag())
    pretend.launcher.click()
    expect(pretend.panel.get_by_role("alert")).to_contain_text("No connection.")
    pretend.answers["config"] = (200, CONFIG)
    pretend.press("Retry")
    expect(pretend.panel).to_contain_text("Hello, Marta")


def test_every_line_of_history_opens_to_its_reason(page: Page) -> None:
    pretend = opened(Pretend(page))
    pretend.panel.get_by_role("tab", name="History").click()
    line = pretend.panel.get_by_role("button", name="Order #31042")
    line.click()
    expect(line).to_have_attribute("aria-expanded", "true")
    expect(pretend.panel).to_contain_text("Counts for points: €26.90")


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    pretend = Pretend(page)
    pretend.open(shopify_tag())
    expect(pretend.launcher).to_have_text("1,040 points")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(pretend.panel.get_by_role("heading", level=2)).to_be_focused()
    pretend.panel.get_by_role("tab", name="Rewards").focus()
    page.keyboard.press("ArrowRight")
    expect(pretend.panel.get_by_role("tab", name="Earn")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(pretend.panel.get_by_role("tab", name="History")).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(pretend.panel.get_by_role("tab", name="Rewards")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(pretend.panel.get_by_role("heading", name="€5 off", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(pretend.panel).to_be_hidden()
    expect(pretend.launcher).to_be_focused()
    expect(pretend.launcher).to_have_attribute("aria-expanded", "false")


def test_a_press_beside_the_sheet_closes_it(page: Page) -> None:
    pretend = opened(Pretend(page))
    page.mouse.click(180, 20)
    expect(pretend.panel).to_be_hidden()


def test_a_script_in_every_text_is_only_text(page: Page) -> None:
    reward = {**CONFIG["rewards"][0], "name": SCRIPT, "kind": "custom"}
    config = {**CONFIG, "shop": {**CONFIG["shop"], "name": SCRIPT}, "rewards": [reward]}
    line = {**MEMBER["history"][0], "message": "x", "kind": "x", "text": SCRIPT, "details": [SCRIPT]}
    made = {**MADE, "name": SCRIPT, "kind": "custom", "code": SCRIPT, "apply_url": "javascript:window.hurt=1"}
    member = {
        **MEMBER,
        "member": {"name": SCRIPT, "known": True},
        "rewards": [{**reward, "missing": 0, "obstacle": SCRIPT}],
        "codes": [made],
        "history": [line],
    }
    pretend = opened(Pretend(page, {"config": (200, config), "member": (200, member)}))
    expect(pretend.panel).to_contain_text(f"Hello, {SCRIPT}")
    pretend.panel.get_by_role("button", name="Show").click()
    expect(pretend.panel.locator("code")).to_have_text(SCRIPT)
    expect(pretend.panel.get_by_role("link")).to_have_count(0)
    pretend.press("Back to rewards")
    pretend.panel.get_by_role("tab", name="History").click()
    pretend.panel.locator("#rg-line-0").click()
    expect(pretend.panel.locator(".rg-why")).to_contain_text(SCRIPT)
    assert page.evaluate("window.hurt") is None


def test_a_strict_policy_hostile_styles_and_frozen_prototypes_change_nothing(page: Page) -> None:
    head = """<script nonce="n">Object.freeze(Object.prototype); Object.freeze(Array.prototype); Object.freeze(Function.prototype);</script>
        <style nonce="n">* { all: unset !important; } html { font-size: 62.5% !important; }
        button, dialog, div { display: none !important; color: red !important; } regulars-widget { opacity: 0 !important; }</style>"""
    policy = f"default-src 'none'; script-src 'nonce-n' {WIDGET}; style-src 'nonce-n'; connect-src 'self'"
    far = {**MEMBER["rewards"][0], "points": 2000, "missing": 960}
    pretend = opened(Pretend(page, {"member": (200, {**MEMBER, "rewards": [far]})}, head=head, policy=policy))
    expect(pretend.panel).to_contain_text("Hello, Marta")
    assert pretend.panel.get_by_role("heading", level=2).evaluate("e => getComputedStyle(e).fontSize") == "16px"
    width = pretend.panel.locator(".rg-bar i").first.evaluate("e => e.getBoundingClientRect().width")
    assert width > 100


def test_the_script_twice_is_one_widget(page: Page) -> None:
    pretend = Pretend(page)
    pretend.open(shopify_tag() + shopify_tag(extra='id="again"'))
    expect(pretend.launcher).to_have_text("1,040 points")
    assert page.locator("regulars-widget").count() == 1


def test_the_page_does_not_move_sets_no_cookie_and_asks_nobody_else(page: Page) -> None:
    watch = """<script>window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shift += entry.value; }))
        .observe({ type: "layout-shift", buffered: true });</script>"""
    pretend = opened(Pretend(page, head=watch))
    expect(pretend.panel).to_contain_text("Hello, Marta")
    page.keyboard.press("Escape")
    assert page.evaluate("window.shift") == 0
    assert page.context.cookies() == []
    assert pretend.foreign == []


def test_content_that_comes_late_moves_nothing(page: Page) -> None:
    watch = """<script>window.shift = 0; new PerformanceObserver((list) => list.getEntries().forEach((entry) => { window.shift += entry.value; }))
        .observe({ type: "layout-shift", buffered: true });</script>"""
    pretend = Pretend(page, head=watch)
    late: list[bool] = []

    def slow(request: Request) -> tuple[int, object]:
        # A shift within half a second of a touch does not count; this one comes after it.
        if not late:
            page.wait_for_timeout(1200)
            late.append(True)
        return 200, MEMBER

    pretend.answers["member"] = slow
    pretend.open(shopify_tag())
    pretend.launcher.click()
    expect(pretend.panel).to_contain_text("Hello, Marta")
    assert page.evaluate("window.shift") == 0


def test_a_panel_that_could_not_be_loaded_is_loaded_at_the_next_touch(page: Page) -> None:
    pretend = Pretend(page)
    broken = [True]
    page.route("**/panel.js*", lambda route: route.abort() if broken[0] else route.fallback())
    with page.expect_event("requestfailed"):
        pretend.open(shopify_tag())
    broken[0] = False
    pretend.launcher.click()
    expect(pretend.panel).to_contain_text("Hello, Marta")
    pretend.panel.get_by_role("tab", name="Earn").click()
    expect(pretend.panel).to_contain_text("For every €1 you spend")


def test_a_view_that_could_not_be_loaded_says_so_and_comes_the_next_time(page: Page) -> None:
    pretend = Pretend(page)
    broken = [True]
    page.route("**/redeem.js*", lambda route: route.abort() if broken[0] else route.fallback())
    opened(pretend).press("Redeem: €5 off")
    expect(pretend.panel).to_contain_text("No connection. Nothing was lost")
    broken[0] = False
    pretend.press("Redeem: €5 off")
    expect(pretend.panel.get_by_role("heading", name="€5 off for 500 points?")).to_be_visible()


def test_a_theme_may_place_the_element_itself(page: Page) -> None:
    element = '<regulars-widget data-shop="halfmoon.myshopify.com" data-proxy="/apps/loyalty" data-customer-id="7001"></regulars-widget>'
    pretend = Pretend(page)
    pretend.open(element + shopify_tag())
    expect(pretend.launcher).to_have_text("1,040 points")
    assert page.locator("regulars-widget").count() == 1


def test_the_launcher_stands_before_the_panel_is_there(page: Page) -> None:
    pretend = Pretend(page)
    held = pretend.hold("**/panel.js*")
    pretend.open(shopify_tag())
    expect(pretend.launcher).to_have_text("Rewards")
    held.release()
    expect(pretend.launcher).to_have_text("1,040 points")


@pytest.mark.parametrize(("theme", "ground"), [("dark", "rgb(24, 26, 36)"), ("light", "rgb(255, 255, 255)")])
def test_dark_is_the_shops_choice(page: Page, theme: str, ground: str) -> None:
    pretend = Pretend(page, {"config": (200, {**CONFIG, "look": {"theme": theme, "light": {}, "dark": {}}})})
    opened(pretend)
    expect(pretend.panel).to_have_css("background-color", ground)


def test_where_it_is_the_readers_choice_it_follows_them_at_once(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    look = {"theme": "auto", "light": {}, "dark": {}}
    panel = opened(Pretend(page, {"config": (200, {**CONFIG, "look": look})})).panel
    expect(panel).to_have_css("background-color", "rgb(255, 255, 255)")
    page.emulate_media(color_scheme="dark")
    expect(panel).to_have_css("background-color", "rgb(24, 26, 36)")


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
def test_the_launcher_is_on_the_screen_whichever_way_the_page_runs(page: Page, direction: str) -> None:
    pretend = Pretend(page)
    pretend.open(f"<script>document.documentElement.dir = '{direction}'</script>{shopify_tag()}")
    expect(pretend.launcher).to_have_text("1,040 points")
    box = pretend.launcher.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] == pytest.approx(375 - 16, abs=1)
    assert box["y"] + box["height"] == pytest.approx(700 - 16, abs=1)


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_nothing_is_wider_than_the_screen(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 700})
    member = {**MEMBER, "member": {"name": "Bartholomäus-Konstantin" * 3, "known": True}, "available": 123_456_789}
    pretend = opened(Pretend(page, {"member": (200, member)}))
    expect(pretend.panel).to_contain_text("123,456,789")
    body = pretend.panel.locator(".rg-body")
    assert body.evaluate("e => e.scrollWidth <= e.clientWidth")
    box = pretend.panel.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
