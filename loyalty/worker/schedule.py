"""What the clock brings: members whose points fall due, codes that expire, shops to reconcile; and the loop itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from django.conf import settings
from django.db import close_old_connections, connections, transaction

from loyalty.engine import checkpoint as engine
from loyalty.engine.errors import LoyaltyError
from loyalty.models import Credential, Member, OAuthState, Redemption, Referral, Shop
from loyalty.platforms.registry import every_platform, platform_of
from loyalty.services import (
    cart_sign_in,
    limits,
    privacy,
    pruning,
    reconciliations,
    same_person,
    settling,
    shoppers,
    trials,
)
from loyalty.services.posting import fold_and_post, lock_members
from loyalty.services.redemptions import end_access as end_access_of
from loyalty.services.redemptions import give_back
from loyalty.services.referral_claims import CLAIM_LIFE, LATE
from loyalty.services.referrals import confirm
from loyalty.worker import inbox, nightly, outbox, payouts, reconciliation
from loyalty.worker.letters import write_letters
from loyalty.worker.retry import CODE_LEASE_SECONDS

log = structlog.get_logger("regulars.worker")
DUE_BATCH = 200
PRUNED_AT_ONCE = 100_000
SET_ASIDE = timedelta(hours=1)
NEWS_OF_ORDERS = reconciliation.EVERY + timedelta(minutes=30)
KEEP_EVERY = timedelta(days=7)
KEEP_BATCH = 20
"""Few at a time, every ten minutes: renewals of a thousand shops are spread over a day."""
SETTLE_EVERY = timedelta(seconds=5)
IDLE_SECONDS = 0.25
FAILED_SECONDS = 5.0
ENDING_SECONDS = 25.0
"""How long a stopping process waits for its loops; what they hold then comes back after the lease."""


def fold_due(*, now: datetime) -> int:
    """Folds members for whom the clock changes something: a hold is over, points expire."""
    members = Member.objects.across_shops().filter(next_due__lte=now, engine__lte=engine.ENGINE)
    due = members.order_by("next_due").values_list("shop_id", "pk")
    by_shop: dict[int, list[int]] = {}
    for shop_id, pk in due[:DUE_BATCH]:
        by_shop.setdefault(shop_id, []).append(pk)
    for shop_id, pks in by_shop.items():
        try:
            _fold(shop_id, pks, now)
        except Exception as error:  # noqa: BLE001 - find the one at fault; the others must not wait for it
            log.info("due.batch_split", shop=shop_id, members=len(pks), error=type(error).__name__)
            for pk in pks:
                _fold_alone(shop_id, pk, now)
    return sum(map(len, by_shop.values()))


@transaction.atomic
def _fold(shop_id: int, pks: list[int], now: datetime) -> None:
    fold_and_post(shop=shop_id, members=lock_members(shop=shop_id, member_ids=pks), at=now)


def _fold_alone(shop_id: int, pk: int, now: datetime) -> None:
    """A member who cannot be folded is due again later: at the head of the line they would stop everybody."""
    try:
        _fold(shop_id, [pk], now)
    except Exception:
        log.exception("due.failed", shop=shop_id, member=pk)
        Member.objects.filter(shop=shop_id, pk=pk).update(next_due=now + SET_ASIDE)


def expire_codes(*, now: datetime) -> int:
    """Codes past their date: unusable on the platform, and the points back by policy. Not before an order of the last
    minute can be known, by its own notice or by the reconciler: it would have the discount and the points."""
    over_since = now - NEWS_OF_ORDERS
    rows = Redemption.objects.across_shops().filter(state=Redemption.State.READY, expires_at__lte=over_since)
    rows = rows.filter(member__engine__lte=engine.ENGINE).exclude(reward_data__kind="access")
    over = list(rows.select_related("shop").order_by("expires_at")[:DUE_BATCH])
    for redemption in over:
        try:
            give_back(shop=redemption.shop, number=redemption.number, why="expired", at=now)
        except Exception:
            log.exception("expiry.failed", shop=redemption.shop_id, redemption=redemption.pk)
    return len(over)


def end_access(*, now: datetime) -> int:
    """What members had for a time is closed when it is over."""
    rows = Redemption.objects.across_shops().filter(state=Redemption.State.READY, expires_at__lte=now)
    over = list(rows.filter(reward_data__kind="access").select_related("shop").order_by("expires_at")[:DUE_BATCH])
    for redemption in over:
        try:
            end_access_of(shop=redemption.shop, number=redemption.number, at=now)
        except Exception:
            log.exception("access.not_ended", shop=redemption.shop_id, redemption=redemption.pk)
    return len(over)


def end_claims(*, now: datetime) -> int:
    """Friends who were named and did not buy in time: whoever named them waits no longer."""
    over = Referral.objects.across_shops().filter(state=Referral.State.CLAIMED, claimed_at__lte=now - CLAIM_LIFE - LATE)
    ended, last = 0, 0
    while page := list(over.filter(pk__gt=last).select_related("shop").order_by("pk")[:DUE_BATCH]):
        last = page[-1].pk
        for claim in page:
            try:
                ended += confirm(shop=claim.shop, referral_id=claim.pk, at=now) is not None
            except Exception:
                log.exception("claim.not_ended", shop=claim.shop_id, referral=claim.pk)
    return ended


def settle_hanging(*, now: datetime) -> int:
    """Redemptions that should be settled by now and that nobody has in hand."""
    return settling.ask_again(before=now - timedelta(seconds=CODE_LEASE_SECONDS), at=now)


def keep_access(*, now: datetime) -> int:
    """Shops whose access nobody has renewed for a week: on some platforms it dies where it is not used. One that cannot
    be renewed comes round again, and is marked where the merchant must open the app."""
    quiet = Credential.objects.across_shops().filter(updated_at__lt=now - KEEP_EVERY, shop__status=Shop.Status.ACTIVE)
    rows = list(quiet.exclude(refresh_token="").select_related("shop").order_by("updated_at")[:KEEP_BATCH])
    for row in rows:
        try:
            platform_of(row.shop).keep_access(row.shop)
        except LoyaltyError as error:
            log.warning("access.not_renewed", shop=row.shop_id, error=type(error).__name__, code=error.code)
    return len(rows)


def carry_tiers(*, now: datetime) -> int:
    """Members whose tier changed since their platform was last told."""
    return sum(platform.carry_tiers(now=now) for platform in every_platform())


def forget_old(*, now: datetime) -> int:
    """Codes, devices, counters, nonces, comparisons and copies of people's data whose time is over."""
    nonces, _ = OAuthState.objects.filter(created_at__lt=now - timedelta(days=1)).delete()
    others = (
        shoppers.forget,
        cart_sign_in.forget,
        limits.forget,
        reconciliations.forget,
        privacy.forget_copies,
        trials.forget,
        same_person.forget,
    )
    return nonces + sum(forget(before=now) for forget in others)


def prune(*, now: datetime) -> int:
    """What was done QUEUE_KEEP_DAYS ago leaves the queues."""
    return pruning.prune(before=now - timedelta(days=settings.QUEUE_KEEP_DAYS), limit=PRUNED_AT_ONCE)


def _clock() -> datetime:
    return datetime.now(UTC)


Job = tuple[Callable[..., int], timedelta]
LOOPS: list[list[Job]] = [
    [
        (inbox.drain, timedelta(0)),
        (fold_due, timedelta(seconds=5)),
        (expire_codes, timedelta(seconds=30)),
        (end_access, timedelta(seconds=30)),
    ],
    [(outbox.drain_codes, timedelta(0)), (settle_hanging, SETTLE_EVERY)],
    [(outbox.drain_codes, timedelta(0))],
    [(outbox.drain_messages, timedelta(0))],
    [(outbox.drain_hooks, timedelta(0))],
    [(outbox.drain_hooks, timedelta(0))],
    [(outbox.drain_imports, timedelta(seconds=1))],
    [(outbox.drain_shown, timedelta(seconds=1))],
    [(outbox.drain_trials, timedelta(0))],
    [
        (payouts.begin_due, timedelta(minutes=10)),
        (payouts.pay_due, timedelta(seconds=5)),
    ],
    [
        (outbox.drain_comparisons, timedelta(seconds=1)),
        (carry_tiers, timedelta(seconds=30)),
        (reconciliation.reconcile_shops, timedelta(seconds=15)),
        (keep_access, timedelta(minutes=10)),
    ],
    [(forget_old, timedelta(hours=1)), (end_claims, timedelta(hours=1)), (prune, timedelta(minutes=10))],
    [(write_letters, timedelta(seconds=30))],
    [(nightly.verify_ledger, timedelta(minutes=5))],
]
"""Each a thread of its own: points wait for no mail server, and a sign-in code for no store's history of ten years."""


def run(stop: threading.Event) -> None:
    """The loops of `manage.py work` and `serve`, until `stop` is set and each has ended its batch."""
    threads = [threading.Thread(target=_run, args=(stop, jobs), daemon=True) for jobs in LOOPS]
    for thread in threads:
        thread.start()
    stop.wait()
    until = time.monotonic() + ENDING_SECONDS
    for thread in threads:
        thread.join(timeout=max(0.0, until - time.monotonic()))


def _run(stop: threading.Event, jobs: Sequence[Job]) -> None:
    """A job that fails is logged and comes round again; between rounds without work the loop rests a quarter of a
    second, and longer where something failed: a database that is away for an hour must not fill the disk with what was
    said about it."""
    last: dict[Callable[..., int], datetime] = {}
    while not stop.is_set():
        busy, rest_seconds = 0, IDLE_SECONDS
        for job, every in jobs:
            now = _clock()
            if stop.is_set() or (job in last and now - last[job] < every):
                continue
            last[job] = now
            close_old_connections()
            try:
                done = job(now=now)
            except Exception:
                log.exception("worker.job_failed", job=f"{job.__module__}.{job.__name__}")
                rest_seconds = FAILED_SECONDS
                continue
            if every == timedelta(0):
                busy += done
        if not busy:
            stop.wait(rest_seconds)
    connections.close_all()
