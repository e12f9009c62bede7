"""Random programs and histories: small, dense in coincidences, valid by the engine's own checks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, get_args, get_type_hints

import msgspec
from hypothesis import strategies as st

from loyalty.engine.facts import (
    Activity,
    Adjustment,
    Fact,
    Import,
    ImportLot,
    Issued,
    Line,
    Membership,
    Order,
    Profile,
    Redemption,
    Referral,
    Refund,
    RefundLine,
    Segment,
    TierGrant,
    validate,
)
from loyalty.engine.policies import Policies
from loyalty.engine.program import Program, Version, parse_program

BASE = datetime(2026, 1, 1, tzinfo=UTC)
END = BASE + timedelta(days=900)
HOURS = 24 * 420

CHOICES: dict[str, tuple[Any, ...]] = {
    name: get_args(hint) for name, hint in get_type_hints(Policies).items() if get_args(hint)
}
"""Every policy that is a choice, with its values."""


def instants() -> st.SearchStrategy[datetime]:
    """Whole days are likely, so that things happen at the same instant."""
    days = st.integers(0, 420).map(lambda day: BASE + timedelta(days=day))
    return st.one_of(days, st.integers(0, HOURS).map(lambda hour: BASE + timedelta(hours=hour)))


points = st.integers(1, 300)
BIRTHDAYS = ["1990-02-28", "1990-07-05", "--02-29", "--07-05", "", "no"]
names = st.sampled_from(["a", "b"])
gifts = st.sampled_from([[], [], ["r"]])


@st.composite
def policies(draw: st.DrawFn, calendar: bool) -> dict[str, Any]:
    chosen: dict[str, Any] = {name: draw(st.sampled_from(values)) for name, values in CHOICES.items()}
    chosen["enrolment"] = draw(st.sampled_from(["automatic"] * 4 + ["on_request"]))
    chosen["hold_days"] = draw(st.sampled_from([0, 0, 7, 14]))
    chosen["tier_period_days"] = draw(st.sampled_from([30, 90, 365]))
    chosen["tier_grace_days"] = draw(st.sampled_from([0, 10]))
    for name in ("count_tax", "count_shipping", "count_fees", "count_gift_card_part", "count_store_credit_part"):
        chosen[name] = draw(st.booleans())
    if chosen["expiry"] != "never":
        unit = draw(st.sampled_from(["expiry_days", "expiry_months"])) if calendar else "expiry_days"
        chosen[unit] = draw(st.sampled_from([1, 2, 6] if unit == "expiry_months" else [10, 45, 120]))
    if not calendar:
        chosen["tier_period"] = draw(st.sampled_from(["rolling", "lifetime"]))
        chosen["tier_kept"] = "while_qualified"
    return chosen


@st.composite
def scopes(draw: st.DrawFn, calendar: bool) -> dict[str, Any]:
    kind = draw(st.sampled_from(["all", "all", "all", "goods", "minimum", "first", "tier", "segment", "days", "plan"]))
    if kind == "goods":
        return {"collections": [draw(names)]}
    if kind == "minimum":
        return {"minimum_spend_minor": draw(st.sampled_from([500, 2000])), "minimum_items": draw(st.integers(0, 3))}
    if kind == "tier":
        return {"tiers": ["silver"]}
    if kind == "segment":
        return {"segments": [draw(st.sampled_from(["vip", "buyers"]))]}
    if kind == "days" and calendar:
        return {"weekdays": draw(st.lists(st.integers(1, 7), min_size=1, max_size=3, unique=True))}
    return {"all": {}, "first": {"first_order": True}, "plan": {"plans": ["club"]}}.get(kind, {})


@st.composite
def rules(draw: st.DrawFn, number: int, calendar: bool) -> dict[str, Any]:
    periods = ["order", "lifetime", *(["day", "week", "month", "year"] if calendar else [])]
    base = {
        "id": f"r{number}",
        "scope": draw(scopes(calendar)),
        "priority": draw(st.integers(0, 2)),
        "exclusive": draw(st.booleans()),
    }
    if draw(st.integers(0, 4)) == 0:
        base["caps"] = [{"per": draw(st.sampled_from(periods)), "points": draw(st.integers(0, 200))}]
    kinds = ["per_amount", "per_amount", "per_order", "per_item", "cashback", "multiplier", "exclude", "milestone"]
    kinds += ["activity", "referral", "goal", "win_back", *(["streak", "birthday"] if calendar else [])]
    kind = draw(st.sampled_from(kinds))
    details: dict[str, dict[str, Any]] = {
        "per_amount": {
            "points": draw(st.integers(1, 3)),
            "per_minor": draw(st.sampled_from([10, 70, 100])),
            "full_steps_only": draw(st.booleans()),
        },
        "per_order": {"points": draw(points)},
        "per_item": {"points": draw(st.integers(1, 20))},
        "cashback": {"percent": "2.5", "point_value_minor": draw(st.integers(1, 3))},
        "multiplier": {"times": draw(st.sampled_from(["2", "1.5", "0.5"])), "fixed_too": draw(st.booleans())},
        "exclude": {},
        "milestone": {
            "steps": [{"orders": 2, "points": draw(points), "rewards": draw(gifts)}, {"orders": 4, "rewards": ["r"]}]
        },
        "activity": {"activity": "review", "points": draw(points), "rewards": draw(gifts)},
        "referral": {"referrer_points": draw(points), "friend_points": 7, "friend_rewards": draw(gifts)},
        "win_back": {"days": draw(st.sampled_from([20, 60])), "points": draw(points), "rewards": draw(gifts)},
        "goal": {"amount_minor": 3000, "points": draw(points), "repeats": draw(st.booleans())},
        "streak": {"period": draw(st.sampled_from(["week", "month"])), "length": 2, "points": 15, "repeats": True},
        "birthday": {"points": draw(points), "rewards": draw(gifts), "known_days": draw(st.sampled_from([0, 30]))},
    }
    return {**base, "kind": kind, **details[kind]}


@st.composite
def programs(draw: st.DrawFn, calendar: bool = True) -> Program:
    """A document that passes every check."""
    count = draw(st.integers(1, 4))
    base = {"kind": "per_amount", "id": "base", "points": 1, "per_minor": draw(st.sampled_from([100, 30]))}
    document: dict[str, Any] = {
        "name": "Random",
        "currency": "EUR",
        "exponent": 2,
        "time_zone": draw(st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata"])) if calendar else "UTC",
        "rules": [base, *(draw(rules(number, calendar)) for number in range(count))],
        "tiers": [
            {"id": "bronze", "name": "Bronze"},
            {"id": "silver", "name": "Silver", "minimum": 50, "entry_points": draw(st.sampled_from([0, 25]))},
            {"id": "gold", "name": "Gold", "minimum": 5000},
        ],
        "rewards": [{"id": "r", "name": "R", "kind": "amount_off", "points": 100, "value_minor": 100}],
        "segments": [{"id": "buyers", "order_count": [2, 99]}],
        "plans": [
            {
                "id": "club",
                "name": "Club",
                "entry_points": 5,
                "fee_points": 3,
                "fee_seconds": 30 * 86400,
                "products": draw(st.sampled_from([[], ["card"]])),
                "months": draw(st.sampled_from([0, 1, 3])) if calendar else 0,
            }
        ],
        "exclusions": {"tags": ["never"], "segments": ["staff"]},
        "policies": draw(policies(calendar)),
    }
    if draw(st.integers(0, 5)) == 0:
        document["caps"] = [{"per": "lifetime", "points": draw(st.integers(50, 2000))}]
    if draw(st.integers(0, 5)) == 0:
        document["audience"] = {"holdout_percent": 50}
    return parse_program(document)


@st.composite
def versions(draw: st.DrawFn, calendar: bool = True) -> list[Version]:
    starts = sorted({BASE - timedelta(days=10), *draw(st.lists(instants(), max_size=2))})
    return [Version(number=n, in_force_from=at, program=draw(programs(calendar))) for n, at in enumerate(starts, 1)]


@st.composite
def lines(draw: st.DrawFn, number: int, placed: datetime) -> Line:
    return Line(
        id=str(number),
        quantity=draw(st.integers(1, 3)),
        unit_price_minor=draw(st.integers(0, 4000)),
        product_id=draw(st.sampled_from(["", "", "card"])),
        collection_ids=(draw(names),),
        tags=draw(st.sampled_from([(), (), ("never",)])),
        discount_minor=draw(st.sampled_from([0, 0, 111])),
        tax_minor=draw(st.sampled_from([0, 19])),
        gift_card=draw(st.integers(0, 9)) == 0,
        paid_by=draw(st.sampled_from(["", "", "", "gift_card"])),
        added_at=placed + timedelta(days=draw(st.integers(0, 9))) if draw(st.integers(0, 9)) == 0 else None,
    )


@st.composite
def refunds(draw: st.DrawFn, number: str, goods: tuple[Line, ...]) -> Refund:
    chosen = draw(st.sampled_from([None, *goods]))
    amount = draw(st.integers(0, 5000))
    back = () if chosen is None else (RefundLine(line_id=chosen.id, quantity=1, amount_minor=amount),)
    return Refund(
        id=number,
        at=draw(instants()),
        amount_minor=amount,
        lines=back,
        shipping_minor=draw(st.sampled_from([0, 100])),
        money_moved=draw(st.integers(0, 9)) != 0,
    )


@st.composite
def orders(draw: st.DrawFn, number: int) -> Order:
    placed = draw(instants())
    goods = tuple(draw(lines(n, placed)) for n in range(draw(st.integers(1, 3))))
    later = st.sampled_from([timedelta(), timedelta(), timedelta(days=1), timedelta(days=20)])
    return Order(
        id=str(number),
        placed_at=placed,
        paid_at=placed + draw(later) if draw(st.integers(0, 9)) else None,
        fulfilled_at=placed + draw(later) if draw(st.integers(0, 3)) else None,
        cancelled_at=draw(instants()) if draw(st.integers(0, 5)) == 0 else None,
        updated_at=END,
        currency="EUR",
        exponent=2,
        customer_id="c",
        lines=goods,
        discount_codes=draw(st.sampled_from([(), ("code-0",), ("CODE-1",)])),
        order_discount_minor=draw(st.sampled_from([0, 0, 100, 777])),
        shipping_minor=draw(st.sampled_from([0, 490])),
        tax_minor=draw(st.sampled_from([0, 95])),
        tax_included=draw(st.booleans()),
        gift_card_minor=draw(st.sampled_from([0, 0, 300])),
        refunds=tuple(draw(refunds(f"{number}-{n}", goods)) for n in range(draw(st.integers(0, 3)))),
    )


@st.composite
def redemptions(draw: st.DrawFn, number: int) -> Redemption:
    at = draw(instants())
    fate = draw(st.sampled_from(["open", "used", "back"]))
    return Redemption(
        id=str(number),
        at=at,
        points=draw(points),
        reward="r",
        code=f"code-{number}",
        value_minor=draw(st.sampled_from([0, 100])),
        used_at=at + timedelta(days=1) if fate == "used" else None,
        given_back_at=at + timedelta(days=draw(st.integers(0, 200))) if fate == "back" else None,
        given_back_why="expired" if fate == "back" else "",
    )


@st.composite
def imports(draw: st.DrawFn, number: int) -> Import:
    at = draw(instants())
    lots = tuple(
        ImportLot(
            points=draw(points),
            at=at - timedelta(days=draw(st.integers(0, 50))),
            expires_at=draw(st.none() | instants()),
            available_at=at + timedelta(days=5) if draw(st.integers(0, 3)) == 0 else None,
            order_id=draw(st.sampled_from(["", "", "0"])),
        )
        for _ in range(draw(st.integers(1, 2)))
    )
    return Import(id=str(number), at=at, lots=lots)


@st.composite
def others(draw: st.DrawFn, number: int) -> Fact:
    name, at = str(number), draw(instants())
    kind = draw(st.integers(0, 9))
    made: list[Fact] = [
        Activity(id=name, at=at, kind=draw(st.sampled_from(["review", "visit"])), customer_id="c"),
        Profile(id=name, at=at, field="birthday", value=draw(st.sampled_from(BIRTHDAYS))),
        Membership(id=name, at=at, plan="club", event=draw(st.sampled_from(["bought", "renewed", "ended"]))),
        Issued(id=name, at=at, gift="tier:gold"),
        Adjustment(id=name, at=at, points=draw(st.sampled_from([-150, -5, 5, 80])), actor="Dana", reason="why"),
        TierGrant(
            id=name, at=at, tier="gold", actor="Dana", ends_at=at + timedelta(days=40) if draw(st.booleans()) else None
        ),
        Referral(id=name, at=at, role=draw(st.sampled_from(["referrer", "friend"])), other="m"),
        Segment(id=name, at=at, segment=draw(st.sampled_from(["vip", "staff"])), inside=draw(st.booleans())),
        Activity(id=name, at=at, kind="review", code="x"),
        Profile(id=name, at=at, field="enrolled", value=draw(st.sampled_from(["yes", "yes", "no"]))),
    ]
    return made[kind]


LATE = timedelta(days=430)


@st.composite
def long_histories(draw: st.DrawFn) -> list[Fact]:
    """Two spells, the second after all of the first, so that what is appended seldom touches what was."""
    later = [_moved(fact) for fact in draw(histories()) if not isinstance(fact, Import)]
    return [*draw(histories()), *later]


def late_instants() -> st.SearchStrategy[datetime]:
    """Anywhere in both spells, and just between them."""
    return st.one_of(instants(), instants().map(lambda at: at + LATE), st.just(BASE + LATE - timedelta(hours=1)))


def _moved(value: Any) -> Any:
    """The same later, under another id. An order may carry a code of before, and one of its own time; nothing of
    before can have used a redemption that was yet to come."""
    if isinstance(value, datetime):
        return value + LATE
    if isinstance(value, tuple):
        return tuple(_moved(each) for each in value)
    if not isinstance(value, msgspec.Struct):
        return value
    changed = {name: _moved(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, Fact):
        changed["id"] = f"late{changed['id']}"
    if isinstance(value, Redemption):
        changed |= {name: f"late{changed[name]}" for name in ("code", "order_id") if changed[name]}
    if isinstance(value, Order):
        changed["discount_codes"] += tuple(f"late{code}" for code in value.discount_codes)
    return msgspec.structs.replace(value, **changed)


@st.composite
def histories(draw: st.DrawFn) -> list[Fact]:
    """A member's facts, all of them valid."""
    found: list[Fact] = [draw(orders(n)) for n in range(draw(st.integers(1, 5)))]
    found += [draw(redemptions(n)) for n in range(draw(st.integers(0, 2)))]
    found += [draw(others(n)) for n in range(draw(st.integers(0, 4)))]
    if draw(st.integers(0, 3)) == 0:
        found.append(draw(imports(0)))
    for fact in found:
        validate(fact)
    return found
