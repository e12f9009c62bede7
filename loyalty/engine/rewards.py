"""Rewards: may this be redeemed now, for how many points, and through which states a redemption goes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from loyalty.engine.calendar import start_of_month, start_of_year, zone_of
from loyalty.engine.errors import Conflict, NotFound, Refused
from loyalty.engine.movement import Statement
from loyalty.engine.phrases import Phrase
from loyalty.engine.pricing import enough_to_use, whole_steps, worth_minor
from loyalty.engine.program import Program, Reward, RewardKind

State = Literal["reserved", "issuing", "ready", "used", "returned", "expired", "failed"]
Event = Literal["issue", "issued", "use", "fail", "cancel", "expire", "retry"]

TERMINAL: frozenset[State] = frozenset({"used", "returned", "expired", "failed"})

TRANSITIONS: dict[tuple[State, Event], State] = {
    ("reserved", "issue"): "issuing",
    ("reserved", "cancel"): "returned",
    ("reserved", "fail"): "failed",
    ("issuing", "issued"): "ready",
    ("issuing", "retry"): "issuing",
    ("issuing", "fail"): "failed",
    ("issuing", "cancel"): "returned",
    ("ready", "use"): "used",
    ("ready", "expire"): "expired",
    ("ready", "cancel"): "returned",
}
"""failed and returned give the points back, expired as the program says; used keeps them."""


MONEY: frozenset[RewardKind] = frozenset({"gift_card", "store_credit"})
"""Money as soon as it is handed over: the promise has no end of its own, and points never come back for it."""


SLIDING: frozenset[RewardKind] = frozenset({"points_slider", "cashback"})
"""`points` of the reward are a step, worth `value_minor`."""

LASTING: frozenset[RewardKind] = MONEY | {"partner"}
"""Handed over for good: it ends by no date of ours, and points never come back for it."""

OURS: frozenset[RewardKind] = frozenset({"custom", "partner"})
"""No platform has a part in these."""

_MISSING = Phrase("{points:,} points to go for {reward}.")
_MISSING_ONE = Phrase("{points} point to go for {reward}.")
_ONCE = {
    "lifetime": Phrase("{reward} can be taken once, and was."),
    "year": Phrase("{reward} can be taken once a year, and was."),
    "month": Phrase("{reward} can be taken once a month, and was."),
}
_TIMES = {
    "lifetime": Phrase("{reward} can be taken {n} times, and was."),
    "year": Phrase("{reward} can be taken {n} times a year, and was."),
    "month": Phrase("{reward} can be taken {n} times a month, and was."),
}


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """What is promised: `points` are taken, worth `value_minor` (or `percent` off); the code lives until
    `expires_at`, which is None for money: that has no end."""

    reward_id: str
    reward_name: str
    kind: str
    points: int
    value_minor: int
    percent: int
    minimum_order_minor: int
    expires_at: datetime | None


def accept(
    statement: Statement,
    program: Program,
    reward_id: str,
    *,
    as_of: datetime,
    points: int | None = None,
    taken_by_member: int,
    taken_in_total: int,
    codes_left: int = 0,
) -> Accepted:
    """May this member have this reward now? `points` is what a slider or cashback asks for (cashback without it: all
    there are); `taken_by_member` and `taken_in_total` count earlier redemptions of it that were not given back, the former
    since `limit_begins_at`; `codes_left` is a partner's stock. Raises NotFound for an unknown reward and Refused with a
    sentence that says what is missing (codes: paused, not_enough_points, limit_per_member, limit_total, out_of_stock,
    wrong_tier, wrong_segment, wrong_plan, not_offered, bad_amount, below_minimum)."""
    reward = next((each for each in program.rewards if each.id == reward_id), None)
    if reward is None:
        raise NotFound("There is no reward {id!r} in the program.", params={"id": reward_id})
    named = {"reward": reward.name}
    if program.paused.redeeming:
        raise Refused("Points can't be redeemed at the moment. They stay yours.", code="paused")
    _check_limits(reward, taken_by_member, taken_in_total, codes_left)
    _check_whom(reward, statement)
    cost, value_minor = _price(reward, points, statement.available)
    if statement.available < cost:
        missing = cost - max(0, statement.available)
        told = _MISSING_ONE if missing == 1 else _MISSING
        raise Refused(told, code="not_enough_points", params={**named, "points": missing})
    return Accepted(
        reward_id=reward.id,
        reward_name=reward.name,
        kind=paid_as(reward).kind,
        points=cost,
        value_minor=value_minor,
        percent=reward.percent,
        minimum_order_minor=reward.minimum_order_minor,
        expires_at=end_of(reward, as_of),
    )


def end_of(reward: Reward, at: datetime) -> datetime | None:
    """When an unused promise of `at` ends; never for what is handed over for good."""
    return None if paid_as(reward).kind in LASTING else at + timedelta(days=reward.valid_days)


def paid_as(reward: Reward) -> Reward:
    """What is promised in the end: cashback is store credit or a gift card."""
    return msgspec.structs.replace(reward, kind=reward.pays) if reward.kind == "cashback" else reward


def least_points(reward: Reward) -> int:
    """The fewest points that this reward takes: of a slider or cashback, in whole steps."""
    if reward.kind not in SLIDING:
        return reward.points
    return max(1, -(-reward.minimum_points // reward.points)) * reward.points


def limit_begins_at(program: Program, reward_id: str, at: datetime) -> datetime | None:
    """Since when redemptions count towards the reward's `limit_per_member`; None where all do."""
    zone = zone_of(program.time_zone)
    period = next((each.limit_period for each in program.rewards if each.id == reward_id), "lifetime")
    if period == "year":
        return start_of_year(at.astimezone(zone).year, zone)
    return start_of_month(at, zone) if period == "month" else None


def transition(state: State, event: Event) -> State:
    """The state after `event`. Raises Conflict (code already_resolved) for whatever comes after a terminal state, and
    Refused (code not_allowed) for what this state does not allow."""
    if state in TERMINAL:
        raise Conflict("This redemption is already {state}.", code="already_resolved", params={"state": state})
    following = TRANSITIONS.get((state, event))
    if following is None:
        raise Refused(
            "A redemption that is {state} cannot {event}.", code="not_allowed", params={"state": state, "event": event}
        )
    return following


def _check_limits(reward: Reward, taken_by_member: int, taken_in_total: int, codes_left: int) -> None:
    named = {"reward": reward.name}
    if not reward.enabled:
        raise Refused("{reward} is not offered at the moment.", code="not_offered", params=named)
    if reward.payout_day:
        raise Refused(
            "{reward} is paid out by itself, on day {day} of each month.",
            code="paid_by_itself",
            params={**named, "day": reward.payout_day},
        )
    if reward.limit_total is not None and taken_in_total >= reward.limit_total:
        raise Refused("{reward} is sold out.", code="limit_total", params=named)
    if (reward.stock is not None and taken_in_total >= reward.stock) or (reward.kind == "partner" and codes_left < 1):
        raise Refused("No codes are left for {reward}.", code="out_of_stock", params=named)
    if reward.limit_per_member is not None and taken_by_member >= reward.limit_per_member:
        raise _limit_reached(reward, reward.limit_per_member)


def _limit_reached(reward: Reward, limit: int) -> Refused:
    params: dict[str, str | int] = {"reward": reward.name, "n": limit, "period": reward.limit_period}
    return Refused((_ONCE if limit == 1 else _TIMES)[reward.limit_period], code="limit_per_member", params=params)


def _check_whom(reward: Reward, statement: Statement) -> None:
    named = {"reward": reward.name}
    if reward.tiers and (statement.tier is None or statement.tier.id not in reward.tiers):
        raise Refused("{reward} is for other tiers.", code="wrong_tier", params=named)
    if reward.segments and not any(segment in statement.segments for segment in reward.segments):
        raise Refused("{reward} is for other members.", code="wrong_segment", params=named)
    if reward.plans and not any(held.id in reward.plans for held in statement.plans):
        raise Refused("{reward} is for members with a plan.", code="wrong_plan", params=named)


def _price(reward: Reward, points: int | None, available: int) -> tuple[int, int]:
    """Cost and worth. A browser's idea of the cost is never believed: only where the kind allows it may a member choose,
    in whole steps."""
    if reward.kind not in SLIDING:
        return reward.points, reward.value_minor
    if reward.kind == "cashback" and points is None:
        points = max(whole_steps(available, reward.points), least_points(reward))
    if points is None or points <= 0 or whole_steps(points, reward.points) != points:
        raise Refused("Choose a multiple of {points:,} points.", code="bad_amount", params={"points": reward.points})
    if not enough_to_use(points, reward.minimum_points):
        raise Refused("Use {points:,} points or more.", code="below_minimum", params={"points": reward.minimum_points})
    return points, worth_minor(points, reward.points, reward.value_minor)
