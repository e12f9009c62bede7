"""Redemptions against a store that fails at random, workers that die at any moment, and people who do what they like.

Points are gone exactly where a code works or may still come; when all is settled nobody has both, and nobody neither;
the ledger is what an oracle says that shares no code with us; and what has ended stays ended, but for the order that
used the code all the same.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from loyalty.engine.errors import Conflict, LoyaltyError, Refused
from loyalty.engine.facts import Order
from loyalty.models import LedgerEntry, Member, OutboxMessage, ProgramVersion, Redemption
from loyalty.services.codes import REVOKE
from loyalty.services.observations import Person
from loyalty.services.redemptions import cancel, cancel_own, redeem
from loyalty.services.replaying import replay
from loyalty.worker import outbox, schedule
from tests.engine.golden import oracle
from tests.factories import ALICE, BOB, T0, assert_books, make_shop, place
from tests.properties.faulty_store import MOODS, Code, Sale, Store
from tests.simulator.processes import Machine, Process

PRICE, START = 100, 900
PROGRAM = {
    "name": "P",
    "currency": "EUR",
    "exponent": 2,
    "time_zone": "Europe/Riga",
    "rules": [{"kind": "per_amount", "id": "base", "points": 1, "per_minor": 100}],
    "rewards": [
        {"id": "off", "name": "2.00 off", "kind": "amount_off", "points": PRICE, "value_minor": 200},
        {"id": "once", "name": "Once", "kind": "amount_off", "points": 50, "value_minor": 200, "limit_per_member": 1},
        {"id": "few", "name": "Few", "kind": "amount_off", "points": 20, "value_minor": 200, "limit_total": 2},
    ],
}
OPEN, BACK = ("reserved", "issuing"), ("returned", "expired", "failed")
KEY_LIVES = timedelta(hours=24)
MINUTE = timedelta(minutes=1)
NEVER = 0
DEATHS = st.one_of(st.just(NEVER), st.integers(1, 80))
feelings = st.one_of(st.just([]), st.lists(st.sampled_from(MOODS), min_size=1, max_size=2))
clients = st.sampled_from([ALICE, BOB])
rewards = st.sampled_from(["off", "off", "once", "few"])
keys = st.sampled_from(["key-1", "key-2", "key-3", "key-4"])


class Redeeming(RuleBasedStateMachine):
    """A step is one process at its work; a worker of another may come between two of its transactions."""

    @initialize(reward=rewards, moods=feelings, dies_at=DEATHS)
    def open(self, reward: str, moods: list[str], dies_at: int) -> None:
        self.stack = ExitStack()
        self.machine = Machine(self.meanwhile)
        self.store = Store(self.machine)
        self.others: list[Callable[[], object]] = []
        self.now = T0 + timedelta(days=1)
        self.stack.enter_context(transaction.atomic())
        self.stack.callback(transaction.set_rollback, True)
        self.stack.enter_context(patch.object(outbox, "platform_of", lambda shop: self.store))
        self.shop = make_shop()
        version = ProgramVersion.objects.get(shop=self.shop)
        ProgramVersion.objects.filter(pk=version.pk, shop=self.shop).update(document=PROGRAM)
        OutboxMessage.objects.filter(shop=self.shop).delete()
        self.sales: list[Sale] = []
        self.heard: dict[str, tuple[Order, Person]] = {}
        self.whose: dict[str, Person] = {}
        self.asked: dict[tuple[int, str], tuple[str, datetime, str]] = {}
        self.last_states: dict[str, str] = {}
        self.promises = 0
        self.late: Counter[str] = Counter()
        for person in (ALICE, BOB):
            self._sell(person, START * 100 - 1000)
            self._tell(self.sales[-1])
        self.stack.enter_context(self.machine.on())
        self.somebody_redeems(ALICE, reward, "key-1", moods, dies_at)

    def teardown(self) -> None:
        if hasattr(self, "stack"):
            try:
                self.settle()
            finally:
                self.stack.close()

    # Who does something

    def run(self, name: str, work: Callable[[], Any], dies_at: int = NEVER) -> Any:
        """Each step a second later or more: which of two things in one second comes first is another test's matter."""
        self.now += timedelta(seconds=1)
        return self.machine.run(Process(name, dies_at=dies_at), work)

    def meanwhile(self, likely: float) -> None:
        """Where the platform takes its time, what waits to come between does."""
        if self.others and likely > 0.1:
            other = self.others.pop()
            self.machine.run(Process("another"), other)

    @rule(who=clients, reward=rewards, key=keys, moods=feelings, dies_at=DEATHS)
    def somebody_redeems(self, who: Person, reward: str, key: str, moods: list[str], dies_at: int) -> None:
        """As the widget does: promised and asked for in one request."""
        member = self._member(who)
        self.store.moods = list(moods)

        def request() -> Redemption | LoyaltyError:
            try:
                taken = redeem(shop=self.shop, member_id=member.pk, reward_id=reward, request_key=key, at=self.now)
            except LoyaltyError as error:
                return error
            if taken.accepted_at == self.now:
                outbox.run_now(kind=outbox.ISSUE, subject=str(taken.number), shop_id=self.shop.pk, now=self.now)
            return taken

        said = self.run("web", request, dies_at)
        before = self.asked.get((member.pk, key))
        if before is not None and self.now - before[1] < KEY_LIVES:
            expected = before[0] if before[2] == reward else Conflict
            if said is not None:
                assert (type(said) if isinstance(said, LoyaltyError) else str(said.number)) == expected
        elif taken := Redemption.objects.filter(shop=self.shop, member=member, accepted_at=self.now).first():
            self.asked[member.pk, key] = (str(taken.number), self.now, reward)

    @rule(moods=feelings, dies_at=DEATHS)
    def a_worker_takes_a_code(self, moods: list[str], dies_at: int) -> None:
        self.store.moods = list(moods)
        self.run("worker", lambda: outbox.drain_codes(now=self.now), dies_at)

    @rule(dies_at=DEATHS)
    def a_sweep_comes_round(self, dies_at: int) -> None:
        self.run("beat", lambda: schedule.settle_hanging(now=self.now), dies_at)
        self.run("beat", lambda: schedule.expire_codes(now=self.now), dies_at)

    @rule(which=st.integers(0, 9), is_staff=st.booleans(), dies_at=DEATHS)
    def a_redemption_is_cancelled(self, which: int, is_staff: bool, dies_at: int) -> None:
        self._cancel(which, is_staff, dies_at)

    @rule(who=clients, moods=feelings, is_revoked=st.booleans(), dies_at=DEATHS)
    def a_redemption_is_cancelled_while_the_platform_is_asked(
        self, who: Person, moods: list[str], is_revoked: bool, dies_at: int
    ) -> None:
        """And perhaps its code, which is not there yet, is taken away meanwhile."""

        def meanwhile() -> None:
            with suppress(LoyaltyError):
                cancel(shop=self.shop, number=number, at=self.now)
            if is_revoked:
                outbox.run_now(kind=REVOKE, subject=number, shop_id=self.shop.pk, now=self.now)

        number = self._promised(who)
        if number:
            self.store.moods = list(moods)
            self.others = [meanwhile]
            self.run("worker", lambda: outbox.drain_codes(now=self.now), dies_at)
            self.others = []

    @rule(who=clients, moods=feelings)
    def another_worker_comes_while_the_platform_is_asked(self, who: Person, moods: list[str]) -> None:
        """After the lease: the first was taken for dead, and is not."""
        self._promised(who)
        self.store.moods = list(moods)
        self.others = [lambda: outbox.drain_codes(now=self.now + MINUTE)]
        self.run("worker", lambda: outbox.drain_codes(now=self.now))
        self.now += MINUTE
        self.others = []

    @rule(who=clients, dies_at=st.integers(1, 60))
    def a_worker_dies_over_a_code(self, who: Person, dies_at: int) -> None:
        self._promised(who)
        self.run("worker", lambda: outbox.drain_codes(now=self.now), dies_at)

    @rule(hours=st.sampled_from([0, 0, 0, 0, 1, 1, 30, 24 * 31]), seconds=st.integers(1, 90))
    def time_passes(self, hours: int, seconds: int) -> None:
        self.now += timedelta(hours=hours, seconds=seconds)

    @rule(who=clients, euros=st.integers(20, 90))
    def somebody_buys(self, who: Person, euros: int) -> None:
        self.run("store", lambda: self._sell(who, euros * 100))

    @rule(who=clients, which=st.integers(0, 9))
    def somebody_pays_with_a_code(self, who: Person, which: int) -> None:
        """Codes can be passed on. A store takes whatever works there, whether we know that it does or not."""
        working = [text for text, code in self.store.codes.items() if code.owner and code.works(self.now)]
        if working:
            text = working[which % len(working)]
            self.run("store", lambda: self._sell(who, 5000, text))

    @precondition(lambda self: len(self.sales) > 2)
    @rule(which=st.integers(0, 30), whole=st.booleans())
    def an_order_is_undone(self, which: int, whole: bool) -> None:
        sale = self.sales[2:][which % (len(self.sales) - 2)]
        self.now += timedelta(seconds=1)
        if sale.cancelled_at is None and (whole or len(sale.back) < 3):
            sale.changed_at = self.now
            if whole:
                sale.cancelled_at = self.now
            else:
                sale.back.append((self.now, 500))

    @rule(which=st.integers(0, 30), dies_at=DEATHS)
    def an_order_is_heard_perhaps_again(self, which: int, dies_at: int) -> None:
        sale = self.sales[which % len(self.sales)]
        self.run("inbox", lambda: self._tell(sale), dies_at)

    def _sell(self, who: Person, price_minor: int, code: str = "") -> None:
        number = str(1000 + len(self.sales))
        self.sales.append(Sale(number, self.now, price_minor, code, self.now))
        self.whose[number] = who
        if code:
            self.store.codes[code].used_by = number

    def _tell(self, sale: Sale) -> None:
        order = sale.order()
        place(self.shop, order, self.whose[sale.number], at=self.now)
        self.heard[sale.number] = (order, self.whose[sale.number])

    def _member(self, who: Person) -> Member:
        return Member.objects.get(shop=self.shop, external_id=who.external_id)

    def _promised(self, who: Person) -> str:
        """A redemption whose process ended before it asked for the code; empty where the points don't suffice."""
        self.promises += 1

        def request() -> str:
            with suppress(Refused):
                key = f"promise-{self.promises}"
                taken = redeem(
                    shop=self.shop, member_id=self._member(who).pk, reward_id="off", request_key=key, at=self.now
                )
                return str(taken.number)
            return ""

        return str(self.run("web", request))

    def _cancel(self, which: int, is_staff: bool, dies_at: int = NEVER) -> None:
        self.run("web", lambda: self._cancelled(which, is_staff), dies_at)

    def _cancelled(self, which: int, is_staff: bool) -> None:
        rows = list(Redemption.objects.filter(shop=self.shop).order_by("pk"))
        if rows:
            row = rows[which % len(rows)]
            with suppress(LoyaltyError):
                if is_staff:
                    cancel(shop=self.shop, number=row.number, at=self.now)
                else:
                    cancel_own(shop=self.shop, member=row.member, number=row.number, at=self.now)

    # What must hold

    @invariant()
    def it_all_holds(self) -> None:
        if hasattr(self, "shop"):
            seen = Seen(self)
            seen.points_are_gone_where_a_code_works_or_may_still_come()
            seen.the_ledger_is_what_the_oracle_says()
            seen.what_has_ended_stays_ended()
            seen.limits_hold()

    @rule()
    def a_minute_passes_and_the_store_is_well(self) -> None:
        """What hangs because somebody died, and not because the store said so, is settled by one sweep."""
        hanging = [row for row in Seen(self).rows if row.state in OPEN and not self._waits_its_turn(row)]
        self.store.moods = []
        self.now += MINUTE
        self._work()
        for row in hanging:
            row.refresh_from_db()
            assert row.state not in OPEN, "It hung for a minute"

    def settle(self) -> None:
        """The store is itself again, everything is heard, and whoever operates this has tried again what was put away."""
        self.a_minute_passes_and_the_store_is_well()
        for sale in self.sales:
            self.run("inbox", lambda sale=sale: self._tell(sale))
        while OutboxMessage.objects.filter(shop=self.shop, kind__startswith="reward.").exclude(state="done").exists():
            replay(shop=self.shop, now=self.now)
            self.now += timedelta(hours=1)
            self._work()
        seen = Seen(self)
        for row in seen.rows:
            code = seen.code(row)
            works = code is not None and code.works(self.now)
            is_over = row.expires_at is not None and row.expires_at <= self.now
            assert row.state in ("ready", "used", *BACK)
            assert (code is not None and bool(code.used_by)) == (row.state == "used")
            assert works == (row.state == "ready" and not is_over)
        for who in (ALICE, BOB):
            self.somebody_pays_with_a_code(who, 0)
            self.run("inbox", lambda: self._tell(self.sales[-1]))
        self.it_all_holds()
        assert_books(self.shop)

    def _work(self) -> None:
        self.run("beat", lambda: schedule.settle_hanging(now=self.now))
        self.run("beat", lambda: schedule.expire_codes(now=self.now))
        while self.run("worker", lambda: outbox.drain_codes(now=self.now)):
            pass

    def _waits_its_turn(self, row: Redemption) -> bool:
        """The store was away and said so, or is left alone for a while."""
        waiting = OutboxMessage.objects.filter(shop=self.shop, subject=str(row.number), state="waiting")
        return waiting.exclude(outcome="").exists()


class Seen:
    """All there is at one moment, read from the tables and from the store."""

    def __init__(self, life: Redeeming) -> None:
        self.life, self.now = life, life.now
        self.rows = list(Redemption.objects.filter(shop=life.shop).order_by("pk"))
        self.members = {who.external_id: life._member(who) for who in (ALICE, BOB)}
        messages = OutboxMessage.objects.filter(shop=life.shop, kind__in=(outbox.ISSUE, REVOKE))
        self.messages = set(messages.values_list("subject", "kind", "state"))
        self.posted: dict[int, Counter[tuple[str, str, str]]] = defaultdict(Counter)
        columns = ("member", "kind", "source", "part", "points")
        for member, kind, source, part, points in LedgerEntry.objects.filter(shop=life.shop).values_list(*columns):
            self.posted[member][kind, source, part] += points

    def code(self, row: Redemption) -> Code | None:
        code = self.life.store.codes.get(row.code)
        return code if code is not None and code.owner == str(row.number) else None

    def points_are_gone_where_a_code_works_or_may_still_come(self) -> None:
        for row in self.rows:
            code, number = self.code(row), str(row.number)
            source = f"redemption:{number}"
            taken = -sum(points for key, points in self.posted[row.member_id].items() if key[1] == source)
            assert taken == (0 if row.state in BACK else row.points), row.state
            if row.state in BACK and code is not None and code.works(self.now):
                open_ones = {(number, kind, state) for kind in (outbox.ISSUE, REVOKE) for state in ("waiting", "dead")}
                assert open_ones & self.messages, f"{row.state}, and the code works"
            if row.state in OPEN:
                assert (number, outbox.ISSUE, "waiting") in self.messages
            if row.state == "ready":
                assert code is not None
                assert code.is_on
            if row.state == "used":
                assert code is not None
                assert code.used_by in self.life.heard

    def the_ledger_is_what_the_oracle_says(self) -> None:
        for member in self.members.values():
            told = oracle.statement([{"from": T0.isoformat(), "program": PROGRAM}], self._facts(member), self.now)
            expected = {(kind, source, part): points for kind, source, part, points, _ in told["movements"]}
            assert {key: points for key, points in self.posted[member.pk].items() if points} == expected
            assert member.available == member.posted == told["available"]

    def what_has_ended_stays_ended(self) -> None:
        """But for the order that used the code all the same."""
        for row in self.rows:
            before = self.life.last_states.get(str(row.number), "")
            if before in (*BACK, "used") and row.state != before:
                assert (before in BACK, row.state) == (True, "used")
                self.life.late[row.reward] += 1
            self.life.last_states[str(row.number)] = row.state

    def limits_hold(self) -> None:
        kept = [row for row in self.rows if row.state not in BACK]
        assert sum(row.reward == "few" for row in kept) <= 2 + self.life.late["few"]
        once = Counter(row.member_id for row in kept if row.reward == "once")
        assert all(count <= 1 + self.life.late["once"] for count in once.values())

    def _facts(self, member: Member) -> list[dict[str, Any]]:
        orders = [order for order, buyer in self.life.heard.values() if buyer.external_id == member.external_id]
        taken = [row for row in self.rows if row.member_id == member.pk]
        return [*map(_order_fact, orders), *map(_redemption_fact, taken)]


def _order_fact(order: Order) -> dict[str, Any]:
    return {
        "type": "order",
        "id": order.id,
        "placed_at": order.placed_at.isoformat(),
        "paid_at": order.paid_at.isoformat(),
        "cancelled_at": order.cancelled_at and order.cancelled_at.isoformat(),
        "lines": [{"id": line.id, "quantity": 1, "unit_price_minor": line.unit_price_minor} for line in order.lines],
        "order_discount_minor": order.order_discount_minor,
        "discount_codes": list(order.discount_codes),
        "refunds": [
            {
                "id": back.id,
                "at": back.at.isoformat(),
                "amount_minor": back.amount_minor,
                "lines": [{"line_id": order.lines[0].id, "quantity": 1, "amount_minor": back.amount_minor}],
            }
            for back in order.refunds
        ],
    }


def _redemption_fact(row: Redemption) -> dict[str, Any]:
    is_back = row.state in BACK and row.closed_at
    return {
        "type": "redemption",
        "id": str(row.number),
        "at": row.accepted_at.isoformat(),
        "points": row.points,
        "code": row.code,
        "given_back_at": row.closed_at.isoformat() if is_back and row.closed_at else None,
    }


@pytest.mark.django_db
def test_a_redemption_is_never_half_whatever_the_store_the_clock_and_the_people_do() -> None:
    run_state_machine_as_test(
        Redeeming, settings=settings(max_examples=60, stateful_step_count=30, phases=[Phase.generate])
    )
