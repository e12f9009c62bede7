"""The shop's own server is asked until it says yes or no, over real HTTP, and every end leaves points or the reward."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from loyalty.engine.errors import Invalid, Refused
from loyalty.engine.program import Program, Reward, parse_program
from loyalty.models import FulfilmentSecret, OutboxMessage, Redemption, Shop
from loyalty.platforms.permits import Permits
from loyalty.platforms.registry import carried, platform_of
from loyalty.services.fulfilment import renew_secret
from loyalty.services.observations import Subject
from loyalty.services.privacy import redact
from loyalty.services.redemptions import cancel, cancel_own, redeem
from loyalty.worker import outbox
from loyalty.worker.retry import MAX_ATTEMPTS
from tests.factories import T0, assert_books, balance, make_member
from tests.services.test_partner_codes import offering

pytestmark = pytest.mark.django_db(transaction=True)
NOW = T0 + timedelta(days=30)
MINUTE = timedelta(minutes=1)

Answer = tuple[int, dict[str, str], Any]


class Planter:
    """The shop's server: keeps what it was asked, and answers as told, the last word again and again."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[Answer] = [(200, {}, {"accepted": True, "note": "Tree 311"})]
        self.before_answering: Callable[[], object] = lambda: None
        planter = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                planter.asked.append(({name.lower(): value for name, value in self.headers.items()}, body))
                try:
                    planter.before_answering()
                finally:
                    connections.close_all()  # this thread's own, that it may have opened
                status, headers, said = planter.answers[0] if len(planter.answers) == 1 else planter.answers.pop(0)
                told = said if isinstance(said, bytes) else json.dumps(said).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/rewards"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def events(self) -> list[str]:
        return [json.loads(body)["event"].removeprefix("redemption.") for _headers, body in self.asked]


@pytest.fixture
def planter(settings: Settings) -> Iterator[Planter]:
    made = Planter()
    settings.SANDBOX_URL = made.url
    yield made
    made.server.shutdown()
    made.server.server_close()


def tree(url: str, **more: Any) -> Reward:
    made = {"id": "tree", "name": "A tree", "points": 100, "valid_days": 14, "value_minor": 700, **more}
    return Reward(kind="custom", cancellable=False, webhook_url=url, **made)


def redeemed(planter: Planter) -> Redemption:
    shop = offering(tree(planter.url))
    renew_secret(shop=shop, at=NOW)
    return redeem(shop=shop, member_id=make_member(shop, points=100).pk, reward_id="tree", request_key="k1", at=NOW)


def work(redemption: Redemption, at: datetime = NOW) -> Redemption:
    while outbox.drain_hooks(now=at):
        pass
    redemption.refresh_from_db()
    return redemption


def test_it_is_asked_under_a_signature_and_its_note_is_for_the_member(planter: Planter) -> None:
    redemption = redeemed(planter)
    outbox.run_now(kind="reward.issue", subject=str(redemption.number), shop_id=redemption.shop_id, now=NOW)
    assert planter.asked == [], "no shopper waits for somebody's server"
    done = work(redemption)
    assert (done.state, done.note, done.closed_at, balance(done.shop)) == ("used", "Tree 311", NOW, 0)
    ((headers, body),) = planter.asked
    secret = FulfilmentSecret.objects.get(shop=done.shop).secret
    signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    assert headers["regulars-signature"] == f"sha256={signed}"
    assert headers["idempotency-key"] == str(done.number)
    told = json.loads(body)
    assert (told["event"], told["redemption"]) == ("redemption.requested", str(done.number))
    assert (told["reward"], told["points"], told["value_minor"]) == ({"id": "tree", "name": "A tree"}, 100, 700)
    assert told["customer"]["email"] == done.member.email
    assert_books(done.shop)


@pytest.mark.parametrize(
    "said",
    [(200, {}, {"accepted": False, "reason": "Planting is over."}), (422, {}, {"reason": "Planting is over."})],
)
def test_a_refusal_returns_the_points_with_its_reason(planter: Planter, said: Answer) -> None:
    redemption = redeemed(planter)
    planter.answers = [said, (200, {}, {})]
    ended = work(redemption)
    assert (ended.state, ended.failure, balance(ended.shop)) == ("failed", "Planting is over.", 100)
    assert planter.events() == ["requested", "cancelled"]
    assert_books(ended.shop)


def test_not_yet_is_asked_again_as_often_as_it_takes(planter: Planter) -> None:
    redemption = redeemed(planter)
    planter.answers = [(202, {"Retry-After": "5"}, b""), (202, {}, b"")]
    assert work(redemption).state == "issuing"
    assert work(redemption, NOW + timedelta(seconds=29)).state == "issuing"
    assert len(planter.asked) == 1
    for turn in range(1, 2 * MAX_ATTEMPTS):
        assert work(redemption, NOW + 6 * turn * MINUTE).state == "issuing"
    assert len(planter.asked) == 2 * MAX_ATTEMPTS
    planter.answers = [(200, {}, {"accepted": True})]
    assert work(redemption, NOW + timedelta(days=1)).state == "used"
    assert len({headers["idempotency-key"] for headers, _body in planter.asked}) == 1


def test_what_is_not_done_in_its_time_returns_the_points(planter: Planter) -> None:
    redemption = redeemed(planter)
    planter.answers = [(202, {}, b"")]
    work(redemption)
    planter.answers = [(200, {}, {})]
    ended = work(redemption, NOW + timedelta(days=14))
    assert (ended.state, ended.failure) == ("failed", "The shop's server did not do it in time.")
    assert planter.events() == ["requested", "cancelled"]
    assert balance(ended.shop) == 100


@pytest.mark.parametrize(
    "said",
    [
        (500, {}, b"down"),
        (401, {}, b""),
        (302, {"Location": "https://example.com/"}, b""),
        (200, {}, b"<html>"),
        (200, {}, {"accepted": "yes"}),
        (200, {}, [True]),
        (200, {}, b"x" * 70_000),
    ],
)
def test_what_is_no_answer_is_asked_again_and_given_up_at_last(planter: Planter, said: Answer) -> None:
    redemption = redeemed(planter)
    planter.answers = [said]
    at = NOW
    for _turn in range(3):
        assert work(redemption, at).state == "issuing"
        at += MINUTE
    asked = len(planter.asked)
    assert asked == 3
    OutboxMessage.objects.filter(shop=redemption.shop, kind="reward.fulfil").update(attempts=MAX_ATTEMPTS - 1)
    planter.answers = [said, (200, {}, {})]
    ended = work(redemption, at)
    assert (ended.state, balance(ended.shop)) == ("failed", 100)
    assert planter.events()[asked:] == ["requested", "cancelled"]
    assert_books(ended.shop)


def test_taken_back_while_it_was_being_done_the_server_is_told(planter: Planter) -> None:
    redemption = redeemed(planter)
    planter.before_answering = lambda: (
        planter.asked[1:] or cancel(shop=redemption.shop, number=redemption.number, at=NOW)
    )
    ended = work(redemption)
    assert (ended.state, balance(ended.shop)) == ("returned", 100)
    assert planter.events()[0] == "requested"
    assert planter.events()[-1] == "cancelled"
    assert not OutboxMessage.objects.filter(shop=ended.shop, kind__startswith="reward", state="waiting").exists()
    assert_books(ended.shop)


@pytest.mark.parametrize(
    "said", [(200, {}, {"accepted": True, "note": "For Alice"}), (410, {}, {"reason": "No, Alice."})]
)
def test_what_is_said_of_somebody_who_was_forgotten_meanwhile_is_not_kept(planter: Planter, said: Answer) -> None:
    redemption = redeemed(planter)
    planter.answers = [said]
    about = Subject(customer_id=str(redemption.member.external_id), email="", phone="", order_ids=())
    redact(shop=redemption.shop, subject=about, request_id="r1", at=NOW)
    done = work(redemption)
    assert (done.state in ("used", "failed"), done.note, done.failure) == (True, "", "")
    assert_books(done.shop)


def test_a_member_cannot_call_it_back(planter: Planter) -> None:
    redemption = redeemed(planter)
    with pytest.raises(Refused, match="can't be given back"):
        cancel_own(shop=redemption.shop, member=redemption.member, number=redemption.number, at=NOW)


def test_a_new_secret_signs_from_then_on(planter: Planter) -> None:
    redemption = redeemed(planter)
    planter.answers = [(401, {}, b"")]
    work(redemption)
    secret = renew_secret(shop=redemption.shop, at=NOW)
    planter.answers = [(200, {}, {"accepted": True})]
    assert work(redemption, NOW + MINUTE).state == "used"
    headers, body = planter.asked[-1]
    assert headers["regulars-signature"] == f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


@pytest.mark.parametrize("platform", ["shopify", "ecwid"])
def test_what_cannot_be_asked_is_not_offered(planter: Planter, settings: Settings, platform: str) -> None:
    shop = Shop.objects.get(pk=offering().pk)
    shop.platform = platform
    carrier = platform_of(shop)
    assert "needs a secret" in carrier.cannot_carry(Permits(shop), tree(planter.url))
    renew_secret(shop=shop, at=NOW)
    assert carrier.cannot_carry(Permits(shop), tree(planter.url)) == ""
    assert carrier.cannot_carry(Permits(shop), tree("https://shop.example/rewards")) == ""
    assert carrier.cannot_carry(Permits(shop), Reward(id="r", name="R", kind="custom", points=1)) == ""
    settings.SANDBOX_URL = ""
    for url in (planter.url, "https://shop.example:8443/rewards"):
        assert "only https at its usual port" in carrier.cannot_carry(Permits(shop), tree(url))


@pytest.mark.parametrize("url", ["https://127.0.0.1/", "https://10.0.0.1/", "https://169.254.169.254/latest/"])
def test_a_private_address_is_not_called(settings: Settings, url: str) -> None:
    settings.SANDBOX_URL = ""
    shop = offering(tree(url))
    renew_secret(shop=shop, at=NOW)
    member = make_member(shop, points=100)
    redemption = redeem(shop=shop, member_id=member.pk, reward_id="tree", request_key="k1", at=NOW)
    assert work(redemption).state == "issuing"
    message = OutboxMessage.objects.get(shop=shop, kind="reward.fulfil")
    assert "could not be reached" in message.outcome


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "https://user:pass@shop.example/",
        "https://shop.example\\@other.example/",
        "javascript:alert(1)",
        "https://",
        "https://shop.example/" + "x" * 500,
        "http://127.0.0.1.example/",
    ],
)
def test_a_program_with_such_an_address_is_refused(url: str) -> None:
    reward = {"id": "r", "name": "R", "kind": "custom", "points": 1, "cancellable": False, "webhook_url": url}
    program = {"name": "P", "currency": "EUR", "exponent": 2, "time_zone": "UTC", "rewards": [reward]}
    with pytest.raises(Invalid, match="https"):
        parse_program(program)


def test_what_a_shop_lets_us_do_is_asked_once_for_all_rewards_of_a_page(planter: Planter) -> None:
    shop = Shop.objects.get(pk=offering().pk)
    rewards = []
    for number in range(5):
        rewards.append(msgspec.structs.replace(tree(planter.url), id=f"tree-{number}"))
        rewards.append(Reward(id=f"card-{number}", name="Card", kind="gift_card", points=1, value_minor=1))
    program = Program(name="P", currency="EUR", exponent=2, time_zone="UTC", rewards=tuple(rewards))
    with CaptureQueriesContext(connection) as asked:
        assert carried(shop, program) == []
    assert len(asked) == 2


def test_one_shop_with_a_slow_server_and_much_to_do_holds_up_no_other(planter: Planter) -> None:
    slow, quick = (offering(tree(planter.url)) for _ in range(2))
    for shop in (slow, quick):
        renew_secret(shop=shop, at=NOW)
    member = make_member(slow, points=10_000)
    for number in range(5):
        redeem(shop=slow, member_id=member.pk, reward_id="tree", request_key=f"slow-{number}", at=NOW)
    other = make_member(quick, points=100)
    last = redeem(shop=quick, member_id=other.pk, reward_id="tree", request_key="k1", at=NOW + MINUTE)
    assert outbox.drain_hooks(now=NOW + MINUTE) == 2, "one of each shop"
    last.refresh_from_db()
    assert last.state == "used"


def test_while_a_server_is_asked_its_shop_keeps_nobody_else_busy(planter: Planter) -> None:
    slow, quick = (offering(tree(planter.url)) for _ in range(2))
    for shop in (slow, quick):
        renew_secret(shop=shop, at=NOW)
    member = make_member(slow, points=10_000)
    for number in range(3):
        redeem(shop=slow, member_id=member.pk, reward_id="tree", request_key=f"slow-{number}", at=NOW)
    other = make_member(quick, points=100)
    redeem(shop=quick, member_id=other.pk, reward_id="tree", request_key="k1", at=NOW)
    meanwhile: list[int] = []

    def another_worker() -> None:
        planter.before_answering = lambda: None
        meanwhile.append(outbox.drain_hooks(now=NOW))
        connections.close_all()

    planter.before_answering = another_worker
    outbox.drain_hooks(now=NOW)
    assert meanwhile == [1], "the quick shop's"
    assert OutboxMessage.objects.filter(shop=slow, kind="reward.fulfil", state="waiting").count() == 2
