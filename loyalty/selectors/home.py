"""What Home tells of a shop at once: in one question what stands in many tables, and in one of each queue."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from loyalty.models import (
    InboxDelivery,
    LedgerEntry,
    OutboxMessage,
    PrivacyRequest,
    ProgramVersion,
    Redemption,
    Referral,
    Shop,
    StoredFact,
    WidgetSettings,
)
from loyalty.models.queues import QueueState
from loyalty.selectors.dashboard import points_wait
from loyalty.selectors.fulfilment import BY_HAND
from loyalty.selectors.partner_codes import WAITS_FOR_A_CODE

WITHOUT_POINTS_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What waits for somebody. `without_points` leaves out orders whose points wait for their day. `draft` is the number
    of a draft that was changed since it was begun, or None; `last_order` is when an order last reached us, not when it
    was placed: of the latest hundred, so that nobody waits for a look through all of them."""

    copies: int
    by_hand: int
    for_codes: int
    friends: int
    without_points: int
    draft: int | None
    has_goal: bool
    has_order: bool
    has_redemption: bool
    has_widget_choices: bool
    last_order: datetime | None


@dataclass(frozen=True, slots=True)
class Queue:
    """`waiting` since `since`; `dead` could not be done, the newest at `newest`."""

    waiting: int
    since: datetime | None
    dead: int
    newest: datetime | None


def desk_of(*, shop: Shop, since: datetime, now: datetime) -> Desk:
    """`since` is when the first program came into force."""
    own = {"shop": OuterRef("pk")}
    week = now - timedelta(days=WITHOUT_POINTS_DAYS)
    awards = LedgerEntry.objects.filter(shop=shop, kind="earned", order_id=OuterRef("external_id"))
    orders = StoredFact.objects.filter(shop=shop, kind="order")
    recent = orders.filter(~points_wait(shop=shop, at=now), ~Exists(awards), at__gte=max(week, since))
    waiting = Redemption.objects.filter(**own, state=Redemption.State.READY, external_id=BY_HAND)
    draft = ProgramVersion.objects.filter(**own, in_force_from=None, revision__gt=0).values("number")
    latest = orders.filter(pk__in=orders.order_by("-at", "-pk").values("pk")[:100]).order_by("-stored_at")
    row = Shop.objects.filter(pk=shop.pk).values(
        copies=_count(PrivacyRequest.objects.filter(**own).exclude(document="")),
        by_hand=_count(waiting),
        friends=_count(Referral.objects.filter(**own, state=Referral.State.HELD)),
        for_codes=_count(Redemption.objects.filter(WAITS_FOR_A_CODE, **own)),
        without_points=_count(recent),
        draft=Subquery(draft[:1]),
        has_goal=Exists(Shop.objects.filter(pk=OuterRef("pk"), launch__isnull=False)),
        has_order=Exists(StoredFact.objects.filter(**own, kind="order", at__gte=since)),
        has_redemption=Exists(Redemption.objects.filter(**own)),
        has_widget_choices=Exists(WidgetSettings.objects.filter(**own, revision__gt=0)),
        last_order=Subquery(latest.values("stored_at")[:1]),
    )
    return Desk(**row[0])


def inbox_of(*, shop: Shop, now: datetime) -> Queue:
    return _queue(InboxDelivery.objects.filter(shop=shop), "received_at", now)


def outbox_of(*, shop: Shop, now: datetime) -> Queue:
    return _queue(OutboxMessage.objects.filter(shop=shop), "created_at", now)


def _queue(rows: QuerySet[Any], came: str, now: datetime) -> Queue:
    """What is due, or was tried in vain and is due again later; what is planned for a later time does not wait."""
    waiting = Q(state=QueueState.WAITING) & (Q(due_at__lte=now) | Q(attempts__gt=0))
    dead = Q(state=QueueState.DEAD)
    counted = rows.filter(state__in=[QueueState.WAITING, QueueState.DEAD]).aggregate(
        waiting=Count("pk", filter=waiting),
        since=Min(came, filter=waiting),
        dead=Count("pk", filter=dead),
        newest=Max(came, filter=dead),
    )
    return Queue(**counted)


def _count(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().annotate(one=F("shop")).values("one").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)
