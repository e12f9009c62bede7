"""How each way to earn stands for a member, the friends they brought, and what they told of themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Exists

from loyalty.engine.document import Prepared
from loyalty.engine.facts import Fact, decode
from loyalty.engine.taking_part import BIRTHDAY_KEPT, Way, last_birthday, lasting, way_of
from loyalty.engine.walk import born
from loyalty.models import LedgerEntry, Member, Referral, Shop, StoredFact
from loyalty.selectors.dashboard import ROWS, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a member told, with what they did besides ordering: `facts` are activities and profile values."""

    facts: Sequence[Fact]
    at: datetime

    @property
    def birthday(self) -> str:
        """ "MM-DD"; empty where it is not known."""
        last = last_birthday(self.facts, self.at)
        day = born(last.value) if last else None
        return f"{day[1]:02}-{day[2]:02}" if day else ""

    @property
    def is_locked(self) -> bool:
        """Whether the birthday can be changed by staff only, for now."""
        last = last_birthday(self.facts, self.at)
        return last is not None and bool(last.value) and last.at + BIRTHDAY_KEPT > self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Friends:
    """A member's own code, and what became of it."""

    code: str
    confirmed: int
    waiting: int
    may_claim: bool
    """Whether somebody may still have brought this member: nobody did yet, and they have not ordered."""


def told_by(*, shop: Shop, member: Member, at: datetime) -> Told:
    """One query."""
    rows = StoredFact.objects.filter(shop=shop, member=member, kind__in=("activity", "profile")).order_by("at", "id")
    return Told(facts=[decode(body) for body in rows.values_list("body", flat=True)], at=at)


def ways_to_earn_of(*, shop: Shop, member: Member, rules: Prepared, told: Told) -> dict[str, Way]:
    """By rule, campaigns' rules included. One query at most."""
    wanted = lasting(rules)
    earned = LedgerEntry.objects.filter(shop=shop, member=member, kind="earned", source__in=wanted)
    given = set(earned.values_list("source", flat=True)) if wanted else set()
    every = (*rules.order_rules, *rules.remembering, *rules.activities, *rules.birthdays, *rules.referrals)
    return {rule.id: way_of(rule, rules, told.facts, given, told.at) for rule in every}


def held_friends(*, shop: Shop, after: int = 0) -> Page:
    """What waits for staff, the oldest first. One query."""
    rows = Referral.objects.filter(shop=shop, state=Referral.State.HELD, pk__gt=after).order_by("pk")
    found = list(rows.select_related("referrer", "friend")[: ROWS + 1])
    return Page(found[:ROWS], str(found[ROWS - 1].pk) if len(found) > ROWS else "")


def friends_of(*, shop: Shop, member: Member) -> Friends:
    """Two queries."""
    states = Referral.objects.filter(shop=shop, referrer=member).values_list("state").annotate(Count("pk"))
    counts = dict(states)
    brought = Exists(Referral.objects.filter(shop=shop, friend=member))
    ordered = Exists(StoredFact.objects.filter(shop=shop, member=member, kind="order"))
    return Friends(
        code=member.referral_code,
        confirmed=counts.get(Referral.State.CONFIRMED, 0),
        waiting=counts.get(Referral.State.CLAIMED, 0) + counts.get(Referral.State.HELD, 0),
        may_claim=Member.objects.filter(~brought, ~ordered, shop=shop, pk=member.pk).exists(),
    )
