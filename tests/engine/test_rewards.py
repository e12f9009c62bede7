"""May this be redeemed now, and what becomes of it."""

import pytest

from loyalty.engine.errors import Conflict, NotFound, Refused
from loyalty.engine.program import Reward
from loyalty.engine.rewards import accept, transition
from tests.engine.factories import day, folded, order, program


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
    with pytest.raises(NotFound):
        accepted(520, "nope")


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
