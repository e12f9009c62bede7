"""An order of Shopify's in the house's words: what counts, whose it is, and what is refused with a sentence."""

from __future__ import annotations

import contextlib
import json
import random
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty.engine.errors import Invalid
from loyalty.engine.facts import Order
from loyalty.models import Shop
from loyalty.platforms.base import Delivery
from loyalty.platforms.shopify.parse import observations_of
from loyalty.services.observations import OrderSeen, Person
from tests.platforms.shopify import payloads as p

RECEIVED = datetime(2026, 3, 10, 8, 0, tzinfo=UTC)


def shop(currency: str = "EUR", exponent: int = 2) -> Shop:
    return Shop(
        platform="shopify",
        external_id="lamps.myshopify.com",
        currency=currency,
        exponent=exponent,
        installed_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def observe(record: Any, topic: str = "orders/paid", of: Shop | None = None) -> list[Any]:
    raw = record if isinstance(record, bytes) else p.body(record)
    delivery = Delivery(delivery_id="d1", topic=topic, body=raw, meta={}, received_at=RECEIVED)
    return list(observations_of(of or shop(), delivery, lambda _: pytest.fail("nobody asked")))


def seen(record: Any, of: Shop | None = None) -> OrderSeen:
    (found,) = observe(record, of=of)
    assert isinstance(found, OrderSeen)
    return found


def read(record: Any, of: Shop | None = None) -> Order:
    return seen(record, of).order


def test_an_order_is_read_whole() -> None:
    found = seen(p.order())
    order = found.order
    assert (order.id, order.number, order.customer_id) == ("5550001", "#1042", "7001")
    assert order.placed_at == order.paid_at == datetime(2026, 3, 10, 7, 30, tzinfo=UTC)
    assert order.updated_at == datetime(2026, 3, 10, 7, 31, tzinfo=UTC)
    assert [(line.id, line.unit_price_minor, line.product_id) for line in order.lines] == [
        ("90001", 2250, "301"),
        ("90002", 2250, "302"),
    ]
    assert (order.currency, order.exponent, order.total_minor, order.channel) == ("EUR", 2, 4500, "online")
    assert found.person == Person(external_id="7001", email="alma@shopper.test", name="Alma Berg", locale="lv")
    assert found.rank.startswith("2026-03-10T07:31:00.000000+00:00|000000000000000000|0|1|")


@pytest.mark.parametrize("topic", ["orders/create", "orders/paid", "orders/updated", "orders/cancelled"])
def test_every_order_topic_carries_the_same_order(topic: str) -> None:
    assert observe(p.order(), topic) == observe(p.order(), "orders/paid")


@pytest.mark.parametrize("status", ["pending", "authorized", "partially_paid", "voided", "expired", None])
def test_an_order_that_is_not_paid_has_no_payment(status: str | None) -> None:
    assert read(p.order(financial_status=status)).paid_at is None


@pytest.mark.parametrize("status", ["paid", "partially_refunded", "refunded"])
def test_the_date_of_payment_is_the_same_in_every_snapshot(status: str) -> None:
    later = read(p.order(financial_status=status, updated_at="2026-09-01T00:00:00+00:00"))
    assert later.paid_at == datetime(2026, 3, 10, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("currency", "exponent", "price", "minor"),
    [("JPY", 0, "1250", 1250), ("KWD", 3, "1.234", 1234), ("EUR", 2, "12.5", 1250), ("CLF", 4, "1.2345", 12345)],
)
def test_money_has_the_decimals_of_its_currency(currency: str, exponent: int, price: str, minor: int) -> None:
    record = p.order(p.line(1, price, currency=currency), currency=currency, total=price)
    order = read(record, of=shop(currency, exponent))
    assert (order.exponent, order.lines[0].unit_price_minor, order.total_minor) == (exponent, minor, minor)


def test_money_may_be_text_or_number() -> None:
    plain = {"price_set": None, "price": 22.5, "total_discount_set": None}
    assert read(p.order(p.line(1, "0", **plain))).lines[0].unit_price_minor == 2250
    raw = json.dumps(p.order(p.line(1, "0", **plain))).replace("22.5", "0.1e3").encode()
    assert read(raw).lines[0].unit_price_minor == 10_000


def test_an_orders_own_discount_stands_on_the_order() -> None:
    """Each line holds its share of it; counted on both it would count twice."""
    record = p.order(
        p.line(1, "22.50", discount_allocations=[p.allocation("2.50", 0)]),
        p.line(2, "22.50", discount_allocations=[p.allocation("2.50", 0)]),
        discount_applications=[p.across_all(code="R-9QK2")],
        discount_codes=[{"code": "R-9QK2", "amount": "5.00", "type": "fixed_amount"}],
        total="40.00",
    )
    order = read(record)
    assert order.order_discount_minor == 500
    assert [line.discount_minor for line in order.lines] == [0, 0]
    assert order.discount_codes == ("R-9QK2",)


def test_a_discount_of_some_lines_stays_with_them() -> None:
    products = {**p.across_all(), "target_selection": "entitled"}
    record = p.order(
        p.line(1, "22.50", discount_allocations=[p.allocation("4.00", 0), p.allocation("1.50", 1)]),
        p.line(2, "22.50", discount_allocations=[p.allocation("1.50", 1)]),
        discount_applications=[products, p.across_all()],
    )
    order = read(record)
    assert ([line.discount_minor for line in order.lines], order.order_discount_minor) == ([400, 0], 300)


def test_a_discount_that_leaves_a_gift_card_out_stays_with_the_lines() -> None:
    record = p.order(
        p.line(1, "22.50", discount_allocations=[p.allocation("5.00", 0)]),
        p.line(2, "50.00", gift_card=True),
        discount_applications=[p.across_all()],
    )
    order = read(record)
    assert ([line.discount_minor for line in order.lines], order.order_discount_minor) == ([500, 0], 0)
    assert [line.gift_card for line in order.lines] == [False, True]


def test_the_sum_of_discounts_is_exact_however_they_are_told() -> None:
    chance = random.Random(7)
    for _ in range(200):
        shares = [[chance.randrange(0, 400) for _ in range(3)] for _ in range(3)]
        lines = [
            p.line(
                n,
                "20.00",
                discount_allocations=[p.allocation(f"{cents / 100:.2f}", i) for i, cents in enumerate(share)],
            )
            for n, share in enumerate(shares)
        ]
        applications = [
            chance.choice([p.across_all(), {}, {**p.across_all(), "target_type": "shipping_line"}]) for _ in range(3)
        ]
        order = read(p.order(*lines, discount_applications=applications))
        told = order.order_discount_minor + sum(line.discount_minor for line in order.lines)
        assert told == sum(map(sum, shares))


def test_a_discount_without_a_name_is_its_lines() -> None:
    nameless = {"amount": "1.00"}
    order = read(p.order(p.line(1, "22.50", discount_allocations=[nameless]), p.line(2, "22.50")))
    assert order.lines[0].discount_minor == 100
    old = p.line(1, "22.50", total_discount="2.00", total_discount_set=p.bag("2.00"))
    del old["discount_allocations"]
    assert read(p.order(old)).lines[0].discount_minor == 200


def test_tax_and_shipping_stand_beside_the_goods() -> None:
    record = p.order(
        p.line(1, "22.50", tax_lines=[p.amount("price", "3.91"), p.amount("price", "0.09")]),
        taxes_included=True,
        shipping_lines=[
            {**p.amount("price", "6.00"), **p.amount("discounted_price", "4.00")},
            {**p.amount("price", "9.00"), "is_removed": True},
        ],
        **p.amount("total_tax", "4.00"),
    )
    order = read(record)
    assert (order.tax_included, order.tax_minor, order.lines[0].tax_minor, order.shipping_minor) == (
        True,
        400,
        400,
        400,
    )


def test_a_guest_is_known_by_the_address_alone() -> None:
    found = seen(p.order(customer=None, email="Guest@Shopper.test"))
    assert found.person == Person(email="guest@shopper.test", locale="lv")
    assert found.order.customer_id == ""


def test_an_order_of_nobody_belongs_to_nobody() -> None:
    found = seen(p.order(customer=None, email="", contact_email=None, source_name="shopify_draft_order"))
    assert found.person is None
    assert found.order.channel == "other"


def test_an_app_without_protected_data_sees_ids_alone() -> None:
    hidden = p.customer(email=None, first_name=None, last_name=None, default_address=None)
    found = seen(p.order(customer=hidden, email=None, contact_email=None))
    assert found.person == Person(external_id="7001", locale="lv")


@pytest.mark.parametrize(
    ("source", "channel"),
    [
        ("web", "online"),
        ("580111", "online"),
        ("pos", "pos"),
        ("iphone", "pos"),
        ("1830279", "other"),
        (None, "other"),
        (7, "other"),
    ],
)
def test_the_channel_follows_the_source(source: Any, channel: str) -> None:
    assert read(p.order(source_name=source)).channel == channel


def test_test_orders_cancelled_and_fulfilled_ones_say_so() -> None:
    parcels = [
        {"created_at": "2026-03-11T10:00:00Z", "status": "success"},
        {"created_at": "2026-03-12T10:00:00Z", "status": "success"},
        {"created_at": "2026-03-13T10:00:00Z", "status": "cancelled"},
    ]
    order = read(
        p.order(test=True, cancelled_at="2026-03-14T10:00:00Z", fulfillment_status="fulfilled", fulfillments=parcels)
    )
    assert order.test
    assert order.cancelled_at == datetime(2026, 3, 14, 10, tzinfo=UTC)
    assert order.fulfilled_at == datetime(2026, 3, 12, 10, tzinfo=UTC)
    assert read(p.order(fulfillment_status="partial", fulfillments=parcels)).fulfilled_at is None


def test_equal_snapshots_have_equal_ranks_and_a_refund_ranks_higher() -> None:
    plain, again = seen(p.order()), seen(p.order())
    assert plain.rank == again.rank
    refunded = seen(p.order(refunds=[p.refund(1, p.returned(1, "22.50"))]))
    assert refunded.rank > plain.rank


def test_long_text_is_cut_and_what_no_database_takes_is_dropped() -> None:
    order = read(p.order(p.line(1, "22.50", title="A\x00b\ud800" + "x" * 500), name="#" + "9" * 500))
    assert order.lines[0].title.startswith("Abx")
    assert len(order.lines[0].title) == 255
    assert len(order.number) == 64


def without(name: str) -> dict[str, Any]:
    record = p.order()
    del record[name]
    return record


UNUSABLE: dict[str, Any] = {
    "not JSON": b"<order/>",
    "cut off": p.body(p.order())[:-40],
    "empty": b"",
    "not UTF-8": b"\xff\xfe",
    "a list": [],
    "deep": b'{"a":' * 100 + b"1" + b"}" * 100,
    "no lines": without("line_items"),
    "no id": without("id"),
    "no date": without("updated_at"),
    "no currency": without("currency"),
    "an id that is text of words": p.order(id="DROP TABLE"),
    "a negative id": p.order(id=-4),
    "an id that is true": p.order(id=True),
    "announced as an order, a refund inside": p.order(admin_graphql_api_id="gid://shopify/Refund/5550001"),
    "another order's gid": p.order(admin_graphql_api_id="gid://shopify/Order/1"),
    "another currency": p.order(currency="USD"),
    "a set in another currency": p.order(p.line(1, "1.00", price_set=p.bag("1.00", "USD"))),
    "too many decimals": p.order(p.line(1, "1.005")),
    "a price that is no number": p.order(p.line(1, "cheap")),
    "a price without end": p.order(p.line(1, "1e400")),
    "a negative price": p.order(p.line(1, "-1.00")),
    "no price": p.order(p.line(1, "1.00", price=None, price_set=None)),
    "a negative discount": p.order(p.line(1, "1.00", discount_allocations=[p.allocation("-1.00", 0)])),
    "a negative quantity": p.order(p.line(1, "1.00", quantity=-1)),
    "a quantity of a half": p.order(p.line(1, "1.00", quantity=0.5)),
    "an absurd quantity": p.order(p.line(1, "1.00", quantity=10**9)),
    "a line twice": p.order(p.line(1, "1.00"), p.line(1, "1.00")),
    "501 lines": p.order(*(p.line(n, "1.00") for n in range(501))),
    "lines of text": p.order(line_items=["a", "b"]),
    "a date without its offset": p.order(updated_at="2026-03-10T09:30:00"),
    "a date in words": p.order(processed_at="yesterday"),
    "a date in the year 1": p.order(processed_at="0001-01-01T00:00:00+14:00"),
    "a customer that is text": p.order(customer="Alma"),
    "a customer that is a company": p.order(customer=p.customer(admin_graphql_api_id="gid://shopify/Company/7001")),
    "a refund twice": p.order(refunds=[p.refund(1), p.refund(1)]),
}


@pytest.mark.parametrize("fault", UNUSABLE)
def test_what_cannot_be_used_is_refused_with_a_sentence(fault: str) -> None:
    with pytest.raises(Invalid) as caught:
        observe(UNUSABLE[fault])
    assert caught.value.message.endswith((".", "?"))
    assert len(caught.value.message) < 500


def test_no_mutilated_order_breaks_the_parser() -> None:
    """Any value of a good order replaced by any other: an observation or a sentence, never anything else."""
    chance = random.Random(11)
    junk: list[Any] = [None, "", "x", -1, 0, 1.5, True, [], {}, [1], {"a": 1}, "9" * 50, "\ud800", 10**30, [[]], [None]]
    record = p.order(refunds=[p.refund(1, p.returned(1, "22.50"))], discount_applications=[p.across_all()])
    for _ in range(3_000):
        mutilated = json.loads(json.dumps(record))
        node: Any = mutilated
        while True:
            keys = list(node) if isinstance(node, dict) else list(range(len(node)))
            key = chance.choice(keys)
            if isinstance(node[key], (dict, list)) and node[key] and chance.random() < 0.8:
                node = node[key]
                continue
            node[key] = chance.choice(junk)
            break
        with contextlib.suppress(Invalid):
            observe(mutilated)


@pytest.mark.parametrize(
    ("attributes", "code"),
    [
        ([{"name": "gift wrap", "value": "yes"}, {"name": "_regulars_ref", "value": "ABCDEFGHJK"}], "ABCDEFGHJK"),
        ([{"name": "_regulars_ref", "value": "x" * 5000}], "x" * 64),
        ([{"name": "_regulars_ref", "value": 5}], ""),
        ([None, 5, {}], ""),
        ({"_regulars_ref": "ABCDEFGHJK"}, ""),
        (None, ""),
    ],
)
def test_a_friends_code_is_read_from_the_orders_attributes_and_changes_no_rank(attributes: Any, code: str) -> None:
    found = seen(p.order(note_attributes=attributes))
    assert (found.referral, found.rank) == (code, seen(p.order()).rank)


@pytest.mark.parametrize(
    ("consent", "since"),
    [
        ({"state": "subscribed", "consent_updated_at": "2026-03-01T10:00:00Z"}, datetime(2026, 3, 1, 10, tzinfo=UTC)),
        ({"state": "not_subscribed"}, None),
        ("subscribed", None),
        (None, None),
    ],
)
def test_a_subscriber_is_told_where_the_customer_says_so(consent: Any, since: datetime | None) -> None:
    (found,) = observe(p.customer(email_marketing_consent=consent), "customers/update")
    assert found.subscribed_at == since


def test_an_order_says_of_a_household_where_it_goes_and_on_which_phone() -> None:
    there = {"last_name": "Haddad", "address1": "Main 1", "zip": "1010", "country_code": "LV", "phone": "+371 29123456"}
    person = seen(p.order(shipping_address=there, phone="29123456")).person
    assert person is not None
    assert person.marks == ("home:lv:1010:main1:haddad", "phone:29123456")
    for odd in (None, [], {"zip": 5, "phone": {}}):
        person = seen(p.order(shipping_address=odd, phone=None)).person
        assert person is not None
        assert person.marks == ()
