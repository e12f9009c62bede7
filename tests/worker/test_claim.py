"""Who gets which rows, and what becomes of a row that kills its workers."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from loyalty.engine import checkpoint as engine
from loyalty.engine.errors import Invalid
from loyalty.models import InboxDelivery, Member, OutboxMessage, QueueState, Redemption, Shop
from loyalty.platforms.base import Delivery
from loyalty.services.observations import NothingToDo, Observation
from loyalty.services.redemptions import redeem
from loyalty.worker import inbox, outbox
from loyalty.worker.claim import MAX_DEATHS, claim
from loyalty.worker.retry import LEASE_SECONDS, RELEASE
from tests.factories import ALICE, BOB, T0, balance, make_member, make_order, make_shop, place, receive, seen

pytestmark = pytest.mark.django_db
LEASE = timedelta(seconds=LEASE_SECONDS + 1)


class Parser:
    """A platform whose deliveries do what their id says."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def parse(self, shop: Shop, delivery: Delivery) -> list[Observation]:
        self.calls.append(delivery.delivery_id)
        if delivery.delivery_id.startswith("kill"):
            raise SystemExit
        if delivery.delivery_id.startswith("bad"):
            raise Invalid("This order has no lines.")
        return [NothingToDo(why="")]


@pytest.fixture
def parser(monkeypatch: pytest.MonkeyPatch) -> Parser:
    made = Parser()
    monkeypatch.setattr(inbox, "platform_of", lambda shop: made)
    return made


def deliver(shop: Shop, *names: str, at: datetime = T0) -> None:
    for name in names:
        receive(shop_id=shop.pk, delivery_id=name, topic="orders/paid", body=b"{}", meta={}, at=at)


def states(shop: Shop) -> dict[str, str]:
    return dict(InboxDelivery.objects.filter(shop=shop).values_list("delivery_id", "state"))


def work_off(now: datetime) -> list[datetime]:
    """What is due now; a worker that dies is replaced at once. Gives `now` for every death."""
    deaths = []
    while True:
        try:
            if not inbox.drain(now=now):
                return deaths
        except SystemExit:
            deaths.append(now)


def done_at(shop: Shop, name: str) -> datetime | None:
    return InboxDelivery.objects.get(shop=shop, delivery_id=name).done_at


def test_a_delivery_that_kills_its_worker_is_put_away_and_costs_the_others_one_lease(parser: Parser) -> None:
    shop = make_shop()
    deliver(shop, "a", "kill", "b")
    deaths = [died_at for lease in range(9) for died_at in work_off(T0 + lease * LEASE)]
    assert deaths == [T0 + lease * LEASE for lease in range(1 + MAX_DEATHS)]
    assert done_at(shop, "a") == done_at(shop, "b") == T0 + LEASE
    assert states(shop) == {"a": "done", "kill": "dead", "b": "done"}
    assert "workers died" in InboxDelivery.objects.get(shop=shop, delivery_id="kill").outcome


def test_deliveries_whose_worker_died_once_are_worked_one_by_one(parser: Parser) -> None:
    shop = make_shop()
    deliver(shop, "a", "b", "c")
    assert len(claim(InboxDelivery, now=T0, limit=10)) == 3
    deliver(shop, "d", "e", at=T0 + LEASE)
    later = T0 + LEASE
    assert [inbox.drain(now=later) for _ in range(5)] == [1, 1, 1, 2, 0]


def test_a_delivery_that_failed_with_a_word_is_no_suspect(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    deliver(shop, "a", "b")

    def breaks(shop: Shop, row: InboxDelivery) -> list[Observation]:
        raise ValueError

    whole = inbox._parse
    monkeypatch.setattr(inbox, "_parse", breaks)
    assert inbox.drain(now=T0) == 2
    monkeypatch.setattr(inbox, "_parse", whole)
    assert inbox.drain(now=T0 + timedelta(seconds=5)) == 2
    assert set(states(shop).values()) == {"done"}
    assert set(InboxDelivery.objects.filter(shop=shop).values_list("deaths", flat=True)) == {0}


def test_a_replay_forgets_the_deaths(parser: Parser) -> None:
    shop = make_shop()
    deliver(shop, "a")
    row = InboxDelivery.objects.get(shop=shop)
    InboxDelivery.objects.filter(shop=shop).update(state="dead", deaths=MAX_DEATHS + 1, attempts=7)
    assert inbox.replay(shop=shop, delivery_pk=row.pk, now=T0)
    assert inbox.drain(now=T0) == 1
    assert states(shop) == {"a": "done"}


def test_a_message_that_kills_its_worker_gives_the_points_back(monkeypatch: pytest.MonkeyPatch) -> None:
    shop = make_shop()
    OutboxMessage.objects.filter(shop=shop).delete()
    member = make_member(shop, points=500)
    code = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=T0)

    def kills(row: OutboxMessage, now: datetime) -> None:
        raise SystemExit

    monkeypatch.setitem(outbox.HANDLERS, "reward.issue", kills)
    now = T0
    for _ in range(1 + MAX_DEATHS):
        with pytest.raises(SystemExit):
            outbox.drain_codes(now=now)
        now += LEASE
    assert balance(shop) == 0
    assert outbox.drain_codes(now=now) == 1
    assert balance(shop) == 500
    assert Redemption.objects.get(shop=shop, pk=code.pk).state == Redemption.State.FAILED


def test_a_batch_that_takes_too_long_to_read_is_put_back_unharmed(
    parser: Parser, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = make_shop()
    deliver(shop, *"abcdefgh")
    clock = iter(range(0, 10_000, 15))
    monkeypatch.setattr(inbox.time, "monotonic", lambda: float(next(clock)))
    inbox.drain(now=T0)
    assert parser.calls == ["a", "b"]
    for _ in range(3):
        inbox.drain(now=T0)
    assert set(states(shop).values()) == {"done"}
    rows = InboxDelivery.objects.filter(shop=shop)
    assert set(rows.values_list("attempts", "deaths")) == {(1, 0)}


def test_poisoned_deliveries_are_found_by_halves(parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of 128 fail where they are recorded: some thirty transactions, not 129."""
    shop = make_shop()
    deliver(shop, *(f"d{number}" for number in range(128)))
    tried: list[int] = []
    whole = inbox.record

    def record(*, shop: Shop, observations: list[Observation], at: datetime) -> set[int]:
        tried.append(len(observations))
        if any(isinstance(each, NothingToDo) and each.why == "poison" for each in observations):
            raise ValueError
        return whole(shop=shop, observations=observations, at=at)

    parse = parser.parse

    def poisoned(shop: Shop, delivery: Delivery) -> list[Observation]:
        return [NothingToDo(why="poison")] if delivery.delivery_id in ("d7", "d90") else parse(shop, delivery)

    monkeypatch.setattr(parser, "parse", poisoned)
    monkeypatch.setattr(inbox, "record", record)
    inbox.drain(now=T0)
    assert {name for name, state in states(shop).items() if state == "waiting"} == {"d7", "d90"}
    assert len(tried) < 32


def test_what_a_newer_engine_has_folded_waits_for_its_worker_as_long_as_it_takes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop = make_shop()
    place(shop, make_order("1", prices=(1000,)))
    Member.objects.filter(shop=shop).update(engine=engine.ENGINE + 1)
    deliver(shop, "alices", "bobs")
    people = {"alices": ALICE, "bobs": BOB}

    def parse(shop: Shop, row: InboxDelivery) -> list[Observation]:
        return [seen(make_order(row.delivery_id, prices=(2000,)), people[row.delivery_id])]

    monkeypatch.setattr(inbox, "_parse", parse)
    now = T0 + timedelta(days=2)
    for _ in range(30):
        inbox.drain(now=now)
        now += RELEASE
    assert states(shop) == {"alices": "waiting", "bobs": "done"}
    waiting = InboxDelivery.objects.get(shop=shop, delivery_id="alices")
    assert (waiting.attempts, waiting.deaths) == (0, 0)
    assert "newer release" in waiting.outcome
    monkeypatch.setattr(engine, "ENGINE", engine.ENGINE + 1)
    inbox.drain(now=now)
    assert (states(shop)["alices"], balance(shop), balance(shop, BOB)) == ("done", 30, 20)
    assert Member.objects.filter(shop=shop, external_id=ALICE.external_id).get().engine == engine.ENGINE
    assert QueueState.DEAD not in states(shop).values()
