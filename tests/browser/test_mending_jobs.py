"""What a merchant does where something went wrong or asks for a look, on both platforms, at a desk and on a phone."""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, datetime

import pytest
from playwright.sync_api import BrowserContext, Locator, expect

from tests.browser.conftest import Running, Watch
from tests.browser.pages import ShopifyStore
from tests.browser.walks import EVERYWHERE, Make, Walk, controls_of, fill_past

pytestmark = [pytest.mark.browser, pytest.mark.needs_npm]


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("make", "size"), EVERYWHERE)
def test_mending(running: Running, context: BrowserContext, watch: Watch, axe: str, make: Make, size: str) -> None:
    store = make(running, context)
    walk = Walk(store, size, axe, watch)
    fill_past(running, store, orders=12, customers=4)
    store.install_only()
    store.launch_default(goal="new_customers")
    _orders_without_points(running, walk)
    _orders_that_the_store_did_not_tell(running, walk)
    _what_could_not_be_done(running, walk)
    _what_could_not_be_used(running, walk)
    _friends(running, walk)
    if isinstance(store, ShopifyStore):
        _somebodys_data(running, walk)
    walk.end("mending")


def _an_order(running: Running, walk: Walk, **more: object) -> str:
    """Of the first customer; its number as the store shows it."""
    customer = _customers(running, walk)[0]
    lines = [{"title": "A box", "price": "80.00", "quantity": 1}]
    placed = running.control(
        "POST", f"{controls_of(walk.store)}/orders", {"customer": customer, "lines": lines, **more}
    )
    return str(placed["name"] if isinstance(walk.store, ShopifyStore) else placed["id"])


def _customers(running: Running, walk: Walk) -> list[object]:
    found = running.control("GET", f"{controls_of(walk.store)}/customers")
    return [each["id"] for each in found]  # type: ignore[index]


def _answered(walk: Walk, heading: str) -> None:
    """In the page where the store is quick; else it is looked at again."""
    asked, wanted = (walk.app.get_by_role("heading", name=name) for name in ("The store is being asked", heading))
    for _look in range(20):
        expect(asked.or_(wanted).first).to_be_visible()
        if wanted.is_visible():
            return
        walk.store.admin.wait_for_timeout(300)
        walk.hands.press(walk.app.get_by_role("link", name="Look again"))
    raise AssertionError(f"the store never answered: {heading}")


def _without_points(walk: Walk) -> None:
    shown = walk.app.get_by_role("link", name="Without points")
    walk.hands.press(shown)
    expect(shown).to_have_attribute("aria-current", "true")


def _row(walk: Walk, number: str) -> Locator:
    """Of the orders without points; webhooks take their time."""
    row, without = (
        walk.app.get_by_role("row").filter(has_text=number),
        walk.app.get_by_role("link", name="Without points"),
    )
    for _look in range(20):
        walk.go_to("Orders")
        if without.is_visible():
            _without_points(walk)
        if row.is_visible():
            break
        walk.store.admin.wait_for_timeout(300)
    return row


def _orders_without_points(running: Running, walk: Walk) -> None:
    unpaid = _an_order(running, walk, pay=False)
    row = _row(walk, unpaid)
    walk.look("orders without points")
    walk.hands.press(row.get_by_role("button", name="Ask the store again"))
    _answered(walk, f"Order {unpaid} is here already")
    walk.go_to("Orders")
    _without_points(walk)
    walk.follow(walk.app.get_by_role("link", name="Give points by hand").first, "Adjust points")
    walk.write("Points", "80")
    walk.write("Reason", "From before the program")
    walk.press("Adjust points")
    walk.reads("got 80 points")
    _paused(walk, "Pause")
    walk.store.front.wait_for_timeout(1_000)  # stores date their orders in whole seconds
    row = _row(walk, _an_order(running, walk))
    walk.follow(row.get_by_role("link", name="Resume earning"), "Pause and resume")
    walk.tick("Earning is paused")
    walk.press("Save")
    walk.reads("Earning and redeeming go on.")


def _paused(walk: Walk, link: str) -> None:
    walk.go_to("Program")
    walk.follow(link, "Pause and resume")
    walk.tick("Earning is paused")
    walk.press("Save")
    walk.reads("Earning is paused.")


def _orders_that_the_store_did_not_tell(running: Running, walk: Walk) -> None:
    walk.store.front.wait_for_timeout(1_000)  # as above
    platform, shop = controls_of(walk.store).strip("/").split("/shops/")
    running.control("PUT", "/faults", {"platform": platform, "shop": shop, "drop": 100})
    first, second = _an_order(running, walk), _an_order(running, walk)
    walk.go_to("Orders")
    walk.follow("Compare with the store", "Compared with the store")
    walk.press("Ask the store")
    walk.is_refused("Type the order’s number.")
    walk.look("no number")
    walk.write("Order number", "999999")
    walk.press("Ask the store")
    _answered(walk, "The store does not know 999999")
    walk.look("an unknown number")
    walk.follow("Compared with the store", "Compared with the store")
    walk.write("Order number", first)
    walk.press("Ask the store")
    _answered(walk, f"Order {first} was missing")
    walk.reads("It is counted now: 400 points.")
    walk.look("an order that was missing")
    walk.follow("Open the order", f"Order {first}")
    walk.go_to("Orders")
    walk.follow("Compare with the store", "Compared with the store")
    walk.press("Compare the last day")
    _answered(walk, "1 order the store never told us about; 400 points")
    expect(walk.app.get_by_role("row", name=second)).to_contain_text("Was missing")
    walk.look("the last day")
    walk.follow("Compared with the store", "Compared with the store")
    walk.look("comparisons")
    walk.follow("The store does not know 999999", "The store does not know 999999")
    running.control("DELETE", "/faults")


def _on_home(walk: Walk, link: str) -> Locator:
    """Webhooks take their time, and Home says what there was when it was opened."""
    found = walk.app.get_by_role("link", name=link)
    for _look in range(20):
        walk.store.open_app()
        walk.sees("Home")
        if found.is_visible():
            break
        walk.store.admin.wait_for_timeout(300)
    return found


def _what_could_not_be_done(running: Running, walk: Walk) -> None:
    """As if the store had refused what was asked of it before; now it answers."""
    given_up = "state = 'dead', due_at = created_at, outcome = 'No answer came.'"
    dead = f"UPDATE loyalty_outboxmessage SET {given_up}"
    _in_the_apps_data(running, walk, f"{dead} WHERE shop_id = ? AND kind IN ('orders.look_up', 'orders.reconcile')")
    walk.follow(_on_home(walk, "See what and why"), "What could not be done")
    walk.look("what could not be done")
    walk.press_first("Try again")
    walk.reads("It comes back here only if it fails again.")
    walk.press("Try all again")
    walk.reads("things are in line again")
    walk.sees("Nothing is left undone")
    walk.look("nothing left undone")


def _what_could_not_be_used(running: Running, walk: Walk) -> None:
    controls = controls_of(walk.store)
    if isinstance(walk.store, ShopifyStore):
        running.control(
            "POST", f"{controls}/webhooks", {"topic": "orders/paid", "body": {"id": 1, "total_price": "much"}}
        )
    else:
        running.control("PATCH", f"{controls}/orders/{_an_order(running, walk)}", {"total": "much"})
    walk.follow(_on_home(walk, "See why"), "Messages that could not be used")
    walk.look("a message that could not be used")
    walk.press_first("Try again")
    walk.reads("It is gone from this list once it could be used.")


def _friends(running: Running, walk: Walk) -> None:
    """As if orders of each two had gone to one home."""
    held = "INSERT INTO loyalty_referral (shop_id, referrer_id, friend_id, state, why, order_id, claimed_at)"
    pairs = "SELECT shop_id, min(id), max(id), 'held', 'same_home', '', ? FROM loyalty_member WHERE shop_id = ? AND"
    for number in ("0", "1"):
        own = "external_id <> '' GROUP BY shop_id HAVING min(id) < max(id)"
        if number == "1":
            named = "SELECT friend_id FROM loyalty_referral UNION SELECT referrer_id FROM loyalty_referral"
            own = f"id NOT IN ({named}) AND {own}"
        _in_the_apps_data(running, walk, f"{held} {pairs} {own}", datetime.now(UTC).isoformat(" "))
    walk.follow(_on_home(walk, "2 friends to look at"), "Friends to look at")
    walk.look("friends to look at")
    walk.hands.press(walk.app.get_by_role("button", name=re.compile("^One person")).first)
    walk.reads("Nobody is thanked.")
    walk.hands.press(walk.app.get_by_role("button", name=re.compile("^Two people: thank both")))
    walk.reads("Both have their thanks.")
    walk.sees("Nobody waits for a look")
    walk.look("nobody to look at")


def _in_the_apps_data(running: Running, walk: Walk, statement: str, *values: str) -> None:
    """What takes hours of a platform's silence to happen by itself; `?` for the shop comes last."""
    shop = controls_of(walk.store).rpartition("/")[2]
    with sqlite3.connect(running.demo.folder / "regulars.sqlite3", timeout=30) as data:
        own = data.execute("SELECT id FROM loyalty_shop WHERE external_id = ?", [shop]).fetchone()[0]
        assert data.execute(statement, [*values, own]).rowcount > 0
    data.close()


def _somebodys_data(running: Running, walk: Walk) -> None:
    """Only Shopify sends word of who asks. One wants a copy, another wants to be forgotten."""
    last, one, *_others = _customers(running, walk)
    for topic, customer in (("customers/redact", last), ("customers/data_request", one)):
        running.control("POST", f"{controls_of(walk.store)}/compliance", {"topic": topic, "customer": customer})
    wanted = _on_home(walk, "1 shopper asks for a copy of their data")
    walk.follow(wanted.or_(walk.app.get_by_role("link", name="See the requests")).first, "Requests about personal data")
    walk.reads("is to be forgotten")
    walk.look("requests about personal data")
    walk.follow("Open the copy", "Everything we hold on this person")
    walk.press("I handed it over: delete it here")
    expect(walk.app.get_by_role("status").first).to_be_visible()
    walk.look("a copy handed over")
