"""Putting back in line what was given up, once its cause is mended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max, QuerySet

from loyalty.ledger.verify import SETTLES_WITHIN
from loyalty.models import InboxDelivery, OutboxMessage, QueueState, Shop
from loyalty.services.codes import FULFIL, ISSUE
from loyalty.services.intake import FROM_HISTORY
from loyalty.services.outbox import leave
from loyalty.services.settling import ask_again
from loyalty.services.shops import resume

STALE = "code:"
"""Subjects of mails that carry a code to sign in with: by now it has expired, and a late one only confuses."""

REPLAY = "undone.replay"
"""The message of a shop that has more to put in line than a page has time for."""
NEVER_AGAIN = (ISSUE, FULFIL, REPLAY)
"""Of the first two the points went back when they were given up; the last is asked for again."""
AT_ONCE = 500
"""As many as a page has time for, and one turn of the worker."""


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
        deliveries=dead.update(**_anew(now)),
        messages=_replay_all(shop, now),
        reservations=ask_again(before=now - SETTLES_WITHIN, at=now, shop=shop),
    )


def come_back(*, shop: Shop, now: datetime) -> bool:
    """The platform answers for a suspended store again: what was put away meanwhile is tried once more. Whether it was
    suspended."""
    if not resume(shop=shop):
        return False
    replay(shop=shop, now=now)
    return True


def replay_undone(*, shop: Shop, now: datetime) -> int:
    """What was given up and can still be of use, each once: the oldest now, the rest by the worker, step by step; what
    fails again meanwhile is left for the next time. Returns how many are in line again already."""
    tried = _undone(shop)
    newest = tried.aggregate(newest=Max("pk"))["newest"]
    looked_at, again = _in_line(shop, tried, now)
    if looked_at and looked_at[-1] < newest:
        leave(shop=shop, kind=REPLAY, subject="", at=now, payload={"after": looked_at[-1], "until": newest})
    return len(again)


def replay_on(*, shop: Shop, after: int, until: int, now: datetime) -> int | None:
    """The next step of those behind the message `after` and up to `until`. Returns the last message that was looked at;
    None where that was all."""
    looked_at, _again = _in_line(shop, _undone(shop).filter(pk__gt=after, pk__lte=until), now)
    return looked_at[-1] if looked_at and looked_at[-1] < until else None


def left_to_replay(*, shop: Shop) -> int | None:
    """How many the worker has still to put in line; None where it is through, or nobody asked. Two queries at most."""
    row = OutboxMessage.objects.filter(shop=shop, kind=REPLAY, state=QueueState.WAITING).only("payload").first()
    if row is None:
        return None
    return _undone(shop).filter(pk__gt=row.payload["after"], pk__lte=row.payload["until"]).count()


def _undone(shop: Shop) -> QuerySet[OutboxMessage]:
    return _dead_messages(shop).exclude(kind__in=NEVER_AGAIN)


def _dead_messages(shop: Shop) -> QuerySet[OutboxMessage]:
    return OutboxMessage.objects.filter(shop=shop, state=QueueState.DEAD).exclude(subject__startswith=STALE)


def _replay_all(shop: Shop, now: datetime) -> int:
    found, looked_at = 0, [0]
    while looked_at:
        looked_at, again = _in_line(shop, _dead_messages(shop).filter(pk__gt=looked_at[-1]), now)
        found += len(again)
    return found


def _in_line(shop: Shop, dead: QuerySet[OutboxMessage], now: datetime) -> tuple[list[int], list[int]]:
    """The oldest `AT_ONCE` of them, as `replay_message` does it for one: those looked at, and those in line again."""
    try:
        return _put_in_line(shop, dead, now)
    except IntegrityError:
        return _put_in_line(shop, dead, now)  # one was left anew in the same moment; now it is seen


@transaction.atomic
def _put_in_line(shop: Shop, dead: QuerySet[OutboxMessage], now: datetime) -> tuple[list[int], list[int]]:
    rows = list(dead.select_for_update(of=("self",)).order_by("pk").only("kind", "subject")[:AT_ONCE])
    waiting, again = _waiting(shop, rows), list[int]()
    for row in rows:
        if (row.kind, row.subject) not in waiting:
            waiting.add((row.kind, row.subject))
            again.append(row.pk)
    OutboxMessage.objects.filter(shop=shop, pk__in=again).update(**_anew(now))
    return [row.pk for row in rows], again


def _waiting(shop: Shop, rows: Iterable[OutboxMessage]) -> set[tuple[str, str]]:
    """Kind and subject of those that wait, and of more besides."""
    kinds, subjects = {row.kind for row in rows}, {row.subject for row in rows}
    waiting = OutboxMessage.objects.filter(shop=shop, state=QueueState.WAITING, kind__in=kinds, subject__in=subjects)
    return set(waiting.values_list("kind", "subject"))


def _anew(now: datetime) -> dict[str, Any]:
    return {"state": QueueState.WAITING, "attempts": 0, "deaths": 0, "due_at": now, "outcome": ""}


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
    OutboxMessage.objects.filter(shop=shop, pk=message_id).update(**_anew(now))
    return True
