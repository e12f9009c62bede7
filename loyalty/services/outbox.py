"""Leaving a message for the worker that may use the network."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from loyalty.models import OutboxMessage, Shop


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
