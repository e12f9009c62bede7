"""Putting back in line what was given up, once its cause is mended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from loyalty.ledger.verify import SETTLES_WITHIN
from loyalty.models import InboxDelivery, OutboxMessage, QueueState, Shop
from loyalty.services.codes import FULFIL, ISSUE
from loyalty.services.intake import FROM_HISTORY
from loyalty.services.settling import ask_again
from loyalty.services.shops import resume

STALE = "code:"
"""Subjects of mails that carry a code to sign in with: by now it has expired, and a late one only confuses."""

NEVER_AGAIN = (ISSUE, FULFIL)
"""Their points went back when they were given up."""
AT_ONCE = 500
"""As many as a page has time for; whoever has more asks again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    deliveries: int
    messages: int
    reservations: int


def replay(*, shop: Shop, now: datetime) -> Replayed:
    """Deliveries and messages that need a look, as if they had just come, and reservations that no message would
    settle. What is in line already stays as it is; asked twice it changes nothing."""
    # What a history could not use was never delivered: there is nothing to read again.
    dead = InboxDelivery.objects.filter(shop=shop, state=QueueState.DEAD).exclude(topic__endswith=FROM_HISTORY)
    return Replayed(
        deliveries=dead.update(state=QueueState.WAITING, attempts=0, deaths=0, due_at=now, outcome=""),
        messages=sum(replay_message(shop=shop, message_id=pk, now=now) for pk in _dead_messages(shop)),
        reservations=ask_again(before=now - SETTLES_WITHIN, at=now, shop=shop),
    )


def come_back(*, shop: Shop, now: datetime) -> bool:
    """The platform answers for a suspended store again: what was put away meanwhile is tried once more. Whether it was
    suspended."""
    if not resume(shop=shop):
        return False
    replay(shop=shop, now=now)
    return True


def _dead_messages(shop: Shop) -> list[int]:
    rows = OutboxMessage.objects.filter(shop=shop, state=QueueState.DEAD).exclude(subject__startswith=STALE)
    return list(rows.order_by("pk").values_list("pk", flat=True))


def replay_undone(*, shop: Shop, now: datetime) -> int:
    """The oldest of what was given up and can still be of use; returns how many are in line again."""
    rows = OutboxMessage.objects.filter(shop=shop, state=QueueState.DEAD).exclude(subject__startswith=STALE)
    useful = rows.exclude(kind__in=NEVER_AGAIN).order_by("pk").values_list("pk", flat=True)
    return sum(replay_message(shop=shop, message_id=pk, now=now) for pk in list(useful[:AT_ONCE]))


def can_be_tried(message: OutboxMessage) -> bool:
    """A code that was given up has its points back already, and a mail's code to sign in has expired."""
    return message.kind not in NEVER_AGAIN and not message.subject.startswith(STALE)


@transaction.atomic
def replay_message(*, shop: Shop, message_id: int, now: datetime) -> bool:
    """One waiting message per kind and subject: where a newer one waits, the old one has nothing left to do. False
    where nothing was put in line."""
    row = OutboxMessage.objects.select_for_update(of=("self",)).filter(shop=shop, pk=message_id).first()
    if row is None:
        return False
    newer = OutboxMessage.objects.filter(
        shop=shop, kind=row.kind, subject=row.subject, state=QueueState.WAITING
    ).exists()
    if row.state != QueueState.DEAD or newer:
        return False
    row.state, row.attempts, row.deaths, row.due_at, row.outcome = QueueState.WAITING, 0, 0, now, ""
    row.save(update_fields=["state", "attempts", "deaths", "due_at", "outcome"])
    return True
