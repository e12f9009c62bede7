"""The four questions of the first run: what stands in their forms, what a form says, and what each answer costs. The
answers live in the draft of the program, so that leaving the page loses nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Literal

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty.dashboard.first_run_ways import EARN, REWARDS, Amount, Fit, Way, changed, shown
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.refusals import refusal_text
from loyalty.engine.document import Program, Reward
from loyalty.engine.earning import Cashback, PerAmount
from loyalty.engine.errors import Invalid
from loyalty.engine.money import format_minor
from loyalty.engine.presets import preset
from loyalty.engine.presets.fitting import back_percent, fitted, nice
from loyalty.engine.presets.shape import Setting
from loyalty.engine.program import parse_program, to_data
from loyalty.engine.simulate import point_worth
from loyalty.models import Launch, Shop
from loyalty.platforms.permits import Permits
from loyalty.platforms.registry import platform_of
from loyalty.selectors.launching import Past

Place = Literal["rules", "rewards"]
WAYS: dict[Place, tuple[Way, ...]] = {"rules": EARN, "rewards": REWARDS}

PRESETS = {
    "points": gettext_lazy("Points"),
    "vip-spend": gettext_lazy("Tiers by spending"),
    "cashback": gettext_lazy("Cashback"),
    "milestones": gettext_lazy("Milestones"),
}
"""Those that need nothing but orders and accounts; the others wait on the Program page."""

GOALS: dict[str, tuple[str, tuple[str, ...]]] = {
    Launch.Goal.SECOND_ORDERS: ("points", ("second",)),
    Launch.Goal.LARGER_ORDERS: ("points", ()),
    Launch.Goal.KEPT_CUSTOMERS: ("vip-spend", ()),
    Launch.Goal.NEW_CUSTOMERS: ("points", ("referral",)),
}
"""Per goal the preset, and the ways to earn that are added to it."""

LARGER_BY = Fraction(5, 4)
"""What an order must come to for the reward where orders are to grow, of the average."""


class Wrong(Exception):
    """A form with errors by the name of the input; an empty name is about the whole."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Input:
    name: str
    value: str
    before: str
    after: str
    mode: str
    money: str
    error: str


@dataclass(frozen=True, slots=True)
class Pick:
    """One way to earn or reward. `why_not` says why the platform can't carry it."""

    name: str
    title: str
    about: str
    on: bool
    inputs: tuple[Input, ...]
    cost: str
    why_not: str


def setting_of(shop: Shop) -> Setting:
    return Setting(currency=shop.currency, exponent=shop.exponent, time_zone=shop.time_zone)


def fit_of(shop: Shop, past: Past, margin_percent: int | None) -> Fit:
    return Fit(setting_of(shop), past.average_minor, back_percent(margin_percent))


def suggested(goal: str, preset_id: str, fit: Fit, name: str, margin_percent: int | None) -> Program:
    """The preset in the shop's size, with what serves the goal. Raises Invalid for a preset that is not offered."""
    if preset_id not in PRESETS:
        raise Invalid(_("Choose one of the programs in the list."), place="preset")
    whole = preset(preset_id).program(fit.shop)
    program = fitted(whole, fit.shop, average_minor=fit.average_minor, margin_percent=margin_percent)
    added = [way.suggested(fit) for way in EARN if way.id in GOALS[goal][1]]
    rewards = _one_of_a_kind(program.rewards)
    if goal == Launch.Goal.LARGER_ORDERS:
        least = nice(fit.average_minor * LARGER_BY, fit.shop)
        rewards = tuple(msgspec.structs.replace(reward, minimum_order_minor=least) for reward in rewards)
    return msgspec.structs.replace(program, name=name, rules=(*program.rules, *added), rewards=rewards)


def _one_of_a_kind(rewards: Sequence[Reward]) -> tuple[Reward, ...]:
    """The list shows one of each kind; more of them are for the Program page."""
    found: dict[str, Reward] = {}
    for reward in rewards:
        found.setdefault(reward.kind, reward)
    return tuple(found.values())


def picks(
    program: Program,
    place: Place,
    *,
    shop: Shop,
    fit: Fit,
    past: Past,
    fmt: Format,
    posted: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> list[Pick]:
    """The question's list; with `posted` as it was typed, beside what is wrong with it."""
    things: Sequence[Any] = getattr(program, place)
    platform, permits = platform_of(shop), Permits(shop)
    found = []
    for way in WAYS[place]:
        there = next((thing for thing in things if way.is_one(thing)), None)
        thing = there or way.suggested(fit)
        why_not = platform.cannot_carry(permits, thing) if place == "rewards" else ""
        inputs = tuple(_input(way, amount, thing, fmt, posted, errors or {}) for amount in way.amounts)
        is_on = there is not None if posted is None else way.id in posted
        cost = _cost(thing, program, past, fmt)
        found.append(Pick(way.id, str(way.title), str(way.about), is_on and not why_not, inputs, cost, why_not))
    return found


def answered(program: Program, place: Place, posted: Mapping[str, str], fit: Fit, fmt: Format) -> Program:
    """The program with the answers of one question; what the question does not show stays. Raises Wrong."""
    errors: dict[str, str] = {}
    left = list(getattr(program, place))
    added = []
    for way in WAYS[place]:
        there = next((thing for thing in left if way.is_one(thing)), None)
        if way.id not in posted:
            left = [thing for thing in left if thing is not there]
            continue
        thing = _typed(way, there or way.suggested(fit), posted, program, fmt, errors)
        if there is None:
            added.append(thing)
        else:
            left[next(index for index, each in enumerate(left) if each is there)] = thing
    if errors:
        raise Wrong(errors)
    try:
        return parse_program(to_data(msgspec.structs.replace(program, **{place: (*left, *added)})))
    except Invalid as error:
        raise Wrong({"": f"{refusal_text(error)} ({error.place})"}) from error


def _typed(
    way: Way, thing: Any, posted: Mapping[str, str], program: Program, fmt: Format, errors: dict[str, str]
) -> Any:
    for amount in way.amounts:
        name = f"{way.id}-{amount.field}"
        try:
            thing = changed(thing, amount, posted.get(name, ""), fmt)
        except Invalid as error:
            errors[name] = refusal_text(error)
    if way.id == "amount_off":
        value = format_minor(thing.value_minor, program.currency, program.exponent)
        return msgspec.structs.replace(thing, name=f"{value} off")
    if way.id == "percent_off":
        return msgspec.structs.replace(thing, name=f"{thing.percent} % off")
    if way.id == "cashback":
        return msgspec.structs.replace(thing, name=f"{thing.percent} % back")
    return thing


def _input(
    way: Way,
    amount: Amount,
    thing: Any,
    fmt: Format,
    posted: Mapping[str, str] | None,
    errors: Mapping[str, str],
) -> Input:
    name = f"{way.id}-{amount.field}"
    return Input(
        name=name,
        value=shown(thing, amount, fmt) if posted is None else posted.get(name, "")[:64],
        before=str(amount.before),
        after=str(amount.after),
        mode={"money": "decimal", "percent": "decimal", "name": "text"}.get(amount.unit, "numeric"),
        money=fmt.currency if amount.unit == "money" else "",
        error=errors.get(name, ""),
    )


def _cost(thing: Any, program: Program, past: Past, fmt: Format) -> str:
    """What the shop pays for it, each time."""
    worth = point_worth(program)
    if isinstance(thing, PerAmount):
        return _percent(Fraction(thing.points) * worth / thing.per_minor, fmt)
    if isinstance(thing, Cashback):
        return _percent(Fraction(thing.percent) / 100, fmt)
    kind = getattr(thing, "kind", "")
    if kind == "percent_off":
        return _costs(past.average_minor * thing.percent // 100, fmt)
    if kind == "free_shipping":
        return _costs(past.shipping_minor, fmt) if past.shipping_minor else _("what shipping costs you")
    if kind == "custom":
        return _("your choice")
    if kind:
        return _costs(thing.value_minor, fmt)
    points = sum(getattr(thing, name, 0) for name in ("points", "referrer_points", "friend_points"))
    points += sum(step.points for step in getattr(thing, "steps", ()))
    return _costs(round(points * worth), fmt) if worth else ""


def _costs(amount_minor: int, fmt: Format) -> str:
    return _("costs you %(amount)s") % {"amount": fmt.money(amount_minor)}


def _percent(share: Fraction, fmt: Format) -> str:
    return _("gives back %(share)s") % {"share": fmt.percent(share.numerator, share.denominator)}
