"""A host that does not answer is left alone, asked again by one, and nobody else notices."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from loyalty.engine.errors import LoyaltyError, NotFound, Refused, Unauthorized, Unavailable
from loyalty.metrics import Tables
from loyalty.models import Circuit, Credential, InboxDelivery, OutboxMessage, Redemption, Shop
from loyalty.platforms import circuit
from loyalty.platforms.circuit import FAILURES, LONGEST_REST_SECONDS, REST_SECONDS, Resting, guarded
from loyalty.platforms.ecwid.client import ShopClient
from loyalty.platforms.shopify.client import execute
from loyalty.services.redemptions import redeem
from loyalty.worker import inbox, outbox
from loyalty.worker.retry import PATIENCE
from tests.factories import T0, balance, make_member, make_shop, receive
from tests.platforms.faulty_server import FaultyServer, answering

HOST = "lamps.myshopify.com"
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    ticking = Clock()
    monkeypatch.setattr(circuit, "utc_now", ticking)
    return ticking


def ask(shop: Shop, error: LoyaltyError | None = None, host: str = HOST) -> str:
    """Whether the host was asked, or rested."""
    asked = False
    try:
        with guarded(shop, host):
            asked = True
            if error is not None:
                raise error
    except Resting:
        assert not asked
        return "rested"
    except LoyaltyError:
        pass
    return "asked"


AWAY = Unavailable("No answer.")


@pytest.mark.django_db
def test_so_many_failures_in_a_row_open_it_and_one_success_closes_it(clock: Clock) -> None:
    shop = make_shop()
    assert [ask(shop, AWAY) for _ in range(FAILURES + 2)] == ["asked"] * FAILURES + ["rested"] * 2
    clock.wait(REST_SECONDS)
    assert ask(shop) == "asked"
    assert not Circuit.objects.filter(shop=shop).exists()
    assert [ask(shop, AWAY) for _ in range(FAILURES)] == ["asked"] * FAILURES, "and counting begins again"


@pytest.mark.django_db
def test_failures_with_an_answer_between_them_open_nothing(clock: Clock) -> None:
    shop = make_shop()
    for _ in range(3):
        for _ in range(FAILURES - 1):
            assert ask(shop, AWAY) == "asked"
        assert ask(shop, Refused("No.")) == "asked"
    assert not Circuit.objects.filter(shop=shop).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "error", [Refused("No."), Unauthorized("No."), NotFound("No."), Unavailable("Slower.", retry_after_seconds=2)]
)
def test_an_answer_that_says_no_or_later_is_no_failure(clock: Clock, error: LoyaltyError) -> None:
    shop = make_shop()
    assert [ask(shop, error) for _ in range(3 * FAILURES)] == ["asked"] * 3 * FAILURES


@pytest.mark.django_db
def test_the_rest_grows_while_nobody_answers(clock: Clock) -> None:
    shop = make_shop()
    for _ in range(FAILURES):
        ask(shop, AWAY)
    rests = []
    for _ in range(8):
        began = clock.now
        while ask(shop, AWAY) == "rested":
            clock.wait(1)
        rests.append(round((clock.now - began).total_seconds()))
    assert rests == [30, 60, 120, 240, 480, 900, 900, LONGEST_REST_SECONDS]


@pytest.mark.django_db
def test_one_caller_tries_and_the_others_go_on_resting(clock: Clock) -> None:
    """Two who read the row at the same moment: the first to move it asks."""
    shop = make_shop()
    for _ in range(FAILURES):
        ask(shop, AWAY)
    clock.wait(REST_SECONDS)
    first, second = Circuit.objects.get(shop=shop), Circuit.objects.get(shop=shop)
    circuit._admit(first, HOST)
    with pytest.raises(Resting) as caught:
        circuit._admit(second, HOST)
    assert caught.value.retry_after_seconds == REST_SECONDS
    assert ask(shop) == "rested", "and whoever died trying has moved it all the same"
    clock.wait(REST_SECONDS)
    assert ask(shop) == "asked"


@pytest.mark.django_db
def test_other_shops_and_other_hosts_are_not_touched(clock: Clock) -> None:
    shop, other = make_shop(), make_shop()
    for _ in range(FAILURES):
        ask(shop, AWAY)
    assert (ask(shop), ask(other), ask(shop, host="elsewhere.test")) == ("rested", "asked", "asked")


@pytest.mark.django_db
def test_doctor_and_the_figures_name_what_is_left_alone(clock: Clock, settings: Settings) -> None:
    shop, gone = make_shop(), make_shop()
    clock.now = datetime.now(UTC)
    for each in (shop, gone):
        for _ in range(FAILURES):
            ask(each, AWAY)
    Shop.objects.filter(pk=gone.pk).update(status="uninstalled")
    figures = {family.name: family.samples[0].value for family in Tables(clock.now).collect() if family.samples}
    assert figures["regulars_circuits_open"] == 1
    out = io.StringIO()
    settings.APP_URL, settings.SANDBOX_URL = "http://127.0.0.1:9", ""
    with pytest.raises(CommandError):
        call_command("doctor", stdout=out, no_color=True)
    said = " ".join(out.getvalue().split())
    assert f"Did not answer: {HOST} for Halfmoon, 5 times in a row, last 0 min ago." in said


@pytest.fixture
def away(settings: Settings) -> Iterator[FaultyServer]:
    """A platform that answers nothing but 500."""
    server = FaultyServer(answering(b"{}", status="500 Internal Server Error"))
    settings.SANDBOX_URL = server.url
    settings.SHOPIFY_SHOP_URL = server.url + "/{shop}"
    settings.ECWID_API_URL = server.url + "/api/v3"
    yield server
    server.close()


def shopify_asks(shop: Shop) -> object:
    return execute(shop, "shop_profile")


def ecwid_asks(shop: Shop) -> object:
    return ShopClient(shop).get("profile")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("platform", ["shopify", "ecwid"])
def test_both_platforms_clients_stop_asking(platform: str, away: FaultyServer, clock: Clock) -> None:
    shop = make_shop(platform=platform)
    client = shopify_asks if platform == "shopify" else ecwid_asks
    for _ in range(FAILURES + 3):
        with pytest.raises(Unavailable):
            client(shop)
    assert len(away.requests) == FAILURES
    other = make_shop(platform=platform)
    with pytest.raises(Unavailable):
        client(other)
    assert len(away.requests) == FAILURES + 1
    away.script = answering(b'{"data": {}}')
    clock.wait(REST_SECONDS)
    client(shop)
    client(shop)
    assert len(away.requests) == FAILURES + 3


@pytest.mark.django_db(transaction=True)
def test_a_row_that_waits_for_a_resting_platform_keeps_its_attempts(away: FaultyServer, clock: Clock) -> None:
    shop = make_shop()
    member = make_member(shop, points=5_000)
    OutboxMessage.objects.filter(shop=shop).delete()
    for number in range(3):
        redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key=str(number), at=T0)
    moment = T0
    for _ in range(2 * FAILURES):
        while outbox.drain_codes(now=moment):
            pass
        moment += timedelta(hours=1)
    assert len(away.requests) == FAILURES
    attempts = OutboxMessage.objects.filter(shop=shop).values_list("attempts", flat=True)
    assert sum(attempts) == FAILURES
    assert set(OutboxMessage.objects.filter(shop=shop).values_list("state", flat=True)) == {"waiting"}
    assert "did not answer several times" in OutboxMessage.objects.filter(shop=shop).latest("due_at").outcome


@pytest.mark.django_db(transaction=True)
def test_a_reservation_ends_all_the_same_some_day(away: FaultyServer, clock: Clock) -> None:
    shop = make_shop()
    member = make_member(shop, points=500)
    OutboxMessage.objects.filter(shop=shop).delete()
    redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=T0)
    Credential.objects.filter(shop=shop).update(access_expires_at=None)
    moment = T0
    while moment < T0 + PATIENCE + timedelta(hours=20):
        while outbox.drain_codes(now=moment):
            pass
        moment += timedelta(hours=1)
    assert Redemption.objects.get(shop=shop).state == "failed"
    assert balance(shop) == 500


@pytest.mark.django_db(transaction=True)
def test_a_delivery_that_waits_for_a_resting_platform_keeps_its_attempts(away: FaultyServer, clock: Clock) -> None:
    shop = make_shop(platform="ecwid")
    body = f'{{"storeId": {shop.external_id}, "eventType": "order.updated", "data": {{"orderId": "XJ12H"}}}}'.encode()
    for number in range(FAILURES + 4):
        receive(shop_id=shop.pk, delivery_id=str(number), topic="order.updated", body=body, meta={}, at=T0)
    inbox.drain(now=T0)
    assert len(away.requests) == FAILURES
    rows = InboxDelivery.objects.filter(shop=shop)
    assert sorted(rows.values_list("attempts", flat=True)) == [0] * 4 + [1] * FAILURES
    away.script = answering(b'{"errorCode": "ORDER_NOT_FOUND"}', status="404 Not Found")
    clock.wait(REST_SECONDS)
    inbox.drain(now=T0 + timedelta(seconds=REST_SECONDS))
    assert set(rows.values_list("state", flat=True)) == {"done"}
