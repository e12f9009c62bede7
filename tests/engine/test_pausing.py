"""A pause in the program: what is placed or done in it earns nothing, and everything else goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loyalty.engine.facts import Activity, Line, Order, Profile, Referral
from loyalty.engine.program import Version, parse_program
from loyalty.engine.statement import fold

T = datetime(2026, 3, 2, 12, tzinfo=UTC)
PAUSE, END = T + timedelta(days=10), T + timedelta(days=20)
RULES = [
    {"kind": "per_amount", "id": "r", "points": 1, "per_minor": 100},
    {"kind": "activity", "id": "a", "activity": "visit", "points": 5},
    {"kind": "birthday", "id": "b", "points": 7},
    {"kind": "referral", "id": "f", "friend_points": 9},
]
BASE = {
    "name": "P",
    "currency": "EUR",
    "exponent": 2,
    "time_zone": "UTC",
    "rules": RULES,
    "tiers": [{"id": "low", "name": "Low"}, {"id": "high", "name": "High", "minimum": 5_000}],
}
VERSIONS = [
    Version(number=1, in_force_from=T, program=parse_program(BASE)),
    Version(number=2, in_force_from=PAUSE, program=parse_program({**BASE, "paused": {"earning": True}})),
    Version(number=3, in_force_from=END, program=parse_program(BASE)),
]


def order(placed_at: datetime, paid_at: datetime | None = None) -> Order:
    line = Line(id="1", quantity=1, unit_price_minor=6_000)
    paid = paid_at or placed_at
    return Order(
        id="1",
        number="1",
        placed_at=placed_at,
        paid_at=paid,
        updated_at=paid,
        currency="EUR",
        exponent=2,
        lines=(line,),
        total_minor=6_000,
    )


@pytest.mark.parametrize(
    ("placed_at", "paid_at", "points"),
    [
        (PAUSE - timedelta(seconds=1), PAUSE + timedelta(days=1), 60),
        (PAUSE, None, 0),
        (END - timedelta(seconds=1), END + timedelta(days=1), 0),
        (END, None, 60),
    ],
)
def test_the_day_of_the_order_decides(placed_at: datetime, paid_at: datetime | None, points: int) -> None:
    statement = fold(VERSIONS, [order(placed_at, paid_at)], END + timedelta(days=5))
    assert statement.available == points
    assert [each.reason.message for each in statement.nothing] == ([] if points else ["nothing.paused"])
    assert statement.tier is not None
    assert statement.tier.id == "high", "it was bought all the same"


def test_what_is_done_in_a_pause_earns_nothing_either() -> None:
    at = PAUSE + timedelta(days=1)
    birthday = f"1990-03-{(PAUSE + timedelta(days=3)).day}"
    facts = [
        Activity(id="v", at=at, kind="visit"),
        Referral(id="f", at=at, role="friend", other="7002"),
        Profile(id="p", at=T - timedelta(days=90), field="birthday", value=birthday),
    ]
    statement = fold(VERSIONS, facts, END)
    assert statement.available == 0
    said = sorted((each.source.partition(":")[0], each.reason.message) for each in statement.nothing)
    assert said == [(what, "nothing.paused.activity") for what in ("activity", "birthday", "referral")]
