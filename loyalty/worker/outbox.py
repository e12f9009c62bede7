"""What needs the network or long: codes, mails, imports, people's requests about their data. No transaction is open
while the other side is asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import nullcontext
from datetime import datetime, timedelta

import msgspec
import structlog
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Min
from structlog.contextvars import bound_contextvars

from loyalty.engine.errors import LoyaltyError, Refused, Unauthorized
from loyalty.engine.rewards import OURS
from loyalty.models import Member, OutboxMessage, QueueState, Reconciliation, Redemption, Shop
from loyalty.platforms import fulfilment, http
from loyalty.platforms.base import NotYet, Shown
from loyalty.platforms.circuit import Resting
from loyalty.platforms.registry import platform_of
from loyalty.selectors.fulfilment import BY_HAND
from loyalty.selectors.programs import version_in_force
from loyalty.services import trials
from loyalty.services.codes import FULFIL, GIVE, ISSUE, MAKING, PAY, REVOKE, WITHDRAW
from loyalty.services.forgetting_shops import FORGET_SHOP, forget_shop
from loyalty.services.outbox import IMPORT
from loyalty.services.privacy import EXPORT, FORGET, forget_traces, write_export
from loyalty.services.reconciliations import LOOK_UP, RECONCILE, give_up
from loyalty.services.redemptions import (
    GIVEN_BACK,
    begin_issuing,
    give_again,
    give_back,
    hand_out_code,
    mark_ready,
    pay_again,
)
from loyalty.services.referral_claims import CONFIRM
from loyalty.services.referrals import confirm
from loyalty.services.replaying import REPLAY, replay_on
from loyalty.services.showing import SHOW
from loyalty.services.trials import SIMULATE
from loyalty.worker import reconciliation
from loyalty.worker.claim import MAX_DEATHS, WorkerDied, claim, hold, put_back, still_mine
from loyalty.worker.history import import_history
from loyalty.worker.retry import CODE_LEASE_SECONDS, CODE_SECONDS, LEASE_SECONDS, PATIENCE, judge

log = structlog.get_logger("regulars.outbox")
BATCH = 4
"""Few: all of a batch must be through before the lease of its claim is over, however slowly the other side answers."""
IMPORT_LEASE = timedelta(minutes=10)
"""Longer than a page of a history may take, throttling included."""
SLOW_LEASE = timedelta(hours=3)
TRIAL_SECONDS = 5.0
SHOWN_AT_ONCE = 12
"""Balance and tier of twelve are 24 fields; Shopify takes 25 at once."""
GIFT_SECONDS = 86_400
"""A gift that found no partner's code looks again so often by itself; an upload brings it at once."""
CODES = (ISSUE, PAY, GIVE, REVOKE)
"""What hangs here is a shopper's points: none takes longer than CODE_SECONDS, and each has a lease of its own."""
SHOPS_A_TURN = 100
HOOKS = (FULFIL, WITHDRAW)
"""As codes, of a shop's own server: a slow one delays nobody but the shops that have their own."""
MESSAGES = ("mail", LOOK_UP, CONFIRM, REPLAY)
"""For these somebody waits."""
SLOW = (IMPORT, FORGET, EXPORT, FORGET_SHOP)
"""What may take long, and for which nobody waits at this moment."""
KINDS = (*CODES, *HOOKS, *MESSAGES, *SLOW, RECONCILE, SIMULATE)


class TakenOver(RuntimeError):
    """The claim was lost: what was recorded stands, the rest is the other worker's."""


def drain(
    *, now: datetime, limit: int = BATCH, kinds: Collection[str] = KINDS, lease_seconds: int = LEASE_SECONDS
) -> int:
    """Works one batch. Returns how many messages it took on; 0 means that nothing is due."""
    rows = claim(OutboxMessage, now=now, limit=limit, lease_seconds=lease_seconds, kind__in=kinds)
    for row in rows:
        _work(row, now)
    return len(rows)


def drain_codes(*, now: datetime) -> int:
    """One at a time: the lease is for one."""
    return drain(now=now, limit=1, kinds=CODES, lease_seconds=CODE_LEASE_SECONDS)


def drain_hooks(*, now: datetime) -> int:
    """One of each shop in turn, however many it has. Where another worker is asking a shop's server, that shop keeps
    none busy beside it."""
    begun, worked = time.monotonic(), 0
    waiting = OutboxMessage.objects.across_shops().filter(kind__in=HOOKS, state=QueueState.WAITING)
    due = waiting.filter(due_at__lte=now).values("shop").annotate(oldest=Min("due_at")).order_by("oldest", "shop")
    for shop_id in due.values_list("shop", flat=True)[:SHOPS_A_TURN]:
        if waiting.filter(shop=shop_id, due_at__gt=now, attempts__gt=0, outcome="").exists():
            continue
        # Shops asked before it have taken time, and the lease is to begin now.
        lease_seconds = CODE_LEASE_SECONDS + int(time.monotonic() - begun)
        only = {"kind__in": HOOKS, "shop": shop_id}
        for row in claim(OutboxMessage, now=now, limit=1, lease_seconds=lease_seconds, **only):
            _work(row, now)
            worked += 1
    return worked


def drain_messages(*, now: datetime) -> int:
    return drain(now=now, kinds=MESSAGES)


def drain_imports(*, now: datetime) -> int:
    """What is slow, one at a time: a history may take hours."""
    return drain(now=now, limit=1, kinds=SLOW)


def drain_comparisons(*, now: datetime) -> int:
    """One turn at a time; shops that ask for more come again after the others."""
    return drain(now=now, limit=1, kinds=[RECONCILE])


def drain_trials(*, now: datetime) -> int:
    """One turn at a time, as comparisons."""
    return drain(now=now, limit=1, kinds=[SIMULATE])


def drain_shown(*, now: datetime) -> int:
    """Members of one shop and moment go in one call."""
    rows = claim(OutboxMessage, now=now, limit=SHOWN_AT_ONCE, kind=SHOW)
    by_shop: dict[int, list[OutboxMessage]] = {}
    for row in rows:
        by_shop.setdefault(row.shop_id, []).append(row)
    for shop_id, own in by_shop.items():
        try:
            if own[0].deaths > MAX_DEATHS:
                raise WorkerDied
            _show(Shop.objects.get(pk=shop_id), own, now)
        except Exception as error:  # noqa: BLE001 - as in _work
            for row in own:
                _failed(row, error, now)
            continue
        for row in own:
            # What is shown stands at the customer; a line about each time would only fill the table.
            still_mine(row).delete()
    return len(rows)


def _show(shop: Shop, rows: Sequence[OutboxMessage], now: datetime) -> None:
    """As the members are now, whatever they were when the messages were left."""
    version = version_in_force(shop, now)
    names = {level.id: level.name for level in version.program.tiers} if version else {}
    members = Member.objects.filter(shop=shop, pk__in=[row.subject for row in rows], external_id__isnull=False)
    shown = [
        Shown(
            customer_id=member.external_id,
            available=member.available,
            tier=member.tier,
            tier_name=names.get(member.tier, member.tier),
        )
        for member in members.filter(merged_into=None)
        if member.external_id
    ]
    if shown and shop.status == Shop.Status.ACTIVE:
        platform_of(shop).show_members(shop, shown)


def run_now(*, kind: str, subject: str, shop_id: int, now: datetime) -> None:
    """Works one waiting message about a code at once, so that a shopper sees it in the same request. Held by another
    worker, or not answered in time, it is left to the loop."""
    only = {"kind": kind, "subject": subject, "shop": shop_id}
    for row in claim(OutboxMessage, now=now, limit=1, lease_seconds=CODE_LEASE_SECONDS, **only):
        _work(row, now)


def _issue(row: OutboxMessage, now: datetime) -> None:
    redemption = begin_issuing(shop=row.shop, number=row.subject)
    if redemption.state in GIVEN_BACK:
        # It ended while a worker was asking the platform, and that worker may have died after the code was made.
        _take_away(row.shop, redemption)
    if redemption.state == Redemption.State.ISSUING:
        try:
            external_id = _make(row.shop, redemption, now)
        except (Refused, Unauthorized) as error:
            if row.kind in (PAY, GIVE):
                raise  # put away for the merchant to see and to try again; points return
            redemption = give_back(shop=row.shop, number=row.subject, why="failed", at=now, failure=error.message)
        else:
            redemption = mark_ready(shop=row.shop, number=row.subject, external_id=external_id, at=now)
    _say_settled(row, redemption, now)


def _pay(row: OutboxMessage, now: datetime) -> None:
    """One that was given up and put in line again is a payment of its own, once the first cannot come any more."""
    _issue(row, now)
    pay_again(shop=row.shop, number=row.subject, at=now)


def _give(row: OutboxMessage, now: datetime) -> None:
    """As `_pay`, of a gift."""
    _issue(row, now)
    give_again(shop=row.shop, number=row.subject, at=now)


def _fulfil(row: OutboxMessage, now: datetime) -> None:
    redemption = begin_issuing(shop=row.shop, number=row.subject)
    if redemption.state in GIVEN_BACK:
        fulfilment.withdraw(row.shop, redemption, at=now)
    if redemption.state == Redemption.State.ISSUING:
        try:
            if redemption.expires_at is not None and redemption.expires_at <= now:
                raise Refused("The shop's server did not do it in time.")
            note = fulfilment.ask(row.shop, redemption, at=now)
        except (Refused, Unauthorized) as error:
            redemption = give_back(shop=row.shop, number=row.subject, why="failed", at=now, failure=error.message)
        else:
            number, done = row.subject, "fulfilled"
            redemption = mark_ready(shop=row.shop, number=number, external_id=done, at=now, note=note)
    _say_settled(row, redemption, now)


def _withdraw(row: OutboxMessage, now: datetime) -> None:
    fulfilment.withdraw(row.shop, Redemption.objects.get(shop=row.shop, number=row.subject), at=now)


def _make(shop: Shop, redemption: Redemption, now: datetime) -> str:
    """The platform's id of what it made; our own word where no platform has a part in it."""
    kind = redemption.reward_data.get("kind")
    if kind == "partner":
        return _partner_code(shop, redemption, now)
    return BY_HAND if kind == "custom" else platform_of(shop).issue(shop, redemption)


def _partner_code(shop: Shop, redemption: Redemption, now: datetime) -> str:
    """A gift has no points that could come back: it waits until there are codes again."""
    try:
        return hand_out_code(shop=shop, number=redemption.number, at=now)
    except Refused as error:
        if redemption.points:
            raise
        raise NotYet(error.message, retry_after_seconds=GIFT_SECONDS) from None


def _take_away(shop: Shop, redemption: Redemption) -> None:
    if redemption.reward_data.get("kind") not in OURS:
        platform_of(shop).revoke(shop, redemption)


def _say_settled(row: OutboxMessage, redemption: Redemption, now: datetime, why: str = "") -> None:
    """What did not end with its first attempt: whoever operates this sees what hung, why, and how it came out."""
    before = "worker_died" if row.deaths else "asked_again" if row.attempts > 1 or row.outcome else ""
    why = why or before or row.payload.get("why", "")
    if why:
        seconds = int((now - redemption.accepted_at).total_seconds())
        number, state = str(redemption.number), redemption.state
        log.info("redemption.settled", shop=row.shop_id, redemption=number, state=state, why=why, seconds=seconds)


def _revoke(row: OutboxMessage, now: datetime) -> None:
    redemption = Redemption.objects.get(shop=row.shop, number=row.subject)
    _take_away(row.shop, redemption)
    _say_settled(row, redemption, now)


class Letter(msgspec.Struct, frozen=True):
    """What a "mail" message keeps encrypted."""

    to: str
    subject: str
    text: str
    headers: dict[str, str] = {}


def _mail(row: OutboxMessage, now: datetime) -> None:
    letter = msgspec.json.decode(row.secret, type=Letter)
    with get_connection() as connection:
        EmailMessage(
            letter.subject,
            letter.text,
            settings.DEFAULT_FROM_EMAIL,
            [letter.to],
            connection=connection,
            headers=letter.headers,
        ).send()


def _refer(row: OutboxMessage, now: datetime) -> None:
    confirm(shop=row.shop, referral_id=int(row.subject), at=now)


def _history(row: OutboxMessage, now: datetime) -> None:
    """A long history outlives the lease of a claim: it is held from one page to the next, so that after a crash the
    next worker comes in minutes."""
    begun = time.monotonic()

    def still_here() -> None:
        passed = timedelta(seconds=time.monotonic() - begun)
        if not hold(row, until=now + passed + IMPORT_LEASE):
            raise TakenOver("Another worker has taken over this import")

    still_here()
    import_history(shop=row.shop, now=now, on_page=still_here)


def _forget(row: OutboxMessage, now: datetime) -> None:
    hold(row, until=now + SLOW_LEASE)
    forget_traces(shop=row.shop, request_id=row.subject, secret=row.secret, at=now)


def _export(row: OutboxMessage, now: datetime) -> None:
    hold(row, until=now + SLOW_LEASE)
    write_export(shop=row.shop, request_id=row.subject, secret=row.secret, at=now)


def _forget_shop(row: OutboxMessage, now: datetime) -> None:
    hold(row, until=now + SLOW_LEASE)
    forget_shop(shop=row.shop, at=now)


def _compare(row: OutboxMessage, now: datetime) -> None:
    hold(row, until=now + reconciliation.LEASE)
    if not _answered(row, now, reconciliation.work):
        # Not through: in line again, behind the others.
        still_mine(row).update(due_at=now + timedelta(seconds=1), attempts=0, outcome="More to come")


def _simulate(row: OutboxMessage, now: datetime) -> None:
    """Whatever fails fails the same way again, so that whoever waits is told at once."""
    hold(row, until=now + IMPORT_LEASE)
    try:
        through = trials.work(shop=row.shop, trial_id=int(row.subject), at=now, seconds=TRIAL_SECONDS)
    except LoyaltyError as error:
        trials.give_up(shop=row.shop, trial_id=int(row.subject), why=error.message, at=now)
        return
    if not through:
        still_mine(row).update(due_at=now, attempts=0, outcome="More to come")


def _replay(row: OutboxMessage, now: datetime) -> None:
    """A step, and how far it came, in one transaction: what it put in line and fails again is not put there twice."""
    with transaction.atomic():
        until = row.payload["until"]
        last = replay_on(shop=row.shop, after=row.payload["after"], until=until, now=now)
        if last is not None:
            further = {"after": last, "until": until}
            still_mine(row).update(payload=further, due_at=now, attempts=0, outcome="More to come")


def _look_up(row: OutboxMessage, now: datetime) -> None:
    _answered(row, now, reconciliation.look_up)


def _answered(row: OutboxMessage, now: datetime, ask: Callable[..., bool | None]) -> bool | None:
    """Whoever asked reads what became of it: why there is no answer yet, or will be none."""
    rows = Reconciliation.objects.filter(shop=row.shop_id, pk=int(row.subject))
    asked = rows.select_related("shop").first()
    if asked is None:
        return True  # forgotten with its season
    try:
        return ask(reconciliation=asked, now=now)
    except (Refused, Unauthorized) as error:
        give_up(shop=row.shop, reconciliation_id=asked.pk, why=error.message, at=now)
        return True
    except LoyaltyError as error:
        rows.update(failure=error.message[:500])
        raise


HANDLERS: dict[str, Callable[[OutboxMessage, datetime], None]] = {
    ISSUE: _issue,
    PAY: _pay,
    GIVE: _give,
    REVOKE: _revoke,
    FULFIL: _fulfil,
    WITHDRAW: _withdraw,
    "mail": _mail,
    CONFIRM: _refer,
    LOOK_UP: _look_up,
    IMPORT: _history,
    RECONCILE: _compare,
    SIMULATE: _simulate,
    REPLAY: _replay,
    FORGET: _forget,
    EXPORT: _export,
    FORGET_SHOP: _forget_shop,
}


def _work(row: OutboxMessage, now: datetime) -> None:
    try:
        if row.deaths > MAX_DEATHS:
            raise WorkerDied
        deadline = http.within(CODE_SECONDS) if row.kind in (*CODES, *HOOKS) else nullcontext()
        with bound_contextvars(shop=row.shop_id, message=row.pk), deadline:
            HANDLERS[row.kind](row, now)
    except Exception as error:  # noqa: BLE001 - whatever the other side does is this message's own matter
        _failed(row, error, now)
        return
    # The secret has served: a mail that has left is not kept. A message that was left anew meanwhile is worked again.
    still_mine(row).update(state=QueueState.DONE, done_at=now, outcome="", secret="")


def _tell(row: OutboxMessage, why: str, now: datetime) -> None:
    """Whoever waits for a message that is given up: points go back, a question ends without an answer."""
    if row.kind in MAKING:
        redemption = give_back(shop=row.shop, number=row.subject, why="failed", at=now, failure=why)
        _say_settled(row, redemption, now, why="given_up")
    elif row.kind in (LOOK_UP, RECONCILE):
        give_up(shop=row.shop, reconciliation_id=int(row.subject), why=why, at=now)
    elif row.kind == SIMULATE:
        trials.give_up(shop=row.shop, trial_id=int(row.subject), why=why, at=now)


def _failed(row: OutboxMessage, error: Exception, now: datetime) -> None:
    if isinstance(error, Resting) and now - row.created_at < PATIENCE:
        put_back(row, due_at=now + timedelta(seconds=error.retry_after_seconds), outcome=error.message[:500])
        return
    due, attempts = judge(error, attempts=row.attempts, now=now)
    outcome = (error.message if isinstance(error, LoyaltyError) else type(error).__name__)[:500]
    state = QueueState.WAITING if due else QueueState.DEAD
    if due is None and still_mine(row).exists():
        # Before the message is put away: whoever dies in between leaves it to the next worker.
        _tell(row, outcome, now)
    still_mine(row).update(state=state, due_at=due or now, attempts=attempts, outcome=outcome)
    log.warning(
        "outbox.failed",
        shop=row.shop_id,
        message=row.pk,
        kind=row.kind,
        attempts=row.attempts,
        again=bool(due),
        error=type(error).__name__,
    )
