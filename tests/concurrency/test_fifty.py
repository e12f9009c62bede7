"""Fifty at once, on either database: exactly so many have it as may."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from loyalty.models import Member, ProgramVersion, Redemption, Shop
from loyalty.services.observations import Person
from tests.concurrency.nursery import Nursery
from tests.factories import T0, assert_books, make_member, make_shop

pytestmark = pytest.mark.django_db(transaction=True)
NOW = T0 + timedelta(days=30)
RACERS, PRICE = 50, 500


def limited(**limits: int) -> Shop:
    """A shop whose reward has these limits."""
    shop = make_shop()
    version = ProgramVersion.objects.get(shop=shop)
    version.document["rewards"][0].update(limits)
    version.save(update_fields=["document"])
    return shop


def told(nursery: Nursery, shop: Shop, asked: list[tuple[Member, str]]) -> Counter[str]:
    """How many were told what; a number of a redemption is "had"."""
    at = NOW.isoformat()
    racers = [{"shop": shop.pk, "member": member.pk, "key": key, "at": at} for member, key in asked]
    said: list[Any] = nursery.race("clients.take", racers)
    numbers = {str(number) for number in Redemption.objects.filter(shop=shop).values_list("number", flat=True)}
    assert_books(shop)
    held = sum(Member.objects.filter(shop=shop).values_list("available", flat=True))
    assert held + PRICE * len(numbers) == sum({member.pk: member.available for member, _ in asked}.values())
    return Counter("had" if each in numbers else each for each in said)


@pytest.mark.parametrize(("limit", "refusal"), [("limit_total", "limit_total"), ("stock", "out_of_stock")])
def test_of_seven_pieces_fifty_members_get_seven(nursery: Nursery, limit: str, refusal: str) -> None:
    shop = limited(**{limit: 7})
    members = [make_member(shop, Person(external_id=str(number)), points=PRICE) for number in range(RACERS)]
    assert told(nursery, shop, [(member, "only-key") for member in members]) == {"had": 7, refusal: RACERS - 7}


def test_what_each_may_have_three_times_is_had_three_times(nursery: Nursery) -> None:
    shop = limited(limit_per_member=3)
    member = make_member(shop, points=PRICE * RACERS)
    asked = [(member, f"key-{number}") for number in range(RACERS)]
    assert told(nursery, shop, asked) == {"had": 3, "limit_per_member": RACERS - 3}


def test_points_for_four_are_four(nursery: Nursery) -> None:
    shop = make_shop()
    member = make_member(shop, points=PRICE * 4 + PRICE // 2)
    asked = [(member, f"key-{number}") for number in range(RACERS)]
    assert told(nursery, shop, asked) == {"had": 4, "not_enough_points": RACERS - 4}


def test_one_key_is_one_redemption(nursery: Nursery) -> None:
    shop = make_shop()
    member = make_member(shop, points=PRICE * RACERS)
    assert told(nursery, shop, [(member, "the-key")] * RACERS) == {"had": RACERS}
    assert Redemption.objects.filter(shop=shop).count() == 1


def test_the_last_piece_goes_to_one_of_fifty_with_a_key_each_sent_twice(nursery: Nursery) -> None:
    """Who has it is told so both times, and nobody else."""
    shop = limited(limit_total=1)
    members = [make_member(shop, Person(external_id=str(number)), points=PRICE) for number in range(RACERS // 2)]
    said = told(nursery, shop, [(member, "only-key") for member in members] * 2)
    assert said == {"had": 2, "limit_total": RACERS - 2}
    assert Redemption.objects.filter(shop=shop).count() == 1
