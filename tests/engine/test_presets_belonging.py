"""Presets for taking part: each walks one member through it; the numbers are worked out beside them, by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loyalty.engine.errors import Refused
from loyalty.engine.facts import Activity, Profile, TierGrant
from tests.engine.factories import day, earned, folded, line, messages, order, redemption, refund
from tests.engine.test_presets_spending import published, take


def did(kind: str, at: datetime, id: str = "") -> Activity:
    return Activity(id=id or f"{kind}:{at.isoformat()}", at=at, kind=kind)


def joined(at: datetime) -> Profile:
    return Profile(id="joined", at=at, field="enrolled", value="yes")


def test_who_buys_the_membership_earns_double_until_it_is_refunded() -> None:
    under = published("paid-membership", membership_product="card")
    bought = order(
        "m",
        day(10),
        (line("1", 9_900, product_id="card"), line("2", 2_000)),
        refunds=(refund("1", day(200), 9_900, "1"),),
    )
    orders = [order("1", day(0), 5_000), bought, order("2", day(20), 5_000), order("3", day(201), 5_000)]
    facts = [
        Profile(id="born", at=day(0), field="birthday", value="1990-03-01"),
        *orders,
    ]
    statement = folded(*facts, as_of=day(300), under=under)
    assert earned(statement) == {
        "order:1": 50,  # before the membership
        "order:m": 20,  # the card itself earns nothing; the other line was bought before it was a member's
        "order:2": 100,  # double
        "birthday:2026": 500,  # 1 March, while the membership lasts
        "order:3": 50,  # after its refund
    }
    assert statement.available == 720
    # The next birthday comes after the membership.
    assert folded(*facts, as_of=day(500), under=under).available == 720
    with pytest.raises(Refused) as refused:
        take(statement, under[0].program, "shipping")
    assert refused.value.code == "wrong_plan"
    assert take(folded(*facts, as_of=day(100), under=under), under[0].program, "shipping").points == 0


def test_the_fourth_and_the_tenth_order_bring_growing_gifts() -> None:
    under = published("milestones")
    orders = [order(str(number), day(number), 2_000) for number in range(1, 12)]
    small = order("small", day(3.5), 999)  # below 10.00: not counted
    statement = folded(*orders, small, as_of=day(20), under=under)
    assert earned(statement) == {
        "order:3": 100,  # of 100 places, the hash gives order 3 place 4 and order 4 place 6; below 25 they are drawn
        "order:4": 100,
        "milestone:orders:4": 400,
        "milestone:orders:10": 1_500,
    }
    assert take(statement, under[0].program, "off-25").value_minor == 2_500
    # The refund of the tenth order takes its gift back.
    orders[9] = order("10", day(10), 2_000, refunds=(refund("1", day(15), 2_000),))
    assert folded(*orders, as_of=day(20), under=under).available == 600


def test_surprises_fall_on_the_same_orders_whenever_one_asks_and_on_a_quarter_of_many() -> None:
    under = published("milestones")
    orders = [order(f"o{number}", day(number / 10), 2_000) for number in range(2_000)]
    drawn = {source for source in earned(folded(*orders, under=under)) if source.startswith("order:")}
    assert 0.22 < len(drawn) / len(orders) < 0.28
    assert {source for source in earned(folded(*reversed(orders), under=under)) if source.startswith("order:")} == drawn


def test_the_top_tier_opens_to_an_invitation_alone_and_closes_when_it_ends() -> None:
    under = published("invited")
    facts = [order("1", day(0), 900_000), order("2", day(10), 10_000), order("3", day(40), 10_000)]
    rich = folded(*facts, as_of=day(50), under=under)
    assert rich.tier is not None
    assert (rich.tier.id, rich.tier.next_id) == ("gold", "")  # no amount leads further, and none is shown
    assert earned(rich) == {"order:1": 9_000, "order:2": 100, "order:3": 100}
    with pytest.raises(Refused, match="for other tiers"):
        take(rich, under[0].program, "fitting")
    grant = TierGrant(id="g", at=day(5), tier="private", actor="Ann", ends_at=day(30))
    invited = folded(*facts, grant, as_of=day(20), under=under)
    assert invited.tier is not None
    assert invited.tier.id == "private"
    assert take(invited, under[0].program, "fitting").points == 0
    after = folded(*facts, grant, as_of=day(50), under=under)
    assert after.tier is not None
    assert after.tier.id == "gold"
    assert earned(after) == {"order:1": 9_000, "tier:private": 1_000, "order:2": 200, "order:3": 100}


def test_the_club_pays_nothing_for_spending_and_once_a_day_for_events() -> None:
    under = published("club")
    facts = [
        joined(day(0)),
        did("sign_up", day(0)),
        did("sign_up", day(1)),  # once in a lifetime
        did("profile_completed", day(1)),
        did("event_attended", day(2.1)),
        did("event_attended", day(2.5)),  # the same day
        did("event_attended", day(9)),
        order("1", day(10), 100_000),
        redemption("r", day(11), 150, reward="workshop"),
    ]
    statement = folded(*facts, as_of=day(12), under=under)
    assert list(earned(statement).values()) == [50, 50, 100, 100]
    assert statement.available == 300 - 150
    assert "nothing.no_rules" in messages(statement)
    assert take(folded(*facts[:8], as_of=day(11), under=under), under[0].program, "evening").kind == "access"


def test_taking_part_is_paid_within_its_limits() -> None:
    under = published("activities")
    visits = [did("visit", day(number)) for number in range(1, 8)]  # 10 each, 50 in a month
    events = [did("event_attended", day(number + 0.5)) for number in range(1, 7)]  # 100 each, four times in a month
    facts = [*visits, *events, did("visit", day(1.1)), did("visit", day(32)), did("app_installed", day(3))]
    again = did("app_installed", day(4))
    statement = folded(*facts, again, order("1", day(5), 2_599), as_of=day(40), under=under)
    # January: 50 + 400; February: 10; the app 150, once; 25 for the order.
    assert statement.available == 50 + 400 + 10 + 150 + 25
    assert take(statement, under[0].program, "off-5").points == 250


def test_the_third_level_has_its_name_put_on_things_four_times() -> None:
    under = published("personal")
    program = under[0].program
    facts = [did("sign_up", day(0)), order("1", day(1), 40_000), order("2", day(2), 99_900)]
    # 100 + 400 points make level 2, 100 + 400 + 999 = 1,499 are one short of level 3.
    almost = folded(*facts, as_of=day(3), under=under)
    assert almost.tier is not None
    assert (almost.tier.id, almost.tier.measure) == ("two", 1_499)
    with pytest.raises(Refused, match="for other tiers"):
        take(almost, program, "personal")
    third = folded(*facts, order("3", day(4), 100), as_of=day(5), under=under)
    assert third.tier is not None
    assert third.tier.id == "three"
    assert program.tiers[2].perks == ("Your name on what you buy",)
    assert take(third, program, "personal", taken=3).points == 0
    with pytest.raises(Refused, match="and was"):
        take(third, program, "personal", taken=4)
    # A year later the points no longer count, and neither does the level.
    faded = folded(*facts, order("3", day(4), 100), as_of=day(370), under=under)
    assert faded.tier is not None
    assert faded.tier.id == "one"


def test_members_who_are_old_enough_get_their_gift_and_early_access() -> None:
    under = published("early-access")
    program = under[0].program
    grown = [joined(day(0)), Profile(id="b", at=day(0), field="birthday", value="2008-01-01"), did("sign_up", day(0))]
    statement = folded(*grown, order("1", day(1), 50_000), as_of=day(2), under=under)
    assert statement.available == 500
    assert [take(statement, program, name).points for name in ("welcome-gift", "early", "off-5")] == [0, 0, 500]
    with pytest.raises(Refused, match="and was"):
        take(statement, program, "welcome-gift", taken=1)
    young = Profile(id="b", at=day(0), field="birthday", value="2008-01-04")
    for facts in ([], [young]):  # nobody knows, or one day too young
        child = folded(joined(day(0)), *facts, order("1", day(1), 40_000), as_of=day(2), under=under)
        assert child.available == 0
        for name in ("welcome-gift", "early"):
            with pytest.raises(Refused, match="for other members"):
                take(child, program, name)
    # The day comes by itself, in the shop's time zone.
    birthday = datetime(2026, 1, 3, 23, tzinfo=UTC)
    assert take(folded(young, as_of=birthday, under=under), program, "welcome-gift").points == 0
    with pytest.raises(Refused, match="for other members"):
        take(folded(young, as_of=birthday - timedelta(seconds=1), under=under), program, "welcome-gift")
