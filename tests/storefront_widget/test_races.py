"""Many at once: exactly the limit passes, five guesses are five, one key is one redemption, one device token one renewal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection

from loyalty.engine.errors import TooMany, Unauthorized
from loyalty.models import EmailCode, Redemption, Shop, ShopperDevice
from loyalty.services import limits, shoppers
from tests.factories import ALICE, T0, balance, make_member
from tests.storefront_widget.conftest import Proxied, mailed_code

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]
NOW = T0 + timedelta(days=5)
AT_ONCE = 12


def together(work: Callable[[int], object]) -> Counter[object]:
    """What `work` gave in AT_ONCE threads that began at the same moment; an exception by its class."""
    gate = Barrier(AT_ONCE)

    def run(number: int) -> object:
        try:
            connection.ensure_connection()
            gate.wait(300)
            return work(number)
        except (TooMany, Unauthorized) as error:
            return type(error)
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return Counter(pool.map(run, range(AT_ONCE)))


def test_exactly_the_limit_passes() -> None:
    outcome = together(lambda _: bool(limits.hit("one/key", limit=7, window_seconds=60, at=NOW)))
    assert outcome == {True: 7, TooMany: 5}


def test_parallel_guesses_get_five_tries_together(ecwid: Shop) -> None:
    make_member(ecwid)
    challenge = shoppers.request_code(shop=ecwid, email=ALICE.email, at=NOW)
    right = int(mailed_code(ecwid))

    def guess(number: int) -> object:
        wrong = f"{(right + 1 + number) % 1_000_000:06d}"
        return shoppers.start_session(shop=ecwid, challenge=challenge, code=wrong, at=NOW)

    assert together(guess) == {Unauthorized: AT_ONCE}
    assert EmailCode.objects.get(shop=ecwid).tries == 5


def test_the_right_code_sent_many_times_makes_one_device(ecwid: Shop) -> None:
    make_member(ecwid)
    challenge = shoppers.request_code(shop=ecwid, email=ALICE.email, at=NOW)
    code = mailed_code(ecwid)
    outcome = together(lambda _: bool(shoppers.start_session(shop=ecwid, challenge=challenge, code=code, at=NOW).token))
    assert outcome == {True: 1, Unauthorized: AT_ONCE - 1}
    assert ShopperDevice.objects.filter(shop=ecwid).count() == 1


def test_a_device_token_renews_once_and_its_copies_end_the_device(ecwid: Shop) -> None:
    make_member(ecwid)
    challenge = shoppers.request_code(shop=ecwid, email=ALICE.email, at=NOW)
    session = shoppers.start_session(shop=ecwid, challenge=challenge, code=mailed_code(ecwid), at=NOW)
    outcome = together(
        lambda _: bool(shoppers.renew_session(shop=ecwid, device_token=session.device_token, at=NOW).token)
    )
    assert outcome[True] <= 1
    assert outcome[True] + outcome[Unauthorized] == AT_ONCE


def test_one_key_at_once_is_one_redemption_and_every_answer_fits(shopify: Shop) -> None:
    make_member(shopify, points=5_000)
    alice = Proxied(shopify, ALICE.external_id)
    outcome = together(lambda _: alice.redeem().status_code)
    assert set(outcome) <= {200, 409, 429}
    assert outcome[200] >= 1
    assert Redemption.objects.filter(shop=shopify).count() == 1
    assert balance(shopify) == 4_500


def test_many_keys_at_once_spend_no_point_twice(shopify: Shop) -> None:
    make_member(shopify, points=1_200)
    alice = Proxied(shopify, ALICE.external_id)
    outcome = together(lambda number: alice.redeem(key=f"key-{number:08d}").status_code)
    assert outcome[200] == 2
    assert set(outcome) <= {200, 422, 429}
    assert balance(shopify) == 200
