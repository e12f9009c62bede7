"""What clients ask for at once. Each runs in a process of its own (nursery.py) and returns what it was told."""

from __future__ import annotations

import random
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime

from loyalty.engine.errors import LoyaltyError, Refused, TooMany
from loyalty.models import Member, Redemption, Shop
from loyalty.services import limits
from loyalty.services.intake import record
from loyalty.services.observations import Observation, Person, RefundSeen
from loyalty.services.orders import TryAgain
from loyalty.services.programs import publish_draft, save_draft
from loyalty.services.redemptions import give_back, mark_ready, redeem
from tests.factories import ALICE, make_order, place, refund_of, seen


def tell(shop: Shop, *observations: Observation, at: datetime) -> None:
    """As a worker does it: another try where another worker came between."""
    while True:
        try:
            return record(shop=shop, observations=observations, at=at)
        except TryAgain:
            continue


def back(number: int, euros: int, of_euros: int, at: datetime) -> RefundSeen:
    """`euros` of an order of one line."""
    order = make_order(str(number), prices=(of_euros * 100,))
    return RefundSeen(order_id=order.id, refund=refund_of(order, 0, euros * 100, at=at, refund_id=f"r{number}"))


def reverse(*, shop: int, numbers: list[int], at: str) -> None:
    """20 of each of these orders of 50."""
    for number in numbers:
        tell(Shop.objects.get(pk=shop), back(number, 20, 50, datetime.fromisoformat(at)), at=datetime.fromisoformat(at))


def take(*, shop: int, member: int, key: str, at: str, reward: str = "amount-off") -> str:
    """The number of the redemption, or why not."""
    here, now = Shop.objects.get(pk=shop), datetime.fromisoformat(at)
    try:
        return str(redeem(shop=here, member_id=member, reward_id=reward, request_key=key, at=now).number)
    except Refused as error:
        return error.code


def draft(*, shop: int, points: int, at: str) -> str:
    """Changes the draft that nobody has changed yet; what was said to that."""
    rule = {"kind": "per_order", "id": "base", "points": points}
    here, now = Shop.objects.get(pk=shop), datetime.fromisoformat(at)
    try:
        return f"saved {save_draft(shop=here, revision=0, part={'rules': [rule]}, at=now).revision}"
    except LoyaltyError as error:
        return error.code


def publish(*, shop: int, at: str) -> str:
    """Publishes the draft as it was once changed; what was said to that."""
    try:
        version = publish_draft(shop=Shop.objects.get(pk=shop), revision=1, at=datetime.fromisoformat(at))
        return f"version {version.number}"
    except LoyaltyError as error:
        return error.code


def call(*, key: str, limit: int, times: int, at: str) -> int:
    """How many of so many calls in one minute pass."""
    passed = 0
    for _ in range(times):
        with suppress(TooMany):
            limits.hit(key, limit=limit, window_seconds=60, at=datetime.fromisoformat(at))
            passed += 1
    return passed


def end(*, shop: int, number: str, how: str, at: str) -> str:
    """Finishes a redemption ("ready"), uses its code, or gives it back for the reason `how`; what was said to that."""
    here, now = Shop.objects.get(pk=shop), datetime.fromisoformat(at)
    try:
        if how == "ready":
            return mark_ready(shop=here, number=number, external_id="gid", at=now).state
        if how == "used":
            code = Redemption.objects.get(shop=here, number=number).code
            tell(here, seen(make_order("10", prices=(1000,), at=now, codes=(code,)), ALICE), at=now)
            return "used"
        return give_back(shop=here, number=number, why=how, at=now).state
    except LoyaltyError as error:
        return type(error).__name__


def shop_around(*, shop: int, seed: int, people: int, turns: int, seconds: float, at: str) -> dict[str, int]:
    """Turns of one client, until either is over: an order, a refund of one of its orders, a redemption, or one taken
    back. What it says of itself is in points per customer."""
    here, now = Shop.objects.get(pk=shop), datetime.fromisoformat(at)
    rng, ends = random.Random(seed), time.monotonic() + seconds
    orders: list[tuple[int, str]] = []
    taken: list[tuple[str, Redemption]] = []
    said: Counter[str] = Counter()
    turn = 0
    while turn < turns and time.monotonic() < ends:
        turn += 1
        choice, who = rng.random(), str(rng.randrange(people))
        if choice < 0.5 or not orders:
            orders.append((seed * 1_000_000 + turn, who))
            place(here, make_order(str(orders[-1][0]), prices=(20_000,)), Person(external_id=who), at=now)
            said[who] += 200
        elif choice < 0.7:
            number, who = orders.pop()
            tell(here, back(number, 80, 200, now), at=now)
            said[who] -= 80
        elif choice < 0.9 or not taken:
            with suppress(Refused):
                taken.append((who, _take(here, who, f"{seed}-{turn}", now)))
                said[who] -= 500
        else:
            who, redemption = taken.pop()
            give_back(shop=here, number=redemption.number, why="cancelled", at=now)
            said[who] += 500
    return dict(said)


def _take(shop: Shop, who: str, key: str, at: datetime) -> Redemption:
    member = Member.objects.get(shop=shop, external_id=who)
    return redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key=key, at=at)
