"""A worker that is killed at every moment of making a code, and a shopper who changes their mind at every one of them: a
working code and the points gone, or the points and no working code. Never both, never neither."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.utils import timezone
from requests.adapters import HTTPAdapter

from loyalty.models import Member, OutboxMessage, Redemption
from loyalty.platforms.http import CONNECT_TIMEOUT_SECONDS
from loyalty.platforms.registry import platform_of
from loyalty.services.redemptions import begin_issuing, give_back, mark_ready, redeem
from loyalty.worker import outbox, schedule
from loyalty.worker.retry import CODE_SECONDS, LEASE_SECONDS, MAX_ATTEMPTS
from tests.concurrency.deliveries import wait_until_alone
from tests.concurrency.nursery import ENDED, KILLED, Nursery
from tests.factories import ALICE, assert_books, make_order, place
from tests.platforms.shopify.stand_in import StandIn

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
START = 100_000
PRICE = 500
FEWEST_MOMENTS = 20
WITHIN_SECONDS = 60
"""Of the death, what hung is settled: the sweep that settles it begins early enough to ask the platform until then."""
PLATFORMS = ("SANDBOX_URL", "SHOPIFY_SHOP_URL", "SHOPIFY_API_KEY", "SHOPIFY_API_SECRET")


@pytest.fixture
def member(stand_in: StandIn) -> Member:
    """Rich enough for many codes."""
    shop = stand_in.installed(currency="EUR")
    OutboxMessage.objects.filter(shop=shop).delete()
    person = stand_in.of(shop.external_id, "POST", "customers", {"email": "alma@shopper.test", "name": "Alma Berg"})
    known = type(ALICE)(external_id=str(person["id"]), email="alma@shopper.test", name="Alma Berg")
    place(shop, make_order("start", prices=(START * 100,), at=timezone.now()), known)
    return Member.objects.select_related("shop").get(shop=shop, external_id=known.external_id)


def after(seconds: float) -> datetime:
    return timezone.now() + timedelta(seconds=seconds)


def take(member: Member, key: object) -> Redemption:
    return redeem(
        shop=member.shop, member_id=member.pk, reward_id="amount-off", request_key=f"key-{key}", at=timezone.now()
    )


def recover() -> None:
    """The workers that come after: past the lease, and again past every wait they are given."""
    for step in range(1, 6):
        while outbox.drain(now=after(step * (LEASE_SECONDS + 60))):
            pass


def sweep(*, seconds: float) -> None:
    """What every worker does, once, so many seconds after the death."""
    schedule.settle_hanging(now=after(seconds))
    while outbox.drain_codes(now=after(seconds)):
        pass


def works(stand_in: StandIn, redemption: Redemption) -> bool:
    """Whether the checkout takes the code."""
    customer = int(redemption.member.external_id or 0)
    line = {"title": "Lamp", "price": "22.50", "quantity": 2}
    wanted = {"lines": [line], "customer": customer, "code": redemption.code}
    try:
        stand_in.of(redemption.shop.external_id, "POST", "orders", wanted)
    except AssertionError:
        return False
    return True


def state_and_balance(redemption: Redemption) -> tuple[str, int]:
    redemption.refresh_from_db()
    assert_books(redemption.shop)
    assert not OutboxMessage.objects.filter(shop=redemption.shop, state="waiting", kind__startswith="reward.").exists()
    return redemption.state, Member.objects.get(shop=redemption.shop, pk=redemption.member_id).available


def every_moment(
    nursery: Nursery,
    member: Member,
    then: Callable[[Redemption, int], None],
    first: Callable[[], None] = lambda: None,
) -> None:
    """Redeems, does `first`, kills the worker that makes the code at its n-th moment, lets `then` judge; n = 1, 2 ..."""
    platforms = {name: getattr(settings, name) for name in PLATFORMS}
    for moment in count(1):
        redemption = take(member, moment)
        first()
        ended = nursery.run("drain_outbox", now=after(0).isoformat(), die_at=moment, platforms=platforms)
        wait_until_alone()
        then(redemption, moment)
        if ended == ENDED:
            break
        assert ended == KILLED
    assert moment > FEWEST_MOMENTS


def test_a_worker_killed_at_any_moment_leaves_a_code_that_will_work(
    nursery: Nursery, stand_in: StandIn, member: Member
) -> None:
    def then(redemption: Redemption, moment: int) -> None:
        sweep(seconds=WITHIN_SECONDS - CODE_SECONDS - CONNECT_TIMEOUT_SECONDS)
        assert state_and_balance(redemption) == ("ready", START - moment * PRICE)
        assert works(stand_in, redemption), moment

    every_moment(nursery, member, then)


def test_a_shopper_who_cancels_after_the_crash_has_the_points_and_no_code(
    nursery: Nursery, stand_in: StandIn, member: Member
) -> None:
    def then(redemption: Redemption, moment: int) -> None:
        give_back(shop=member.shop, number=redemption.number, why="cancelled", at=after(0))
        recover()
        assert state_and_balance(redemption) == ("returned", START)
        assert not works(stand_in, redemption), moment

    every_moment(nursery, member, then)


def test_a_worker_killed_at_any_moment_of_its_last_attempt_ends_it_one_way_or_the_other(
    nursery: Nursery, stand_in: StandIn, member: Member
) -> None:
    """The platform makes the code and the answer is lost. Who is killed before it gave up leaves it to the next."""
    kept = 0

    def lose_the_answer() -> None:
        OutboxMessage.objects.filter(shop=member.shop, state="waiting").update(attempts=MAX_ATTEMPTS - 1)
        stand_in.of(member.shop.external_id, "PUT", "api-faults", {"lose_answer": 1})

    def then(redemption: Redemption, moment: int) -> None:
        nonlocal kept
        recover()
        redemption.refresh_from_db()
        is_working = redemption.state == "ready"
        kept += is_working
        assert state_and_balance(redemption) == ("ready" if is_working else "failed", START - kept * PRICE)
        assert works(stand_in, redemption) == is_working, moment

    every_moment(nursery, member, then, lose_the_answer)


def around_the_first_call(before: Callable[[], None], after_it: Callable[[], None]) -> Any:
    """Whatever else happens while the first call of a platform is on its way."""
    send = HTTPAdapter.send
    calls = count()

    def sent(self: HTTPAdapter, *arguments: Any, **more: Any) -> Any:
        is_first = next(calls) == 0
        if is_first:
            before()
        answer = send(self, *arguments, **more)
        if is_first:
            after_it()
        return answer

    return patch.object(HTTPAdapter, "send", sent)


def test_a_code_cancelled_and_revoked_while_the_platform_is_still_being_asked_for_it_does_not_work(
    stand_in: StandIn, member: Member
) -> None:
    redemption = take(member, 1)

    def cancel() -> None:
        give_back(shop=member.shop, number=redemption.number, why="cancelled", at=after(0))
        assert outbox.drain(now=after(1)) == 1

    with around_the_first_call(cancel, lambda: None):
        outbox.drain(now=after(0))
    recover()
    assert state_and_balance(redemption) == ("returned", START)
    assert not works(stand_in, redemption)


def test_a_code_that_comes_while_another_worker_looks_for_it_in_vain_is_looked_for_again(
    stand_in: StandIn, member: Member
) -> None:
    redemption = take(member, 1)
    begun = begin_issuing(shop=member.shop, number=redemption.number)
    give_back(shop=member.shop, number=redemption.number, why="cancelled", at=after(0))

    def come_late() -> None:
        external_id = platform_of(member.shop).issue(member.shop, begun)
        mark_ready(shop=member.shop, number=redemption.number, external_id=external_id, at=after(0))

    with around_the_first_call(lambda: None, come_late):
        outbox.drain(now=after(1))
    recover()
    assert state_and_balance(redemption) == ("returned", START)
    assert not works(stand_in, redemption)


def test_a_worker_that_dies_with_the_code_of_a_cancelled_redemption_does_not_leave_it_working(
    stand_in: StandIn, member: Member
) -> None:
    redemption = take(member, 1)

    def cancel() -> None:
        give_back(shop=member.shop, number=redemption.number, why="cancelled", at=after(0))
        assert outbox.drain(now=after(1)) == 1

    def die() -> None:
        raise KeyboardInterrupt

    with around_the_first_call(cancel, die), pytest.raises(KeyboardInterrupt):
        outbox.drain(now=after(0))
    recover()
    assert state_and_balance(redemption) == ("returned", START)
    assert not works(stand_in, redemption)
