"""Asking the platform what its webhooks did not tell, and keeping what was found for the merchant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.db.models import Sum

from loyalty.engine.errors import Invalid
from loyalty.engine.facts import Order, decode
from loyalty.models import HealedOrder, LedgerEntry, Reconciliation, Shop, StoredFact
from loyalty.services.intake import record
from loyalty.services.observations import OrderSeen, PersonSeen
from loyalty.services.outbox import leave

RECONCILE = "orders.reconcile"
LOOK_UP = "orders.look_up"
ASKED_BACK = timedelta(days=1)
"""How far a comparison that somebody asks for looks back; the schedule has looked at what is older."""
KEPT = timedelta(days=90)
_NUMBER = re.compile(r"[^\x00-\x1f\x7f'\"\\]{1,64}")


def begin(*, shop: Shop, asked_by: str, at: datetime, number: str = "") -> Reconciliation:
    """A question that its asker works as well: every order of the last day, or the one with `number`, as people write
    it ("#1042"). Raises Invalid for what can be no number."""
    wanted = _number(number)
    since = None if wanted else at - ASKED_BACK
    return Reconciliation.objects.create(shop=shop, number=wanted, asked_by=asked_by[:64], begun_at=at, since=since)


@transaction.atomic
def ask(*, shop: Shop, asked_by: str, at: datetime, number: str = "") -> Reconciliation:
    """As `begin`, and left to the outbox. A question that waits for its answer is not asked twice."""
    waiting = Reconciliation.objects.filter(shop=shop, number=_number(number), finished_at=None).exclude(asked_by="")
    asked = waiting.first() or begin(shop=shop, asked_by=asked_by, at=at, number=number)
    leave(shop=shop, kind=LOOK_UP if asked.number else RECONCILE, subject=str(asked.pk), at=at)
    return asked


def _number(typed: str) -> str:
    wanted = typed.strip()
    if wanted and not _NUMBER.fullmatch(wanted):
        raise Invalid("Type the order's number as the e-mail to the customer has it, such as #1042.")
    return wanted


@transaction.atomic
def record_and_note(
    *,
    shop: Shop,
    seen: Sequence[OrderSeen | PersonSeen],
    heard_before: datetime,
    reconciliation: Reconciliation | None,
    at: datetime,
) -> Reconciliation | None:
    """`record`, and a note of each order that was missing or had changed. What changed after `heard_before` is not
    noted: its webhook may be on its way. Gives the reconciliation of the notes, made here where there was none."""
    orders = [each for each in seen if isinstance(each, OrderSeen)]
    known = _known(shop, [each.order.id for each in orders])
    news = {
        each.order.id: each.order.number
        for each in orders
        if each.order.updated_at <= heard_before and _tells_more(each, known.get(each.order.id))
    }
    before = _points(shop, news)
    record(shop=shop, observations=seen, at=at)
    if not news:
        return reconciliation
    after = _points(shop, news)
    if reconciliation is None:
        reconciliation = Reconciliation.objects.create(shop=shop, begun_at=at, finished_at=at)
    HealedOrder.objects.bulk_create(
        HealedOrder(
            shop=shop,
            reconciliation=reconciliation,
            order_id=order_id,
            number=number[:64],
            was_missing=order_id not in known,
            points=after.get(order_id, 0) - before.get(order_id, 0),
            healed_at=at,
        )
        for order_id, number in news.items()
    )
    return reconciliation


def give_up(*, shop: Shop, reconciliation_id: int, why: str, at: datetime) -> None:
    """There will be no answer, unless somebody tries again."""
    asked = Reconciliation.objects.filter(shop=shop, pk=reconciliation_id)
    asked.update(finished_at=at, failure=why[:500])


def _known(shop: Shop, order_ids: Sequence[str]) -> dict[str, tuple[str, Order]]:
    """Rank and snapshot of the orders that we have."""
    rows = StoredFact.objects.filter(shop=shop, kind="order", external_id__in=order_ids)
    found = ((rank, decode(body)) for rank, body in rows.values_list("rank", "body"))
    return {order.id: (rank, order) for rank, order in found if isinstance(order, Order)}


def _tells_more(seen: OrderSeen, known: tuple[str, Order] | None) -> bool:
    """A later date alone is nothing that anybody missed."""
    if known is None:
        return True
    rank, order = known
    return seen.rank > rank and msgspec.structs.replace(order, updated_at=seen.order.updated_at) != seen.order


def _points(shop: Shop, order_ids: dict[str, str]) -> dict[str, int]:
    if not order_ids:
        return {}
    rows = LedgerEntry.objects.filter(shop=shop, order_id__in=list(order_ids)).values_list("order_id")
    return dict(rows.annotate(total=Sum("points")).order_by())


def forget(*, before: datetime) -> int:
    """Deletes comparisons that are older than a season; the orders stay."""
    deleted, _ = Reconciliation.objects.across_shops().filter(begun_at__lt=before - KEPT).delete()
    return deleted
