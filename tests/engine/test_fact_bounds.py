"""Every bound of a fact: what stands at it passes, what lies beyond is refused in these words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from loyalty.engine.errors import Invalid
from loyalty.engine.facts import (
    Activity,
    Adjustment,
    Fact,
    Import,
    ImportLot,
    Membership,
    Redemption,
    Referral,
    Refund,
    RefundLine,
    validate,
)
from tests.engine.factories import day, line, order, redemption

BEGIN, END = datetime(1990, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MOST_POINTS, MOST_MINOR = 10**12, 10**15
AMOUNT = "An amount is zero or more and below 1,000,000,000,000,000 minor units."
YEARS = "A time lies between the years 1990 and 2100."
ZONE = "A time needs its zone, such as 2026-11-21T10:00:00Z."
ID = "A fact needs an id of 1 to 200 characters."
UNITS = "A line has 0 to 1,000,000 units."
RATE = "A rate is two positive numbers below 1,000,000,000,000."
ADJUSTMENT = "An adjustment gives or takes between 1 and 1,000,000,000,000 points."
SIZE = "An order has at most 5,000 lines and 5,000 refunds."
KINDS = (
    "sign_up, birthday, newsletter, review, social_follow, social_share, profile_completed, referral_completed,"
    " event_attended, app_installed, visit, custom"
)


def of_line(**changes: Any) -> Fact:
    return order(lines=(line("0"), line(**changes)))


def refunded(**changes: Any) -> Fact:
    first, second = Refund(id="0", at=day(1), amount_minor=0), Refund(id="1", at=day(1), amount_minor=0)
    return order(refunds=(first, msgspec.structs.replace(second, **changes)))


def unit_back(**changes: Any) -> Fact:
    base = RefundLine(line_id="1", quantity=1, amount_minor=1)
    return refunded(lines=(base, msgspec.structs.replace(base, **changes)))


def adjusted(points: int) -> Fact:
    return Adjustment(id="a", at=day(1), points=points, actor="x", reason="y")


def brought(**changes: Any) -> Fact:
    lot = ImportLot(points=1, at=day(1))
    return Import(id="i", at=day(1), lots=(lot, msgspec.structs.replace(lot, **changes)))


OF_AN_ORDER = (
    "order_discount_minor",
    "shipping_minor",
    "tax_minor",
    "fee_minor",
    "gift_card_minor",
    "store_credit_minor",
)

BEYOND: list[tuple[Fact, str, str]] = [
    (order(id=""), "id", ID),
    (order(id="i" * 201), "id", ID),
    (adjusted(0), "points", ADJUSTMENT),
    (adjusted(MOST_POINTS + 1), "points", ADJUSTMENT),
    (adjusted(-MOST_POINTS - 1), "points", ADJUSTMENT),
    *(
        (redemption("r", day(1), each), "points", "A redemption takes 0 points or more.")
        for each in (-1, MOST_POINTS + 1)
    ),
    *(
        (brought(points=each), "lots[1].points", "An imported lot holds 1 point or more.")
        for each in (0, MOST_POINTS + 1)
    ),
    *((order(exponent=each), "exponent", "A currency has 0 to 4 decimals.") for each in (-1, 5)),
    (order(lines=tuple(line(str(n)) for n in range(5001))), "lines", SIZE),
    (order(refunds=tuple(Refund(id=str(n), at=day(1), amount_minor=0) for n in range(5001))), "lines", SIZE),
    *((order(**{name: each}), name, AMOUNT) for name in OF_AN_ORDER for each in (-1, MOST_MINOR + 1)),
    *((order(rate=each), "rate", RATE) for each in ((0, 1), (1, 0), (1, 10**12 + 1))),
    (order(lines=(line("1"), line("1"))), "lines", "Each line of an order needs its own id."),
    *((of_line(quantity=each, price_minor=0), "lines[1].quantity", UNITS) for each in (-1, 1_000_001)),
    *((of_line(price_minor=each), "lines[1].unit_price_minor", AMOUNT) for each in (-1, MOST_MINOR + 1)),
    (of_line(price_minor=MOST_MINOR, quantity=2), "lines[1].unit_price_minor", AMOUNT),
    (of_line(discount_minor=-1), "lines[1].discount_minor", AMOUNT),
    (of_line(tax_minor=-1), "lines[1].tax_minor", AMOUNT),
    (refunded(id="0"), "refunds", "Each refund of an order needs its own id."),
    *(
        (refunded(**{name: -1}), f"refunds[1].{name}", AMOUNT)
        for name in ("amount_minor", "shipping_minor", "tax_minor", "fee_minor")
    ),
    *(
        (unit_back(quantity=each), "refunds[1].lines[1].quantity", "A refund gives back 0 units or more.")
        for each in (-1, 1_000_001)
    ),
    (unit_back(amount_minor=-1), "refunds[1].lines[1].amount_minor", AMOUNT),
    *(
        (fact, place, YEARS)
        for at in (BEGIN - SECOND, END + SECOND)
        for fact, place in (
            (order(at=at, updated_at=day(1), paid_at=day(1)), "at"),
            (order(updated_at=at), "updated_at"),
            (order(paid_at=at), "paid_at"),
            (order(fulfilled_at=at), "fulfilled_at"),
            (order(cancelled_at=at), "cancelled_at"),
            (of_line(added_at=at), "lines[1].added_at"),
            (refunded(at=at), "refunds[1].at"),
            (redemption("r", at), "at"),
            (redemption("r", day(1), given_back_at=at), "given_back_at"),
            (redemption("r", day(1), used_at=at), "used_at"),
            (brought(at=at), "lots[1].at"),
            (brought(expires_at=at), "lots[1].expires_at"),
            (brought(available_at=at), "lots[1].available_at"),
        )
    ),
    (order(paid_at=day(1).replace(tzinfo=None)), "paid_at", ZONE),
    (Activity(id="a", at=day(1), kind="dance"), "kind", f"'dance' is none of: {KINDS}."),
    (Membership(id="m", at=day(1), plan="p", event="stolen"), "event", "'stolen' is none of: bought, renewed, ended."),
    (Referral(id="r", at=day(1), role="uncle", other="m"), "role", "'uncle' is none of: referrer, friend."),
    (
        redemption("r", day(1), given_back_why="whim"),
        "given_back_why",
        "'whim' is none of: failed, cancelled, expired.",
    ),
]

AT: list[Fact] = [
    order(id="i" * 200),
    *(adjusted(each) for each in (1, -1, MOST_POINTS, -MOST_POINTS)),
    *(redemption("r", day(1), each) for each in (0, MOST_POINTS)),
    *(brought(points=each) for each in (1, MOST_POINTS)),
    *(order(exponent=each) for each in (0, 4)),
    order(lines=tuple(line(str(n)) for n in range(5000))),
    order(refunds=tuple(Refund(id=str(n), at=day(1), amount_minor=0) for n in range(5000))),
    *(order(**{name: each}) for name in OF_AN_ORDER for each in (0, MOST_MINOR)),
    *(order(rate=each) for each in ((1, 1), (10**12, 10**12))),
    *(of_line(quantity=each, price_minor=0) for each in (0, 1_000_000)),
    *(of_line(price_minor=each, discount_minor=each, tax_minor=each) for each in (0, MOST_MINOR)),
    *(
        refunded(amount_minor=each, shipping_minor=each, tax_minor=each, fee_minor=each, at=at)
        for each, at in ((0, BEGIN), (MOST_MINOR, END))
    ),
    *(unit_back(quantity=each) for each in (0, 1_000_000)),
    *(order(at=each, fulfilled_at=each, cancelled_at=each) for each in (BEGIN, END)),
    *(Membership(id="m", at=day(1), plan="p", event=each) for each in ("bought", "renewed", "ended")),
    *(Referral(id="r", at=day(1), role=each, other="m") for each in ("referrer", "friend")),
    *(redemption("r", day(1), given_back_why=each) for each in ("", "failed", "cancelled", "expired")),
    *(Activity(id="a", at=day(1), kind=each) for each in KINDS.split(", ")),
    Redemption(id="r", at=BEGIN, points=0, reward="r", used_at=END, given_back_at=END),
]


@pytest.mark.parametrize(("fact", "place", "sentence"), BEYOND)
def test_what_lies_beyond_is_refused_with_place_and_sentence(fact: Fact, place: str, sentence: str) -> None:
    with pytest.raises(Invalid) as refused:
        validate(fact)
    assert (refused.value.place, refused.value.message) == (place, sentence)


@pytest.mark.parametrize("fact", AT)
def test_what_stands_at_the_bound_passes(fact: Fact) -> None:
    validate(fact)
