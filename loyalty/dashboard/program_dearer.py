"""What points buy less of once a draft is published: rewards that cost more, give less, ask more or are gone, and whose
points it touches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.dashboard.explanations import isolated
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_beside import Beside
from loyalty.dashboard.program_sentences import Words
from loyalty.dashboard.program_text import offered, points_of
from loyalty.dashboard.reward_narrowing import Turn, fewer, is_limited_more, is_shorter_in_all, most_in_all, narrowings
from loyalty.engine.program import Program, Reward, RewardKind
from loyalty.engine.rewards import least_points, limit_begins_at
from loyalty.selectors.reward_holders import Band, Holders, Limit, at_their_limit, holders_of, taken_in_all

SHOWN = 30
WORTH_MONEY: frozenset[RewardKind] = frozenset({"amount_off", "gift_card", "store_credit", "points_slider", "cashback"})
"""Where `value_minor` is what a member gets; elsewhere it is what the reward costs the shop."""


@dataclass(frozen=True, slots=True)
class Pair:
    """What can be taken for points now, and what it becomes; None where it is gone."""

    was: Reward
    now: Reward | None


@dataclass(frozen=True, slots=True)
class Touched:
    """By reward: members for whom it becomes too dear or goes (`price`) or who are on a tier that loses it (`tiers`), who
    have taken it as often as the new limit allows, and how often it was taken in all."""

    price: Mapping[str, int]
    tiers: Mapping[str, int]
    limits: Mapping[str, int]
    taken: Mapping[str, int]


def dearer(at: Beside, old: Program) -> list[str]:
    """One line for all that is held meanwhile, and one for each reward. Three queries at most, none
    where nothing is dearer."""
    pairs = list(_worse(old, at.program))
    if not pairs:
        return []
    shown = pairs[:SHOWN]
    held, touched = _touched(at, shown)
    before, after = Words(at.fmt, old), Words(at.fmt, at.program)
    told = []
    if held.members:
        members = ngettext(
            "%(count)s member holds %(points)s, collected before this.",
            "%(count)s members hold %(points)s, collected before this.",
            held.members,
        )
        told.append(members % {"count": at.fmt.points(held.members), "points": points_of(held.points, at.fmt)})
    told += [_told(pair, before, after, touched) for pair in shown]
    if len(pairs) > SHOWN:
        count = len(pairs) - SHOWN
        more = ngettext("And %(count)s more reward like these.", "And %(count)s more rewards like these.", count)
        told.append(more % {"count": at.fmt.points(count)})
    return told


def _worse(old: Program, new: Program) -> Iterator[Pair]:
    offers = {each.id: each for each in new.rewards if each.enabled}
    for was in old.rewards:
        if was.enabled and was.points:
            now = offers.get(was.id)
            if now is None or _costs_more(was, now) or any(narrowings(was, now)):
                yield Pair(was, now)


def _touched(at: Beside, pairs: Sequence[Pair]) -> tuple[Holders, Touched]:
    bands: dict[str, Band] = {}
    limits: dict[str, Limit] = {}
    counted = []
    for was, now in ((pair.was, pair.now) for pair in pairs):
        bands[f"price {was.id}"] = Band(least_points(was), least_points(now) if now else None)
        if now is None:
            continue
        if fewer(was.tiers, now.tiers):
            bands[f"tiers {was.id}"] = Band(least_points(now), within=was.tiers, without=now.tiers)
        if is_limited_more(was, now):
            limits[was.id] = Limit(now.limit_per_member or 0, limit_begins_at(at.program, was.id, at.now))
        if is_shorter_in_all(was, now):
            counted.append(was.id)
    held = holders_of(shop=at.shop, bands=bands)
    price, tiers = (
        {key.removeprefix(name): count for key, count in held.inside.items() if key.startswith(name)}
        for name in ("price ", "tiers ")
    )
    taken = taken_in_all(shop=at.shop, rewards=counted) if counted else {}
    return held, Touched(price, tiers, at_their_limit(shop=at.shop, limits=limits), taken)


def _worth(reward: Reward) -> int:
    """Minor units or per cent; 1 where it is a thing, which is worth what it was."""
    return (reward.value_minor if reward.kind in WORTH_MONEY else reward.percent) or 1


def _costs_more(was: Reward, now: Reward) -> bool:
    """More points for the same, or less for the same points; a larger one that costs more in proportion is neither."""
    same_kind = was.kind == now.kind
    return now.points * (_worth(was) if same_kind else 1) > was.points * (_worth(now) if same_kind else 1)


def _told(pair: Pair, before: Words, after: Words, touched: Touched) -> str:
    was, now, fmt = pair.was, pair.now, before.fmt
    name = isolated(offered(was, fmt, before.program))
    if now is None:
        return _gone(name, touched.price[was.id], fmt)
    told = []
    if _costs_more(was, now):
        both = {"reward": name, "before": _price(was, now, before), "after": _price(now, was, after)}
        told.append(_("%(reward)s becomes dearer: %(after)s instead of %(before)s.") % both)
    turn = Turn(name, was, now, before, after)
    told += [tell(turn) for tell in narrowings(was, now)]
    return " ".join([*told, *_whom(was, now, touched, fmt)])


def _gone(name: str, count: int, fmt: Format) -> str:
    told = _("%(reward)s can’t be taken any more.") % {"reward": name}
    can = ngettext("%(count)s member has enough for it now.", "%(count)s members have enough for it now.", count)
    return f"{told} {can % {'count': fmt.points(count)}}" if count else told


def _whom(was: Reward, now: Reward, touched: Touched, fmt: Format) -> list[str]:
    """Of what becomes dearer, and is still there."""
    price, tiers = touched.price.get(was.id, 0), touched.tiers.get(was.id, 0)
    limit, taken = touched.limits.get(was.id, 0), touched.taken.get(was.id, 0)
    most = most_in_all(now)
    found = [
        (
            price,
            ngettext(
                "%(count)s member who has enough for it now has too little then.",
                "%(count)s members who have enough for it now have too little then.",
                price,
            ),
        ),
        (
            tiers,
            ngettext(
                "%(count)s member with enough points is not on such a tier.",
                "%(count)s members with enough points are not on such a tier.",
                tiers,
            ),
        ),
        (
            limit,
            ngettext(
                "%(count)s member has taken it that often already.",
                "%(count)s members have taken it that often already.",
                limit,
            ),
        ),
        (taken, ngettext("%(count)s is taken already.", "%(count)s are taken already.", taken)),
        (most is not None and taken >= most, _("It is sold out then.")),
    ]
    return [said % {"count": fmt.points(int(count))} for count, said in found if count]


def _price(reward: Reward, other: Reward, words: Words) -> str:
    """What differs from the other: the points, what they buy, or both."""
    points = points_of(reward.points, words.fmt)
    if reward.kind != other.kind or _worth(reward) == _worth(other):
        return points
    worth = (
        words.money(reward.value_minor)
        if reward.kind in WORTH_MONEY
        else _("%(percent)s %%") % {"percent": words.fmt.points(reward.percent)}
    )
    if reward.points == other.points:
        return worth
    return _("%(points)s for %(worth)s") % {"points": points, "worth": worth}
