"""What a page says that its goods would earn is what they earn when they are bought."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from loyalty.engine.errors import Invalid
from loyalty.engine.facts import Line
from loyalty.models import Member, ProductCollections, Shop
from loyalty.selectors.estimates import Buyer, Estimate, estimate_of
from loyalty.selectors.programs import versions_of
from loyalty.services.programs import publish_draft, save_draft
from tests.factories import T0, make_member, make_order, make_shop, place

pytestmark = pytest.mark.django_db
NOW = T0 + timedelta(days=30)
BASE_RULE: dict[str, Any] = {"kind": "per_amount", "id": "base", "points": 1, "per_minor": 100}


def program(shop: Shop, **parts: Any) -> None:
    row = save_draft(shop=shop, revision=0, part=parts, at=T0 + timedelta(hours=1), by="Olga")
    publish_draft(shop=shop, revision=row.revision, at=T0 + timedelta(hours=1))


def goods(
    price_minor: int, product: str = "p1", *, collections: tuple[str, ...] = (), told: bool = True, **more: Any
) -> tuple[Line, bool]:
    line = Line(id=product, quantity=1, unit_price_minor=price_minor, product_id=product, collection_ids=collections)
    return msgspec.structs.replace(line, **more), told


def ask(shop: Shop, *lines: tuple[Line, bool], member: Member | None = None, off: int = 0) -> Estimate | None:
    return estimate_of(
        shop=shop,
        buyer=Buyer(member=member),
        versions=versions_of(shop),
        lines=lines,
        discount_minor=off,
        at=NOW,
    )


def test_a_guest_hears_campaigns_and_exclusions_and_no_welcome_that_may_be_over() -> None:
    shop = make_shop()
    ends = NOW + timedelta(days=1)
    weekend = {"kind": "multiplier", "id": "double", "times": "2", "scope": {"products": ["p1"]}}
    program(
        shop,
        rules=[BASE_RULE, {"kind": "per_order", "id": "hello", "points": 500, "scope": {"first_order": True}}],
        campaigns=[
            {"id": "week", "name": "Week", "starts_at": T0.isoformat(), "ends_at": ends.isoformat(), "rules": [weekend]}
        ],
        exclusions={"products": ["p9"]},
    )
    assert ask(shop, goods(1_000)) == Estimate(20, least=False)
    assert ask(shop, goods(1_000, "p2")) == Estimate(10, least=False)
    assert ask(shop, goods(1_000, "p9")) == Estimate(0, least=False)
    assert ask(shop, goods(1_000), goods(1_000, "p9"), off=1_000) == Estimate(10, least=False)


def test_a_member_hears_their_own_limit_and_what_the_order_then_brings() -> None:
    shop = make_shop()
    program(shop, rules=[{**BASE_RULE, "caps": [{"per": "lifetime", "points": 25}]}])
    member = make_member(shop, points=10, at=NOW - timedelta(days=1))
    assert ask(shop, goods(2_000), member=member) == Estimate(15, least=False)
    place(shop, make_order("5", at=NOW, prices=(2_000,)))
    member.refresh_from_db()
    assert member.available + member.pending == 25
    assert ask(shop, goods(2_000), member=member) == Estimate(0, least=False)
    assert ask(shop, goods(2_000)) == Estimate(20, least=False)


def test_collections_that_nobody_told_are_taken_as_they_earn_least() -> None:
    shop = make_shop()
    rules = [BASE_RULE, {"kind": "multiplier", "id": "beans", "times": "3", "scope": {"collections": ["31"]}}]
    program(shop, rules=rules)
    assert ask(shop, goods(1_000, collections=("31",))) == Estimate(30, least=False)
    assert ask(shop, goods(1_000, told=False)) == Estimate(10, least=True)
    ProductCollections.objects.create(shop=shop, product_id="p1", collection_ids=["31"], fetched_at=NOW)
    assert ask(shop, goods(1_000, told=False)) == Estimate(30, least=False)


def test_goods_that_may_be_left_out_by_a_collection_promise_nothing() -> None:
    shop = make_shop()
    program(shop, rules=[BASE_RULE], exclusions={"collections": ["9"]})
    assert ask(shop, goods(1_000)) == Estimate(10, least=False)
    assert ask(shop, goods(1_000, told=False)) == Estimate(0, least=True)
    assert ask(shop, goods(1_000, told=False), goods(500, "p2")) == Estimate(5, least=True)
    many = make_shop()
    program(many, rules=[BASE_RULE], exclusions={"collections": [str(number) for number in range(11)]})
    assert ask(many, goods(1_000, told=False)) is None


def test_tax_in_prices_is_what_it_was_in_the_latest_orders() -> None:
    shop = make_shop()
    bare = make_order("7", at=NOW - timedelta(days=2), prices=(12_000,))
    line = msgspec.structs.replace(bare.lines[0], tax_minor=2_000)
    place(shop, msgspec.structs.replace(bare, lines=(line,), tax_minor=2_000, tax_included=True))
    per_euro = ask(make_shop(), goods(12_000))
    assert per_euro
    assert ask(shop, goods(12_000)) == Estimate(per_euro.points * 10 // 12, least=True)


def test_a_shop_without_a_program_promises_nothing_and_absurd_amounts_are_refused() -> None:
    shop = make_shop()
    assert estimate_of(shop=shop, buyer=Buyer(), versions=[], lines=[goods(1)], discount_minor=0, at=NOW) is None
    with pytest.raises(Invalid):
        ask(shop, goods(10**18))


def test_a_pilot_and_a_holdout_are_judged_for_members_and_never_promised_to_guests() -> None:
    shop = make_shop()
    program(shop, rules=[BASE_RULE], audience={"kind": "pilot", "percent": 50})
    assert ask(shop, goods(1_000)) == Estimate(0, least=False)
    held = make_shop()
    program(held, rules=[BASE_RULE], audience={"holdout_percent": 50})
    assert ask(held, goods(1_000)) == Estimate(10, least=False)
