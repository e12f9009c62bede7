"""What points buy less of once a draft is published: rewards that cost more, give less, or are gone, and whose points it
touches."""

from __future__ import annotations

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.dashboard.explanations import isolated
from loyalty.dashboard.program_beside import Beside
from loyalty.dashboard.program_sentences import Words
from loyalty.dashboard.program_text import offered, points_of
from loyalty.engine.program import Program, Reward
from loyalty.engine.rewards import SLIDING, least_points
from loyalty.selectors.program_page import holders_of

SHOWN = 8


def dearer(at: Beside, old: Program) -> list[str]:
    """A sentence for each reward, and one for all that is held meanwhile. One query, none where nothing is dearer."""
    pairs = list(_worse(old, at.program))
    if not pairs:
        return []
    bands = {was.id: (least_points(was), least_points(now) if now else None) for was, now in pairs[:SHOWN]}
    held = holders_of(shop=at.shop, bands=bands)
    words = Words(at.fmt, old)
    told = [_told(was, now, words, held.within[was.id]) for was, now in pairs[:SHOWN]]
    if len(pairs) > SHOWN:
        count = len(pairs) - SHOWN
        more = ngettext("And %(count)s more reward like these.", "And %(count)s more rewards like these.", count)
        told.append(more % {"count": at.fmt.points(count)})
    if held.members:
        members = ngettext(
            "%(count)s member holds %(points)s, collected before this.",
            "%(count)s members hold %(points)s, collected before this.",
            held.members,
        )
        told.append(members % {"count": at.fmt.points(held.members), "points": points_of(held.points, at.fmt)})
    return told


def _worse(old: Program, new: Program) -> Iterator[tuple[Reward, Reward | None]]:
    """What can be taken for points and is dearer then, each with what it becomes; None where it is gone."""
    offers = {each.id: each for each in new.rewards if each.enabled}
    for was in old.rewards:
        if was.enabled and was.points:
            now = offers.get(was.id)
            if now is None or _costs_more(was, now) or _begins_later(was, now) or _needs_more(was, now):
                yield was, now


def _worth(reward: Reward) -> int:
    """Minor units or per cent; 1 where it is a thing, which is worth what it was."""
    return reward.value_minor or reward.percent or 1


def _costs_more(was: Reward, now: Reward) -> bool:
    """More points for the same, or less for the same points; a larger one that costs more in proportion is neither."""
    same_kind = was.kind == now.kind
    return now.points * (_worth(was) if same_kind else 1) > was.points * (_worth(now) if same_kind else 1)


def _begins_later(was: Reward, now: Reward) -> bool:
    """What is paid in steps takes more of them at least."""
    return was.kind == now.kind and now.kind in SLIDING and least_points(now) > least_points(was)


def _needs_more(was: Reward, now: Reward) -> bool:
    return now.minimum_order_minor > was.minimum_order_minor


def _told(was: Reward, now: Reward | None, words: Words, touched: int) -> str:
    name = isolated(offered(was, words.fmt, words.program))
    if now is None:
        told = _("%(reward)s can’t be taken any more.") % {"reward": name}
        can = ngettext("%(count)s member has enough for it now.", "%(count)s members have enough for it now.", touched)
    else:
        told = _becomes(name, was, now, words)
        can = ngettext(
            "%(count)s member who has enough for it now has too little then.",
            "%(count)s members who have enough for it now have too little then.",
            touched,
        )
    return f"{told} {can % {'count': words.fmt.points(touched)}}" if touched else told


def _becomes(name: str, was: Reward, now: Reward, words: Words) -> str:
    told = []
    if _costs_more(was, now):
        both = {"reward": name, "before": _price(was, now, words), "after": _price(now, was, words)}
        told.append(_("%(reward)s becomes dearer: %(after)s instead of %(before)s.") % both)
    if _begins_later(was, now):
        begins = {"reward": name, "least": points_of(least_points(now), words.fmt)}
        told.append(_("%(reward)s begins at %(least)s.") % begins)
    if _needs_more(was, now):
        least = {"reward": name, "least": words.money(now.minimum_order_minor)}
        told.append(_("%(reward)s needs an order of %(least)s or more.") % least)
    return " ".join(told)


def _price(reward: Reward, other: Reward, words: Words) -> str:
    """What differs from the other: the points, what they buy, or both."""
    points = points_of(reward.points, words.fmt)
    if reward.kind != other.kind or _worth(reward) == _worth(other):
        return points
    worth = (
        words.money(reward.value_minor)
        if reward.value_minor
        else _("%(percent)s %%") % {"percent": words.fmt.points(reward.percent)}
    )
    if reward.points == other.points:
        return worth
    return _("%(points)s for %(worth)s") % {"points": points, "worth": worth}
