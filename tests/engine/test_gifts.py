"""Gifts of sign-ups, milestones, referrals and win-back; joining and leaving."""

from __future__ import annotations

from itertools import permutations

import msgspec
import pytest

from loyalty.engine.facts import Activity, Issued, Profile, Referral
from loyalty.engine.program import to_data
from loyalty.engine.statement import checkpoint, fold
from tests.engine.factories import day, document, earned, folded, messages, order, refund

COFFEE = {"id": "coffee", "name": "Coffee", "kind": "amount_off", "points": 100, "value_minor": 300}


def under(*rules: dict, **more: object) -> list:
    return document(*rules, rewards=[COFFEE], **more)


def gifts(statement) -> list[tuple[str, object]]:
    return [(gift.key, gift.at) for gift in statement.gifts]


def said(value: str, at: float, field: str = "enrolled") -> Profile:
    return Profile(id=f"{field}:{at}", at=day(at), field=field, value=value)


def sign_up(at: float, id: str = "s") -> Activity:
    return Activity(id=id, at=day(at), kind="sign_up", customer_id="c")


WELCOME = {"kind": "activity", "id": "w", "activity": "sign_up", "rewards": ["coffee"]}
BACK = {"kind": "win_back", "id": "b", "days": 60, "points": 25, "rewards": ["coffee"]}


def test_a_sign_up_brings_its_welcome_code_once_even_for_two_customers_who_became_one() -> None:
    statement = folded(sign_up(1), sign_up(5, "other"), as_of=day(9), under=under(WELCOME))
    assert gifts(statement) == [("sign_up:coffee", day(1))]
    assert (statement.available, messages(statement)) == (0, [])


def test_what_was_issued_is_known_by_its_key() -> None:
    statement = folded(sign_up(1), Issued(id="i", at=day(2), gift="sign_up:coffee"), as_of=day(9), under=under(WELCOME))
    assert [gift.issued for gift in statement.gifts] == [True]


def test_a_limit_on_times_counts_gifts_without_points() -> None:
    rule = {
        "kind": "activity",
        "id": "share",
        "activity": "social_share",
        "rewards": ["coffee"],
        "caps": [{"per": "lifetime", "times": 1}],
    }
    facts = [Activity(id=name, at=day(n), kind="social_share") for n, name in enumerate("ab", 1)]
    assert gifts(folded(*facts, as_of=day(9), under=under(rule))) == [("activity:a:coffee", day(1))]


def milestone(**more: object) -> dict:
    return {"kind": "milestone", "id": "m", "steps": [{"orders": 2, "rewards": ["coffee"]}], **more}


def test_a_milestone_gives_its_gift_when_the_hold_is_over_and_not_for_an_order_that_went_back_before() -> None:
    held = {"policies": {"hold_days": 14}}
    orders = [order("1", day(1)), order("2", day(10))]
    before, after = (folded(*orders, as_of=day(at), under=under(milestone(), **held)) for at in (23.9, 24))
    assert (gifts(before), before.next_due) == ([], day(24))
    assert gifts(after) == [("milestone:m:2:coffee", day(24))]
    back = order("2", day(10), refunds=(refund("r", day(12), 1000),))
    assert gifts(folded(orders[0], back, as_of=day(40), under=under(milestone(), **held))) == []
    in_part = order("2", day(10), refunds=(refund("r", day(12), 400),))
    assert len(gifts(folded(orders[0], in_part, as_of=day(40), under=under(milestone(), **held)))) == 1


def test_a_gift_on_hold_survives_a_checkpoint() -> None:
    versions = under(milestone(), policies={"hold_days": 14})
    facts = [order("1", day(1)), order("2", day(10))]
    state = checkpoint(versions, facts, day(20))
    assert fold(versions, [], day(30), state).gifts == fold(versions, facts, day(30)).gifts != ()


def test_points_of_a_milestone_on_hold_name_the_order_that_reached_it() -> None:
    points = {"kind": "milestone", "id": "m", "steps": [{"orders": 2, "points": 30}]}
    versions = under(points, policies={"hold_days": 14})
    facts = [order("1", day(1)), order("2", day(10))]
    state = checkpoint(versions, facts, day(20))
    for statement in (fold(versions, facts, day(20)), fold(versions, [], day(20), state)):
        assert [(held.source, held.order_id) for held in statement.pending] == [
            ("order:2", "2"),
            ("milestone:m:2", "2"),
        ]


def test_a_member_who_stays_away_is_won_back_once_for_each_absence() -> None:
    orders = [order("1", day(1)), order("2", day(30)), order("3", day(200))]
    statement = folded(*orders, as_of=day(400), under=under(BACK, base=False))
    assert earned(statement) == {"win_back:b:2": 25, "win_back:b:3": 25}
    assert gifts(statement) == [("win_back:b:2:coffee", day(90)), ("win_back:b:3:coffee", day(260))]
    assert folded(*orders, as_of=day(201), under=under(BACK)).next_due == day(260)


def test_the_clock_asks_for_the_end_of_an_absence_and_an_order_in_its_last_moment_ends_it() -> None:
    first = order("1", day(1))
    assert folded(first, as_of=day(60.9), under=under(BACK)).next_due == day(61)
    late = folded(first, order("2", day(61)), as_of=day(62), under=under(BACK))
    assert gifts(late) == []


def test_an_order_heard_of_late_leaves_the_gift_of_the_absence_alone() -> None:
    """The absence is called by the order it began with: an older order that turns up changes no key."""
    facts = [order("late", day(0.5)), order("1", day(1)), Issued(id="i", at=day(61), gift="win_back:b:1:coffee")]
    for told in permutations(facts):
        statement = folded(*told, as_of=day(100), under=under(BACK))
        assert [(gift.key, gift.issued) for gift in statement.gifts] == [("win_back:b:1:coffee", True)]


def test_one_absence_brings_one_gift_though_an_order_within_it_is_heard_of_late() -> None:
    """The gift was right by what was known; that the absence began later gives points anew, and no second gift."""
    handed_out = Issued(id="i", at=day(61), gift="win_back:b:1:coffee")
    facts = [order("1", day(1)), handed_out, order("late", day(30)), order("next", day(200))]
    for told in permutations(facts):
        statement = folded(*told, as_of=day(300), under=under(BACK, base=False))
        assert [(gift.key, gift.at, gift.issued) for gift in statement.gifts] == [
            ("win_back:b:1:coffee", day(90), True),
            ("win_back:b:next:coffee", day(260), False),
        ]
        assert earned(statement) == {"win_back:b:late": 25, "win_back:b:next": 25}
    state = checkpoint(under(BACK, base=False), facts, day(70))
    assert fold(under(BACK, base=False), facts[3:], day(300), state).gifts == statement.gifts


def test_a_gift_that_left_late_is_the_one_of_the_absence_that_a_late_order_moved() -> None:
    """Whoever hands out was away for nine days, and the absence turns out to have ended within them."""
    handed_out = Issued(id="i", at=day(70), gift="win_back:b:1:coffee")
    facts = [order("1", day(1)), handed_out, order("late", day(5)), order("next", day(200))]
    for told in permutations(facts):
        statement = folded(*told, as_of=day(300), under=under(BACK, base=False))
        assert [(gift.key, gift.at, gift.issued) for gift in statement.gifts] == [
            ("win_back:b:1:coffee", day(65), True),
            ("win_back:b:next:coffee", day(260), False),
        ]
    state = checkpoint(under(BACK, base=False), facts, day(68))
    assert fold(under(BACK, base=False), [handed_out, facts[3]], day(300), state).gifts == statement.gifts


def test_a_new_version_wins_nobody_back_twice_and_nobody_who_was_away_for_long() -> None:
    one = under(BACK)[0]
    longer = msgspec.structs.replace(under({**BACK, "days": 90})[0], number=2, in_force_from=day(70))
    statement = folded(order("1", day(1)), as_of=day(300), under=[one, longer])
    assert gifts(statement) == [("win_back:b:1:coffee", day(61))]
    assert statement.available == 10 + 25
    late = msgspec.structs.replace(one, number=2, in_force_from=day(70))
    assert gifts(folded(order("1", day(1)), as_of=day(300), under=[under()[0], late])) == []


def test_a_won_back_member_is_not_won_back_again_from_a_checkpoint() -> None:
    versions, facts = under(BACK), [order("1", day(1))]
    for mark in (30, 61, 80):
        state = checkpoint(versions, facts, day(mark))
        assert fold(versions, [], day(200), state).gifts == fold(versions, facts, day(200)).gifts


def test_both_sides_of_a_referral_get_their_gifts() -> None:
    rule = {"kind": "referral", "id": "r", "referrer_points": 100, "friend_rewards": ["coffee"]}
    friend = folded(Referral(id="f", at=day(2), role="friend", other="m"), as_of=day(3), under=under(rule))
    assert (gifts(friend), friend.available) == ([("referral:f:coffee", day(2))], 0)
    referrer = folded(Referral(id="f", at=day(2), role="referrer", other="m"), as_of=day(3), under=under(rule))
    assert (gifts(referrer), referrer.available) == ([], 100)


def test_at_most_so_many_friends_a_month_bring_something() -> None:
    rule = {"kind": "referral", "id": "r", "referrer_points": 100, "caps": [{"per": "month", "times": 2}]}
    friends = [Referral(id=str(n), at=day(n), role="referrer", other=str(n)) for n in (1, 2, 3, 40)]
    assert list(earned(folded(*friends, as_of=day(50), under=under(rule)))) == [
        "referral:1",
        "referral:2",
        "referral:40",
    ]


def test_who_left_earns_nothing_keeps_what_is_there_and_can_come_back() -> None:
    facts = [
        order("1", day(1), 1000),
        said("no", 2),
        order("2", day(3)),
        sign_up(4),
        said("yes", 5),
        order("3", day(6)),
    ]
    statement = folded(*facts, as_of=day(9), under=under(WELCOME))
    assert earned(statement) == {"order:1": 10, "order:3": 10}
    assert messages(statement) == ["nothing.left", "nothing.left.activity"]
    assert [folded(*facts, as_of=day(at), under=under()).enrolled for at in (1, 2, 4, 5)] == [True, False, False, True]


def test_who_has_to_ask_earns_nothing_before() -> None:
    asked = {"policies": {"enrolment": "on_request"}, "tiers": [{"id": "one", "name": "One", "entry_points": 5}]}
    facts = [order("1", day(1)), said("yes", 2), sign_up(2), order("2", day(3))]
    statement = folded(*facts, as_of=day(9), under=under(WELCOME, **asked))
    assert earned(statement) == {"tier:one": 5, "order:2": 10}
    assert messages(statement) == ["nothing.not_joined"]
    assert gifts(statement) == [("sign_up:coffee", day(2))]
    before = folded(facts[0], as_of=day(9), under=under(**asked))
    assert (before.enrolled, before.tier.id, before.available) == (False, "", 0)


@pytest.mark.parametrize("mark", [1, 4, 10])
def test_a_checkpoint_knows_who_left(mark: int) -> None:
    facts = [order("1", day(1)), said("no", 2), order("2", day(12))]
    state = checkpoint(under(), facts, day(mark))
    assert messages(fold(under(), facts[1:], day(20), state)) == ["nothing.left"]


def test_a_birthday_needs_no_year_has_then_no_age_and_can_be_unsaid() -> None:
    rule = {"kind": "birthday", "id": "b", "points": 50}
    grown = [{"id": "grown", "minimum_age": 18}]
    born = said("--02-29", 0, "birthday")
    statement = folded(born, as_of=day(120), under=under(rule, segments=grown))
    assert (earned(statement), statement.segments) == ({"birthday:2026": 50}, ())
    assert earned(folded(born, said("", 10, "birthday"), as_of=day(800), under=under(rule))) == {}


def test_a_step_without_gifts_is_written_as_it_was() -> None:
    program = under({"kind": "milestone", "id": "m", "steps": [{"orders": 2, "points": 5}]})[0].program
    assert to_data(program)["rules"][-1]["steps"] == [{"orders": 2, "points": 5}]
