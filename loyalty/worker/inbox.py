"""From a stored delivery to posted points, in batches. What can't be used is kept and shown; what fails is tried again
by itself, so that one poisoned delivery delays nobody."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from structlog.contextvars import bound_contextvars

from loyalty.engine.errors import LoyaltyError
from loyalty.engine.facts import validate
from loyalty.models import InboxDelivery, QueueState, Shop
from loyalty.platforms.base import Delivery
from loyalty.platforms.circuit import Resting
from loyalty.platforms.registry import platform_of
from loyalty.services.forgetting import mentions_forgotten
from loyalty.services.intake import FROM_HISTORY, record
from loyalty.services.observations import NothingToDo, Observation, OneByOne, OrderSeen
from loyalty.services.traces import names_in
from loyalty.worker.claim import MAX_DEATHS, WorkerDied, claim, put_back, still_mine
from loyalty.worker.retry import LEASE_SECONDS, PATIENCE, judge

log = structlog.get_logger("regulars.inbox")
PARSING_SECONDS = LEASE_SECONDS / 3
"""How long a batch may ask the platform for what its deliveries do not hold."""
Parsed = tuple[InboxDelivery, list[Observation]]


def drain(*, now: datetime, limit: int | None = None) -> int:
    """Works one batch. Returns how many deliveries it took on; 0 means that nothing is due."""
    rows = claim(InboxDelivery, now=now, limit=limit or settings.INBOX_BATCH)
    by_shop: dict[int, list[InboxDelivery]] = defaultdict(list)
    for row in rows:
        if row.deaths <= MAX_DEATHS:
            by_shop[row.shop_id].append(row)
        else:
            _failed(row, WorkerDied(), now)
    shops = Shop.objects.in_bulk(list(by_shop))
    for shop_id, deliveries in by_shop.items():
        with bound_contextvars(shop=shop_id):
            _work(shops[shop_id], deliveries, now)
    return len(rows)


def _work(shop: Shop, deliveries: Sequence[InboxDelivery], now: datetime) -> None:
    parsed: list[Parsed] = []
    begun = time.monotonic()
    for place, row in enumerate(deliveries):
        if time.monotonic() - begun > PARSING_SECONDS:
            _put_back(shop, deliveries[place:], now)
            break
        try:
            with bound_contextvars(delivery=row.delivery_id):
                parsed.append((row, _parse(shop, row)))
        except Exception as error:  # noqa: BLE001 - whatever a payload does to the parser is that delivery's own matter
            _failed(row, error, now)
    together = [one for one in parsed if not _comes_alone(one)]
    if together:
        _record_each(shop, together, now)
    for one in parsed:
        if _comes_alone(one):
            _record_each(shop, [one], now)


def _comes_alone(one: Parsed) -> bool:
    return any(isinstance(seen, OneByOne) for seen in one[1])


def _put_back(shop: Shop, deliveries: Sequence[InboxDelivery], now: datetime) -> None:
    """Not looked at, so no attempt: a platform that answers slowly would keep them beyond the lease."""
    rows = InboxDelivery.objects.filter(shop=shop, pk__in=[row.pk for row in deliveries], state=QueueState.WAITING)
    rows.update(due_at=now, attempts=F("attempts") - 1, outcome="Waits for its turn")


def _record_each(shop: Shop, parsed: Sequence[Parsed], now: datetime) -> None:
    """All at once, or by halves until the one at fault stands alone: the others must not wait for it."""
    try:
        _record(shop, parsed, now)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is some delivery's own matter
        if len(parsed) == 1:
            _failed(parsed[0][0], error, now)
            return
        log.info("inbox.batch_split", shop=shop.pk, deliveries=len(parsed), error=type(error).__name__)
        half = len(parsed) // 2
        _record_each(shop, parsed[:half], now)
        _record_each(shop, parsed[half:], now)


def _parse(shop: Shop, row: InboxDelivery) -> list[Observation]:
    """What the delivery says; what can be no fact is found here, before it spoils a batch."""
    delivery = Delivery(
        delivery_id=row.delivery_id,
        topic=row.topic,
        body=bytes(row.body),
        meta=row.meta,
        received_at=row.received_at,
    )
    observations = platform_of(shop).parse(shop, delivery)
    for seen in observations:
        if isinstance(seen, OrderSeen):
            validate(seen.order)
    return observations


@transaction.atomic
def _record(shop: Shop, parsed: Sequence[Parsed], now: datetime) -> None:
    """One transaction: the observations and the rows that brought them. Of who is or was forgotten no words stay."""
    every = [(row, seen) for row, observations in parsed for seen in observations]
    about_forgotten = record(shop=shop, observations=[seen for _, seen in every], at=now)
    unsaid = [row for index, (row, seen) in enumerate(every) if index in about_forgotten or isinstance(seen, OneByOne)]
    told = []
    for row, observations in parsed:
        row.outcome = "; ".join(seen.why for seen in observations if isinstance(seen, NothingToDo))[:500]
        if row.outcome:
            told.append(row)
    done = InboxDelivery.objects.filter(shop=shop, pk__in=[row.pk for row, _ in parsed])
    done.update(state=QueueState.DONE, done_at=now)
    InboxDelivery.objects.across_shops().bulk_update(told, ["outcome"])
    if unsaid:
        InboxDelivery.objects.filter(shop=shop, pk__in=[row.pk for row in unsaid]).update(body=b"")


def _failed(row: InboxDelivery, error: Exception, now: datetime) -> None:
    if isinstance(error, Resting) and now - row.received_at < PATIENCE:
        put_back(row, due_at=now + timedelta(seconds=error.retry_after_seconds), outcome=error.message[:500])
        return
    due, attempts = judge(error, attempts=row.attempts, now=now)
    state = QueueState.WAITING if due else QueueState.DEAD
    unsaid = {"body": b""} if due is None and _is_about_forgotten(row) else {}
    still_mine(row).update(state=state, due_at=due or now, attempts=attempts, outcome=_sentence(error), **unsaid)
    log.warning(
        "inbox.failed",
        shop=row.shop_id,
        delivery=row.delivery_id,
        topic=row.topic,
        attempts=row.attempts,
        again=bool(due),
        error=type(error).__name__,
    )


def _is_about_forgotten(row: InboxDelivery) -> bool:
    numbers, emails = names_in(bytes(row.body))
    return mentions_forgotten(shop=row.shop_id, numbers=numbers, emails=emails)


def _sentence(error: Exception) -> str:
    """For the merchant; of an error we did not foresee only the kind, for its text may hold anything."""
    said = error.message if isinstance(error, LoyaltyError) else f"We could not read this ({type(error).__name__})."
    return said[:500]


def replay(*, shop: Shop, delivery_pk: int, now: datetime) -> bool:
    """Puts a delivery that needed a look back in line, as if it had just come."""
    dead = InboxDelivery.objects.filter(shop=shop, pk=delivery_pk, state=QueueState.DEAD)
    rows = dead.exclude(topic__endswith=FROM_HISTORY)
    return bool(rows.update(state=QueueState.WAITING, attempts=0, deaths=0, due_at=now, outcome=""))
