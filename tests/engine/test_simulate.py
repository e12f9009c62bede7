"""The what-if: sums by hand, sums against folding each member alone, and what it keeps in memory."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import msgspec
import pytest

from loyalty.engine.errors import Invalid
from loyalty.engine.facts import Adjustment, Fact, Issued, Order
from loyalty.engine.presets import Setting, preset
from loyalty.engine.program import Policies, Program, Version
from loyalty.engine.simulate import (
    LARGEST,
    Assumptions,
    Comparison,
    Known,
    Month,
    Outcome,
    as_draft,
    gifts_given,
    outcome_of,
    point_worth,
    simulate,
)
from loyalty.engine.statement import fold
from tests.engine.factories import START, day, document, order, program, redemption, refund

SHOP = Setting(currency="EUR", exponent=2, time_zone="Europe/Berlin")
UNTIL = day(360)


def under(chosen: Program) -> list[Version]:
    return [Version(number=1, in_force_from=START, program=chosen)]


def doubled() -> list[Version]:
    return document(
        {"kind": "per_amount", "id": "base", "points": 2, "per_minor": 100},
        base=False,
        rewards=[{"id": "amount-off", "name": "Off", "kind": "amount_off", "points": 500, "value_minor": 500}],
        tiers=[{"id": "low", "name": "Low"}, {"id": "high", "name": "High", "minimum": 30_000}],
    )


def history(seed: int) -> list[Fact]:
    """One member's year: orders, some refunded, and a redemption now and then."""
    draw = random.Random(seed)
    facts: list[Fact] = []
    for number in range(draw.randrange(8)):
        at = day(draw.randrange(300) + draw.random())
        amount = draw.randrange(100, 90_000)
        back = (refund("1", at + timedelta(days=5), amount // 3),) if draw.random() < 0.3 else ()
        facts.append(order(f"{seed}-{number}", at, amount, refunds=back))
        if draw.random() < 0.3:
            given_back_at = at + timedelta(days=40) if draw.random() < 0.5 else None
            facts.append(
                redemption(
                    f"{seed}-r{number}",
                    at + timedelta(days=1),
                    100,
                    value_minor=100,
                    given_back_at=given_back_at,
                    given_back_why="expired" if given_back_at else "",
                )
            )
    return facts


def crowd(count: int) -> list[Known]:
    return [Known(id=f"m{seed}", facts=history(seed)) for seed in range(count)]


def test_two_members_worked_out_by_hand() -> None:
    ann = Known(
        id="ann",
        facts=[
            order("1", day(0), 50_000),  # January: 500 live, 1,000 under the draft; 500.00 spent makes High
            redemption("r", day(40), 500, value_minor=500),  # February: 5.00
            order("2", day(41), 10_000, refunds=(refund("1", day(70), 10_000),)),  # February 100/200, March back
        ],
    )
    bob = Known(id="bob", facts=[order("3", day(1), 999)])  # January: 9 live; 19 under the draft (19.98)
    found = simulate([ann, bob], under(program()), doubled(), UNTIL, Assumptions(breakage_percent=20))
    (jan, jan_b), (feb, feb_b), (mar, mar_b) = found.months()
    assert [row.month for row in (jan, feb, mar)] == ["2026-01", "2026-02", "2026-03"]
    assert (jan.points, jan_b.points) == (Month(given=509), Month(given=1_019))
    assert feb.points == Month(given=100, spent=-500, rewards_minor=500)
    assert feb_b.points == Month(given=200, spent=-500, rewards_minor=500)
    assert (mar.points, mar_b.points) == (Month(taken_back=-100), Month(taken_back=-200))
    # A point is worth 1 cent on both sides, and 80 of 100 points will be spent.
    assert [row.liability_minor for row in (jan, feb, mar)] == [407, 87, 7]  # 509, 109 and 9 points
    assert [row.liability_minor for row in (jan_b, feb_b, mar_b)] == [815, 575, 415]  # 1,019, 719 and 519
    assert (jan.expected_minor, jan_b.expected_minor) == (407, 815)
    assert found.moves == {("", "high"): 1, ("", "low"): 1}
    assert found.winners == [(500, "ann", 500, 1_000), (10, "bob", 9, 19)]  # what was spent was had, too
    assert (found.losers, found.unchanged, found.members) == ([], 0, 2)
    assert (found.live.available, found.draft.available) == (9, 519)


CASH = {"id": "cash", "name": "C", "kind": "cashback", "points": 100, "value_minor": 50, "minimum_points": 200}


def paying_out(**more: object) -> list[Version]:
    """On the tenth of each month, in Berlin."""
    gold = {"id": "gold", "name": "Gold", "minimum": 1_000_000}
    return document(rewards=[{**CASH, "payout_day": 10, **more}], tiers=[gold])


def test_cashback_that_the_draft_would_have_paid_out_is_played_month_by_month() -> None:
    ann = Known(id="ann", facts=[order("1", day(0), 45_000), order("2", day(40), 9_900), order("3", day(45), 10_000)])
    bob = Known(id="bob", facts=[order("4", day(0), 19_900)])
    found = simulate([ann, bob], under(program()), paying_out(), UNTIL)
    spent = {row.month: (row.points.spent, row.points.rewards_minor) for _, row in found.months()}
    # 1 January + 450: 400 on the 10th. February's 199 make 249 on 10 March: 200. Then 49 of Ann's, 199 of Bob's stay.
    assert spent == {"2026-01": (-400, 200), "2026-02": (0, 0), "2026-03": (-200, 100)}
    assert found.draft.available == 49 + 199
    assert (found.live.total.spent, found.live.available) == (0, 649 + 199)


def test_what_the_live_program_paid_out_is_not_there_under_another() -> None:
    facts = [order("1", day(0), 45_000)]
    lived = redemption("p", day(9), 400, reward="cash", value_minor=200)
    chosen = redemption("r", day(20), 30, reward="other", value_minor=30)
    member = Known(id="ann", facts=[*facts, lived, chosen])
    found = simulate([member], paying_out(), under(program()), UNTIL)
    assert (found.live.total.spent, found.live.total.rewards_minor) == (-430, 230)
    assert (found.draft.total.spent, found.draft.total.rewards_minor) == (-30, 30)
    same = simulate([member], paying_out(), paying_out(), UNTIL)
    assert (same.draft.total.spent, same.draft.total.rewards_minor) == (-430, 230)


@pytest.mark.parametrize(
    "more",
    [{"enabled": False}, {"tiers": ["gold"]}, {"segments": ["few"]}, {"limit_per_member": 0}, {"payout_day": 0}],
)
def test_nothing_is_paid_out_to_whom_the_draft_would_not_pay(more: dict[str, object]) -> None:
    member = Known(id="ann", facts=[order("1", day(0), 45_000)])
    found = simulate([member], under(program()), paying_out(**more), UNTIL)
    assert (found.draft.total.spent, found.draft.available) == (0, 450)


def test_the_months_are_those_of_a_count_without_the_engine() -> None:
    """One point for 1.00 and two under the draft, a third of some orders back five days later, redemptions of 1.00."""
    members = crowd(60)
    found = simulate(members, under(program()), doubled(), UNTIL)
    zone = ZoneInfo("Europe/Berlin")
    for rate, rows in ((1, [live for live, _ in found.months()]), (2, [draft for _, draft in found.months()])):
        counted: dict[str, Month] = defaultdict(Month)
        for fact in (fact for member in members for fact in member.facts):
            month = counted[f"{fact.at.astimezone(zone):%Y-%m}"]
            if isinstance(fact, Order):
                amount = fact.lines[0].unit_price_minor
                month.given += rate * amount // 100
                for back in fact.refunds:
                    later = counted[f"{back.at.astimezone(zone):%Y-%m}"]
                    later.taken_back -= (rate * amount // 100) * back.amount_minor // amount
            else:
                month.spent, month.rewards_minor = month.spent - 100, month.rewards_minor + 100
                if fact.given_back_at and fact.given_back_at <= UNTIL:
                    later = counted[f"{fact.given_back_at.astimezone(zone):%Y-%m}"]
                    later.spent, later.rewards_minor = later.spent + 100, later.rewards_minor - 100
        assert {row.month: row.points for row in rows} == counted
    high = [sum(_kept_minor(fact) for fact in member.facts) >= 30_000 for member in members]
    assert (found.draft.tiers["high"], found.draft.tiers["low"]) == (
        sum(high),
        sum(not rich and bool(member.facts) for rich, member in zip(high, members, strict=True)),
    )


def _kept_minor(fact: Fact) -> int:
    if not isinstance(fact, Order):
        return 0
    return fact.lines[0].unit_price_minor - sum(back.amount_minor for back in fact.refunds)


def test_gifts_cost_what_their_program_says_on_either_side() -> None:
    """Live, a mug of 3.00 was handed out at the tier; the draft gives a voucher of 8.00 and a day without a price."""

    def gifts(*rewards: tuple[str, int]) -> list[Version]:
        offered = [
            {"id": name, "name": name, "kind": "custom", "points": 0, "value_minor": worth, "enabled": False}
            for name, worth in rewards
        ]
        level = {"id": "high", "name": "High", "minimum": 10_000, "entry_rewards": [name for name, _ in rewards]}
        return document(rewards=offered, tiers=[level])

    live, draft = gifts(("mug", 300)), gifts(("voucher", 800), ("day-out", 0))
    handed_out = [
        Issued(id="1", at=day(32), gift="tier:high:mug"),
        redemption("gift", day(32), 0, reward="mug"),
        redemption("chosen", day(33), 0, reward="mug"),  # free, and asked for: it stands on both sides
    ]
    facts = [order("1", day(31), 20_000), *handed_out]
    told = Outcome(postings=[], available=200, pending=0, tier="high", gifts=gifts_given(facts))
    for known in (Known(id="a", facts=facts), Known(id="a", facts=facts, live=told)):
        found = simulate([known], live, draft, UNTIL)
        assert (found.live.total.rewards_minor, found.live.total.unpriced) == (300, 1)
        assert (found.draft.total.rewards_minor, found.draft.total.unpriced) == (800, 2)


def test_equal_programs_differ_by_nothing() -> None:
    found = simulate(crowd(60), doubled(), doubled(), UNTIL)
    assert found.unchanged == found.members == 60
    assert (found.winners, found.losers, found.moves) == ([], [], {})
    assert all(live == draft for live, draft in found.months())
    assert found.live.tiers == found.draft.tiers


def test_the_sums_are_those_of_each_member_folded_alone() -> None:
    members = crowd(80)
    vip = under(preset("vip-spend").program(SHOP))
    found = simulate(members, under(program()), vip, UNTIL)
    for side, versions in ((found.live, under(program())), (found.draft, vip)):
        statements = [fold(versions, member.facts, UNTIL) for member in members]
        kinds: Counter[str] = Counter()
        for statement in statements:
            kinds.update(statement.totals)
        total = side.total
        assert (total.given, total.taken_back) == (kinds["earned"], kinds["reversed"])
        assert total.spent == kinds["redeemed"] + kinds["returned"]
        assert total.net == side.available == sum(each.available for each in statements)
        assert side.pending == sum(each.pending_points for each in statements)
        assert side.tiers == Counter(each.tier.id if each.tier else "" for each in statements)


def test_parts_of_a_shop_add_up_to_the_whole() -> None:
    members, vip = crowd(90), under(preset("vip-spend").program(SHOP))
    whole = simulate(members, doubled(), vip, UNTIL)
    parts = [simulate(members[at : at + 25], doubled(), vip, UNTIL) for at in range(0, 90, 25)]
    first, *rest = parts
    for part in rest:
        first.merge(part)
    assert first.months() == whole.months()
    assert (first.members, first.unchanged, first.moves) == (whole.members, whole.unchanged, whole.moves)
    assert (first.winners, first.losers) == (whole.winners, whole.losers)
    assert (first.live.tiers, first.draft.tiers) == (whole.live.tiers, whole.draft.tiers)


def test_members_are_read_one_at_a_time_and_forgotten() -> None:
    handled = 0

    def stream() -> Iterator[Known]:
        for number in range(500):
            assert handled == number, "the next member is asked for before the last one is done"
            yield Known(id=f"m{number:03}", facts=[order("1", day(0), 1_000 + 100 * number)])

    def done(member: Known) -> None:
        nonlocal handled
        handled += 1

    found = simulate(stream(), under(program()), doubled(), UNTIL, on_member=done)
    assert handled == found.members == 500
    assert [each.member for each in found.winners] == [f"m{number}" for number in range(499, 499 - LARGEST, -1)]
    assert len(found._winners) <= 4 * LARGEST


def test_a_posted_outcome_is_taken_as_it_is() -> None:
    facts = [order("1", day(0), 10_000)]
    posted = outcome_of(doubled(), facts, UNTIL)
    found = simulate([Known(id="m", facts=facts, live=posted)], under(program()), under(program()), UNTIL)
    assert (found.live.available, found.draft.available) == (200, 100)
    assert [each.gain for each in found.losers] == [-100]


def test_rewards_cost_their_value_until_they_are_given_back() -> None:
    used = order("2", day(10), 5_000, discount_codes=("C",), refunds=(refund("1", day(33), 2_500),))
    facts = [
        order("1", day(0), 100_000),
        redemption("r", day(5), 500, code="C", value_minor=500),  # used by order 2, half of which is refunded
        redemption("x", day(6), 300, value_minor=300, given_back_at=day(36), given_back_why="expired"),
        redemption("free", day(7), 100),  # free shipping: no value
    ]
    found = simulate([Known(id="m", facts=[*facts, used])], under(program()), under(program()), UNTIL)
    (january, _), (february, _) = found.months()
    assert (january.points.rewards_minor, january.points.unpriced) == (800, 1)
    assert (february.points.rewards_minor, february.points.unpriced) == (-250 - 300, 0)


def test_a_point_is_worth_what_it_can_cost_at_most() -> None:
    assert point_worth(program()) == 1
    assert point_worth(preset("points").program(SHOP)) == Fraction(1_200, 1_000)
    assert point_worth(preset("cashback").program(SHOP)) == 1
    assert point_worth(preset("club").program(SHOP)) == 0


def test_without_a_worth_on_both_sides_gains_are_points() -> None:
    members = [Known(id="m", facts=[order("1", day(0), 10_000)])]
    found = simulate(members, under(program()), under(preset("club").program(SHOP)), UNTIL)
    assert not found.in_money
    assert [(each.gain, each.live_points, each.draft_points) for each in found.losers] == [(-100, 100, 0)]


def test_the_draft_stands_in_for_everything_since_the_first_version() -> None:
    first = program(earns_from=day(-100))
    live = [
        Version(number=2, in_force_from=day(50), program=program()),
        Version(number=1, in_force_from=day(0), program=first),
    ]
    (draft,) = as_draft(live, program(name="Draft"))
    assert (draft.in_force_from, draft.program.earns_from, draft.program.name) == (day(0), day(-100), "Draft")


def test_what_cannot_be_compared_is_refused() -> None:
    yen = preset("points").program(Setting(currency="JPY", exponent=0, time_zone="Asia/Tokyo"))
    with pytest.raises(Invalid) as refused:
        simulate([], under(program()), under(yen), UNTIL)
    assert (refused.value.place, refused.value.message) == (
        "$.currency",
        "The shop's programs are in EUR; write the draft in it.",
    )
    decimals = msgspec.structs.replace(program(), exponent=3)
    with pytest.raises(Invalid, match="write the draft in it"):
        simulate([], under(program()), under(decimals), UNTIL)
    for live, draft in (([], under(program())), (under(program()), [])):
        with pytest.raises(Invalid, match=r"^A comparison needs a program on either side\.$"):
            simulate([], live, draft, UNTIL)
    with pytest.raises(
        Invalid, match=r"^This shop has published no program yet, so there is nothing to compare with\.$"
    ):
        as_draft([], program())
    for percent in (-1, 101):
        with pytest.raises(Invalid, match=r"^Breakage lies between 0 and 100 percent\.$") as refused:
            Comparison(program(), program(), UNTIL, Assumptions(breakage_percent=percent))
        assert refused.value.place == "breakage_percent"
    for percent in (0, 100):
        assert Comparison(program(), program(), UNTIL, Assumptions(breakage_percent=percent)).money


def test_what_is_by_hand_stands_apart_and_what_is_dated_later_is_not_counted() -> None:
    gift = Adjustment(id="a", at=day(3), points=40, actor="Dana", reason="kind")
    later = redemption("late", UNTIL + timedelta(days=1), 5, value_minor=7)
    back_later = redemption("back", day(40), 5, value_minor=9, given_back_at=UNTIL + timedelta(seconds=1))
    back_now = redemption("now", day(41), 5, given_back_at=UNTIL)
    found = simulate([Known(id="m", facts=[gift, later, back_later, back_now])], doubled(), doubled(), UNTIL)
    months = [(row.month, row.points) for row, _ in found.months()]
    assert months == [
        ("2026-01", Month(other=40)),
        ("2026-02", Month(spent=-10, rewards_minor=9, unpriced=1)),
        ("2026-12", Month(spent=5, unpriced=-1)),
    ]
    assert found.live.total == Month(other=40, spent=-5, rewards_minor=9)
    assert found.live.total.net == 35
    assert (found.live.name, found.live.available, found.live.pending) == ("P", 35, 0)


def test_sums_of_two_parts_are_added() -> None:
    held = under(program(policies=Policies(hold_days=400)))
    one = simulate([Known(id="a", facts=[order("1", day(0), 1_000)])], doubled(), held, UNTIL)
    other = simulate([Known(id="b", facts=[order("2", day(0), 2_000)])], doubled(), held, UNTIL)
    one.merge(other)
    assert (one.live.available, one.live.pending, one.draft.available, one.draft.pending) == (60, 0, 0, 30)
    assert (one.members, one.unchanged, one.live.tiers, one.draft.tiers) == (2, 0, {"low": 2}, {"": 2})
    assert one.moves == {("low", ""): 2}
    assert [(each.member, each.live_points, each.draft_points) for each in one.losers] == [("b", 40, 20), ("a", 20, 10)]


def test_months_are_the_shops_own() -> None:
    new_year = day(-1).replace(hour=23, minute=30) + timedelta(days=31)  # 1 February in Berlin
    found = simulate([Known(id="m", facts=[order("1", new_year, 1_000)])], doubled(), doubled(), UNTIL)
    assert [row.month for row, _ in found.months()] == ["2026-02"]


def test_points_that_are_worth_less_lose_in_money() -> None:
    halved = msgspec.structs.replace(program().rewards[0], value_minor=250)
    members = [Known(id="m", facts=[order("1", day(0), 10_000)])]
    found = simulate(members, under(program()), under(program(rewards=(halved,))), UNTIL)
    assert found.in_money
    assert [(each.gain, each.live_points, each.draft_points) for each in found.losers] == [(-50, 100, 100)]
    worthless = under(program(rewards=()))
    found = simulate(members, worthless, under(program(rewards=(halved,))), UNTIL)
    assert (found.in_money, found.losers, found.winners) == (False, [], [])


def test_what_comes_back_of_a_reward_is_whole_cents() -> None:
    used = order("2", day(10), 3_000, discount_codes=("C",), refunds=(refund("1", day(11), 1_000),))
    facts = [order("1", day(0), 100_000), redemption("r", day(5), 500, code="C", value_minor=499), used]
    ((january, _),) = simulate([Known(id="m", facts=facts)], under(program()), under(program()), UNTIL).months()
    assert january.points.rewards_minor == 499 - 165  # 166 of 500 points come back
