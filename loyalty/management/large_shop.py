"""A shop with a million movements, quickly: a few members' lives go through the services, then PostgreSQL multiplies them.

Every copy has ids of its own, and its rows say what a fold of its facts says: pages, lists and statements find it as
they find anybody else.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import connection, models
from psycopg import sql

from loyalty.engine.facts import Line, Order, Refund, RefundLine
from loyalty.engine.program import default_program, to_data
from loyalty.models import LedgerEntry, Member, Redemption, Shop, StoredFact
from loyalty.selectors.fulfilment import BY_HAND
from loyalty.services.intake import record
from loyalty.services.launching import launch
from loyalty.services.observations import Grant, OrderSeen, Person, StoreProfile, rank_of
from loyalty.services.programs import save_draft
from loyalty.services.redemptions import begin_issuing, mark_ready, redeem
from loyalty.services.shops import install

PATTERNS = 20
ORDERS = 24
"""Of each pattern, spread over a year, so that a month has a twelfth of all."""
WITH_TO_DO = 5
"""Every so-manieth member waits for something that staff hand over."""
BESIDE = (
    {"id": "by-hand", "name": "A tasting", "kind": "custom", "points": 100},
    {"id": "partner", "name": "A cup elsewhere", "kind": "partner", "points": 200, "cancellable": False},
)
"""Rewards beside the default one: one that staff hand over, one whose codes are another business's."""
_COPIED = (Member, StoredFact, LedgerEntry, Redemption)


def large_shop(*, movements: int, now: datetime, on_movements: Callable[[int], None]) -> Shop:
    """At least so many rows of the ledger, in a database that has nothing else."""
    shop = install(
        platform="shopify",
        profile=StoreProfile(
            external_id="bench.myshopify.com",
            name="Bench",
            email="",
            currency="EUR",
            exponent=2,
            time_zone="Europe/Riga",
        ),
        grant=Grant(access_token=secrets.token_hex(16)),
        at=now - timedelta(days=400),
    )
    begun = now - timedelta(days=400)
    rewards = to_data(default_program("EUR", 2, "Europe/Riga", "Bench"))["rewards"]
    save_draft(shop=shop, revision=0, part={"rewards": [*rewards, *BESIDE]}, at=begun)
    launch(shop=shop, at=begun)
    for number in range(PATTERNS):
        _live(shop, number, now)
    lived = LedgerEntry.objects.filter(shop=shop).count()
    on_movements(lived)
    copies = -(-movements // lived) - 1
    for first in range(1, copies + 1, 100):
        last = min(copies, first + 99)
        _multiply(first, last)
        on_movements(lived * (last - first + 1))
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return shop


def _live(shop: Shop, number: int, now: datetime) -> None:
    """Orders, of which some are refunded, and a code."""
    person = Person(external_id=f"x{number}x", email=f"x{number}x@shopper.test", name=f"Shopper x{number}x")
    orders = []
    for each in range(ORDERS):
        at = now - timedelta(days=(360 - each * 360 // ORDERS), minutes=number)
        orders.append(_order(f"x{number}x-{each}", at, refunded=each % 8 == number % 8))
    seen = [OrderSeen(order=order, person=person, rank=rank_of(order, "")) for order in orders]
    record(shop=shop, observations=seen[:1], at=orders[0].placed_at)  # a member since then
    record(shop=shop, observations=seen[1:], at=orders[-1].updated_at)
    member = Member.objects.get(shop=shop, external_id=person.external_id)
    _redeemed(shop, member.pk, "amount-off", "x", now)
    if not number % WITH_TO_DO:
        _redeemed(shop, member.pk, "by-hand", BY_HAND, now)


def _redeemed(shop: Shop, member_id: int, reward_id: str, external_id: str, now: datetime) -> None:
    made = redeem(shop=shop, member_id=member_id, reward_id=reward_id, request_key=reward_id, at=now)
    begin_issuing(shop=shop, number=made.number)
    mark_ready(shop=shop, number=made.number, external_id=external_id, at=now)


def _order(order_id: str, at: datetime, *, refunded: bool) -> Order:
    lines = tuple(
        Line(id=f"{order_id}-{index}", quantity=1 + index, unit_price_minor=1_250, title=f"Blend {index}")
        for index in range(3)
    )
    back = (RefundLine(line_id=lines[0].id, quantity=1, amount_minor=1_250),)
    later = at + timedelta(hours=1)
    refunds = (Refund(id=f"{order_id}-r", at=later, amount_minor=1_250, lines=back),) if refunded else ()
    return Order(
        id=order_id,
        number=f"#{order_id}",
        placed_at=at,
        paid_at=at,
        updated_at=later if refunded else at,
        currency="EUR",
        exponent=2,
        lines=lines,
        total_minor=7_500,
        refunds=refunds,
    )


def _multiply(first: int, last: int) -> None:
    """Copies number `first` to `last` of everything; "x3x" in names, ids and documents becomes "x3c17x"."""
    with connection.cursor() as cursor:
        for model in _COPIED:
            columns, values, joins = _copied(model)
            statement = sql.SQL(
                "INSERT INTO {} ({}) SELECT {} FROM {} one CROSS JOIN generate_series({}, {}) n {} ORDER BY n, one.id"
            ).format(
                sql.Identifier(model._meta.db_table),
                sql.SQL(", ").join(map(sql.Identifier, columns)),
                sql.SQL(", ").join(map(sql.SQL, values)),
                sql.Identifier(model._meta.db_table),
                first,
                last,
                sql.SQL(joins),
            )
            cursor.execute(statement)
            if model is Member:
                cursor.execute("ANALYZE loyalty_member")  # else the planner takes them for few, and reads all for each


def _copied(model: type[models.Model]) -> tuple[list[str], list[str], str]:
    """Columns, what each copy has in them, and how it finds its own member."""
    columns: list[str] = []
    values: list[str] = []
    for field in model._meta.concrete_fields:
        if field.primary_key:
            continue
        columns.append(str(field.column))
        values.append(_value(field))
    if model is Member:
        return columns, values, "WHERE one.external_id ~ '^x[0-9]+x$'"
    copy = f"copy.shop_id = one.shop_id AND copy.external_id = {_renamed('pattern.external_id')}"
    joins = f"JOIN loyalty_member pattern ON pattern.id = one.member_id JOIN loyalty_member copy ON {copy}"
    return columns, values, f"{joins} WHERE pattern.external_id ~ '^x[0-9]+x$'"


def _value(field: models.Field) -> str:
    column = f"one.{field.column}"
    if field.name == "member":
        return "copy.id"
    if field.name == "referral_code":
        return "upper(left(md5(one.id || '-' || n), 10))"
    if isinstance(field, models.CharField | models.TextField):
        return _renamed(column)
    if isinstance(field, models.UUIDField):
        return f"{_renamed(column + '::text')}::uuid"
    return f"{_renamed(column + '::text')}::jsonb" if isinstance(field, models.JSONField) else column


def _renamed(text: str) -> str:
    """Ids and names of patterns, numbers of redemptions and codes, wherever they stand in a text."""
    for pattern, copied in (
        ("x([0-9]+)x", r"'x\1c' || n || 'x'"),
        ("([0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{6})[0-9a-f]{6}", r"'\1' || lpad(to_hex(n), 6, '0')"),
        ("(?<![0-9A-Za-z-])([A-Z2-9]{4}-[A-Z2-9]{4}-)[A-Z2-9]{4}(?![0-9A-Za-z-])", r"'\1' || n"),
    ):
        text = f"regexp_replace({text}, '{pattern}', {copied}, 'g')"
    return text
