"""Shops and orders for tests, made the way the product makes them."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

from loyalty.engine.facts import Line, Order, Refund, RefundLine
from loyalty.models import InboxDelivery, LedgerEntry, Member, Shop
from loyalty.services.intake import record
from loyalty.services.launching import launch
from loyalty.services.observations import Grant, OrderSeen, Person, StoreProfile, rank_of
from loyalty.services.shops import install

T0 = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
_numbers = itertools.count(1)


def make_shop(
    *, platform: str = "shopify", currency: str = "EUR", exponent: int = 2, at: datetime = T0, name: str = "Halfmoon"
) -> Shop:
    number = next(_numbers)
    external_id = f"{name.lower()}-{number}.myshopify.com" if platform == "shopify" else str(1000 + number)
    profile = StoreProfile(
        external_id=external_id,
        name=name,
        email=f"owner@{name.lower()}.test",
        currency=currency,
        exponent=exponent,
        time_zone="Europe/Riga",
        storefront_url=f"https://{name.lower()}.test",
    )
    shop = install(platform=platform, profile=profile, grant=Grant(access_token=f"token-{number}"), at=at)
    launch(shop=shop, at=at)
    return shop


def make_order(
    order_id: str = "1001",
    *,
    at: datetime = T0 + timedelta(days=1),
    prices: tuple[int, ...] = (52_000,),
    paid: bool = True,
    currency: str = "EUR",
    exponent: int = 2,
    discount: int = 0,
    codes: tuple[str, ...] = (),
    refunds: tuple[Refund, ...] = (),
    updated_at: datetime | None = None,
    cancelled_at: datetime | None = None,
) -> Order:
    lines = tuple(
        Line(
            id=f"{order_id}-{index}", quantity=1, unit_price_minor=price, title=f"Thing {index}", product_id=f"p{index}"
        )
        for index, price in enumerate(prices, 1)
    )
    return Order(
        id=order_id,
        number=f"#{order_id}",
        placed_at=at,
        paid_at=at if paid else None,
        updated_at=updated_at or at,
        cancelled_at=cancelled_at,
        currency=currency,
        exponent=exponent,
        lines=lines,
        order_discount_minor=discount,
        discount_codes=codes,
        total_minor=sum(prices) - discount,
        refunds=refunds,
    )


def refund_of(order: Order, line: int, amount_minor: int, *, at: datetime, refund_id: str = "r1") -> Refund:
    given_back = RefundLine(line_id=order.lines[line].id, quantity=1, amount_minor=amount_minor)
    return Refund(id=refund_id, at=at, amount_minor=amount_minor, lines=(given_back,))


def seen(order: Order, person: Person | None, digest: str = "") -> OrderSeen:
    return OrderSeen(order=order, person=person, rank=rank_of(order, digest))


ALICE = Person(external_id="7001", email="alice@shopper.test", name="Alice A.")
BOB = Person(external_id="7002", email="bob@shopper.test", name="Bob B.")


def place(shop: Shop, order: Order, person: Person | None = ALICE, *, at: datetime | None = None) -> None:
    record(shop=shop, observations=[seen(order, person)], at=at or order.updated_at)


def receive(*, shop_id: int, delivery_id: str, topic: str, body: bytes, meta: dict[str, str], at: datetime) -> None:
    """A delivery as the door leaves it."""
    row = InboxDelivery(
        shop_id=shop_id, delivery_id=delivery_id, topic=topic, body=body, meta=meta, due_at=at, received_at=at
    )
    InboxDelivery.objects.bulk_create([row], ignore_conflicts=True)


def make_member(shop: Shop, person: Person = ALICE, *, points: int = 0, at: datetime = T0) -> Member:
    """A member with `points` from one paid order of that many whole currency units."""
    if points:
        place(shop, make_order(f"start-{person.external_id}", prices=(points * 10**shop.exponent,), at=at), person)
    else:
        from_nothing = make_order(f"start-{person.external_id}", paid=False, at=at)
        place(shop, from_nothing, person)
    return Member.objects.get(shop=shop, external_id=person.external_id)


def balance(shop: Shop, person: Person = ALICE) -> int:
    return Member.objects.get(shop=shop, external_id=person.external_id).available


def assert_books(shop: Shop) -> None:
    """What every writing test ends with: rows add up, in order, per member."""
    for member in Member.objects.filter(shop=shop):
        running = 0
        for row in LedgerEntry.objects.filter(shop=shop, member=member).order_by("pk"):
            running += row.points
            assert row.balance_after == running, f"{row} of {member}"
        assert member.posted == running
        assert member.available == running
