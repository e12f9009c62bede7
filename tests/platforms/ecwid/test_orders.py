"""Orders into facts: every pair of statuses, refunds without amounts, floats, guests, gift cards."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loyalty.engine.errors import Invalid
from loyalty.engine.facts import Order, validate
from loyalty.engine.program import Version, default_program
from loyalty.engine.statement import fold
from loyalty.platforms.ecwid.customers import read_customer
from loyalty.platforms.ecwid.orders import ReadOrder, read_order
from loyalty.platforms.reading import parse_json

PAYMENTS = (
    "AWAITING_PAYMENT PAID CANCELLED REFUNDED PARTIALLY_REFUNDED INCOMPLETE"
    " CUSTOM_PAYMENT_STATUS_1 CUSTOM_PAYMENT_STATUS_2 CUSTOM_PAYMENT_STATUS_3 SOMETHING_NEW"
).split()
FULFILMENTS = (
    "AWAITING_PROCESSING PROCESSING SHIPPED DELIVERED WILL_NOT_DELIVER RETURNED READY_FOR_PICKUP OUT_FOR_DELIVERY"
    " CUSTOM_FULFILLMENT_STATUS_1 CUSTOM_FULFILLMENT_STATUS_2 CUSTOM_FULFILLMENT_STATUS_3"
).split()
EARNING = {"PAID", "PARTIALLY_REFUNDED"}
PLACED = datetime(2026, 3, 1, 9, tzinfo=UTC)
CHANGED = datetime(2026, 3, 4, 9, tzinfo=UTC)


def document(**changes: Any) -> dict[str, Any]:
    """Two notebooks of 22.50 with a coupon of 5.00: 40.00 paid."""
    order: dict[str, Any] = {
        "id": "K8XTQ",
        "internalId": 516483487,
        "vendorOrderNumber": "K8XTQ",
        "email": "Noor@Example.com",
        "customerId": 270919557,
        "paymentStatus": "PAID",
        "fulfillmentStatus": "AWAITING_PROCESSING",
        "subtotal": 45,
        "discount": 0,
        "couponDiscount": 5,
        "total": 40,
        "tax": 0,
        "refundedAmount": 0,
        "refunds": [],
        "createDate": "2026-03-01 09:00:00 +0000",
        "updateDate": "2026-03-04 09:00:00 +0000",
        "discountCoupon": {"id": 1, "code": "HJKM-2346-TUVW", "discountType": "ABS", "discount": 5},
        "billingPerson": {"name": "Noor Haddad"},
        "items": [
            {"id": 1, "productId": 11, "categoryId": 8101, "name": "Notebook, dotted", "price": 22.5, "quantity": 1},
            {"id": 2, "productId": 12, "categoryId": 8101, "name": "Notebook, plain", "price": 22.5, "quantity": 1},
        ],
    }
    return exact(order | changes)


def exact(value: Any) -> Any:
    """Fractions as the client hands them on."""
    if isinstance(value, dict):
        return {name: exact(each) for name, each in value.items()}
    if isinstance(value, list):
        return [exact(each) for each in value]
    return Decimal(repr(value)) if isinstance(value, float) else value


def read(changes: dict[str, Any] | None = None, known: Order | None = None, **settings: Any) -> ReadOrder:
    currency = settings.get("currency", "EUR")
    exponent = settings.get("exponent", 2)
    return read_order(document(**(changes or {})), currency=currency, exponent=exponent, known=known)


def fact(changes: dict[str, Any] | None = None, known: Order | None = None, **settings: Any) -> Order:
    seen = read(changes, known, **settings).seen
    assert seen is not None
    validate(seen.order)
    return seen.order


def points_of(order: Order) -> int:
    program = default_program(order.currency, order.exponent, "UTC", "Paper Heron")
    version = Version(number=1, in_force_from=datetime(2026, 1, 1, tzinfo=UTC), program=program)
    return fold([version], [order], datetime(2026, 12, 1, tzinfo=UTC)).available


def test_an_order_is_read_whole() -> None:
    order = fact({"pricesIncludeTax": False, "shippingOption": {"shippingRate": 4.9}, "tax": 1.5, "total": 46.4})
    assert (order.id, order.number, order.customer_id) == ("K8XTQ", "K8XTQ", "270919557")
    assert (order.placed_at, order.updated_at, order.paid_at) == (PLACED, CHANGED, PLACED)
    assert [(line.title, line.quantity, line.unit_price_minor) for line in order.lines] == [
        ("Notebook, dotted", 1, 2250),
        ("Notebook, plain", 1, 2250),
    ]
    assert order.lines[0].product_id == "11"
    assert order.lines[0].collection_ids == ("8101",)
    assert order.discount_codes == ("HJKM-2346-TUVW",)
    assert (order.order_discount_minor, order.shipping_minor, order.tax_minor, order.total_minor) == (
        500,
        490,
        150,
        4640,
    )


@pytest.mark.parametrize(("payment", "fulfilment"), list(product(PAYMENTS, FULFILMENTS)))
def test_every_pair_of_statuses_is_a_fact_that_makes_sense(payment: str, fulfilment: str) -> None:
    before = fact({"paymentStatus": "AWAITING_PAYMENT"})
    order = fact({"paymentStatus": payment, "fulfillmentStatus": fulfilment}, known=before)
    assert (order.fulfilled_at is not None) == (fulfilment in {"SHIPPED", "DELIVERED", "OUT_FOR_DELIVERY"})
    assert (order.cancelled_at is not None) == (payment == "CANCELLED")
    assert (order.paid_at is not None) == (payment in EARNING | {"REFUNDED"})
    assert points_of(order) == (40 if payment in EARNING else 0)


@given(st.lists(st.sampled_from(list(product(PAYMENTS, FULFILMENTS))), max_size=8), st.sampled_from(PAYMENTS))
def test_whatever_statuses_came_before_the_points_are_those_of_the_last(way: list[tuple[str, str]], last: str) -> None:
    known: Order | None = None
    for minute, (payment, fulfilment) in enumerate([*way, (last, "SHIPPED")]):
        changes = {
            "paymentStatus": payment,
            "fulfillmentStatus": fulfilment,
            "updateDate": f"2026-03-04 09:{minute:02}:00 +0000",
        }
        seen = read(changes, known).seen
        known = seen.order if seen else known
    assert (points_of(known) if known else 0) == (40 if last in EARNING else 0)


def test_a_cart_that_was_never_an_order_is_nobody() -> None:
    assert read({"paymentStatus": "INCOMPLETE"}).seen is None
    assert fact({"paymentStatus": "INCOMPLETE"}, known=fact()).paid_at is None


def test_the_day_of_payment_stays_when_the_merchant_writes_a_note_later() -> None:
    unpaid = fact({"paymentStatus": "AWAITING_PAYMENT"})
    paid = fact({"updateDate": "2026-03-06 10:00:00 +0000"}, known=unpaid)
    noted = fact({"updateDate": "2026-07-01 10:00:00 +0000", "fulfillmentStatus": "SHIPPED"}, known=paid)
    again = fact({"updateDate": "2026-08-01 10:00:00 +0000", "fulfillmentStatus": "DELIVERED"}, known=noted)
    assert paid.paid_at == noted.paid_at == again.paid_at == datetime(2026, 3, 6, 10, tzinfo=UTC)
    assert noted.fulfilled_at == again.fulfilled_at == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_the_same_answer_twice_is_the_same_snapshot_and_a_later_one_is_greater() -> None:
    first = read().seen
    assert first is not None
    again = read(known=first.order).seen
    later = read({"updateDate": "2026-03-04 09:00:01 +0000"}, known=first.order).seen
    assert again is not None
    assert later is not None
    assert again.rank == first.rank
    assert later.rank > first.rank


def test_two_changes_in_one_second_are_taken_in_the_order_in_which_they_were_fetched() -> None:
    known = read().seen
    for payment in ("REFUNDED", "PAID", "CANCELLED", "AWAITING_PAYMENT", "PAID", "REFUNDED"):
        assert known is not None
        later = read({"paymentStatus": payment}, known=known.order).seen
        assert later is not None
        assert later.rank > known.rank
        again = read({"paymentStatus": payment}, known=later.order).seen
        assert again == later
        known = later


def test_what_is_a_second_older_than_what_we_have_stays_older() -> None:
    known = read({"paymentStatus": "REFUNDED"}).seen
    assert known is not None
    older = read({"updateDate": "2026-03-04 08:59:59 +0000"}, known=known.order).seen
    assert older is not None
    assert older.rank < known.rank


def test_listed_refunds_keep_their_ids_in_any_order_of_the_list() -> None:
    refunds = [
        {"date": "2026-03-05 10:00:00 +0000", "source": "CP", "reason": "", "amount": 20},
        {"date": "2026-03-06 10:00:00 +0000", "source": "API", "amount": 5},
        {"date": "2026-03-06 10:00:00 +0000", "source": "API", "amount": 5},
    ]
    changes = {"paymentStatus": "PARTIALLY_REFUNDED", "refundedAmount": 30}
    order = fact({**changes, "refunds": refunds})
    turned = fact({**changes, "refunds": refunds[::-1]})
    assert order.refunds == turned.refunds
    assert [refund.amount_minor for refund in order.refunds] == [2000, 500, 500]
    assert len({refund.id for refund in order.refunds}) == 3
    assert points_of(order) == 10


def test_what_was_refunded_beyond_the_list_counts_too() -> None:
    refund = {"date": "2026-03-05 10:00:00 +0000", "source": "CP", "amount": 20}
    order = fact({"paymentStatus": "PARTIALLY_REFUNDED", "refundedAmount": 30, "refunds": [refund]})
    assert sorted(each.amount_minor for each in order.refunds) == [1000, 2000]
    assert points_of(order) == 10


def test_one_of_two_lines_refunded_takes_half_of_the_points() -> None:
    refund = {"date": "2026-03-05 10:00:00 +0000", "source": "CP", "amount": 20}
    order = fact({"paymentStatus": "PARTIALLY_REFUNDED", "refundedAmount": 20, "refunds": [refund]})
    assert points_of(order) == 20


def test_a_refund_is_the_same_mixture_of_goods_tax_and_shipping_as_the_order() -> None:
    changes = {"tax": 8, "shippingOption": {"shippingRate": 12}, "total": 60}
    order = fact({**changes, "paymentStatus": "PARTIALLY_REFUNDED", "refundedAmount": 30})
    (refund,) = order.refunds
    assert (refund.amount_minor, refund.tax_minor, refund.shipping_minor) == (2000, 400, 600)


def test_thirds_of_a_refund_add_up_to_the_goods() -> None:
    entries = [{"date": f"2026-03-05 10:00:0{n} +0000", "source": "CP", "amount": 20} for n in range(3)]
    changes = {"tax": 8, "shippingOption": {"shippingRate": 12}, "total": 60, "paymentStatus": "REFUNDED"}
    order = fact({**changes, "refunds": entries, "refundedAmount": 60})
    assert sum(refund.amount_minor for refund in order.refunds) == 4000
    assert sum(refund.tax_minor for refund in order.refunds) == 800
    assert sum(refund.shipping_minor for refund in order.refunds) == 1200
    assert points_of(order) == 0


def test_prices_with_tax_in_them_refund_the_goods_without_it() -> None:
    items = [{"id": 1, "name": "Pen", "price": 12, "quantity": 1, "tax": 2}]
    changes = {"pricesIncludeTax": True, "items": items, "tax": 2, "couponDiscount": 0, "total": 12}
    assert points_of(fact(changes)) == 10
    refunded = fact({**changes, "paymentStatus": "PARTIALLY_REFUNDED", "refundedAmount": 6})
    assert (refunded.refunds[0].amount_minor, refunded.refunds[0].tax_minor) == (500, 100)
    assert points_of(refunded) == 5


@pytest.mark.parametrize("amounts", [{}, {"refundedAmount": None, "refunds": None}, {"refundedAmount": 0}])
def test_refunded_without_an_amount_is_the_whole_order(amounts: dict[str, Any]) -> None:
    order = fact({"paymentStatus": "REFUNDED", **amounts})
    assert points_of(order) == 0
    assert order.refunds[0].at == CHANGED
    noted = fact({"paymentStatus": "REFUNDED", "updateDate": "2026-05-01 09:00:00 +0000", **amounts}, known=order)
    assert noted.refunds == order.refunds


def test_refunded_after_a_part_is_the_rest_as_well() -> None:
    refund = {"date": "2026-03-05 10:00:00 +0000", "source": "CP", "amount": 20}
    order = fact({"paymentStatus": "REFUNDED", "refundedAmount": 20, "refunds": [refund]})
    assert [each.amount_minor for each in order.refunds] == [2000, 2000]
    assert points_of(order) == 0


def test_refunded_goods_that_cost_nothing_are_told_by_their_units() -> None:
    order = fact({"paymentStatus": "REFUNDED", "couponDiscount": 45, "total": 0})
    assert [(line.line_id, line.quantity) for line in order.refunds[0].lines] == [("1", 1), ("2", 1)]


@pytest.mark.parametrize("amounts", [{}, {"refundedAmount": None}, {"refundedAmount": 0, "refunds": []}])
def test_partially_refunded_without_an_amount_takes_nothing_and_tells_the_merchant(amounts: dict[str, Any]) -> None:
    answer = read({"paymentStatus": "PARTIALLY_REFUNDED", **amounts})
    assert "K8XTQ" in answer.flag
    assert answer.seen is not None
    assert points_of(answer.seen.order) == 40
    assert read({"paymentStatus": "PARTIALLY_REFUNDED", "refundedAmount": 1}).flag == ""


def test_an_order_back_to_paid_by_hand_has_its_points_again() -> None:
    refunded = fact({"paymentStatus": "REFUNDED"})
    cancelled = fact({"paymentStatus": "CANCELLED", "updateDate": "2026-03-05 09:00:00 +0000"}, known=refunded)
    paid = fact({"updateDate": "2026-03-06 09:00:00 +0000"}, known=cancelled)
    assert points_of(cancelled) == 0
    assert (points_of(paid), paid.paid_at, paid.refunds) == (40, PLACED, ())


def test_more_refunded_than_paid_is_all_of_it() -> None:
    assert points_of(fact({"paymentStatus": "PARTIALLY_REFUNDED", "refundedAmount": 99.5})) == 0


def test_the_stores_split_of_a_discount_is_used_where_it_leaves_a_line_out() -> None:
    items = [
        {"id": 1, "name": "Pen", "price": 30, "quantity": 1, "couponAmount": 10},
        {"id": 2, "name": "Gift card", "price": 30, "quantity": 1, "giftCard": True},
    ]
    order = fact({"items": items, "couponDiscount": 10, "total": 50})
    assert ([line.discount_minor for line in order.lines], order.order_discount_minor) == ([1000, 0], 0)
    assert points_of(order) == 20


def test_a_split_that_does_not_add_up_or_covers_every_line_stays_on_the_order() -> None:
    items = [{"id": n, "name": "Pen", "price": 30, "quantity": 2, "couponAmount": 5} for n in (1, 2)]
    assert fact({"items": items, "couponDiscount": 10, "total": 110}).order_discount_minor == 1000
    items[1]["couponAmount"] = 0
    assert fact({"items": items, "couponDiscount": 10, "total": 110}).order_discount_minor == 1000


def test_discounts_of_promotions_and_of_the_coupon_are_added() -> None:
    order = fact({"discount": 4, "couponDiscount": 5, "total": 36})
    assert order.order_discount_minor == 900


def test_what_a_gift_card_paid_is_part_of_what_the_order_came_to() -> None:
    order = fact({"total": 25, "giftCardRedemption": 15, "totalBeforeGiftCardRedemption": 40})
    assert (order.total_minor, order.gift_card_minor) == (4000, 1500)


def test_a_guest_is_known_by_address_and_nobody_by_nothing() -> None:
    guest = read({"customerId": None}).seen
    nobody = read({"customerId": None, "email": ""}).seen
    assert guest is not None
    assert guest.person is not None
    assert (guest.person.external_id, guest.person.email, guest.person.name) == ("", "noor@example.com", "Noor Haddad")
    assert nobody is not None
    assert nobody.person is None
    assert nobody.order.customer_id == ""


@pytest.mark.parametrize(
    ("currency", "exponent", "price", "minor"),
    [
        ("JPY", 0, 2250, 2250),
        ("JPY", 0, Decimal("2250.0"), 2250),
        ("KWD", 3, Decimal("1.234"), 1234),
        ("EUR", 2, Decimal("27.049999999999997"), 2705),
        ("EUR", 2, Decimal("19.98999999"), 1999),
        ("EUR", 2, Decimal("1E+1"), 1000),
        ("EUR", 2, "22.50", 2250),
    ],
)
def test_amounts_are_exact_in_any_currency(currency: str, exponent: int, price: Any, minor: int) -> None:
    items = [{"id": 1, "name": "Pen", "price": price, "quantity": 1}]
    order = fact({"items": items, "couponDiscount": 0, "total": price}, currency=currency, exponent=exponent)
    assert order.lines[0].unit_price_minor == minor


@pytest.mark.parametrize(
    "price",
    [
        -1,
        "abc",
        "",
        Decimal("NaN"),
        Decimal("Infinity"),
        Decimal("1E+30"),
        10**16,
        True,
        [],
        {},
        Decimal("9.995"),
        "1" * 60,
    ],
)
def test_an_amount_that_is_none_or_a_fraction_of_a_cent_names_the_order(price: Any) -> None:
    with pytest.raises(Invalid, match="Order K8XTQ: A line's price"):
        read({"items": [{"id": 1, "name": "Pen", "price": price, "quantity": 1}]})


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None, "vendorOrderNumber": None},
        {"id": "..", "vendorOrderNumber": ""},
        {"id": "x" * 65},
        {"id": ["K8XTQ"]},
        {"paymentStatus": None},
        {"createDate": None},
        {"createDate": "yesterday"},
        {"createDate": "0001-01-01 00:00:00 +0000"},
        {"createDate": "2026-03-01 09:00:00"},
        {"updateDate": "9999-12-31 23:59:59 -2359"},
        {"customerId": "../../profile"},
        {"items": {}},
        {"items": [1]},
        {"items": [{"id": 1, "price": 1, "quantity": -1}]},
        {"items": [{"id": 1, "price": 1, "quantity": 1.5}]},
        {"items": [{"id": 1, "price": 1, "quantity": 10**9}]},
        {"items": [{"id": 1, "price": 1, "quantity": 1}] * 501},
        {"refunds": [{"amount": 5}]},
        {"refunds": "none"},
    ],
)
def test_an_order_that_cannot_be_used_is_bad_input(changes: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        read(changes)


@pytest.mark.parametrize("document_", [None, [], "order", 5])
def test_an_answer_that_is_no_order_is_bad_input(document_: Any) -> None:
    with pytest.raises(Invalid):
        read_order(document_, currency="EUR", exponent=2, known=None)


DOCUMENTS = Path(__file__).parent / "documents"


@pytest.mark.parametrize(
    ("name", "points", "person", "goods_back_minor"),
    [
        ("order_with_tax_included", 18, "noor@example.com", []),
        ("order_with_coupon", 980, "", []),
        ("order_partly_refunded_of_2019", 2098, "noor@example.com", [365]),
    ],
)
def test_whole_documents_in_the_shapes_of_three_ages_are_read(
    name: str, points: int, person: str, goods_back_minor: list[int]
) -> None:
    raw = (DOCUMENTS / f"{name}.json").read_bytes()
    seen = read_order(parse_json(raw), currency="EUR", exponent=2, known=None).seen
    assert seen is not None
    validate(seen.order)
    assert (seen.person.email if seen.person else "") == person
    assert [refund.amount_minor for refund in seen.order.refunds] == goods_back_minor
    assert points_of(seen.order) == points


def test_a_refund_is_never_before_its_order() -> None:
    refund = {"date": "2017-09-12 10:12:56 +0000", "source": "CP", "amount": 20}
    order = fact({"paymentStatus": "PARTIALLY_REFUNDED", "refundedAmount": 20, "refunds": [refund]})
    assert order.refunds[0].at == PLACED


def test_texts_are_cut_and_cleaned() -> None:
    items = [{"id": 1, "name": "Pen\x00" + "x" * 400, "price": 1, "quantity": 1}]
    order = fact({"items": items, "paymentMethod": "y" * 300, "couponDiscount": 0, "total": 1})
    assert order.lines[0].title == "Pen" + "x" * 252
    assert len(order.payment_methods[0]) == 100


def test_an_old_sample_with_tax_shipping_and_handling_adds_up() -> None:
    """The shape of Ecwid's 2019 documentation: every discount split over every line, no line ids of refunds."""
    items = [
        {"id": 1, "name": "Desk", "price": 1060, "quantity": 1, "couponAmount": 21.66, "discounts": [{"total": 3.94}]},
        {"id": 2, "name": "Mug", "price": 16.64, "quantity": 1, "couponAmount": 0.34, "discounts": [{"total": 0.06}]},
    ]
    refund = {"date": "2026-03-05 10:12:56 +0000", "source": "CP", "reason": "Testing!", "amount": 3.5}
    order = fact(
        {
            "items": items,
            "discount": 4,
            "couponDiscount": 22,
            "tax": 488.48,
            "shippingOption": {"shippingRate": 471.85},
            "handlingFee": {"value": 4},
            "total": 2014.97,
            "paymentStatus": "PARTIALLY_REFUNDED",
            "refundedAmount": 3.5,
            "refunds": [refund],
        }
    )
    assert order.order_discount_minor == 2600
    assert order.refunds[0].amount_minor + order.refunds[0].tax_minor + order.refunds[0].shipping_minor == 350
    assert points_of(order) == 1049


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"regulars_ref": "ABCDEFGHJK", "other": "x"}, "ABCDEFGHJK"),
        ({"regulars_ref": {"value": "ABCDEFGHJK"}}, "ABCDEFGHJK"),
        ({"regulars_ref": ["x"]}, ""),
        ("regulars_ref", ""),
        (None, ""),
    ],
)
def test_a_friends_code_is_read_from_the_hidden_field_and_changes_no_rank(fields: Any, code: str) -> None:
    found = read({"extraFields": fields}).seen
    assert found is not None
    plain = read().seen
    assert plain is not None
    assert (found.referral, found.rank) == (code, plain.rank)


@pytest.mark.parametrize(("accepts", "subscribes"), [(True, True), (False, False), (None, False), ("yes", False)])
def test_who_accepts_letters_of_the_shop_subscribed_when_it_was_seen(accepts: Any, subscribes: bool) -> None:
    told = {"id": 7, "email": "a@b.test", "updated": "2026-03-01 10:00:00 +0000", "acceptMarketing": accepts}
    assert read_customer(told).subscribed_at == (datetime(2026, 3, 1, 10, tzinfo=UTC) if subscribes else None)


def test_an_order_says_of_a_household_where_it_goes_and_on_which_phone() -> None:
    there = {"name": "Noor Haddad", "street": "Main 1", "postalCode": "1010", "countryCode": "LV", "phone": "29123456"}
    person = read({"shippingPerson": there, "billingPerson": {"name": "Noor Haddad"}}).seen.person
    assert person is not None
    assert person.marks == ("home:lv:1010:main1:haddad", "phone:29123456")
    for odd in ({"name": 5, "street": ["x"]}, {"phone": {}}, "text"):
        person = read({"shippingPerson": odd}).seen.person
        assert person is not None
        assert person.marks == ()
