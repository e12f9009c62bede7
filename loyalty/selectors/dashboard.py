"""What the merchant's screens ask. Every list costs the same number of queries, whatever it holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import TruncDate

from loyalty.engine.facts import Fact, Order
from loyalty.engine.program import Version
from loyalty.engine.statement import Statement, fold
from loyalty.models import (
    HeldAward,
    InboxDelivery,
    LedgerEntry,
    Member,
    OutboxMessage,
    PartnerCode,
    Redemption,
    Shop,
    StoredFact,
)
from loyalty.models.queues import QueueState
from loyalty.selectors.facts import facts_of
from loyalty.selectors.partner_codes import digests
from loyalty.selectors.programs import versions_of

ROWS = 25
"""Rows of one page of a list."""
ORDERS_LOOKED_AT = 5_000
"""Of which one page of those that earned nothing is found."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list; `after` is the mark that the next page starts behind, empty on the last."""

    rows: list[Any]
    after: str


@dataclass(frozen=True, slots=True)
class Folded:
    """A member with everything that is known and what follows from it."""

    member: Member
    facts: list[Fact]
    statement: Statement
    versions: list[Version]


@dataclass(frozen=True, slots=True)
class Totals:
    """Members by when they joined; `before` is the period before `since`, of the same length."""

    all: int
    new: int
    before: int


def folded(*, shop: Shop, members: Iterable[Member], as_of: datetime) -> dict[int, Folded]:
    """Each member's statement, computed from the facts now. Two queries for any number of members. Time does not go
    back: a member folded later than `as_of` is folded to there."""
    known = {member.pk: member for member in members}
    if not known:
        return {}
    facts, versions = facts_of(shop=shop, member_ids=known), versions_of(shop)
    found = {}
    for member_id, member in known.items():
        own = facts.get(member_id, [])
        instant = max(as_of, member.as_of) if member.as_of else as_of
        found[member_id] = Folded(member, own, fold(versions, own, instant), versions)
    return found


def posted_by_key(*, shop: Shop, member: Member) -> dict[tuple[str, str, str], int]:
    """What the ledger says of each movement: the sum of its rows."""
    rows = LedgerEntry.objects.filter(shop=shop, member=member).values_list("kind", "source", "part")
    sums = rows.annotate(total=Sum("points")).order_by()
    return {(kind, source, part): total for kind, source, part, total in sums}


def orders_per_day(*, shop: Shop, since: datetime, zone: ZoneInfo) -> dict[date, tuple[int, int]]:
    """Per day the orders placed, and how many of them by members with an account."""
    rows = StoredFact.objects.filter(shop=shop, kind="order", at__gte=since)
    days = rows.annotate(day=TruncDate("at", tzinfo=zone)).values_list("day")
    counted = days.annotate(n=Count("id"), own=Count("id", filter=Q(member__external_id__isnull=False)))
    return {day: (placed, own) for day, placed, own in counted.order_by("day")}


def points_per_day(*, shop: Shop, since: datetime, zone: ZoneInfo) -> list[tuple[date, str, int]]:
    """(day, kind, points): what was posted with effect on that day."""
    rows = LedgerEntry.objects.filter(shop=shop, effective_at__gte=since)
    days = rows.annotate(day=TruncDate("effective_at", tzinfo=zone)).values_list("day", "kind")
    return list(days.annotate(total=Sum("points")).order_by("day", "kind"))


def member_totals(*, shop: Shop, since: datetime, before: datetime) -> Totals:
    rows = Member.objects.filter(shop=shop, merged_into__isnull=True).aggregate(
        all=Count("id"),
        new=Count("id", filter=Q(enrolled_at__gte=since)),
        before=Count("id", filter=Q(enrolled_at__gte=before, enrolled_at__lt=since)),
    )
    return Totals(**rows)


def redemptions_by_state(*, shop: Shop, since: datetime) -> dict[str, int]:
    rows = Redemption.objects.filter(shop=shop, accepted_at__gte=since).values_list("state")
    return dict(rows.annotate(n=Count("id")).order_by())


def unusable_deliveries(*, shop: Shop, before: int | None = None) -> Page:
    """Signed and not usable, newest first. `before` is the id behind which the page starts."""
    rows = InboxDelivery.objects.filter(shop=shop, state=QueueState.DEAD).defer("body").order_by("-id")
    found = list((rows.filter(pk__lt=before) if before else rows)[: ROWS + 1])
    return Page(found[:ROWS], str(found[ROWS - 1].pk) if len(found) > ROWS else "")


def undone_messages(*, shop: Shop, before: int | None = None) -> Page:
    """What was given up after many tries, newest first. `before` is the id behind which the page starts."""
    rows = OutboxMessage.objects.filter(shop=shop, state=QueueState.DEAD).defer("secret").order_by("-id")
    found = list((rows.filter(pk__lt=before) if before else rows)[: ROWS + 1])
    return Page(found[:ROWS], str(found[ROWS - 1].pk) if len(found) > ROWS else "")


def has_message(*, shop: Shop, message_id: int) -> bool:
    return OutboxMessage.objects.filter(shop=shop, pk=message_id).exists()


def members_page(*, shop: Shop, search: str, tier: str, after: tuple[int, int] | None) -> Page:
    """Members, richest first. `search` is part of a name or an e-mail, or a customer id; `tier` leaves only those on it;
    `after` is the balance and the id of the last row of the page before."""
    rows = Member.objects.filter(shop=shop, merged_into__isnull=True)
    if search:
        rows = rows.filter(_called(search))
    if tier:
        rows = rows.filter(tier=tier)
    if after:
        available, last_id = after
        rows = rows.filter(Q(available__lt=available) | Q(available=available, pk__lt=last_id))
    found = list(rows.order_by("-available", "-pk")[: ROWS + 1])
    last = found[ROWS - 1] if len(found) > ROWS else None
    return Page(found[:ROWS], f"{last.available}.{last.pk}" if last else "")


def _called(search: str) -> Q:
    return Q(name__icontains=search) | Q(email__icontains=search) | Q(external_id=search)


def orders_page(
    *, shop: Shop, search: str, after: tuple[datetime, int] | None, without_points_at: datetime | None = None
) -> Page:
    """Order facts, latest first, with their members. `without_points_at` leaves out those whose points wait for a later
    day than that and those that the ledger has an award for, of which it looks through ORDERS_LOOKED_AT at a time:
    where nearly all have earned a page of it may be short, or empty, and have a next one."""
    rows = StoredFact.objects.filter(shop=shop, kind="order")
    if search:
        rows = rows.filter(Q(external_id=search) | Q(number__in=[search, f"#{search}"]))
    if after:
        placed_at, last_id = after
        rows = rows.filter(Q(at__lt=placed_at) | Q(at=placed_at, pk__lt=last_id))
    rows = rows.order_by("-at", "-pk")
    last = None
    if without_points_at is not None:
        rows = rows.filter(~points_wait(shop=shop, at=without_points_at))
        last = rows[ORDERS_LOOKED_AT - 1 : ORDERS_LOOKED_AT].first()
        awards = LedgerEntry.objects.filter(shop=shop, kind="earned", order_id=OuterRef("external_id"))
        looked_at = rows.filter(at__gte=last.at) if last else rows
        rows = looked_at.filter(~Exists(awards))
    found = list(rows.select_related("member")[: ROWS + 1])
    last = found[ROWS - 1] if len(found) > ROWS else last
    return Page(found[:ROWS], f"{last.at.isoformat()}~{last.pk}" if last else "")


def points_wait(*, shop: Shop, at: datetime) -> Exists:
    """Of an order: whether its points wait for a later day than `at`."""
    return Exists(HeldAward.objects.filter(shop=shop, fact=OuterRef("pk"), until__gt=at))


def redemptions_page(*, shop: Shop, search: str, before: int | None) -> Page:
    """Newest first. `search` is a whole code, ours or a partner's, however it was written down; where there is no such
    code, what members are found by. `before` is the id behind which the page starts."""
    rows = Redemption.objects.filter(shop=shop).select_related("member").order_by("-id")
    if search:
        ids = _ids_of_code(shop, search)
        people = Member.objects.filter(_called(search), shop=shop, merged_into__isnull=True)
        rows = rows.filter(pk__in=ids) if ids else rows.filter(member__in=people)
    found = list((rows.filter(pk__lt=before) if before else rows)[: ROWS + 1])
    return Page(found[:ROWS], str(found[ROWS - 1].pk) if len(found) > ROWS else "")


def _ids_of_code(shop: Shop, search: str) -> list[int]:
    """Spaces, dashes and capitals of our codes are nobody's concern; a partner's is compared as digests are."""
    letters = "".join(each for each in search.upper() if each.isalnum())
    grouped = "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))
    ours = Redemption.objects.filter(shop=shop, code__in=[letters, grouped])
    wanted = [digest for text in {search, "".join(search.split())} for digest in digests(text)]
    partners = PartnerCode.objects.filter(shop=shop, digest__in=wanted, redemption__isnull=False)
    return [*ours.values_list("pk", flat=True), *partners.values_list("redemption", flat=True)]


def redemption(*, shop: Shop, redemption_id: int) -> Redemption | None:
    return Redemption.objects.filter(shop=shop, pk=redemption_id).select_related("member").first()


def redemptions_of(*, shop: Shop, member: Member) -> list[Redemption]:
    return list(Redemption.objects.filter(shop=shop, member=member).order_by("-id"))


def fact_of_order(*, shop: Shop, fact_id: int) -> StoredFact | None:
    rows = StoredFact.objects.filter(shop=shop, kind="order", pk=fact_id)
    return rows.select_related("member").first()


def fact_ids_of_orders(*, shop: Shop, order_ids: Iterable[str]) -> dict[str, int]:
    """Where to link an order that a statement names."""
    rows = StoredFact.objects.filter(shop=shop, kind="order", external_id__in=set(order_ids))
    return dict(rows.values_list("external_id", "pk"))


def numbers_of_orders(*, shop: Shop, order_ids: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Per order id the fact to link to, and what people call the order."""
    rows = StoredFact.objects.filter(shop=shop, kind="order", external_id__in=set(order_ids))
    found = rows.values_list("external_id", "pk", "number")
    return {order_id: (pk, number or order_id) for order_id, pk, number in found}


def orders_among(facts: Iterable[Fact]) -> dict[str, Order]:
    return {fact.id: fact for fact in facts if isinstance(fact, Order)}
