"""What needs the network: codes, mails, imports. No transaction is open while the other side is asked."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

import msgspec
import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection

from loyalty.engine.errors import LoyaltyError, Refused, Unauthorized
from loyalty.models import OutboxMessage, QueueState, Redemption
from loyalty.platforms.registry import platform_of
from loyalty.services.codes import ISSUE
from loyalty.services.redemptions import GIVEN_BACK, REVOKE, begin_issuing, give_back, mark_ready
from loyalty.worker.claim import claim, still_mine
from loyalty.worker.history import import_history
from loyalty.worker.retry import next_try

log = structlog.get_logger("regulars.outbox")
BATCH = 4
"""Few: all of a batch must be through before the lease of its claim is over, however slowly the other side answers."""
IMPORT_LEASE = timedelta(hours=3)
IMPORT = "history.import"
KINDS = (ISSUE, REVOKE, "mail", IMPORT)


def drain(*, now: datetime, limit: int = BATCH, kinds: Collection[str] = KINDS) -> int:
    """Works one batch. Returns how many messages it took on; 0 means that nothing is due."""
    rows = claim(OutboxMessage, now=now, limit=limit, kind__in=kinds)
    for row in rows:
        _work(row, now)
    return len(rows)


def drain_messages(*, now: datetime) -> int:
    """Codes and mails, for which somebody waits."""
    return drain(now=now, kinds=[kind for kind in KINDS if kind != IMPORT])


def drain_imports(*, now: datetime) -> int:
    """One history at a time: it may take hours."""
    return drain(now=now, limit=1, kinds=[IMPORT])


def run_now(*, kind: str, subject: str, shop_id: int, now: datetime) -> None:
    """Works one waiting message at once, so that a shopper sees the code in the same request. Held by another worker,
    or not answered in time, it is left to the loop."""
    for row in claim(OutboxMessage, now=now, limit=1, kind=kind, subject=subject, shop=shop_id):
        _work(row, now)


def _issue(row: OutboxMessage, now: datetime) -> None:
    redemption = begin_issuing(shop=row.shop, number=row.subject)
    if redemption.state in GIVEN_BACK:
        # It ended while a worker was asking the platform, and that worker may have died after the code was made.
        platform_of(row.shop).revoke(row.shop, redemption)
    if redemption.state != Redemption.State.ISSUING:
        return
    try:
        external_id = platform_of(row.shop).issue(row.shop, redemption)
    except (Refused, Unauthorized) as error:
        give_back(shop=row.shop, number=row.subject, why="failed", at=now, failure=error.message)
        return
    mark_ready(shop=row.shop, number=row.subject, external_id=external_id, at=now)


def _revoke(row: OutboxMessage, now: datetime) -> None:
    redemption = Redemption.objects.get(shop=row.shop, number=row.subject)
    platform_of(row.shop).revoke(row.shop, redemption)


class Letter(msgspec.Struct, frozen=True):
    """What a "mail" message keeps encrypted."""

    to: str
    subject: str
    text: str


def _mail(row: OutboxMessage, now: datetime) -> None:
    letter = msgspec.json.decode(row.secret, type=Letter)
    with get_connection() as connection:
        EmailMessage(
            letter.subject, letter.text, settings.DEFAULT_FROM_EMAIL, [letter.to], connection=connection
        ).send()


def _history(row: OutboxMessage, now: datetime) -> None:
    """A long history outlives the lease of a claim: it is held for as long as an import may take."""
    held_until = now + IMPORT_LEASE
    still_mine(row).update(due_at=held_until)
    row.due_at = held_until
    import_history(shop=row.shop, now=now)


HANDLERS: dict[str, Callable[[OutboxMessage, datetime], None]] = {
    ISSUE: _issue,
    REVOKE: _revoke,
    "mail": _mail,
    IMPORT: _history,
}


def _work(row: OutboxMessage, now: datetime) -> None:
    try:
        HANDLERS[row.kind](row, now)
    except Exception as error:  # noqa: BLE001 - whatever the other side does is this message's own matter
        _failed(row, error, now)
        return
    # The secret has served: a mail that has left is not kept. A message that was left anew meanwhile is worked again.
    still_mine(row).update(state=QueueState.DONE, done_at=now, outcome="", secret="")


def _failed(row: OutboxMessage, error: Exception, now: datetime) -> None:
    retryable = error.retryable if isinstance(error, LoyaltyError) else True
    wait = getattr(error, "retry_after_seconds", 0)
    due = next_try(attempts=row.attempts, now=now, retry_after_seconds=wait) if retryable else None
    outcome = (error.message if isinstance(error, LoyaltyError) else type(error).__name__)[:500]
    state = QueueState.WAITING if due else QueueState.DEAD
    if due is None and row.kind == ISSUE and still_mine(row).exists():
        # Before the message is put away: whoever dies in between leaves it to the next worker.
        give_back(shop=row.shop, number=row.subject, why="failed", at=now, failure=outcome)
    still_mine(row).update(state=state, due_at=due or now, outcome=outcome)
    log.warning(
        "outbox.failed",
        shop=row.shop_id,
        kind=row.kind,
        attempts=row.attempts,
        again=bool(due),
        error=type(error).__name__,
    )
