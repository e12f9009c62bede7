"""Ways to earn that go, or give less, once a draft is published."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from fractions import Fraction

from django.utils.translation import gettext as _

from loyalty.dashboard.explanations import isolated
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_sentences import Words, plain, rule_sentence
from loyalty.dashboard.reward_narrowing import fewer
from loyalty.engine.campaigns import Campaign
from loyalty.engine.caps import Cap
from loyalty.engine.earning import Cashback, Exclude, Multiplier, PerAmount
from loyalty.engine.milestones import Goal, Milestone, Streak
from loyalty.engine.program import Program
from loyalty.engine.referrals import ReferralRule
from loyalty.engine.rule import RuleShape, factor
from loyalty.engine.scope import LISTS, Scope

LIMITING = tuple(name for name in LISTS if not name.startswith("without_"))
LEAVING_OUT = tuple(name for name in LISTS if name.startswith("without_"))
MINIMUMS = ("minimum_spend_minor", "minimum_order_minor", "minimum_items")


def rule_losses(old: Program, new: Program, fmt: Format, at: datetime) -> list[str]:
    """A sentence for each rule that goes or gives less, what leaves goods out as well, and for each campaign that ends
    by it."""
    before, after = Words(fmt, old), Words(fmt, new)
    told = list(_of_rules(old.rules, new.rules, before, after))
    campaigns = {each.id: each for each in new.campaigns if each.enabled}
    for was in old.campaigns:
        if not was.effective_rules() or _is_over(was, fmt, at):
            continue
        now = campaigns.get(was.id)
        if now is None:
            told.append(_("The campaign %(name)s goes.") % {"name": isolated(was.name)})
        else:
            told += _of_rules(was.rules, now.rules, before, after)
    return told


def _of_rules(were: Iterable[RuleShape], are: Iterable[RuleShape], before: Words, after: Words) -> Iterator[str]:
    old, new = ({each.id: each for each in rules if each.enabled} for rules in (were, are))
    for was in old.values():
        now = new.get(was.id)
        if now is not None and gives_less(was, now):
            both = {"rule": _said(now, after), "before": _said(was, before)}
            yield _("Gives less: %(rule)s Before: %(before)s") % both
        elif now is None and not _takes_away(was):
            yield _("No more: %(rule)s") % {"rule": _said(was, before)}
    for now in new.values():
        if now.id not in old and _takes_away(now):
            yield _("New: %(rule)s") % {"rule": _said(now, after)}


def gives_less(was: RuleShape, now: RuleShape) -> bool:
    """To somebody, at least: lower rates, fewer orders and goods that count, tighter limits; or leaves out more. Of
    another kind: not compared."""
    if type(was) is not type(now):
        return False
    if isinstance(now, Exclude):
        return narrower(now.scope, was.scope)
    return (
        any(after < before for before, after in zip(_rates(was, now), _rates(now, was), strict=True))
        or not _gifts(was) <= _gifts(now)
        or narrower(was.scope, now.scope)
        or any(_is_tighter(cap, was.caps) for cap in now.caps)
    )


def narrower(was: Scope, now: Scope) -> bool:
    return (
        any(fewer(getattr(was, name), getattr(now, name)) for name in LIMITING)
        or any(not set(getattr(now, name)) <= set(getattr(was, name)) for name in LEAVING_OUT)
        or any(getattr(now, name) > getattr(was, name) for name in MINIMUMS)
        or any(
            getattr(now, name) and not getattr(was, name)
            for name in ("without_on_sale", "without_extras", "first_order")
        )
        or (now.draw_percent or 100) < (was.draw_percent or 100)
        or fewer([str(day) for day in was.weekdays], [str(day) for day in now.weekdays])
        or any(_ends_sooner(getattr(was, name), getattr(now, name)) for name in ("ends_at", "last_day"))
    )


def _takes_away(rule: RuleShape) -> bool:
    return isinstance(rule, Exclude) or (isinstance(rule, Multiplier) and rule.extra < 0)


def _rates(rule: RuleShape, other: RuleShape) -> tuple[Fraction | int, ...]:
    """What it gives, figure by figure: the more, the better. As many figures as `other` of the same kind has."""
    if isinstance(rule, PerAmount):
        return Fraction(rule.points, rule.per_minor), -rule.full_steps_only
    if isinstance(rule, Cashback):
        return (factor(rule.percent) / rule.point_value_minor,)
    if isinstance(rule, Multiplier):
        return rule.extra, rule.fixed_too
    if isinstance(rule, Milestone) and isinstance(other, Milestone):
        reached = sorted({step.orders for each in (rule, other) for step in each.steps})
        return tuple(sum(step.points for step in rule.steps if step.orders <= count) for count in reached)
    if isinstance(rule, ReferralRule):
        return rule.referrer_points, rule.friend_points
    points = getattr(rule, "points", 0)
    if isinstance(rule, Streak):
        return points, -rule.length, rule.repeats
    if isinstance(rule, Goal):
        return points, -rule.amount_minor, rule.repeats
    return points, -getattr(rule, "days", 0), -getattr(rule, "known_days", 0)


def _gifts(rule: RuleShape) -> set[tuple[str, str]]:
    """Each gift with what it is given for."""
    found = {
        (name, gift) for name in ("rewards", "referrer_rewards", "friend_rewards") for gift in getattr(rule, name, ())
    }
    steps = rule.steps if isinstance(rule, Milestone) else ()
    return found | {(str(step.orders), gift) for step in steps for gift in step.rewards}


def _is_tighter(cap: Cap, known: Iterable[Cap]) -> bool:
    """Than each of its period that there was."""
    same = [each for each in known if each.per == cap.per]
    return not any(
        (cap.points is None or (each.points is not None and each.points <= cap.points))
        and (cap.times is None or (each.times is not None and each.times <= cap.times))
        for each in same
    )


def _ends_sooner(was: datetime | date | None, now: datetime | date | None) -> bool:
    return now is not None and (was is None or now < was)


def _is_over(campaign: Campaign, fmt: Format, at: datetime) -> bool:
    return (campaign.ends_at is not None and campaign.ends_at <= at) or (
        campaign.last_day is not None and campaign.last_day < fmt.local(at).date()
    )


def _said(rule: RuleShape, words: Words) -> str:
    return isolated(plain(rule_sentence(rule, words.fmt, words.program)))
