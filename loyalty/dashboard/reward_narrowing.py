"""What a reward asks more of, or allows less of, once a draft is published: each condition in a sentence with what it
was before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.dashboard.program_sentences import Words
from loyalty.dashboard.program_text import points_of
from loyalty.engine.program import Reward
from loyalty.engine.rewards import LASTING, SLIDING, least_points, paid_as


@dataclass(frozen=True, slots=True)
class Turn:
    """A reward by its name, what it was and what it becomes, each with the words of its program."""

    name: str
    was: Reward
    now: Reward
    before: Words
    after: Words

    def say(self, template: str, before: str, after: str) -> str:
        return template % {"reward": self.name, "before": before, "after": after}


Telling = Callable[[Turn], str]

WIDTHS = {"month": 0, "year": 1, "lifetime": 2}
"""Periods of a limit: the wider, the less it allows."""


def narrowings(was: Reward, now: Reward) -> Iterator[Telling]:
    """What to tell of these two, in the order of the form; nothing where all is as good or better."""
    return (tell for is_narrower, tell in _CONDITIONS if is_narrower(was, now))


def fewer(was: Sequence[str], now: Sequence[str]) -> bool:
    """Of names that limit something; none limits nothing."""
    return bool(now) and (not was or not set(was) <= set(now))


def most_in_all(reward: Reward) -> int | None:
    """How often it can be had by everybody together; None for without end."""
    return min((each for each in (reward.limit_total, reward.stock) if each is not None), default=None)


def is_limited_more(was: Reward, now: Reward) -> bool:
    """A member may have it less often."""
    if now.limit_per_member is None or was.limit_per_member is None:
        return now.limit_per_member is not None
    return now.limit_per_member < was.limit_per_member or WIDTHS[now.limit_period] > WIDTHS[was.limit_period]


def is_shorter_in_all(was: Reward, now: Reward) -> bool:
    before, after = most_in_all(was), most_in_all(now)
    return after is not None and (before is None or after < before)


def _begins_later(was: Reward, now: Reward) -> bool:
    """What is paid in steps takes more of them at least."""
    return was.kind == now.kind and now.kind in SLIDING and least_points(now) > least_points(was)


def _begins(turn: Turn) -> str:
    before, after = (points_of(least_points(each), turn.after.fmt) for each in (turn.was, turn.now))
    return turn.say(_("%(reward)s begins at %(after)s instead of %(before)s."), before, after)


def _pays_less_of_an_order(was: Reward, now: Reward) -> bool:
    return was.kind == now.kind == "points_slider" and now.maximum_percent < was.maximum_percent


def _part(turn: Turn) -> str:
    before, after = (turn.after.fmt.points(each.maximum_percent) for each in (turn.was, turn.now))
    return turn.say(_("%(reward)s pays up to %(after)s %% of an order instead of %(before)s %%."), before, after)


def _needs_more(was: Reward, now: Reward) -> bool:
    return now.minimum_order_minor > was.minimum_order_minor


def _least_order(turn: Turn) -> str:
    least = turn.was.minimum_order_minor
    before, after = (
        turn.before.money(least) if least else _("any order"),
        turn.after.money(turn.now.minimum_order_minor),
    )
    return turn.say(_("%(reward)s needs an order of %(after)s or more instead of %(before)s."), before, after)


def _is_for_fewer_goods(was: Reward, now: Reward) -> bool:
    return fewer([*was.products, *was.collections], [*now.products, *now.collections])


def _goods(turn: Turn) -> str:
    before, after = _goods_of(turn.was, turn.before), _goods_of(turn.now, turn.after)
    return turn.say(_("%(reward)s is for %(after)s instead of %(before)s."), before, after)


def _goods_of(reward: Reward, words: Words) -> str:
    told = []
    if reward.products:
        told.append(_("the products %(names)s") % {"names": words.titled("products", reward.products)})
    if reward.collections:
        told.append(_("the collections %(names)s") % {"names": words.titled("collections", reward.collections)})
    return _(" and ").join(told) or _("everything")


def _is_for_fewer_members(was: Reward, now: Reward) -> bool:
    return any(fewer(getattr(was, part), getattr(now, part)) for part in ("tiers", "segments", "plans"))


def _members(turn: Turn) -> str:
    before, after = _members_of(turn.was, turn.before), _members_of(turn.now, turn.after)
    return turn.say(_("%(reward)s is for %(after)s instead of %(before)s."), before, after)


def _members_of(reward: Reward, words: Words) -> str:
    told = []
    if reward.tiers:
        told.append(_("members of %(names)s") % {"names": words.named("tiers", reward.tiers)})
    if reward.segments:
        told.append(_("members of %(names)s") % {"names": words.named("segments", reward.segments)})
    if reward.plans:
        told.append(_("members with %(names)s") % {"names": words.named("plans", reward.plans)})
    return _(" and ").join(told) or _("all members")


def _limit(turn: Turn) -> str:
    before, after = _times(turn.was, turn.before), _times(turn.now, turn.after)
    return turn.say(_("A member can take %(reward)s %(after)s instead of %(before)s."), before, after)


def _times(reward: Reward, words: Words) -> str:
    """ "3 times a month"."""
    count = reward.limit_per_member
    if count is None:
        return _("as often as points last")
    told = {
        "lifetime": ngettext("%(times)s time in all", "%(times)s times in all", count),
        "year": ngettext("%(times)s time a year", "%(times)s times a year", count),
        "month": ngettext("%(times)s time a month", "%(times)s times a month", count),
    }[reward.limit_period]
    return told % {"times": words.fmt.points(count)}


def _stock(turn: Turn) -> str:
    before, after = (
        _("any number") if most is None else turn.after.fmt.points(most)
        for most in (most_in_all(turn.was), most_in_all(turn.now))
    )
    return turn.say(_("Of %(reward)s there are %(after)s in all instead of %(before)s."), before, after)


def _ends_sooner(was: Reward, now: Reward) -> bool:
    """Of what a member has to use in time; what staff has to do in time is no loss of theirs."""
    return now.valid_days < was.valid_days and not {paid_as(was).kind, paid_as(now).kind} & (LASTING | {"custom"})


def _validity(turn: Turn) -> str:
    days = ngettext("%(days)s day", "%(days)s days", turn.now.valid_days)
    before, after = turn.after.fmt.points(turn.was.valid_days), turn.after.fmt.points(turn.now.valid_days)
    if turn.now.kind == "access":
        return turn.say(_("%(reward)s stays open for %(after)s instead of %(before)s."), before, days % {"days": after})
    template = _("An unused code of %(reward)s works for %(after)s instead of %(before)s.")
    return turn.say(template, before, days % {"days": after})


def _stands_alone(was: Reward, now: Reward) -> bool:
    return was.kind == now.kind and was.combines and not now.combines


def _alone(turn: Turn) -> str:
    return _("%(reward)s doesn’t work together with other discounts any more.") % {"reward": turn.name}


def _is_kept(was: Reward, now: Reward) -> bool:
    return was.kind == now.kind and was.cancellable and not now.cancellable and paid_as(was).kind not in LASTING


def _kept(turn: Turn) -> str:
    return _("A member can’t give an unused code of %(reward)s back any more.") % {"reward": turn.name}


_CONDITIONS: tuple[tuple[Callable[[Reward, Reward], bool], Telling], ...] = (
    (_begins_later, _begins),
    (_pays_less_of_an_order, _part),
    (_needs_more, _least_order),
    (_is_for_fewer_goods, _goods),
    (_is_for_fewer_members, _members),
    (is_limited_more, _limit),
    (is_shorter_in_all, _stock),
    (_ends_sooner, _validity),
    (_stands_alone, _alone),
    (_is_kept, _kept),
)
