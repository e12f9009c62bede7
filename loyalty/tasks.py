"""Celery: one-line wakers. Whether they come twice or never, the tables hold the truth."""

from datetime import UTC, datetime

from celery import shared_task

from loyalty.worker import inbox, letters, nightly, outbox, payouts, reconciliation, schedule


@shared_task(ignore_result=True)
def drain_inbox() -> None:
    while inbox.drain(now=datetime.now(UTC)):
        pass


@shared_task(ignore_result=True)
def drain_outbox() -> None:
    while outbox.drain_messages(now=datetime.now(UTC)):
        pass


@shared_task(ignore_result=True)
def drain_codes() -> None:
    while outbox.drain_codes(now=datetime.now(UTC)):
        pass


@shared_task(ignore_result=True)
def drain_hooks() -> None:
    while outbox.drain_hooks(now=datetime.now(UTC)):
        pass


@shared_task(ignore_result=True)
def settle_hanging() -> None:
    schedule.settle_hanging(now=datetime.now(UTC))


@shared_task(ignore_result=True)
def write_letters() -> None:
    while letters.write_letters(now=datetime.now(UTC)) == letters.BATCH:
        pass


@shared_task(ignore_result=True)
def drain_imports() -> None:
    outbox.drain_imports(now=datetime.now(UTC))


@shared_task(ignore_result=True)
def drain_shown() -> None:
    while outbox.drain_shown(now=datetime.now(UTC)):
        pass


@shared_task(ignore_result=True)
def drain_trials() -> None:
    while outbox.drain_trials(now=datetime.now(UTC)):
        pass


@shared_task(ignore_result=True)
def drain_comparisons() -> None:
    while outbox.drain_comparisons(now=datetime.now(UTC)):
        pass


@shared_task(ignore_result=True)
def fold_due_members() -> None:
    while schedule.fold_due(now=datetime.now(UTC)) == schedule.DUE_BATCH:
        pass


@shared_task(ignore_result=True)
def expire_codes() -> None:
    schedule.expire_codes(now=datetime.now(UTC))


@shared_task(ignore_result=True)
def end_access() -> None:
    schedule.end_access(now=datetime.now(UTC))


@shared_task(ignore_result=True)
def begin_payouts() -> None:
    payouts.begin_due(now=datetime.now(UTC))


@shared_task(ignore_result=True)
def pay_out() -> None:
    while payouts.pay_due(now=datetime.now(UTC)):
        pass


@shared_task(ignore_result=True)
def reconcile_shops() -> None:
    reconciliation.reconcile_shops(now=datetime.now(UTC))


@shared_task(ignore_result=True)
def carry_tiers() -> None:
    schedule.carry_tiers(now=datetime.now(UTC))


@shared_task(ignore_result=True)
def end_claims() -> None:
    schedule.end_claims(now=datetime.now(UTC))


@shared_task(ignore_result=True)
def forget_old() -> None:
    schedule.forget_old(now=datetime.now(UTC))


@shared_task(ignore_result=True)
def prune() -> None:
    schedule.prune(now=datetime.now(UTC))


@shared_task(ignore_result=True)
def keep_access() -> None:
    schedule.keep_access(now=datetime.now(UTC))


@shared_task(ignore_result=True)
def verify_ledger() -> None:
    nightly.verify_ledger(now=datetime.now(UTC))
