"""Plausible orders for a period, the same for the same seed and period, in terms that both platforms understand.

The plan names goods by their place in a list and customers by theirs; each stand-in turns it into its own orders.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from loyalty.sandbox.clock import parse_time
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.store import Document

MAX_ORDERS = 20_000
MAX_CUSTOMERS = 5_000

FIRST_NAMES = (
    "Ada Amir Anna Bruno Carla Chidi Clara Daniel Dario Edith Elif Emil Esra Farid Greta Hanna Hugo Ines Ivan Jana "
    "Joao Jonas Karim Katja Lena Leo Lucia Mai Marta Matteo Mei Milan Nadia Noor Olga Oskar Paula Pia Priya Rafael "
    "Rosa Samir Sofia Stefan Tara Theo Uma Vera Viktor Yara Yusuf Zoe"
).split()
LAST_NAMES = (
    "Adler Almeida Baker Becker Berg Bianchi Castillo Chen Costa Demir Dubois Eriksen Fischer Garcia Haas Hansen "
    "Ibrahim Ivanova Jensen Kaya Keller Kim Kowalski Lang Lopez Lund Mancini Martin Meyer Moreau Nakamura Nguyen "
    "Novak Okafor Olsen Patel Peeters Petrov Quinn Reis Rossi Santos Schmidt Silva Singh Suzuki Tanaka Vogel Weber Wolf"
).split()


@dataclass(frozen=True)
class PlannedCustomer:
    """`at` is when the account was made; the e-mail addresses end in .example and reach nobody."""

    name: str
    email: str
    at: datetime


@dataclass(frozen=True)
class PlannedOrder:
    """`customer` counts through the customers there were before, then the planned ones; None is a guest.

    `lines` are (place in the list of goods, quantity). `refund` is (when, place in lines, quantity).
    """

    at: datetime
    customer: int | None
    lines: tuple[tuple[int, int], ...]
    code: str
    paid_at: datetime | None
    refund: tuple[datetime, int, int] | None
    cancelled_at: datetime | None


@dataclass(frozen=True)
class Plan:
    customers: tuple[PlannedCustomer, ...]
    orders: tuple[PlannedOrder, ...]


@dataclass(frozen=True)
class Period:
    """What POST .../history asks for, checked."""

    seed: int
    start: datetime
    end: datetime
    customers: int
    orders: int
    codes: tuple[str, ...]
    refund_share: float
    webhooks: bool


def read_period(body: Document) -> Period:
    """The request of the control API; SandboxError says which field is wrong."""
    start, end = parse_time(body.get("from"), name="from"), parse_time(body.get("to"), name="to")
    if "from" not in body or start >= end:
        raise SandboxError("history needs from and to, from before to")
    return Period(
        seed=_count(body, "seed", 1, 2**31),
        start=start,
        end=end,
        customers=_count(body, "customers", 20, MAX_CUSTOMERS),
        orders=_count(body, "orders", 60, MAX_ORDERS),
        codes=tuple(str(code) for code in body.get("codes") or ()),
        refund_share=float(body.get("refund_share", 0.06)),
        webhooks=bool(body.get("webhooks", True)),
    )


def plan(period: Period, *, customers_before: int, goods: int, owners: dict[str, int]) -> Plan:
    """`owners`: code -> place of the customer it was issued to, among the customers there were before."""
    if goods < 1:
        raise SandboxError("this shop has no products; a history needs some")
    dice = random.Random(f"{period.seed}/{period.start.isoformat()}/{period.end.isoformat()}")
    made = (_customer(dice, period) for _ in range(period.customers))
    customers = tuple(sorted(made, key=lambda customer: customer.at))
    orders = [_order(dice, period, customers, customers_before, goods) for _ in range(period.orders)]
    orders += [
        _paid_order(dice, _moment(dice, period.start, period.end), owners[code], goods, code)
        for code in period.codes
        if code in owners
    ]
    return Plan(customers, tuple(sorted(orders, key=lambda order: order.at)))


def _count(body: Document, name: str, default: int, most: int) -> int:
    value: Any = body.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise SandboxError(f"{name} must be a whole number from 0 to {most}")
    return value


def _customer(dice: random.Random, period: Period) -> PlannedCustomer:
    first, last = dice.choice(FIRST_NAMES), dice.choice(LAST_NAMES)
    email = f"{first}.{last}.{dice.randrange(10**6):06}@mail.example".lower()
    # Accounts come before the orders of the period, most of them early in it.
    at = period.start + (period.end - period.start) * (dice.random() ** 2 * 0.9)
    return PlannedCustomer(f"{first} {last}", email, at)


def _order(
    dice: random.Random, period: Period, customers: tuple[PlannedCustomer, ...], before: int, goods: int
) -> PlannedOrder:
    everybody = before + len(customers)
    if everybody == 0 or dice.random() < 0.05:
        return _paid_order(dice, _moment(dice, period.start, period.end), None, goods, "")
    # A few customers order often, most order a few times.
    number = min(int(dice.random() ** 1.5 * everybody), everybody - 1)
    if number < before:
        return _with_fate(dice, period, _paid_order(dice, _moment(dice, period.start, period.end), number, goods, ""))
    opened = customers[number - before].at
    return _with_fate(dice, period, _paid_order(dice, _moment(dice, opened, period.end), number, goods, ""))


def _paid_order(dice: random.Random, at: datetime, customer: int | None, goods: int, code: str) -> PlannedOrder:
    chosen = dice.sample(range(goods), min(goods, dice.choices((1, 2, 3, 4), (50, 30, 14, 6))[0]))
    lines = tuple((good, dice.choices((1, 2, 3), (70, 24, 6))[0]) for good in chosen)
    return PlannedOrder(at, customer, lines, code, at + timedelta(seconds=30), None, None)


def _with_fate(dice: random.Random, period: Period, order: PlannedOrder) -> PlannedOrder:
    """Some orders are never paid, some are cancelled, some are refunded in part."""
    fate = dice.random()
    later = min(order.at + timedelta(days=dice.uniform(1, 20)), period.end)
    if fate < 0.015:
        return PlannedOrder(order.at, order.customer, order.lines, "", None, None, None)
    if fate < 0.03:
        return PlannedOrder(order.at, order.customer, order.lines, "", order.paid_at, None, later)
    if fate < 0.03 + period.refund_share:
        line = dice.randrange(len(order.lines))
        quantity = dice.randint(1, order.lines[line][1])
        refund = (later, line, quantity)
        return PlannedOrder(order.at, order.customer, order.lines, "", order.paid_at, refund, None)
    return order


def _moment(dice: random.Random, start: datetime, end: datetime) -> datetime:
    moment = start + (end - start) * dice.random()
    return moment.replace(microsecond=0) if moment.replace(microsecond=0) >= start else start
