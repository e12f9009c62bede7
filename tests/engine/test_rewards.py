"""May this be redeemed now, and what becomes of it."""

import pytest

from loyalty.engine.errors import Conflict, NotFound, Refused
from loyalty.engine.program import Reward
from loyalty.engine.rewards import TERMINAL, TRANSITIONS, Accepted, accept, transition
from tests.engine.factories import day, document, folded, order, program, redemption, versions


def accepted(points, reward="amount-off", under=None, asked=None, by_member=0, in_total=0):
    statement = folded(order("A", day(1), points * 100))
    return accept(
        statement,
        under or program(),
        reward,
        as_of=day(2),
        points=asked,
        taken_by_member=by_member,
        taken_in_total=in_total,
    )


def test_enough_points_are_accepted_with_their_worth():
    given = accepted(520)
    assert (given.points, given.value_minor, given.expires_at) == (500, 500, day(32))


def test_too_few_points_are_refused_with_what_is_missing():
    with pytest.raises(Refused, match="120 points to go") as refused:
        accepted(380)
    assert refused.value.code == "not_enough_points"


def test_limits_are_kept_before_the_balance_is_looked_at():
    limited = program(rewards=(Reward(id="r", name="R", kind="custom", points=0, limit_total=1, limit_per_member=1),))
    with pytest.raises(Refused) as refused:
        accepted(0, "r", limited, in_total=1)
    assert refused.value.code == "limit_total"
    with pytest.raises(Refused) as refused:
        accepted(0, "r", limited, by_member=1)
    assert refused.value.code == "limit_per_member"


def test_a_slider_takes_whole_steps_and_nothing_else_may_choose_its_cost():
    slider = program(rewards=(Reward(id="s", name="S", kind="points_slider", points=100, value_minor=100),))
    assert accepted(520, "s", slider, asked=300).value_minor == 300
    with pytest.raises(Refused, match="multiple of 100"):
        accepted(520, "s", slider, asked=250)
    assert accepted(520, asked=1).points == 500


def test_an_unknown_reward_is_not_found():
    with pytest.raises(NotFound, match=r"^There is no reward 'nope' in the program\.$"):
        accepted(520, "nope")


def one_reward(**changes):
    return program(rewards=(Reward(**{"id": "r", "name": "Prize", "kind": "custom", "points": 100, **changes}),))


@pytest.mark.parametrize(
    ("changes", "call", "code", "sentence"),
    [
        ({"enabled": False}, {}, "not_offered", "Prize is not offered at the moment."),
        ({"limit_total": 3}, {"in_total": 3}, "limit_total", "Prize is sold out."),
        ({"stock": 3}, {"in_total": 3}, "out_of_stock", "No codes are left for Prize."),
        ({"limit_per_member": 1}, {"by_member": 1}, "limit_per_member", "Prize can be taken once, and was."),
        ({"limit_per_member": 2}, {"by_member": 2}, "limit_per_member", "Prize can be taken 2 times, and was."),
        ({"tiers": ("gold",)}, {}, "wrong_tier", "Prize is for other tiers."),
        ({"segments": ("vip",)}, {}, "wrong_segment", "Prize is for other members."),
        ({"points": 521}, {}, "not_enough_points", "1 point to go for Prize."),
        ({"points": 2520}, {}, "not_enough_points", "2,000 points to go for Prize."),
        (
            {"kind": "points_slider", "points": 1000, "value_minor": 1},
            {"asked": 500},
            "bad_amount",
            "Choose a multiple of 1,000 points.",
        ),
        (
            {"kind": "points_slider", "points": 10, "value_minor": 1},
            {"asked": 0},
            "bad_amount",
            "Choose a multiple of 10 points.",
        ),
        (
            {"kind": "points_slider", "points": 10, "value_minor": 1},
            {},
            "bad_amount",
            "Choose a multiple of 10 points.",
        ),
        (
            {"kind": "points_slider", "points": 10, "value_minor": 1, "minimum_points": 1010},
            {"asked": 1000},
            "below_minimum",
            "Use 1,010 points or more.",
        ),
    ],
)
def test_a_refusal_says_what_is_missing(changes, call, code, sentence):
    with pytest.raises(Refused) as refused:
        accepted(520, "r", one_reward(**changes), **call)
    assert (refused.value.code, refused.value.message) == (code, sentence)


def test_the_last_one_of_each_limit_is_still_given():
    under = one_reward(limit_total=3, stock=3, limit_per_member=2)
    assert accepted(100, "r", under, by_member=1, in_total=2).points == 100


def test_a_promise_holds_all_that_a_code_needs():
    under = one_reward(kind="percent_off", percent=20, minimum_order_minor=5000, valid_days=3, value_minor=7)
    assert accepted(100, "r", under) == Accepted(
        reward_id="r",
        reward_name="Prize",
        kind="percent_off",
        points=100,
        value_minor=7,
        percent=20,
        minimum_order_minor=5000,
        expires_at=day(5),
    )
    assert accepted(100, "r", one_reward(kind="gift_card", value_minor=7)).expires_at is None


def test_a_member_of_the_tier_and_the_segment_may_have_it():
    shape = {"tiers": [{"id": "gold", "name": "Gold"}], "segments": [{"id": "buyer", "order_count": [1, 9]}]}
    prize = {"id": "r", "name": "R", "kind": "custom", "points": 1, "tiers": ["gold"], "segments": ["x", "buyer"]}
    under = document(**shape, rewards=[prize])
    statement = folded(order("A", day(1), 1000), under=under)
    given = accept(statement, under[0].program, "r", as_of=day(2), taken_by_member=0, taken_in_total=0)
    assert given.points == 1


def test_a_debt_makes_the_way_to_a_reward_no_longer_than_its_price():
    owing = folded(order("A", day(1), 1000, cancelled_at=day(9)), spent_first(), under=versions())
    assert owing.available == -5
    with pytest.raises(Refused, match="500 points to go for Amount off"):
        accept(owing, program(), "amount-off", as_of=day(20), taken_by_member=0, taken_in_total=0)


def spent_first():
    return redemption("r", day(2), 5)


def test_every_way_of_a_redemption_and_nothing_else():
    states = {*TERMINAL, *(state for state, _ in TRANSITIONS)}
    events = {event for _, event in TRANSITIONS}
    for state in states:
        for event in events:
            if (state, event) in TRANSITIONS:
                assert transition(state, event) == TRANSITIONS[state, event]
            elif state in TERMINAL:
                with pytest.raises(Conflict, match=f"^This redemption is already {state}.$") as conflict:
                    transition(state, event)
                assert conflict.value.code == "already_resolved"
            else:
                with pytest.raises(Refused, match=f"^A redemption that is {state} cannot {event}.$") as refused:
                    transition(state, event)
                assert refused.value.code == "not_allowed"


def test_a_redemption_goes_from_reserved_to_used_and_stays_there():
    state = "reserved"
    for event in ("issue", "issued", "use"):
        state = transition(state, event)
    assert state == "used"
    with pytest.raises(Conflict) as conflict:
        transition(state, "cancel")
    assert conflict.value.code == "already_resolved"
    with pytest.raises(Refused):
        transition("reserved", "use")
