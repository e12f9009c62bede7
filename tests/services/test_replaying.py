"""What was given up is put back in line: all at once, and never beside a message that waits for the same."""

from __future__ import annotations

from datetime import datetime, timedelta
from unittest.mock import Mock

import pytest
from django.db import IntegrityError, transaction

from loyalty.models import OutboxMessage, QueueState, Shop
from loyalty.services import replaying
from loyalty.services.outbox import leave
from loyalty.services.replaying import REPLAY, left_to_replay, replay, replay_undone
from loyalty.worker import outbox
from tests.factories import T0, make_shop

pytestmark = pytest.mark.django_db
NOW = T0 + timedelta(days=1)


@pytest.fixture
def shop(db: None) -> Shop:
    found = make_shop()
    OutboxMessage.objects.filter(shop=found).delete()
    return found


def give_up(shop: Shop, *subjects: str, kind: str = "mail") -> None:
    OutboxMessage.objects.bulk_create(
        OutboxMessage(
            shop=shop,
            kind=kind,
            subject=each,
            state=QueueState.DEAD,
            attempts=12,
            deaths=1,
            due_at=T0,
            created_at=T0,
            outcome="down",
        )
        for each in subjects
    )


def waiting(shop: Shop) -> list[tuple[str, str]]:
    rows = OutboxMessage.objects.filter(shop=shop, state=QueueState.WAITING)
    return sorted(rows.values_list("kind", "subject"))


def test_they_are_as_if_they_had_just_come(shop: Shop) -> None:
    give_up(shop, "1")
    assert replay_undone(shop=shop, now=NOW) == 1
    row = OutboxMessage.objects.get(shop=shop)
    assert (row.state, row.attempts, row.deaths, row.due_at, row.outcome) == ("waiting", 0, 0, NOW, "")


def test_of_two_for_the_same_the_older_is_put_in_line_and_none_beside_one_that_waits(shop: Shop) -> None:
    give_up(shop, "1", "1", "2")
    leave(shop=shop, kind="mail", subject="2", at=T0)
    give_up(shop, "2", kind="reward.pay")
    assert replay_undone(shop=shop, now=NOW) == 2
    assert waiting(shop) == [("mail", "1"), ("mail", "2"), ("reward.pay", "2")]
    dead = OutboxMessage.objects.filter(shop=shop, state=QueueState.DEAD).order_by("pk")
    assert [row.subject for row in dead] == ["1", "2"]
    assert dead[0].pk > OutboxMessage.objects.get(shop=shop, kind="mail", subject="1", state="waiting").pk


def test_however_many_there_are_all_of_them_are_replayed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "AT_ONCE", 2)
    give_up(shop, "1", "1", "2", "3", "4")
    assert replay(shop=shop, now=NOW).messages == 4
    assert replay(shop=shop, now=NOW).messages == 0
    assert [subject for _kind, subject in waiting(shop)] == ["1", "2", "3", "4"]


def worked(now: datetime = NOW) -> int:
    """Turns of the worker until it is through."""
    turns = 0
    while outbox.drain(now=now, kinds=[REPLAY]):
        turns += 1
        assert turns < 10
    return turns


def test_what_a_page_has_no_time_for_the_worker_puts_in_line_step_by_step(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replaying, "AT_ONCE", 2)
    give_up(shop, *"1234567")
    assert replay_undone(shop=shop, now=NOW) == 2
    assert left_to_replay(shop=shop) == 5
    assert outbox.drain(now=NOW, kinds=[REPLAY]) == 1
    assert left_to_replay(shop=shop) == 3
    assert worked() == 2
    assert left_to_replay(shop=shop) is None
    assert [subject for kind, subject in waiting(shop) if kind == "mail"] == list("1234567")


def test_what_fails_again_meanwhile_is_left_for_the_next_time(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is what was given up after somebody asked."""
    monkeypatch.setattr(replaying, "AT_ONCE", 2)
    give_up(shop, *"12345")
    replay_undone(shop=shop, now=NOW)
    outbox.drain(now=NOW, kinds=[REPLAY])
    OutboxMessage.objects.filter(shop=shop, subject__in="123").update(state=QueueState.DEAD)
    give_up(shop, "6")
    worked()
    assert [subject for kind, subject in waiting(shop) if kind == "mail"] == ["4", "5"]
    assert replay_undone(shop=shop, now=NOW) == 2
    worked()
    assert [subject for kind, subject in waiting(shop) if kind == "mail"] == list("123456")


def test_a_step_that_breaks_off_has_done_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "AT_ONCE", 2)
    give_up(shop, *"123456")
    replay_undone(shop=shop, now=NOW)
    with monkeypatch.context() as broken:
        broken.setattr(outbox, "still_mine", Mock(side_effect=RuntimeError))
        with pytest.raises(RuntimeError), transaction.atomic():
            outbox.HANDLERS[REPLAY](OutboxMessage.objects.get(shop=shop, kind=REPLAY), NOW)
    assert left_to_replay(shop=shop) == 4
    assert [subject for kind, subject in waiting(shop) if kind == "mail"] == ["1", "2"]


def test_a_replay_that_was_given_up_itself_is_asked_for_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replaying, "AT_ONCE", 2)
    give_up(shop, *"123")
    replay_undone(shop=shop, now=NOW)
    OutboxMessage.objects.filter(shop=shop, kind=REPLAY).update(state=QueueState.DEAD)
    assert left_to_replay(shop=shop) is None
    assert replay_undone(shop=shop, now=NOW) == 1
    assert [subject for kind, subject in waiting(shop) if kind == "mail"] == ["1", "2", "3"]


def test_another_shops_stay_where_they_are(shop: Shop) -> None:
    other = make_shop(name="Other")
    give_up(other, "1")
    assert replay(shop=shop, now=NOW).messages == 0
    assert OutboxMessage.objects.get(shop=other, kind="mail").state == QueueState.DEAD


def test_one_that_is_left_in_the_same_moment_is_seen_at_the_second_look(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_up(shop, "1", "2")
    leave(shop=shop, kind="mail", subject="1", at=T0)
    monkeypatch.setattr(replaying, "_waiting", Mock(side_effect=[set(), {("mail", "1")}]))
    assert replay_undone(shop=shop, now=NOW) == 1
    assert waiting(shop) == [("mail", "1"), ("mail", "2")]
    monkeypatch.setattr(replaying, "_waiting", Mock(side_effect=[set(), set()]))
    with pytest.raises(IntegrityError):
        replay_undone(shop=shop, now=NOW)
