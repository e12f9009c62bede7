"""What the clock brings."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import OperationalError

from config.celery import app
from loyalty import tasks
from loyalty.ledger.post import LedgerMismatch
from loyalty.models import EmailCode, Member, OAuthState, OutboxMessage, RateCounter, Redemption, Shop
from loyalty.selectors.widget import open_redemptions
from loyalty.services import limits
from loyalty.services.outbox import leave
from loyalty.services.redemptions import begin_issuing, mark_ready, redeem
from loyalty.services.shoppers import request_code
from loyalty.worker import schedule
from tests.factories import ALICE, BOB, T0, assert_books, balance, make_member, make_order, make_shop, place

pytestmark = pytest.mark.django_db
REAL_LOOPS = schedule.LOOPS


def test_an_order_dated_in_the_future_counts_when_its_time_has_come() -> None:
    shop = make_shop()
    tomorrow = T0 + timedelta(days=1)
    place(shop, make_order("1", at=tomorrow), at=T0)
    assert balance(shop) == 0
    assert Member.objects.get(shop=shop, external_id=ALICE.external_id).next_due == tomorrow
    assert schedule.fold_due(now=T0 + timedelta(hours=23)) == 0
    assert schedule.fold_due(now=tomorrow) == 1
    assert balance(shop) == 520
    assert_books(shop)


def test_what_is_over_is_forgotten() -> None:
    shop = make_shop()
    request_code(shop=shop, email="alice@shopper.test", at=T0)
    limits.hit("somebody", limit=5, window_seconds=60, at=T0)
    OAuthState.objects.create(nonce="n", platform="ecwid", created_at=T0)
    schedule.forget_old(now=T0 + timedelta(minutes=1))
    assert (EmailCode.objects.filter(shop=shop).count(), RateCounter.objects.count()) == (1, 1)
    schedule.forget_old(now=T0 + timedelta(days=3))
    assert (EmailCode.objects.filter(shop=shop).count(), RateCounter.objects.count()) == (0, 0)
    assert not OAuthState.objects.exists()


def test_a_job_that_fails_does_not_end_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    stop = threading.Event()
    rounds: list[datetime] = []

    def breaks(*, now: datetime) -> int:
        rounds.append(now)
        if len(rounds) == 3:
            stop.set()
        raise ValueError

    monkeypatch.setattr(schedule, "FAILED_SECONDS", 0)

    monkeypatch.setattr(schedule, "close_old_connections", lambda: None)
    monkeypatch.setattr(schedule.connections, "close_all", lambda: None)
    schedule._run(stop, [(breaks, timedelta(0))])
    assert len(rounds) == 3
    assert rounds[0] <= datetime.now(UTC)


def test_jobs_that_fail_do_not_fill_the_log_and_say_which_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, rests, said = threading.Event(), list[float](), list[dict[str, object]]()

    def drain(*, now: datetime) -> int:
        raise OperationalError("the database is away")

    def wait(seconds: float) -> bool:
        rests.append(seconds)
        stop.set()
        return True

    monkeypatch.setattr(stop, "wait", wait)
    monkeypatch.setattr(schedule.log, "exception", lambda event, **context: said.append(context), raising=False)
    monkeypatch.setattr(schedule, "close_old_connections", lambda: None)
    monkeypatch.setattr(schedule.connections, "close_all", lambda: None)
    schedule._run(stop, [(drain, timedelta(0))])
    assert rests == [schedule.FAILED_SECONDS]
    assert rests[0] > schedule.IDLE_SECONDS
    assert said == [{"job": f"{__name__}.drain"}]


def test_celery_wakes_every_job_of_the_loop() -> None:
    woken = {entry["task"].rpartition(".")[2] for entry in app.conf.beat_schedule.values()}
    assert woken == {
        "drain_inbox",
        "drain_codes",
        "drain_hooks",
        "drain_trials",
        "end_access",
        "begin_payouts",
        "pay_out",
        "settle_hanging",
        "drain_outbox",
        "drain_imports",
        "drain_comparisons",
        "drain_shown",
        "fold_due_members",
        "expire_codes",
        "carry_tiers",
        "reconcile_shops",
        "forget_old",
        "end_claims",
        "prune",
        "verify_ledger",
        "keep_access",
        "write_letters",
    }
    assert len(woken) == len({job for loop in schedule.LOOPS for job, _ in loop})


def test_a_member_who_cannot_be_folded_keeps_nobody_else_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    tomorrow = T0 + timedelta(days=1)
    for number, person in enumerate((ALICE, BOB)):
        place(shop, make_order(str(number), at=tomorrow), person, at=T0)
    broken = Member.objects.get(shop=shop, external_id=ALICE.external_id)
    whole = schedule.fold_and_post

    def fold_and_post(*, shop: int, members: Sequence[Member], at: datetime) -> object:
        if broken in members:
            raise LedgerMismatch
        return whole(shop=shop, members=members, at=at)

    monkeypatch.setattr(schedule, "fold_and_post", fold_and_post)
    assert schedule.fold_due(now=tomorrow) == 2
    assert balance(shop, BOB) == 520
    assert schedule.fold_due(now=tomorrow) == 0
    monkeypatch.undo()
    assert schedule.fold_due(now=tomorrow + timedelta(hours=1)) == 1
    assert balance(shop) == 520


def test_a_code_that_cannot_be_ended_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    codes = []
    for person in (ALICE, BOB):
        member = make_member(shop, person, points=500)
        code = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=T0)
        begin_issuing(shop=shop, number=code.number)
        codes.append(mark_ready(shop=shop, number=code.number, external_id="x", at=T0))
    whole = schedule.give_back

    def give_back(*, shop: Shop, number: UUID, why: str, at: datetime) -> Redemption:
        if number == codes[0].number:
            raise LedgerMismatch
        return whole(shop=shop, number=number, why=why, at=at)

    monkeypatch.setattr(schedule, "give_back", give_back)
    assert schedule.expire_codes(now=T0 + timedelta(days=60)) == 2
    assert (balance(shop), balance(shop, BOB)) == (0, 500)


def test_celery_folds_all_who_are_due_not_one_batch_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    for number, person in enumerate((ALICE, BOB)):
        place(shop, make_order(str(number), at=T0 + timedelta(days=1)), person, at=T0)
    monkeypatch.setattr(schedule, "DUE_BATCH", 1)
    tasks.fold_due_members()
    assert (balance(shop), balance(shop, BOB)) == (520, 520)


def test_a_history_that_takes_hours_keeps_no_delivery_and_no_mail_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, held = threading.Event(), threading.Event()
    done: list[str] = []

    def imports(*, now: datetime) -> int:
        held.wait(timeout=300)
        return 0

    def quick(name: str) -> Callable[..., int]:
        def job(*, now: datetime) -> int:
            done.append(name)
            if len({*done}) == 2:
                stop.set()
                held.set()
            return 0

        return job

    every = timedelta(0)
    monkeypatch.setattr(schedule, "LOOPS", [[(imports, every)], [(quick("inbox"), every)], [(quick("mail"), every)]])
    monkeypatch.setattr(schedule, "close_old_connections", lambda: None)
    monkeypatch.setattr(schedule.connections, "close_all", lambda: None)
    schedule.run(stop)
    assert {*done} == {"inbox", "mail"}
    (
        quick_ones,
        codes,
        more_codes,
        messages,
        hooks,
        more_hooks,
        slow_ones,
        _shown,
        _trials,
        payouts,
        comparisons,
        *_,
    ) = ([job for job, _ in loop] for loop in REAL_LOOPS)
    assert schedule.inbox.drain in quick_ones
    assert codes == [schedule.outbox.drain_codes, schedule.settle_hanging]
    assert more_codes == [schedule.outbox.drain_codes]
    assert messages == [schedule.outbox.drain_messages]
    assert hooks == more_hooks == [schedule.outbox.drain_hooks]
    assert slow_ones == [schedule.outbox.drain_imports]
    assert payouts == [schedule.payouts.begin_due, schedule.payouts.pay_due]
    assert schedule.reconciliation.reconcile_shops in comparisons


def test_each_kind_of_message_is_worked_by_one_loop_alone() -> None:
    shop = make_shop()
    leave(shop=shop, kind="mail", subject="code:1", at=T0, secret='{"to": "a@b.test", "subject": "s", "text": "t"}')
    assert schedule.outbox.drain_messages(now=T0) == 1
    waiting = OutboxMessage.objects.filter(shop=shop, attempts=0)
    assert [message.kind for message in waiting] == ["history.import"]
    assert schedule.outbox.drain_imports(now=T0) == 1


def test_an_order_of_the_last_minute_is_heard_before_its_code_is_given_back() -> None:
    shop = make_shop()
    member = make_member(shop, points=500)
    code = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=T0)
    begin_issuing(shop=shop, number=code.number)
    over = mark_ready(shop=shop, number=code.number, external_id="x", at=T0).expires_at
    assert over is not None
    minute = timedelta(minutes=1)
    assert [each.pk for each in open_redemptions(shop=shop, member=member, at=over - minute)] == [code.pk]
    assert open_redemptions(shop=shop, member=member, at=over + minute) == []
    assert schedule.expire_codes(now=over + minute) == 0
    order = make_order("late", at=over - minute, prices=(1000,), discount=500, codes=(code.code,))
    place(shop, order, at=over + 10 * minute)
    assert schedule.expire_codes(now=over + timedelta(days=1)) == 0
    code.refresh_from_db()
    assert (code.state, code.order_id, balance(shop)) == ("used", "late", 5)
