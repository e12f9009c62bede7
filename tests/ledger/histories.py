"""Shops with many movements, made quickly: facts in bulk, then folded and posted as the worker does it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import connection, transaction

from loyalty.engine.checkpoint import instants
from loyalty.engine.facts import encode
from loyalty.models import Member, Shop, StoredFact, guards
from loyalty.services.posting import fold_and_post, lock_members
from tests.factories import T0, make_order, refund_of

FOLDED_AT = T0 + timedelta(days=60)
TOGETHER = 500


def fill(shop: Shop, *, members: int, orders: int) -> list[Member]:
    """`members` with `orders` each of a length of 20 to 45 points; every fifth order is refunded by half."""
    made = Member.objects.bulk_create(
        [
            Member(shop=shop, external_id=str(9000 + index), email=f"m{index}@shopper.test", enrolled_at=T0)
            for index in range(members)
        ],
        batch_size=TOGETHER,
    )
    StoredFact.objects.bulk_create(
        (_order(shop, member, index) for member in made for index in range(orders)), batch_size=TOGETHER
    )
    for start in range(0, members, TOGETHER):
        with transaction.atomic():
            locked = lock_members(shop=shop, member_ids=[member.pk for member in made[start : start + TOGETHER]])
            fold_and_post(shop=shop, members=locked, at=FOLDED_AT)
    return list(Member.objects.filter(shop=shop).order_by("pk"))


def _order(shop: Shop, member: Member, index: int) -> StoredFact:
    at = T0 + timedelta(days=1 + index)
    order = make_order(f"{member.pk}-{index}", at=at, prices=((20 + (member.pk + 7 * index) % 26) * 100,))
    if index % 5 == 4:
        half = refund_of(order, 0, order.total_minor // 2, at=at + timedelta(days=2), refund_id=f"r{order.id}")
        order = make_order(order.id, at=at, prices=(order.total_minor,), refunds=(half,))
    body = encode(order).decode()
    last_at = max(instants(order))
    return StoredFact(shop=shop, member=member, kind="order", external_id=order.id, at=at, last_at=last_at, body=body)


@contextmanager
def guards_lifted() -> Iterator[None]:
    """What no product code can do: change a ledger row."""
    connection.check_constraints()  # PostgreSQL drops no trigger while deferred checks wait
    guards.remove(connection)
    try:
        yield
    finally:
        connection.check_constraints()
        guards.install(connection)
