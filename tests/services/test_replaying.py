"""What was given up is put back in line: all at once, and never beside a message that waits for the same."""

from __future__ import annotations

from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.db import IntegrityError

from loyalty.models import OutboxMessage, QueueState, Shop
from loyalty.services import replaying
from loyalty.services.outbox import leave
from loyalty.services.replaying import replay, replay_undone
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
