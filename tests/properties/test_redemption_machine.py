"""Redemptions of every kind against a store and a shop's server that fail at random, workers that die at any moment, and
people who do what they like.

Points are gone exactly where a code works or may still come; when all is settled nobody has both, and nobody neither,
cashback is paid once a month, and a gift is given; the ledger is what an oracle says that shares no code with us; and
what has ended stays ended, but for the order that used the code all the same.
"""

from __future__ import annotations

from collections import Counter
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
from loyalty.models import Member, OutboxMessage, ProgramVersion, Redemption
from loyalty.services.codes import REVOKE, WITHDRAW, promise
from loyalty.services.observations import Person
from loyalty.services.partner_codes import upload
from loyalty.services.posting import fold_and_post, lock_members
from loyalty.services.redemptions import cancel, cancel_own, redeem
from loyalty.services.replaying import replay
from loyalty.worker import outbox, payouts, schedule
from tests.factories import ALICE, BOB, T0, assert_books, make_shop, place
from tests.properties.faulty_store import MOODS, Sale, Store
from tests.properties.seen import CINEMA, DISCOUNT, OPEN, PROGRAM, START, Seen
from tests.simulator.processes import Machine, Process

KEY_LIVES = timedelta(hours=24)
MINUTE = timedelta(minutes=1)
NEVER = 0
DEATHS = st.one_of(st.just(NEVER), st.integers(1, 80))
feelings = st.one_of(st.just([]), st.lists(st.sampled_from(MOODS), min_size=1, max_size=2))
clients = st.sampled_from([ALICE, BOB])
rewards = st.sampled_from(["off", "once", "few", "card", "credit", "cinema", "tree"])
made_by_others = st.sampled_from(["off", "off", "card", "credit", "tree"])
unlucky = st.sampled_from([[], ["deadly"], ["deadly", "away"], ["lost"], ["rubbish", "deadly"]])
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
        self.stack.enter_context(patch.object(payouts, "platform_of", lambda shop: self.store))
        self.stack.enter_context(patch.object(outbox, "fulfilment", self.store))
        self.shop = make_shop()
        version = ProgramVersion.objects.get(shop=self.shop)
        ProgramVersion.objects.filter(pk=version.pk, shop=self.shop).update(document=PROGRAM)
        OutboxMessage.objects.filter(shop=self.shop).delete()
        self.sales: list[Sale] = []
        self.heard: dict[str, tuple[Order, Person]] = {}
        self.whose: dict[str, Person] = {}
        self.asked: dict[tuple[int, str], tuple[str, datetime, str]] = {}
        self.last_states: dict[str, str] = {}
        self.promises = self.uploaded = 0
        self.shown: dict[int, str] = {}
        self.late: Counter[str] = Counter()
        for person in (ALICE, BOB):
            self._sell(person, START * 100 - 1000)
            self._tell(self.sales[-1])
        self._upload(3)
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

    @rule(moods=feelings, dies_at=DEATHS)
    def a_worker_asks_the_shops_server(self, moods: list[str], dies_at: int) -> None:
        self.store.moods = list(moods)
        self.run("worker", lambda: outbox.drain_hooks(now=self.now), dies_at)

    @rule(days=st.sampled_from([0, 1, 31]), moods=feelings, dies_at=DEATHS)
    def the_month_is_paid_out(self, days: int, moods: list[str], dies_at: int) -> None:
        self.now += timedelta(days=days)
        self.run("beat", lambda: payouts.begin_due(now=self.now))
        self.run("beat", lambda: payouts.pay_due(now=self.now), dies_at)
        if moods:
            self.a_worker_takes_a_code(moods, NEVER)

    @rule(who=clients, dies_at=DEATHS)
    def somebody_is_given_a_partners_code(self, who: Person, dies_at: int) -> None:
        self.promises += 1
        self.run("inbox", lambda: self._give(who, f"gift:{self.promises}"), dies_at)

    @rule(count=st.integers(1, 2), dies_at=DEATHS)
    def partners_codes_are_uploaded(self, count: int, dies_at: int) -> None:
        self.run("web", lambda: self._upload(count), dies_at)

    @rule(dies_at=DEATHS)
    def somebody_tries_again_what_was_put_away(self, dies_at: int) -> None:
        self.run("web", lambda: replay(shop=self.shop, now=self.now), dies_at)

    @rule(dies_at=DEATHS)
    def a_sweep_comes_round(self, dies_at: int) -> None:
        self.run("beat", lambda: schedule.settle_hanging(now=self.now), dies_at)
        self.run("beat", lambda: schedule.expire_codes(now=self.now), dies_at)

    @rule(which=st.integers(0, 9), is_staff=st.booleans(), dies_at=DEATHS)
    def a_redemption_is_cancelled(self, which: int, is_staff: bool, dies_at: int) -> None:
        self._cancel(which, is_staff, dies_at)

    @rule(who=clients, reward=rewards, dies_at=DEATHS)
    def somebody_thinks_better_of_it(self, who: Person, reward: str, dies_at: int) -> None:
        number = self._promised(who, reward)
        if number:
            self.run("web", lambda: cancel(shop=self.shop, number=number, at=self.now), dies_at)

    @rule(who=clients, reward=made_by_others, moods=unlucky, is_revoked=st.booleans(), dies_at=DEATHS)
    def a_redemption_is_cancelled_while_the_platform_is_asked(
        self, who: Person, reward: str, moods: list[str], is_revoked: bool, dies_at: int
    ) -> None:
        """And perhaps its code, which is not there yet, is taken away meanwhile."""

        def meanwhile() -> None:
            with suppress(LoyaltyError):
                cancel(shop=self.shop, number=number, at=self.now)
            if is_revoked:
                for kind in (REVOKE, WITHDRAW):
                    outbox.run_now(kind=kind, subject=number, shop_id=self.shop.pk, now=self.now)

        number = self._promised(who, reward)
        if number:
            self.store.moods = list(moods)
            self.others = [meanwhile]
            self.run("worker", lambda: _drain(reward, self.now), dies_at)
            self.others = []

    @rule(who=clients, reward=made_by_others, moods=feelings)
    def another_worker_comes_while_the_platform_is_asked(self, who: Person, reward: str, moods: list[str]) -> None:
        """After the lease: the first was taken for dead, and is not."""
        self._promised(who, reward)
        self.store.moods = list(moods)
        self.others = [lambda: _drain(reward, self.now + MINUTE)]
        self.run("worker", lambda: _drain(reward, self.now))
        self.now += MINUTE
        self.others = []

    @rule(who=clients, reward=made_by_others, dies_at=st.integers(1, 60))
    def a_worker_dies_over_a_code(self, who: Person, reward: str, dies_at: int) -> None:
        self._promised(who, reward)
        self.run("worker", lambda: _drain(reward, self.now), dies_at)

    @rule(hours=st.sampled_from([0, 0, 0, 0, 1, 1, 30, 24 * 31]), seconds=st.integers(1, 90))
    def time_passes(self, hours: int, seconds: int) -> None:
        self.now += timedelta(hours=hours, seconds=seconds)

    @rule(who=clients, euros=st.integers(20, 250))
    def somebody_buys(self, who: Person, euros: int) -> None:
        self.run("store", lambda: self._sell(who, euros * 100))

    @rule(who=clients, which=st.integers(0, 9))
    def somebody_pays_with_a_code(self, who: Person, which: int) -> None:
        """Codes can be passed on. A store takes whatever works there, whether we know that it does or not."""
        discounts = [(text, code) for text, code in self.store.codes.items() if code.kind == DISCOUNT]
        working = [text for text, code in discounts if code.owner and code.works(self.now)]
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

    @transaction.atomic
    def _give(self, who: Person, key: str) -> None:
        """What nobody asked for, as a milestone does."""
        (member,) = lock_members(shop=self.shop, member_ids=[self._member(who).pk])
        gift = {"points": 0, "value_minor": 0, "expires_at": None}
        promise(shop=self.shop, member=member, reward=CINEMA, request_key=key, request_digest="", at=self.now, **gift)
        fold_and_post(shop=self.shop, members=[member], at=self.now)

    def _upload(self, count: int) -> None:
        self.uploaded += count
        text = "\n".join(f"CINEMA-{self.uploaded - each}" for each in range(count))
        upload(shop=self.shop, reward_id=CINEMA.id, text=text, usable_until=None, at=self.now)

    def _promised(self, who: Person, reward: str) -> str:
        """A redemption whose process ended before it asked for the code; empty where the points don't suffice."""
        self.promises += 1

        def request() -> str:
            with suppress(Refused):
                key = f"promise-{self.promises}"
                taken = redeem(
                    shop=self.shop, member_id=self._member(who).pk, reward_id=reward, request_key=key, at=self.now
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
            seen.a_partners_code_is_one_members_for_good()
            seen.cashback_is_paid_once_a_month()

    @rule()
    def a_minute_passes_and_the_store_is_well(self) -> None:
        """What hangs because somebody died, and not because the store said so, is settled by one sweep."""
        hanging = [row for row in Seen(self).rows if row.state in OPEN and not self._waits_its_turn(row)]
        self.store.moods = []
        self.now += MINUTE
        self._work()
        for row in hanging:
            row.refresh_from_db()
            assert row.state not in OPEN or not row.points, "It hung for a minute"

    def settle(self) -> None:
        """The store is itself again, everything is heard, and whoever operates this has tried again what was put away."""
        self.a_minute_passes_and_the_store_is_well()
        for sale in self.sales:
            self.run("inbox", lambda sale=sale: self._tell(sale))
        self._upload(len(Seen(self).rows) + 1)
        while OutboxMessage.objects.filter(shop=self.shop, kind__startswith="reward.").exclude(state="done").exists():
            replay(shop=self.shop, now=self.now)
            self.now += timedelta(hours=1)
            self._work()
        seen = Seen(self)
        seen.everybody_has_what_they_paid_for_or_their_points()
        for who in (ALICE, BOB):
            self.somebody_pays_with_a_code(who, 0)
            self.run("inbox", lambda: self._tell(self.sales[-1]))
        self.it_all_holds()
        assert_books(self.shop)

    def _work(self) -> None:
        self.run("beat", lambda: schedule.settle_hanging(now=self.now))
        self.run("beat", lambda: schedule.expire_codes(now=self.now))
        for drain in (outbox.drain_codes, outbox.drain_hooks):
            while self.run("worker", lambda drain=drain: drain(now=self.now)):
                pass

    def _waits_its_turn(self, row: Redemption) -> bool:
        """The store was away and said so, or is left alone for a while."""
        waiting = OutboxMessage.objects.filter(shop=self.shop, subject=str(row.number), state="waiting")
        return waiting.exclude(outcome="").exists()


def _drain(reward: str, now: datetime) -> int:
    return outbox.drain_hooks(now=now) if reward == "tree" else outbox.drain_codes(now=now)


@pytest.mark.django_db
def test_a_redemption_is_never_half_whatever_the_store_the_clock_and_the_people_do() -> None:
    run_state_machine_as_test(
        Redeeming, settings=settings(max_examples=50, stateful_step_count=30, phases=[Phase.generate])
    )
