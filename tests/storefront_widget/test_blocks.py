"""The blocks on the shop's own pages, in Chromium."""

from __future__ import annotations

import json
import re
from html import escape

import pytest
from playwright.sync_api import Page, expect

from storefront_widget.shopify_extension import EXTENSION
from tests.storefront_widget.pretend import MADE, MEMBER, SHIFTS, WIDGET, Pretend, problem, shopify_tag

pytestmark = pytest.mark.browser
SCRIPT = f'<script type="module" src="{WIDGET}blocks.js"></script>'


def room(kind: str, customer: str) -> str:
    """What the extension's Liquid reserves for a customer or a guest."""
    source = (EXTENSION / "blocks" / f"{kind}.liquid").read_text()
    [said] = re.findall(r'^  (hidden|style=".*")$', source, re.MULTILINE)
    return re.sub("{% if customer %}(.*){% else %}(.*){% endif %}", r"\1" if customer else r"\2", said)


def box(kind: str, customer: str = "7001", **data: str) -> str:
    named = "".join(f' data-{name}="{escape(value)}"' for name, value in data.items())
    return (
        f'<regulars-block data-kind="{kind}" {room(kind, customer)} data-platform="shopify" data-shop="halfmoon.myshopify.com" data-proxy="/apps/loyalty" '
        f'data-customer-id="{customer}"{named}></regulars-block>'
    )


def cart_of(cents: int) -> dict[str, object]:
    item = {"product_id": 1, "variant_id": 2, "quantity": 1, "price": cents, "line_price": cents}
    return {"total_price": cents, "item_count": 1, "items": [item]}


def test_a_products_points_follow_variant_and_quantity(page: Page) -> None:
    prices = json.dumps({"11": 1_450, "12": 4_200})
    form = (
        '<form action="/cart/add"><select name="id"><option value="11">Small<option value="12">Big</select>'
        '<input name="quantity" type="number" value="1"></form>'
    )
    pretend = Pretend(page)
    pretend.open(form + box("product", prices=prices, variant="11") + SCRIPT)
    said = page.locator("regulars-block [role=status]")
    expect(said).to_have_text("Earns 72 points")
    page.locator("select").select_option("12")
    expect(said).to_have_text("Earns 210 points")
    page.locator("input").fill("3")
    expect(said).to_have_text("Earns 630 points")


def test_the_page_tells_guests_and_members_what_there_is_and_opens_the_panel(page: Page) -> None:
    pretend = Pretend(page)
    pretend.open(shopify_tag() + box("page") + SCRIPT)
    block = page.locator("regulars-block")
    expect(block.get_by_role("heading", level=2)).to_have_text("Halfmoon Rewards")
    expect(block).to_contain_text("You have 1,040 points.")
    expect(block).to_contain_text("€5 off 500 points")
    block.get_by_role("button", name="See my points").click()
    expect(pretend.panel).to_be_visible()


def test_a_guest_is_asked_about_once_and_told_how_to_join(page: Page) -> None:
    pretend = Pretend(page)
    pretend.open(box("page", customer="") + box("cart", customer="") + SCRIPT)
    expect(page.get_by_role("button", name="Join or sign in")).to_be_visible()
    assert (len(pretend.calls("config")), pretend.calls("member")) == (1, [])
    expect(page.locator("regulars-block[data-kind=cart]")).to_be_empty()


def test_a_ready_code_goes_into_the_cart_with_one_press(page: Page) -> None:
    pretend = Pretend(page, {"member": (200, {**MEMBER, "codes": [MADE]})})
    pretend.open(box("cart") + SCRIPT)
    links = page.locator("regulars-block a")
    expect(links).to_have_count(1)
    assert links.get_attribute("href") == MADE["apply_url"]
    expect(links).to_have_text("Use €5 off")


def test_an_address_that_is_none_is_not_followed(page: Page) -> None:
    hurt = {**MADE, "apply_url": "javascript:alert(1)", "name": "<b>x</b>", "kind": "free_product"}
    pretend = Pretend(page, {"member": (200, {**MEMBER, "codes": [hurt]})})
    pretend.open(box("cart") + SCRIPT)
    expect(page.locator("regulars-block")).to_contain_text("<b>x</b>")
    expect(page.locator("regulars-block a")).to_have_count(0)


def test_the_cart_offers_the_largest_reward_within_reach_or_says_what_is_missing(page: Page) -> None:
    [small] = MEMBER["rewards"]
    large = {**small, "id": "large", "points": 1000, "value_minor": 1200}
    far = {**small, "id": "far", "points": 2000, "missing": 960, "value_minor": 2500}
    pretend = Pretend(page, {"member": (200, {**MEMBER, "rewards": [small, large, far]})})
    pretend.open(box("cart") + SCRIPT)
    expect(page.get_by_role("button", name="Redeem: €12 off")).to_be_visible()
    pretend.answers["member"] = (200, {**MEMBER, "rewards": [far]})
    page.reload()
    expect(page.locator("regulars-block")).to_contain_text("960 points to go for €25 off")


def test_without_an_answer_the_page_is_as_it_was(page: Page) -> None:
    Pretend(page, {"config": None}).open(box("page") + SCRIPT)
    page.wait_for_timeout(300)
    expect(page.locator("regulars-block")).to_be_empty()


def test_the_cart_says_what_it_earns_and_follows_its_form(page: Page) -> None:
    totals = [2_500, 5_000]
    pretend = Pretend(page)
    page.route("**/cart.js", lambda route: route.fulfill(json=cart_of(totals.pop(0))))
    pretend.open('<form action="/cart"><input name="q"></form>' + box("cart") + SCRIPT)
    block = page.locator("regulars-block")
    expect(block.get_by_role("status")).to_have_text("Earns 125 points")
    page.locator("input").fill("2")
    page.locator("input").blur()
    expect(block.get_by_role("status")).to_have_text("Earns 250 points")


def test_a_reward_is_redeemed_from_the_cart(page: Page) -> None:
    pretend = Pretend(page)
    page.route("**/cart.js", lambda route: route.fulfill(json=cart_of(2_500)))
    pretend.open(box("cart") + SCRIPT)
    page.get_by_role("button", name="Redeem: €5 off").click()
    expect(pretend.panel.get_by_role("heading", name="€5 off for 500 points?")).to_be_visible()
    pretend.press("Get my code")
    expect(pretend.panel.get_by_role("heading", name="€5 off is ready")).to_be_visible()


def test_a_nudge_that_was_put_away_stays_away_and_a_new_one_comes(page: Page) -> None:
    pretend = Pretend(page)
    pretend.open(box("nudge") + SCRIPT)
    nudge = page.locator(".rg-nudge")
    expect(nudge).to_contain_text("140 points expire on November 30.")
    nudge.get_by_role("button", name="Dismiss: 140 points expire on November 30.").click()
    expect(nudge).to_have_count(0)
    page.reload()
    page.wait_for_timeout(500)
    expect(nudge).to_have_count(0)
    pretend.answers["member"] = (
        200,
        {**MEMBER, "nudges": [{"id": "two", "kind": "x", "text": "Your code ends on May 2."}]},
    )
    page.reload()
    expect(nudge).to_contain_text("Your code ends on May 2.")


def test_a_nudge_lies_above_the_launcher_and_hides_nothing_of_it(page: Page) -> None:
    pretend = Pretend(page)
    pretend.open(box("nudge") + box("nudge") + SCRIPT + shopify_tag())
    nudge = page.locator(".rg-nudge")
    expect(nudge).to_have_count(1)
    expect(pretend.launcher).to_be_visible()
    over, under = nudge.bounding_box(), pretend.launcher.bounding_box()
    assert over is not None
    assert under is not None
    assert 0 < under["y"] - (over["y"] + over["height"]) < 20
    assert over["x"] >= 0
    assert over["x"] + over["width"] <= 375


FOLLOWS = '<p id="follows">What the shop itself says next.</p><footer>The shop\'s end</footer>'
PRICED = {"product": {"price": "14.50", "quantity": "2"}, "cart": {}, "order": {}, "page": {}, "nudge": {}}
FILLED = {
    "product": "Earns 145 points",
    "cart": "Earns 125 points",
    "order": "191 points",
    "page": "€5 off",
    "nudge": "",
}


@pytest.mark.parametrize("customer", ["7001", ""], ids=["member", "guest"])
@pytest.mark.parametrize("kind", PRICED)
def test_nothing_of_the_page_moves_when_a_block_is_filled(page: Page, kind: str, customer: str) -> None:
    later = [{"points": 50, "until": f"2026-12-0{day}T10:00:00+00:00", "text": ""} for day in (1, 2)]
    member = {**MEMBER, "pending": [*MEMBER["pending"], *later], "pending_points": 291}  # type: ignore[misc]
    pretend = Pretend(page, {"member": (200, member)}, head=SHIFTS)
    page.route("**/cart.js", lambda route: route.fulfill(json=cart_of(2_500)))
    main = f'<main style="display: grid; gap: 1.25rem">{box(kind, customer, **PRICED[kind])}{FOLLOWS}</main>'
    pretend.open(main + SCRIPT + shopify_tag(customer))
    expect(pretend.launcher).to_have_text("1,040 points" if customer else "Rewards")
    if kind == "nudge":
        expect(page.locator(".rg-nudge")).to_have_count(1 if customer else 0)
    else:
        said = FILLED[kind] if customer or kind != "order" else "Members collect points"
        expect(page.locator("regulars-block")).to_contain_text(said.replace("191", "291"))
    page.wait_for_timeout(150)
    assert page.evaluate("shifts") == []


def test_after_an_order_its_points_are_said_with_their_day_and_guests_are_told_how_to_join(page: Page) -> None:
    Pretend(page).open(box("order") + SCRIPT)
    block = page.locator("regulars-block")
    expect(block.get_by_role("heading")).to_have_text("191 points are on their way")
    expect(block.locator("dl")).to_have_text("You have1,040From November 28191Together1,231")


def test_after_an_order_of_somebody_who_takes_no_part_nothing_is_promised(page: Page) -> None:
    Pretend(page, {"member": (200, {**MEMBER, "enrolled": False, "pending": []})}).open(box("order") + SCRIPT)
    block = page.locator("regulars-block")
    expect(block.get_by_role("heading")).to_have_text("You are not a member. Joining is free.")
    expect(block.get_by_role("button")).to_have_text("Join")
    expect(block).not_to_contain_text("What this order brings")


def test_any_page_says_a_price_and_the_points_follow_it(page: Page) -> None:
    Pretend(page).open(box("product", price="14.50", quantity="2") + SCRIPT)
    said = page.locator("regulars-block [role=status]")
    expect(said).to_have_text("Earns 145 points")
    page.locator("regulars-block").evaluate("box => { box.dataset.price = '42'; }")
    expect(said).to_have_text("Earns 420 points")


def test_blocks_without_the_embed_have_no_launcher_and_open_the_panel(page: Page) -> None:
    pretend = Pretend(page)
    pretend.open(box("page") + SCRIPT)
    page.get_by_role("button", name="See my points").click()
    expect(pretend.panel).to_be_visible()
    expect(pretend.launcher).to_be_hidden()


def test_what_is_told_of_an_article_is_asked_for_the_member_and_a_least_is_said_as_such(page: Page) -> None:
    pretend = Pretend(page, {"estimate": (200, {"points": 60, "least": True})})
    pretend.open(box("product", price="10", product="8001", vendor="Mill", collections="31,32", variant="11") + SCRIPT)
    expect(page.locator("regulars-block [role=status]")).to_have_text("Earns 60 points or more")
    line = {"product": "8001", "variant": "11", "vendor": "Mill", "gift_card": False, "collections": ["31", "32"]}
    asked = [request.post_data_json for request in pretend.calls("estimate")]
    assert asked == [{"lines": [{**line, "price_minor": 1000, "quantity": 1}], "off_minor": 0}]


@pytest.mark.parametrize(
    "answer", [(200, {"points": 0, "least": False}), (200, {"points": None, "least": False}), None]
)
def test_what_earns_nothing_or_cannot_be_known_says_nothing(page: Page, answer: tuple[int, object] | None) -> None:
    pretend = Pretend(page, {"estimate": answer})
    with page.expect_request("**/estimate*"):
        pretend.open(box("product", price="10") + SCRIPT)
    page.wait_for_timeout(200)
    expect(page.locator("regulars-block")).to_be_empty()


def test_a_price_in_another_currency_is_not_asked_about(page: Page) -> None:
    pretend = Pretend(page)
    pretend.open(box("product", price="10", currency="USD") + box("page") + SCRIPT)
    expect(page.get_by_role("button", name="See my points")).to_be_visible()
    page.wait_for_timeout(200)
    assert pretend.calls("estimate") == []


def test_a_cart_is_asked_about_line_by_line_with_its_discounts(page: Page) -> None:
    pretend = Pretend(page)
    item = {"product_id": 8001, "variant_id": 11, "vendor": "Mill", "gift_card": False, "quantity": 2}
    prices = {"original_price": 1500, "final_line_price": 2500}
    cart = {"total_price": 2000, "item_count": 2, "currency": "EUR", "items": [{**item, **prices}]}
    page.route("**/cart.js", lambda route: route.fulfill(json=cart))
    pretend.open(box("cart", known='{"8001": "31"}') + SCRIPT)
    expect(page.locator("regulars-block").get_by_role("status")).to_have_text("Earns 100 points")
    line = {"product": "8001", "variant": "11", "vendor": "Mill", "gift_card": False, "collections": ["31"]}
    body = {"lines": [{**line, "price_minor": 1500, "off_minor": 500, "quantity": 2}], "off_minor": 500}
    assert pretend.calls("estimate")[-1].post_data_json == body


def test_another_choice_is_said_where_the_first_was_said(page: Page) -> None:
    pretend = Pretend(page)
    pretend.open(box("product", price="10") + SCRIPT)
    said = page.locator("regulars-block [role=status]")
    expect(said).to_have_text("Earns 50 points")
    said.evaluate("element => { element.heard = true }")
    page.locator("regulars-block").evaluate("block => { block.dataset.price = '20' }")
    expect(said).to_have_text("Earns 100 points")
    assert said.evaluate("element => element.heard") is True


def test_whoever_stands_on_a_blocks_button_still_does_when_it_is_drawn_anew(page: Page) -> None:
    pretend = Pretend(page)
    pretend.open(box("order") + SCRIPT)
    button = page.locator("regulars-block button")
    button.focus()
    pretend.answers["member"] = (200, {**MEMBER, "available": 2_000})
    page.evaluate("document.querySelector('regulars-widget').load().then((panel) => panel.load())")
    expect(page.locator("regulars-block")).to_contain_text("2,000")
    expect(button).to_be_focused()


MAILED = """<script>localStorage["regulars:ecwid:1003"] = JSON.stringify({ token: "t", device: "1.d", until: UNTIL })</script>"""
MAILED_BLOCKS = "".join(
    f'<regulars-block data-kind="{kind}" data-platform="ecwid" data-shop="ecwid:1003" data-price="10"></regulars-block>'
    for kind in ("product", "cart")
)


def test_nobodys_points_stay_on_the_page_when_they_have_left(page: Page) -> None:
    pretend = Pretend(page, {"session/end": (204, None)})
    pretend.open(MAILED.replace("UNTIL", "9e15") + MAILED_BLOCKS + SCRIPT)
    cart = page.locator("regulars-block[data-kind=cart]")
    expect(cart).to_contain_text("1,040 points")
    page.evaluate("document.querySelector('regulars-widget').load().then((panel) => panel.leave())")
    expect(cart).to_have_text(re.compile(r"^Earns 50 points"))


def test_whose_session_is_over_hears_what_anybody_would_get(page: Page) -> None:
    seen = json.dumps({"data": MEMBER, "at": 0})
    kept = f"<script>sessionStorage['regulars:ecwid:1003:'] = JSON.stringify({seen})</script>"
    pretend = Pretend(page, {"session/renew": problem(401, "signed_out")})
    pretend.open(kept + MAILED.replace("UNTIL", "0") + MAILED_BLOCKS + SCRIPT)
    expect(page.locator("regulars-block[data-kind=product] [role=status]")).to_have_text("Earns 50 points")


def test_a_page_with_several_blocks_has_no_id_twice(page: Page) -> None:
    pretend = Pretend(page)
    pretend.open(box("page") + box("order") + box("cart") + SCRIPT)
    expect(page.get_by_role("button", name="See my points")).to_have_count(3)
    ids = page.eval_on_selector_all("[id]", "elements => elements.map(({ id }) => id)")
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("drawn_anew", [False, True])
def test_whoever_closes_the_panel_is_back_at_the_button_that_opened_it(page: Page, drawn_anew: bool) -> None:
    pretend = Pretend(page)
    pretend.open(shopify_tag() + box("order") + SCRIPT)
    button = page.locator("regulars-block button")
    button.click()
    expect(pretend.panel.get_by_role("heading", level=2)).to_be_focused()
    if drawn_anew:
        pretend.answers["member"] = (200, {**MEMBER, "available": 2_000})
        page.evaluate("document.querySelector('regulars-widget').load().then((panel) => panel.load())")
        expect(page.locator("regulars-block")).to_contain_text("2,000")
    page.keyboard.press("Escape")
    expect(pretend.panel).to_be_hidden()
    expect(button).to_be_focused()
    pretend.launcher.click()
    page.keyboard.press("Escape")
    expect(pretend.launcher).to_be_focused()


def test_a_block_that_has_gone_follows_nothing_and_follows_again_when_it_is_put_back(page: Page) -> None:
    form = '<form action="/cart/add"><input name="quantity" type="number" value="1"></form>'
    pretend = Pretend(page)
    pretend.open(form + box("product", price="10") + SCRIPT)
    said = page.locator("regulars-block [role=status]")
    expect(said).to_have_text("Earns 50 points")
    page.evaluate("""() => {
        window.block = document.querySelector("regulars-block");
        window.drawn = 0;
        const { draw } = block;
        block.draw = () => { drawn += 1; draw(); };
        block.remove();
    }""")
    page.locator("input").fill("2")
    page.evaluate("document.querySelector('regulars-widget').dispatchEvent(new Event('regulars-member'))")
    page.wait_for_timeout(200)
    assert page.evaluate("drawn") == 0
    page.evaluate("document.body.append(block)")
    expect(said).to_have_text("Earns 100 points")
    page.locator("input").fill("3")
    expect(said).to_have_text("Earns 150 points")


@pytest.mark.parametrize(("width", "seen"), [(375, 0), (1280, 1)])
def test_on_a_phone_a_nudge_leaves_the_way_to_pay_free(page: Page, width: int, seen: int) -> None:
    pretend = Pretend(page)
    page.set_viewport_size({"width": width, "height": 700})
    page.add_init_script("if (!location.hash) history.replaceState(null, '', '/#!/~/cart')")
    pretend.open(shopify_tag() + box("nudge") + box("page") + SCRIPT)
    expect(page.get_by_role("button", name="See my points")).to_be_visible()
    page.wait_for_timeout(300)
    expect(page.locator(".rg-nudge")).to_have_count(seen)
