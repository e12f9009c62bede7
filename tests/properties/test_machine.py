"""A member's life as a state machine: things happen, are delivered late and twice, rewards are asked for as services
ask, and after every step the posted rows are the statement."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import timedelta

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from loyalty.engine.errors import Conflict, Refused
from loyalty.engine.facts import Adjustment, Fact, Line, Order, Redemption, Refund
from loyalty.engine.program import Reward
from loyalty.engine.rewards import accept, transition
from loyalty.engine.statement import fold
from tests.properties.laws import post
from tests.properties.strategies import BASE, versions


class Life(RuleBasedStateMachine):
    """Time only moves forward; facts may be dated before now, as late webhooks are."""

    @initialize(program_versions=versions())
    def begin(self, program_versions):
        self.versions = program_versions
        self.now = BASE
        self.facts: dict[tuple[type, str], Fact] = {}
        self.states: dict[str, str] = {}
        self.ledger: dict[tuple[str, str, str], int] = defaultdict(int)

    def keep(self, fact: Fact) -> None:
        self.facts[type(fact), fact.id] = fact

    @rule(hours=st.integers(1, 800))
    def time_passes(self, hours):
        self.now += timedelta(hours=hours)

    @rule(price=st.integers(0, 9000), late_hours=st.sampled_from([0, 0, 30, 500]))
    def an_order_is_paid(self, price, late_hours):
        at = max(BASE, self.now - timedelta(hours=late_hours))
        name = str(len(self.facts))
        goods = (Line(id="1", quantity=1, unit_price_minor=price), Line(id="2", quantity=2, unit_price_minor=500))
        codes = tuple(fact.code for fact in self.facts.values() if isinstance(fact, Redemption))[-1:]
        times = {"placed_at": at, "paid_at": at, "fulfilled_at": at, "updated_at": self.now}
        self.keep(
            Order(id=name, currency="EUR", exponent=2, customer_id="c", lines=goods, discount_codes=codes, **times)
        )

    @rule(amount=st.integers(1, 9000), whole=st.booleans())
    def an_order_is_refunded_or_cancelled(self, amount, whole):
        orders = [fact for fact in self.facts.values() if isinstance(fact, Order)]
        if not orders:
            return
        order = orders[amount % len(orders)]
        if whole:
            self.keep(msgspec.structs.replace(order, cancelled_at=order.cancelled_at or self.now, updated_at=self.now))
            return
        back = Refund(id=f"{order.id}-{len(order.refunds)}", at=self.now, amount_minor=amount)
        self.keep(msgspec.structs.replace(order, refunds=(*order.refunds, back), updated_at=self.now))

    @rule(points=st.integers(1, 200))
    def a_reward_is_asked_for(self, points):
        statement = fold(self.versions, self.facts.values(), self.now)
        offered = self.versions[-1].program
        reward = Reward(id="r", name="R", kind="custom", points=points)
        offered = msgspec.structs.replace(offered, rewards=(reward,))
        with suppress(Refused):
            accepted = accept(statement, offered, "r", as_of=self.now, taken_by_member=0, taken_in_total=0)
            assert accepted.points <= statement.available
            name = str(len(self.facts))
            self.keep(Redemption(id=name, at=self.now, points=accepted.points, reward="r", code=f"c{name}"))
            self.states[name] = "reserved"

    @rule(event=st.sampled_from(["issue", "issued", "use", "cancel", "expire", "fail"]), which=st.integers(0, 99))
    def a_redemption_moves_on(self, event, which):
        names = sorted(self.states)
        if not names:
            return
        name = names[which % len(names)]
        fact = self.facts[Redemption, name]
        with suppress(Refused, Conflict):
            self.states[name] = transition(self.states[name], event)
            if self.states[name] == "used":
                self.keep(msgspec.structs.replace(fact, used_at=self.now))
            elif self.states[name] in ("returned", "expired", "failed"):
                self.keep(msgspec.structs.replace(fact, given_back_at=self.now, given_back_why="cancelled"))

    @rule(points=st.sampled_from([-120, -1, 1, 60]))
    def staff_adjust(self, points):
        self.keep(Adjustment(id=str(len(self.facts)), at=self.now, points=points, actor="Dana", reason="why"))

    @invariant()
    def the_posted_rows_are_the_statement(self):
        if not hasattr(self, "ledger"):
            return
        statement = fold(self.versions, self.facts.values(), self.now)
        post(self.ledger, statement)
        assert (
            sum(self.ledger.values()) == statement.available == sum(lot.left for lot in statement.lots) - statement.debt
        )
        assert not post(self.ledger, statement)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=25, stateful_step_count=20)
