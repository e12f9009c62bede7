"""A past for a store: the plan of the core, turned into Ecwid's orders, in the order in which things happened."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import datetime
from functools import partial
from heapq import heappop, heappush
from typing import Any

from loyalty.sandbox.ecwid import customers, orders, shops
from loyalty.sandbox.ecwid.events import emit
from loyalty.sandbox.ecwid.shapes import Line
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.history import Period, Plan, PlannedOrder, plan, read_period
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.store import Document

GUEST_ADDRESSES = 10**6

Step = tuple[datetime, int, Callable[[], None]]


def fill(sandbox: Sandbox, shop: Document, body: Document) -> dict[str, Any]:
    """Writes the history that the control API asks for; the same for the same seed, period and store.

    Coupons here belong to nobody, so a code is used by the customer that `code_owners` (code -> e-mail) names,
    or by the first customer of the store.
    """
    period = read_period(body)
    before = sandbox.store.all(customers.CUSTOMER, str(shop["id"]))
    goods = [product for product in shops.products(sandbox.store, shop) if not product["gift_card"]]
    owners = _owners(period, before, body.get("code_owners") or {})
    made = plan(period, customers_before=len(before), goods=len(goods), owners=owners)
    return _Filler(sandbox, shop, period, made, before, goods).run()


def _owners(period: Period, before: list[Document], named: object) -> dict[str, int]:
    if not isinstance(named, dict):
        raise SandboxError('code_owners is an object such as {"CODE": "ada@mail.example"}')
    places = {customer["email"].casefold(): place for place, customer in enumerate(before)}
    if not before:
        return {}
    return {code: places.get(str(named.get(code, "")).casefold(), 0) for code in period.codes}


class _Filler:
    def __init__(
        self,
        sandbox: Sandbox,
        shop: Document,
        period: Period,
        made: Plan,
        before: list[Document],
        goods: list[Document],
    ) -> None:
        self.sandbox, self.shop, self.period, self.plan, self.goods = sandbox, shop, period, made, goods
        self.emails = [customer["email"] for customer in before] + [customer.email for customer in made.customers]
        self.dice = random.Random(f"ecwid/{period.seed}/{period.start.isoformat()}")
        self.steps = 0
        self.counts = {"customers": 0, "orders": 0, "refunds": 0, "cancelled": 0, "codes_used": 0, "codes_refused": 0}

    def run(self) -> dict[str, Any]:
        """All of it in one transaction, sorted by time, so that webhooks leave in the order of events."""
        agenda: list[Step] = []
        for customer in self.plan.customers:
            self._at(agenda, customer.at, partial(self._register, customer.email, customer.name, customer.at))
        for planned in self.plan.orders:
            self._at(agenda, planned.at, partial(self._place, agenda, planned))
        with self.sandbox.store.transaction():
            while agenda:
                heappop(agenda)[2]()
        return self.counts

    def _at(self, agenda: list[Step], moment: datetime, deed: Callable[[], None]) -> None:
        self.steps += 1
        heappush(agenda, (moment, self.steps, deed))

    def _register(self, email: str, name: str, at: datetime) -> None:
        if customers.find_by_email(self.sandbox.store, self.shop, email) is not None:
            return
        customer = customers.create_customer(self.sandbox.store, self.shop, email, name, at)
        if self.period.webhooks:
            emit(self.sandbox, self.shop, "customer.created", customer["id"], {"customerEmail": email})
        self.counts["customers"] += 1

    def _place(self, agenda: list[Step], planned: PlannedOrder) -> None:
        guest = planned.customer is None
        email = f"guest.{self.dice.randrange(GUEST_ADDRESSES):06}@mail.example" if guest else self._email(planned)
        wish = orders.Placement(
            lines=[
                Line(self.goods[good], quantity, self.goods[good]["price_minor"]) for good, quantity in planned.lines
            ],
            email=email,
            at=planned.at,
            code=planned.code,
            paid=planned.paid_at is not None,
            webhooks=self.period.webhooks,
            fulfillment="DELIVERED" if planned.paid_at else "AWAITING_PROCESSING",
            rng=self.dice,
        )
        try:
            order = orders.place(self.sandbox, self.shop, wish)
        except SandboxError:
            if not planned.code:
                raise
            self.counts["codes_refused"] += 1
            return
        self.counts["orders"] += 1
        self.counts["codes_used"] += 1 if planned.code else 0
        if planned.refund:
            at, line, quantity = planned.refund
            self._at(agenda, at, partial(self._refund, order, line, quantity, at))
        if planned.cancelled_at:
            self._at(agenda, planned.cancelled_at, partial(self._cancel, order, planned.cancelled_at))

    def _email(self, planned: PlannedOrder) -> str:
        return str(self.emails[planned.customer or 0])

    def _refund(self, order: Document, line: int, quantity: int, at: datetime) -> None:
        amount = orders.lines_paid_minor(self.shop, order, [{"line": line, "quantity": quantity}])
        orders.refund(self.sandbox, self.shop, order["id"], amount, "Returned", at, self.period.webhooks)
        self.counts["refunds"] += 1

    def _cancel(self, order: Document, at: datetime) -> None:
        orders.set_statuses(
            self.sandbox, self.shop, order["id"], "CANCELLED", "WILL_NOT_DELIVER", at, self.period.webhooks
        )
        self.counts["cancelled"] += 1
