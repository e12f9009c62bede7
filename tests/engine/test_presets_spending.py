"""Presets for spending: each walks one member through it; the numbers are worked out beside them, by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from loyalty.engine.errors import Refused
from loyalty.engine.presets import Setting, preset
from loyalty.engine.program import Program, Version
from loyalty.engine.rewards import Accepted, accept, limit_begins_at
from loyalty.engine.statement import Statement
from tests.engine.factories import START, day, earned, folded, line, order, redemption, refund

EURO = Setting(currency="EUR", exponent=2, time_zone="Europe/Berlin")


def published(name: str, **inputs: str) -> list[Version]:
    return [Version(number=1, in_force_from=START, program=preset(name).program(EURO, inputs))]


def take(statement: Statement, program: Program, reward: str, points: int | None = None, taken: int = 0) -> Accepted:
    return accept(
        statement, program, reward, as_of=statement.as_of, points=points, taken_by_member=taken, taken_in_total=taken
    )


def test_points_are_earned_spent_given_back_and_expire_after_a_year() -> None:
    under = published("points")
    facts = [
        order("1", day(0), 12_345, paid_at=day(0)),  # 123.45: 123 points
        order("2", day(10), 60_000),  # 600 points
        redemption("r", day(20), 500, value_minor=500),  # the 123 of day 0 and 377 of the 600
        order("3", day(30), 10_000, refunds=(refund("1", day(40), 5_000),)),  # 100, 50 of them taken back
    ]
    statement = folded(*facts, as_of=day(41), under=under)
    assert earned(statement) == {"order:1": 123, "order:2": 600, "order:3": 100}
    assert statement.available == 123 + 600 - 500 + 100 - 50 == 273
    assert take(folded(*facts[:2], as_of=day(11), under=under), under[0].program, "off-5").value_minor == 500
    # A year after day 10 the 223 that are left of order 2 go; the 50 of order 3 go on 31 January 2027.
    assert folded(*facts, as_of=day(376), under=under).available == 50
    assert folded(*facts, as_of=day(400), under=under).available == 0


def test_tiers_by_spending_are_climbed_in_a_year_and_kept_to_the_end_of_the_next() -> None:
    under = published("vip-spend")
    facts = [
        order("1", day(10), 34_999),  # 349 as Member; 349.99 is a cent short of Silver
        order("2", day(20), 10_000),  # 100, still as Member; 449.99 makes Silver
        order("3", day(30), 60_000),  # 600 x 1.25 = 750; 1,049.99 makes Gold, with 500
        order("4", day(40), 10_100),  # 101 x 1.5 = 151.5, rounded down
    ]
    tiers = [folded(*facts, as_of=day(at), under=under).tier for at in (11, 21, 31)]
    assert [tier.id if tier else None for tier in tiers] == ["member", "silver", "gold"]
    statement = folded(*facts, as_of=day(41), under=under)
    assert earned(statement) == {"order:1": 349, "order:2": 100, "order:3": 750, "tier:gold": 500, "order:4": 151}
    # Gold from January 2026 is kept until the end of 2027, whatever is bought.
    ends = [folded(*facts, as_of=day(at), under=under).tier for at in (729, 731)]
    assert [tier.id if tier else None for tier in ends] == ["gold", "member"]


def test_cashback_comes_after_two_weeks_and_pays_in_whole_units() -> None:
    under = published("cashback")
    facts = [order("1", day(0), 5_999), order("2", day(1), 4_000)]  # 5 %: 299.95 and 200 cents
    early = folded(*facts, as_of=day(13), under=under)
    assert (early.available, early.pending_points) == (0, 299 + 200)
    later = folded(*facts, as_of=day(16), under=under)
    assert later.available == 499
    assert take(later, under[0].program, "pay", points=400).value_minor == 400
    with pytest.raises(Refused, match="1 point to go"):
        take(later, under[0].program, "pay", points=500)


def test_low_price_cashback_gives_more_on_offers_and_ends_at_the_months_limit() -> None:
    under = published("low-price-cashback", offer_tag="offer")
    lines = (line("a", 10_000), line("b", 10_000, tags=("offer",)))
    facts = [
        order("1", day(0), lines),  # 1 % of 200.00 = 200 points, 4 % of 100.00 = 400
        order("2", day(1), 150_000),  # 1 % of 1,500.00 = 1,500, of which 1,400 fit into the month's 2,000
        order("3", day(31), 10_000),  # February: 100
    ]
    statement = folded(*facts, as_of=day(50), under=under)
    assert earned(statement) == {"order:1": 600, "order:2": 1_400, "order:3": 100}
    with pytest.raises(Refused, match="500 points or more"):
        take(statement, under[0].program, "pay", points=400)
    assert take(statement, under[0].program, "pay", points=2_100).value_minor == 2_100
    # A year after the last order everything goes.
    assert folded(*facts, as_of=day(31 + 14 + 366), under=under).available == 0


def test_a_second_star_comes_for_the_right_payment_method() -> None:
    under = published("stars", payment_method="Shop card")
    facts = [
        order("1", day(0), 4_250, payment_methods=("Bank transfer",)),  # 42
        order("2", day(1), 4_250, payment_methods=("Shop card",)),  # 42.5 + 42.5 = 85 stars, rounded once
    ]
    statement = folded(*facts, as_of=day(2), under=under)
    assert earned(statement) == {"order:1": 42, "order:2": 85}
    assert take(statement, under[0].program, "off-5").points == 100
    # Half a year after 1 January only the second order's are left, for a day.
    assert folded(*facts, as_of=day(181), under=under).available == 85


def test_orders_at_the_partner_earn_at_half_the_rate_and_their_refunds_take_back() -> None:
    under = published("partner", partner_channel="bakery")
    theirs = order("b:1", day(0), 8_000, channel="bakery", refunds=(refund("1", day(20), 2_000),))
    facts = [order("1", day(0), 8_000, channel="pos"), theirs, order("2", day(1), 8_000, channel="elsewhere")]
    statement = folded(*facts, as_of=day(30), under=under)
    assert earned(statement) == {"order:1": 80, "order:b:1": 40}  # 1 per 1.00; 1 per 2.00; nothing elsewhere
    assert statement.available == 80 + 40 - 10  # a quarter of 40 goes back
    assert [each.reason.message for each in statement.nothing] == ["nothing.no_rule_matched"]


def test_a_member_sees_that_25_more_bring_a_gift_card_of_60() -> None:
    under = published("spend-offers")
    program = under[0].program
    first = order("1", day(0), 22_500)
    before = folded(first, as_of=day(1), under=under)
    assert before.tier is not None
    assert before.tier.next_name == "First gift card"
    assert before.tier.next_at - before.tier.measure == 2_500
    with pytest.raises(Refused, match="for other tiers"):
        take(before, program, "card-first")
    after = folded(first, order("2", day(2), 2_500), as_of=day(3), under=under)
    card = take(after, program, "card-first")
    assert (card.points, card.value_minor, card.kind) == (0, 6_000, "gift_card")
    with pytest.raises(Refused, match="once a year, and was"):
        take(after, program, "card-first", taken=1)
    # Next year the way begins anew, and so does the limit: what was taken this year does not count then.
    assert limit_begins_at(program, "card-first", day(400)) == datetime(2026, 12, 31, 23, tzinfo=UTC)
    anew = folded(first, order("2", day(2), 2_500), order("3", day(400), 25_000), as_of=day(401), under=under)
    assert take(anew, program, "card-first").value_minor == 6_000
    # 500 spent bring the second, and the first can still be taken.
    both = folded(first, order("3", day(4), 27_500), as_of=day(5), under=under)
    assert [take(both, program, name).value_minor for name in ("card-first", "card-second")] == [6_000, 8_000]
    # Whoever gives the goods back before taking the card has no claim to it.
    undone = folded(first, order("2", day(2), 2_500, refunds=(refund("1", day(3), 2_500),)), as_of=day(4), under=under)
    with pytest.raises(Refused, match="for other tiers"):
        take(undone, program, "card-first")
