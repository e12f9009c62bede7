"""A key is one redemption for a day, whatever becomes of the redemption, and whoever asks at once."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from unittest.mock import patch

import pytest
from django.db import connection
from django.http import HttpResponse
from django.utils import timezone

from loyalty.engine.errors import Unavailable
from loyalty.models import ProgramVersion, Redemption, Shop
from loyalty.services.redemptions import KEYS_LIVE
from loyalty.worker import outbox
from tests.factories import ALICE, assert_books, balance, make_member, make_order, place
from tests.storefront_widget.conftest import Issuer, Proxied

pytestmark = pytest.mark.django_db
AT_ONCE = 9
"""One less than a member may ask in a minute."""


@pytest.fixture
def alice(shopify: Shop) -> Proxied:
    make_member(shopify, points=1_100)
    return Proxied(shopify, ALICE.external_id)


def after(alice: Proxied, passed: timedelta) -> HttpResponse:
    """The same request, so much later."""
    with patch.object(timezone, "now", return_value=timezone.now() + passed):
        return alice.redeem()


@pytest.mark.parametrize("state", [state for state in Redemption.State if state not in ("reserved", "issuing")])
def test_the_answer_is_the_same_to_the_byte_whatever_became_of_the_code(alice: Proxied, state: str) -> None:
    first = alice.redeem()
    Redemption.objects.filter(shop=alice.shop).update(state=state, closed_at=timezone.now(), order_id="9")
    for passed in (timedelta(), timedelta(minutes=2), KEYS_LIVE - timedelta(minutes=1)):
        again = after(alice, passed)
        assert (again.status_code, again.content) == (200, first.content)
    assert Redemption.objects.filter(shop=alice.shop).count() == 1


def test_cancelled_used_and_told_of_twice_a_key_is_one_redemption(alice: Proxied) -> None:
    """What happened in between does not bring a second code for the same key."""
    first = alice.redeem()
    alice.cancel(first.json()["id"])
    assert alice.redeem().content == first.content
    place(alice.shop, make_order("9", codes=(first.json()["code"],), prices=(1000,), at=timezone.now()))
    assert alice.redeem().content == first.content
    assert_books(alice.shop)


def test_a_first_answer_that_could_not_name_the_code_is_repeated_as_it_was(alice: Proxied) -> None:
    with patch.object(outbox, "run_now"):
        first = alice.redeem()
    assert after(alice, timedelta(seconds=29)).status_code == 409
    outbox.drain_codes(now=timezone.now())
    assert Redemption.objects.get(shop=alice.shop).state == "ready"
    assert after(alice, timedelta(seconds=31)).content == first.content


def test_a_process_that_died_with_its_first_answer_is_answered_for(alice: Proxied, issuer: Issuer) -> None:
    with patch.object(outbox, "run_now", side_effect=SystemExit), pytest.raises(SystemExit):
        alice.redeem()
    waits = alice.redeem()
    assert (waits.status_code, waits["Retry-After"]) == (409, "2")
    outbox.drain_codes(now=timezone.now())
    told = alice.redeem()
    assert (told.status_code, told.json()["state"]) == (200, "issuing")
    assert alice.get(f"redemptions/{told.json()['id']}").json()["state"] == "ready"
    assert balance(alice.shop) == 600


def test_a_first_answer_without_a_code_is_repeated_at_once_though_the_platform_is_asked_again(
    alice: Proxied, issuer: Issuer
) -> None:
    issuer.error = Unavailable("busy")
    first = alice.redeem()
    assert first.json()["state"] == "issuing"
    assert (alice.redeem().status_code, alice.redeem().content) == (200, first.content)
    with patch.object(outbox, "_work"):  # another worker is at its second try
        outbox.drain_codes(now=timezone.now() + timedelta(seconds=5))
    assert alice.redeem().content == first.content


def test_what_the_shops_own_server_does_is_promised_and_repeated_at_once(alice: Proxied) -> None:
    version = ProgramVersion.objects.get(shop=alice.shop)
    tree = {"id": "tree", "name": "A tree", "kind": "custom", "points": 100, "cancellable": False}
    rewards = [*version.document["rewards"], {**tree, "webhook_url": "https://trees.example/plant"}]
    ProgramVersion.objects.filter(shop=alice.shop).update(document={**version.document, "rewards": rewards})
    first = alice.redeem({"reward": "tree"})
    assert (first.status_code, first.json()["state"]) == (200, "issuing")
    assert alice.redeem({"reward": "tree"}).content == first.content


def test_a_refusal_leaves_the_key_free(alice: Proxied) -> None:
    """Nothing was promised, so there is nothing to repeat: the next try is judged anew."""
    for number in range(2):
        assert alice.redeem(key=f"key-before-{number}").status_code == 200
    assert alice.redeem().json()["code"] == "not_enough_points"
    place(alice.shop, make_order("more", prices=(50_000,), at=timezone.now()))
    assert alice.redeem().json()["state"] == "ready"


def test_after_a_day_the_key_is_another_redemptions(alice: Proxied) -> None:
    first = alice.redeem().json()
    later = after(alice, KEYS_LIVE).json()
    assert first["id"] != later["id"]
    assert first["code"] != later["code"]
    assert balance(alice.shop) == 100
    assert after(alice, KEYS_LIVE + timedelta(minutes=5)).json() == later


@pytest.mark.django_db(transaction=True)
def test_asked_many_times_at_once_one_makes_it_and_the_others_wait_or_read_the_same(alice: Proxied) -> None:
    gate = Barrier(AT_ONCE)

    def ask(_: int) -> tuple[int, bytes, str]:
        try:
            connection.ensure_connection()
            gate.wait(300)
            answer = alice.redeem()
            return answer.status_code, answer.content, answer.get("Retry-After", "")
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        told = Counter(pool.map(ask, range(AT_ONCE)))
    assert {(status, wait) for status, _, wait in told} <= {(200, ""), (409, "2")}
    assert len({content for status, content, _ in told if status == 200}) == 1
    assert Redemption.objects.filter(shop=alice.shop).count() == 1
    assert balance(alice.shop) == 600
    assert alice.redeem().content in {content for status, content, _ in told if status == 200}
