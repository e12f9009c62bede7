"""A store as it really is, beside what anybody was told of it: customers, orders, codes - and the messages it sends."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.platforms.shopify import payloads

CODE_WORTH_MINOR = 200


@dataclass
class Sale:
    """An order. `customer` is 0 for a guest's; `lines` are (price, quantity); `off` is each line's part of a discount."""

    number: int
    at: datetime
    lines: list[tuple[int, int]]
    customer: int
    email: str
    is_paid: bool
    changed_at: datetime
    code: str = ""
    off: list[int] = field(default_factory=list)
    fulfilled_at: datetime | None = None
    cancelled_at: datetime | None = None
    moved_at: datetime | None = None
    refunds: list[tuple[int, datetime, int, int]] = field(default_factory=list)
    """(number, at, line, minor)"""

    def left_of(self, line: int) -> int:
        """What of a line was paid and not given back, in minor units."""
        price, quantity = self.lines[line]
        gone = sum(minor for _, _, each, minor in self.refunds if each == line)
        return price * quantity - (self.off[line] if self.off else 0) - gone


@dataclass
class Code:
    """A discount code at the platform."""

    redemption: str
    works: bool = True
    uses: int = 0


@dataclass(frozen=True)
class Message:
    delivery_id: str
    topic: str
    body: Any
    sent_at: datetime


@dataclass
class World:
    """What happens in the store, by chance; `outgoing` is on its way to the door. Customer `leaves`, where there is one,
    is once made one with customer 1, and no guest ever used the address: whose that is afterwards depends on when it is
    heard."""

    rng: random.Random
    customers: int
    sales: list[Sale] = field(default_factory=list)
    codes: dict[str, Code] = field(default_factory=dict)
    outgoing: list[Message] = field(default_factory=list)
    sent: int = 0
    is_installed: bool = True
    leaves: int = 0
    is_merged: bool = False
    is_forgetful: bool = False

    def someone(self) -> int:
        """A customer that the store has at present."""
        number = self.rng.randrange(1, self.customers + 1)
        return 1 if self.is_merged and number == self.leaves else number

    def email(self, customer: int) -> str:
        return f"c{customer}@shopper.test"

    def send(self, topic: str, body: Any, at: datetime) -> None:
        """Some are never sent, where the store is forgetful; an app that is not installed is told nothing."""
        self.sent += 1
        is_forgotten = self.is_forgetful and not topic.startswith(("customers", "app")) and self.rng.random() < 0.1
        if self.is_installed and not is_forgotten:
            self.outgoing.append(Message(f"m{self.sent}", topic, body, at))

    def meet(self, at: datetime) -> None:
        """Every customer's account is told of once, whenever the message arrives."""
        for number in range(1, self.customers + 1):
            self.send("customers/create", self._person(number), at)

    def order(self, at: datetime, code: str = "") -> Sale:
        customer = self.someone()
        lines = [(self.rng.randrange(200, 9000), self.rng.randrange(1, 3)) for _ in range(self.rng.randrange(1, 3))]
        sale = Sale(
            number=500 + len(self.sales),
            at=at,
            lines=lines,
            customer=0 if self.rng.random() < 0.3 and customer != self.leaves else customer,
            # The last address is nobody's account.
            email=self.email(self.rng.choice([customer, customer, customer, self.customers + 1])),
            is_paid=self.rng.random() < 0.7,
            changed_at=at,
        )
        if sale.customer:
            sale.email = self.email(customer)
        if code:
            self._use(sale, code)
        self.sales.append(sale)
        self.send("orders/create", self.snapshot(sale), at)
        return sale

    def _use(self, sale: Sale, code: str) -> None:
        self.codes[code].uses += 1
        sale.code = code
        first = CODE_WORTH_MINOR // len(sale.lines)
        sale.off = [CODE_WORTH_MINOR - first, first][: len(sale.lines)]
        if len(sale.lines) == 1:
            sale.off = [CODE_WORTH_MINOR]

    def change(self, at: datetime) -> None:
        """One of the orders goes on in its life, and the store says so in one message or in two."""
        sale = self.rng.choice(self.sales)
        sale.changed_at = max(at, sale.changed_at)
        what = self.rng.choice(["pay", "pay", "refund", "refund", "refund", "cancel", "fulfil", "reassign"])
        getattr(self, f"_{what}")(sale, sale.changed_at)

    def _pay(self, sale: Sale, at: datetime) -> None:
        if not sale.is_paid and sale.cancelled_at is None:
            sale.is_paid = True
            self.send("orders/paid", self.snapshot(sale), at)

    def _refund(self, sale: Sale, at: datetime) -> None:
        line = self.rng.randrange(len(sale.lines))
        left = sale.left_of(line)
        if not sale.is_paid or left <= 0:
            return
        minor = left if self.rng.random() < 0.3 else self.rng.randrange(1, left + 1)
        sale.refunds.append((sale.number * 10 + len(sale.refunds), at, line, minor))
        self.send("refunds/create", self._refund_record(sale, sale.refunds[-1]), at)
        self.send("orders/updated", self.snapshot(sale), at)

    def _cancel(self, sale: Sale, at: datetime) -> None:
        if sale.cancelled_at is None and self.rng.random() < 0.5:
            sale.cancelled_at = at
            self.send("orders/cancelled", self.snapshot(sale), at)

    def _fulfil(self, sale: Sale, at: datetime) -> None:
        if sale.fulfilled_at is None and sale.cancelled_at is None:
            sale.fulfilled_at = at
            self.send("orders/fulfilled", self.snapshot(sale), at)

    def _reassign(self, sale: Sale, at: datetime) -> None:
        """Never within the second of another change: of two such snapshots nobody can tell the later."""
        if at == sale.at or any(at == refunded for _, refunded, _, _ in sale.refunds):
            return
        if at in (sale.cancelled_at, sale.fulfilled_at, sale.moved_at):
            return
        sale.moved_at = at
        sale.customer = self.someone()
        sale.email = self.email(sale.customer)
        self.send("orders/updated", self.snapshot(sale), at)

    def merge(self, at: datetime) -> bool:
        """Two customers become one, with their orders."""
        if not self.leaves or self.is_merged or any(sale.changed_at == at for sale in self.sales):
            return False
        self.is_merged = True
        for sale in self.sales:
            if sale.customer == self.leaves:
                sale.customer, sale.email = 1, self.email(1)
                sale.changed_at = sale.moved_at = max(at, sale.changed_at)
        gids = {
            f"admin_graphql_api_customer_{which}_id": f"gid://shopify/Customer/{number}"
            for which, number in (("kept", 1), ("deleted", self.leaves))
        }
        self.send("customers/merge", {**gids, "status": "completed"}, at)
        return True

    # as the store writes it

    def snapshots(self, since: datetime | None = None) -> Iterator[dict[str, Any]]:
        for sale in sorted(self.sales, key=lambda each: each.changed_at):
            if since is None or sale.changed_at >= since:
                yield self.snapshot(sale)

    def people(self) -> Iterator[dict[str, Any]]:
        everybody = range(1, self.customers + 1)
        return (self._person(number) for number in everybody if number != self.leaves or not self.is_merged)

    def _person(self, number: int) -> dict[str, Any]:
        gid = f"gid://shopify/Customer/{number}"
        return payloads.customer(id=number, admin_graphql_api_id=gid, email=self.email(number), state="disabled")

    def snapshot(self, sale: Sale) -> dict[str, Any]:
        lines = [
            payloads.line(
                index,
                _euros(price),
                quantity=quantity,
                discount_allocations=[payloads.allocation(_euros(sale.off[index]), 0)] if sale.off else [],
            )
            for index, (price, quantity) in enumerate(sale.lines)
        ]
        used = {
            "discount_applications": [payloads.across_all(_euros(CODE_WORTH_MINOR), sale.code)],
            "discount_codes": [{"code": sale.code, "amount": _euros(CODE_WORTH_MINOR), "type": "fixed_amount"}],
        }
        whole = sum(price * quantity for price, quantity in sale.lines) - sum(sale.off)
        return payloads.order(
            *lines,
            total=_euros(whole),
            id=sale.number,
            admin_graphql_api_id=f"gid://shopify/Order/{sale.number}",
            name=f"#{sale.number}",
            processed_at=sale.at.isoformat(),
            created_at=sale.at.isoformat(),
            updated_at=sale.changed_at.isoformat(),
            cancelled_at=sale.cancelled_at and sale.cancelled_at.isoformat(),
            financial_status="paid" if sale.is_paid else "pending",
            fulfillment_status="fulfilled" if sale.fulfilled_at else None,
            fulfillments=[{"status": "success", "created_at": sale.fulfilled_at.isoformat()}]
            if sale.fulfilled_at
            else [],
            customer=self._person(sale.customer) if sale.customer else None,
            email=sale.email,
            contact_email=sale.email,
            refunds=[self._refund_record(sale, refund) for refund in sale.refunds],
            **(used if sale.code else {}),
        )

    def _refund_record(self, sale: Sale, refund: tuple[int, datetime, int, int]) -> dict[str, Any]:
        number, at, line, minor = refund
        return payloads.refund(
            number,
            payloads.returned(line, _euros(minor)),
            paid_back=_euros(minor),
            id=number,
            admin_graphql_api_id=f"gid://shopify/Refund/{number}",
            order_id=sale.number,
            created_at=at.isoformat(),
            processed_at=at.isoformat(),
        )


def _euros(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"
