"""Leaving a message for the worker that may use the network."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from loyalty.models import OutboxMessage, QueueState, Shop

IMPORT = "history.import"
LOOKS_AGAIN_WITHIN = timedelta(minutes=2)
"""An import that waits for the platform looks again sooner than this; one that a worker holds is held for longer."""


def wake_import(*, shop: Shop, at: datetime) -> None:
    """What an import waits for is there. One that a worker is at, or that failed and rests, is left alone."""
    waiting = OutboxMessage.objects.filter(shop=shop, kind=IMPORT, state="waiting")
    waiting.filter(due_at__gt=at, due_at__lte=at + LOOKS_AGAIN_WITHIN).update(due_at=at)


def leave(
    *, shop: Shop, kind: str, subject: str, at: datetime, payload: dict[str, Any] | None = None, secret: str = ""
) -> OutboxMessage:
    """Part of the caller's transaction. A waiting message of the same kind and subject is brought forward instead of
    doubled."""
    message, made = OutboxMessage.objects.get_or_create(
        shop=shop,
        kind=kind,
        subject=subject,
        state="waiting",
        defaults={"payload": payload or {}, "secret": secret, "due_at": at, "created_at": at},
    )
    if not made and message.due_at > at:
        # Said in words, for a worker may hold it: taken from the living, it is not an attempt whose worker died.
        OutboxMessage.objects.filter(shop=shop, pk=message.pk).update(due_at=at, outcome="Brought forward")
    return message


def is_first_try(*, shop: Shop, kind: str, subject: str) -> bool:
    """Whether there is such a message and its first attempt has not come to an end."""
    messages = OutboxMessage.objects.filter(shop=shop, kind=kind, subject=subject, state=QueueState.WAITING)
    return messages.filter(attempts__lte=1, outcome="").exists()
