"""Where a member stands on the tiers: since and until when, with what, and what would lose it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.dashboard.explanations import isolated
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_text import tier_period
from loyalty.engine.facts import TierGrant
from loyalty.engine.movement import Tier
from loyalty.engine.policies import Policies
from loyalty.engine.program import Version
from loyalty.engine.tiers import Level
from loyalty.selectors.dashboard import Folded
from loyalty.selectors.members import holds


@dataclass(frozen=True, slots=True)
class TierCard:
    """Where the member stands; `most` is what the next tier needs, 0 where there is none, `have` what there is of it."""

    name: str
    missing: str
    have: int
    most: int
    how_far: str
    notes: tuple[str, ...]


def tier_card(folded: Folded, live: Version | None, fmt: Format, now: datetime) -> TierCard | None:
    """Nothing where nobody can climb."""
    tier = folded.statement.tier
    if tier is None or live is None:
        return None
    measure = live.program.policies.tier_measure
    said = fmt.money if measure == "spend" else fmt.points
    missing = how_far = ""
    if tier.next_id:
        left = max(0, tier.next_at - tier.measure)
        words = {"missing": said(left), "tier": isolated(tier.next_name)}
        to_next = {
            "spend": _("%(missing)s to %(tier)s"),
            "points": ngettext("%(missing)s point to %(tier)s", "%(missing)s points to %(tier)s", left),
            "orders": ngettext("%(missing)s order to %(tier)s", "%(missing)s orders to %(tier)s", left),
        }[measure]
        so_far = {
            "spend": _("%(have)s of %(need)s spent"),
            "points": _("%(have)s of %(need)s points earned"),
            "orders": _("%(have)s of %(need)s orders"),
        }[measure]
        missing, how_far = to_next % words, so_far % {"have": said(tier.measure), "need": said(tier.next_at)}
    levels = {level.id: level for level in live.program.tiers}
    names = {level.id: level.name for level in levels.values()}
    granted = [each for each in folded.facts if isinstance(each, TierGrant) and holds(each, now)]
    notes = [_("Since %(day)s.") % {"day": fmt.full_day(tier.since)}] if tier.id and tier.since else []
    notes += [grant_told(each, names, fmt, now) for each in granted]
    if tier.kept_until:
        notes.append(_("Kept until %(day)s at least.") % {"day": fmt.day(tier.kept_until, now)})
    level = levels.get(tier.id)
    if level is not None and level.minimum and not level.by_invitation:
        notes += _standing(tier, level, live.program.policies, fmt, now)
    return TierCard(
        name=tier.name if tier.id else _("No tier yet"),
        missing=missing,
        have=max(0, min(tier.measure, tier.next_at)),
        most=tier.next_at,
        how_far=how_far,
        notes=tuple(notes),
    )


def _standing(tier: Tier, level: Level, policies: Policies, fmt: Format, now: datetime) -> Iterator[str]:
    """Of a tier that is reached by what is counted: what there is of it, until when it stays and what loses it."""
    need = _amount(level.minimum, policies, fmt)
    if not tier.next_id:  # below that, the bar to the next tier shows it
        words = {"have": _amount(tier.measure, policies, fmt), "need": need, "over": tier_period(policies)}
        yield _("%(have)s %(over)s; the tier needs %(need)s.") % words
    if tier.kept_until:
        yield _("Lost after that with less than %(need)s %(over)s.") % {"need": need, "over": tier_period(policies)}
    elif tier.measure < level.minimum:
        return  # only what was granted holds it
    elif policies.tier_period == "lifetime":
        yield _("Lost only if refunds leave less than %(need)s.") % {"need": need}
    else:
        if tier.review_at:
            yield _("Only a refund can take it before %(day)s.") % {"day": fmt.day(tier.review_at, now)}
        yield _lost(need, policies)


def _lost(need: str, policies: Policies) -> str:
    words = {"need": need, "over": tier_period(policies), "days": policies.tier_grace_days}
    if not policies.tier_grace_days:
        return _("Lost with less than %(need)s %(over)s.") % words
    after = ngettext(
        "Lost with less than %(need)s %(over)s, %(days)s day later.",
        "Lost with less than %(need)s %(over)s, %(days)s days later.",
        policies.tier_grace_days,
    )
    return after % words


def _amount(measure: int, policies: Policies, fmt: Format) -> str:
    """ "$620.00 spent", "3 orders"."""
    if policies.tier_measure == "spend":
        return _("%(amount)s spent") % {"amount": fmt.money(measure)}
    if policies.tier_measure == "points":
        told = ngettext("%(count)s point earned", "%(count)s points earned", measure)
    else:
        told = ngettext("%(count)s order", "%(count)s orders", measure)
    return told % {"count": fmt.points(measure)}


def grant_told(grant: TierGrant, names: Mapping[str, str], fmt: Format, now: datetime) -> str:
    """ "Gold until Dec 31, granted on Nov 3 by staff 42: a late parcel"."""
    words = {
        "tier": isolated(names.get(grant.tier, grant.tier)),
        "given": fmt.day(grant.at, now),
        "actor": isolated(grant.actor),
        "why": isolated(grant.reason),
    }
    if grant.ends_at is None:
        return _("%(tier)s until it is taken back, granted on %(given)s by %(actor)s: %(why)s") % words
    last = fmt.day(grant.ends_at - timedelta(seconds=1), now)
    return _("%(tier)s until the end of %(day)s, granted on %(given)s by %(actor)s: %(why)s") % {**words, "day": last}
