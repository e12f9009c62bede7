"""Whatever hangs is settled within a minute, and the log says why."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from loyalty.engine.errors import Refused, Unavailable
from loyalty.models import OutboxMessage, Redemption, Shop
from loyalty.platforms import http
from loyalty.services.redemptions import begin_issuing, cancel, redeem
from loyalty.worker import outbox, schedule
from loyalty.worker.retry import CODE_LEASE_SECONDS, CODE_SECONDS
from tests.factories import T0, assert_books, balance, make_member, make_shop

pytestmark = pytest.mark.django_db
MINUTE = 60


class Platform:
    """Does what the test says when it is asked for a code."""

    def __init__(self) -> None:
        self.says: list[Any] = []
        self.seconds_left: list[float] = []

    def issue(self, shop: Shop, redemption: Redemption) -> str:
        self.seconds_left.append(http.seconds_left())
        said = self.says.pop(0) if self.says else "gid"
        if isinstance(said, BaseException):
            raise said
        return str(said)

    def revoke(self, shop: Shop, redemption: Redemption) -> None:
        self.issue(shop, redemption)


@pytest.fixture
def platform(monkeypatch: pytest.MonkeyPatch) -> Platform:
    made = Platform()
    monkeypatch.setattr(outbox, "platform_of", lambda shop: made)
    return made


def taken() -> Redemption:
    shop = make_shop()
    OutboxMessage.objects.filter(shop=shop).delete()
    member = make_member(shop, points=500)
    return redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=T0)


def sweep(seconds: float) -> list[Any]:
    """One round of the workers so long after T0; what the log says of redemptions."""
    now = T0 + timedelta(seconds=seconds)
    with capture_logs() as lines:
        schedule.settle_hanging(now=now)
        while outbox.drain_codes(now=now):
            pass
    return [line for line in lines if line["event"].startswith("redemption.")]


def settled(redemption: Redemption, why: str, seconds: float, state: str = "ready") -> dict[str, Any]:
    shop, number = redemption.shop_id, str(redemption.number)
    line = {"event": "redemption.settled", "log_level": "info", "redemption": number, "shop": shop}
    return {**line, "state": state, "why": why, "seconds": seconds}


def test_who_died_is_replaced_early_enough_to_be_through_within_a_minute() -> None:
    """The lease outlives all that one attempt may ask, and what is left of the minute is enough for another."""
    one_attempt_seconds = CODE_SECONDS + http.CONNECT_TIMEOUT_SECONDS
    assert one_attempt_seconds < CODE_LEASE_SECONDS
    assert CODE_LEASE_SECONDS + schedule.SETTLE_EVERY.total_seconds() + one_attempt_seconds < MINUTE


def test_a_code_whose_maker_died_is_made_by_the_next_and_the_log_says_so(platform: Platform) -> None:
    redemption = taken()
    platform.says = [SystemExit()]
    with pytest.raises(SystemExit):
        outbox.drain_codes(now=T0)
    assert sweep(CODE_LEASE_SECONDS - 1) == []
    assert sweep(CODE_LEASE_SECONDS) == [settled(redemption, "worker_died", CODE_LEASE_SECONDS)]
    redemption.refresh_from_db()
    assert redemption.state == "ready"


def test_a_redemption_whose_message_is_gone_gets_another(platform: Platform) -> None:
    redemption = taken()
    begin_issuing(shop=redemption.shop, number=redemption.number)
    OutboxMessage.objects.filter(shop=redemption.shop).delete()
    assert sweep(CODE_LEASE_SECONDS - 1) == []
    lost, done = sweep(CODE_LEASE_SECONDS)
    assert (lost["event"], lost["redemption"]) == ("redemption.message_lost", str(redemption.number))
    assert done == settled(redemption, "message_lost", CODE_LEASE_SECONDS)
    assert sweep(MINUTE) == []


def test_a_code_whose_taking_away_was_cut_short_is_taken_away_by_the_next(platform: Platform) -> None:
    redemption = taken()
    assert sweep(0) == []
    cancel(shop=redemption.shop, number=redemption.number, at=T0)
    platform.says = [SystemExit()]
    with pytest.raises(SystemExit):
        outbox.drain_codes(now=T0)
    assert sweep(CODE_LEASE_SECONDS) == [settled(redemption, "worker_died", CODE_LEASE_SECONDS, state="returned")]
    assert balance(redemption.shop) == 500


def test_what_waits_for_the_platform_or_is_in_somebodys_hands_is_not_doubled(platform: Platform) -> None:
    redemption = taken()
    platform.says = [Unavailable("No answer.", retry_after_seconds=50)]
    outbox.drain_codes(now=T0)
    assert sweep(CODE_LEASE_SECONDS) == []
    assert OutboxMessage.objects.filter(shop=redemption.shop, kind="reward.issue").count() == 1
    assert sweep(50) == [settled(redemption, "asked_again", 50)]


def test_what_staff_do_waits_for_them_and_for_no_platform(platform: Platform) -> None:
    redemption = taken()
    Redemption.objects.filter(shop=redemption.shop).update(reward_data={"kind": "custom"})
    assert sweep(0) == []
    assert platform.seconds_left == []
    redemption.refresh_from_db()
    assert (redemption.state, redemption.external_id) == ("ready", "by hand")
    assert sweep(MINUTE) == []


def test_a_code_that_is_given_up_says_so(platform: Platform) -> None:
    redemption = taken()
    OutboxMessage.objects.filter(shop=redemption.shop).update(attempts=11, outcome="No answer.")
    platform.says = [Unavailable("No answer.")]
    assert sweep(0) == [settled(redemption, "given_up", 0, state="failed")]
    assert balance(redemption.shop) == 500
    assert_books(redemption.shop)


def test_an_ordinary_redemption_fills_no_log(platform: Platform) -> None:
    taken()
    assert sweep(0) == []
    redemption = taken()
    platform.says = [Refused("The store does not want it.")]
    assert sweep(0) == []
    assert balance(redemption.shop) == 500


def test_the_platform_is_asked_under_one_deadline(platform: Platform) -> None:
    taken()
    sweep(0)
    (seconds,) = platform.seconds_left
    assert 0 < seconds <= CODE_SECONDS
    assert http.seconds_left() == float("inf")
