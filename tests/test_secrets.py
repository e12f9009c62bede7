"""Secrets planted through the normal paths, then searched for in every log line and in a dump of the database."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from smtplib import SMTPRecipientsRefused

import jwt
import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection
from django.test import Client
from pytest_django.fixtures import Settings

from config.logs import Line
from loyalty import health
from loyalty.models import Member, OutboxMessage, Shop
from loyalty.services.launching import launch
from loyalty.services.observations import Grant, StoreProfile
from loyalty.services.redemptions import redeem
from loyalty.services.shops import install
from loyalty.worker import inbox, outbox, reconciliation, schedule
from tests.platforms.faulty_server import FaultyServer, answering
from tests.platforms.shopify.payloads import body, customer, line, order

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)

ACCESS = "shpat_planted_access_token_0001"
REFRESH = "shprt_planted_refresh_token_0002"
PUBLIC = "public_planted_token_0003"
CLIENT_SECRET = "planted-client-secret-0004"
APP_SECRET = "shpss_planted_app_secret_0005_of_the_app"
SESSION_USER = "990006000601"
PASSWORD = "a planted staff password 0007"
FACTOR = "JBSWY3DPEHPK3PXP"
SCRAPER = "planted-metrics-token-0009"
EMAIL, NAME, STREET = "planted.alma@shopper.test", "Plantedalma Berg", "Planted Street 10"


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    """What an operator with LOG_LEVEL=DEBUG would have on disk."""
    written = io.StringIO()
    added = []
    for name, form in (
        ("", Line("%(levelname)s %(name)s %(message)s")),
        ("regulars", logging.Formatter("%(message)s")),
    ):
        handler = logging.StreamHandler(written)
        handler.setFormatter(form)
        logger = logging.getLogger(name)
        logger.addHandler(handler)
        added.append((logger, handler, logger.level))
        logger.setLevel(logging.DEBUG if name else logging.INFO)
    yield written
    for logger, handler, level in added:
        logger.removeHandler(handler)
        logger.setLevel(level)


@pytest.fixture
def platform(settings: Settings) -> Iterator[FaultyServer]:
    """A platform that is down and repeats in its error what it was sent."""
    echo = json.dumps({"error": f"{ACCESS} {EMAIL}"}).encode()
    server = FaultyServer(answering(echo, status="500 Internal Server Error"))
    settings.SANDBOX_URL = settings.SHOPIFY_SHOP_URL = server.url
    settings.SHOPIFY_API_KEY, settings.SHOPIFY_API_SECRET = "planted-app", APP_SECRET
    settings.METRICS_TOKEN = SCRAPER
    yield server
    server.close()


def dump() -> str:
    """Every value of every row of every table."""
    values = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')
            for row in cursor.fetchall():
                values += [bytes(value).decode(errors="replace") if _is_bytes(value) else str(value) for value in row]
    return "\n".join(values)


def _is_bytes(value: object) -> bool:
    return isinstance(value, bytes | bytearray | memoryview)


def installed() -> Shop:
    profile = StoreProfile(
        external_id="planted.myshopify.com",
        name="Planted",
        email="owner@planted.test",
        currency="EUR",
        exponent=2,
        time_zone="UTC",
        storefront_url="https://planted.test",
    )
    grant = Grant(access_token=ACCESS, refresh_token=REFRESH, public_token=PUBLIC, client_secret=CLIENT_SECRET)
    shop = install(platform="shopify", profile=profile, grant=grant, at=BEFORE)
    launch(shop=shop, at=BEFORE)
    return shop


def deliver(shop: Shop, sent: bytes, *, number: int, secret: str = APP_SECRET) -> int:
    signature = base64.b64encode(hmac.new(secret.encode(), sent, hashlib.sha256).digest()).decode()
    headers = {
        "X-Shopify-Topic": "orders/paid",
        "X-Shopify-Hmac-Sha256": signature,
        "X-Shopify-Shop-Domain": shop.external_id,
        "X-Shopify-Webhook-Id": f"w-{number}",
    }
    return Client().post("/shopify/webhooks", data=sent, content_type="application/json", headers=headers).status_code


def order_of_a_person() -> bytes:
    person = customer(email=EMAIL, first_name="Plantedalma", default_address={"id": 1, "address1": STREET})
    return body(order(line(1, "600.00"), customer=person, email=EMAIL, total="600.00"))


def webhooks(shop: Shop) -> None:
    good = order_of_a_person()
    assert deliver(shop, good, number=1) == 200
    assert deliver(shop, good[:-30], number=2) == 200  # signed and unreadable
    assert deliver(shop, good, number=3, secret="forged") == 401
    while inbox.drain(now=datetime.now(UTC)):
        pass


def a_shopper_signs_in(shop: Shop) -> list[str]:
    """Their code, short token and device token."""
    where = f"?shop=shopify:{shop.external_id}"
    headers = {"Origin": "https://planted.test", "X-Regulars": "1"}

    def post(path: str, sent: object) -> dict[str, str]:
        return (
            Client()
            .post(f"/widget/v1/{path}{where}", json.dumps(sent), content_type="application/json", headers=headers)
            .json()
        )

    challenge = post("code", {"email": EMAIL})["challenge"]
    letter = json.loads(OutboxMessage.objects.filter(shop=shop, kind="mail").latest("pk").secret)
    code = next(word for word in letter["text"].split() if word.isdigit() and len(word) == 6)
    session = post("session", {"challenge": challenge, "code": code})
    Client().get(f"/widget/v1/member{where}", headers={**headers, "Authorization": f"Bearer {session['token']}"})
    Client().get(f"/widget/v1/member{where}", headers={**headers, "Authorization": f"Bearer {session['token']}x"})
    renewed = post("session/renew", {"device": session["device"]})
    return [letter["text"], session["token"], session["device"], renewed["token"], renewed["device"]]


def a_merchant_enters(shop: Shop) -> list[str]:
    """Their session token: good, of another app, and unreadable."""
    now = datetime.now(UTC).timestamp()
    store = f"https://{shop.external_id}"
    claims = {"iss": f"{store}/admin", "dest": store, "sub": SESSION_USER, "exp": now + 60, "nbf": now, "iat": now}
    tokens = [jwt.encode({**claims, "aud": aud}, APP_SECRET, algorithm="HS256") for aud in ("planted-app", "another")]
    for token in tokens:
        Client().get("/shopify/", {"id_token": token, "shop": shop.external_id})
        Client().get("/dashboard/", headers={"Authorization": f"Bearer {token}"})
    return tokens


def staff_sign_in() -> None:
    person = get_user_model().objects.create_user("planted", "staff@planted.test", PASSWORD)
    TOTP.activate(person, FACTOR)
    for password in (PASSWORD, PASSWORD + "!"):
        Client().post("/accounts/login/", {"login": "staff@planted.test", "password": password})
    Client().get("/metrics", headers={"Authorization": f"Bearer {SCRAPER}"})
    Client().get("/metrics", headers={"Authorization": f"Bearer {SCRAPER}!"})


def commands() -> str:
    """What an operator reads who looks for the trouble."""
    said = io.StringIO()
    for name in ("doctor", "reconcile", "verify_ledger", "replay", "renew_keys"):
        try:
            call_command(name, stdout=said, stderr=said)
        except CommandError as error:
            said.write(str(error))
    return said.getvalue()


class Refusing(EmailBackend):
    def send_messages(self, messages: list[mail.EmailMessage]) -> int:  # type: ignore[override]
        raise SMTPRecipientsRefused({messages[0].to[0]: (550, messages[0].body.encode())})


def test_ten_secrets_and_a_person_are_in_no_log_and_no_secret_is_in_the_dump(
    logs: io.StringIO, platform: FaultyServer, settings: Settings
) -> None:
    shop = installed()
    webhooks(shop)
    member = Member.objects.get(shop=shop, email=EMAIL)
    taken = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=datetime.now(UTC))
    shopper = a_shopper_signs_in(shop)
    merchant = a_merchant_enters(shop)
    staff_sign_in()
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    outbox.drain(now=datetime.now(UTC))  # the code cannot be made, the mail not sent, the history not read
    reconciliation.reconcile_shops(now=datetime.now(UTC) + timedelta(hours=9))
    assert platform.requests
    assert OutboxMessage.objects.filter(shop=shop, attempts=1, state="waiting").count() >= 3

    secrets = [ACCESS, REFRESH, PUBLIC, CLIENT_SECRET, APP_SECRET, PASSWORD, FACTOR, SCRAPER, *merchant, *shopper]
    said = commands()
    assert "Shopify answered 500" in said
    assert "in line again" in said
    written, kept = logs.getvalue() + said, dump()
    assert "outbox.failed" in written
    assert "door.refused" in written
    assert "inbox.failed" in written
    assert EMAIL in kept, "the dump is of another database"
    assert [secret for secret in secrets if secret in written or secret in kept] == []
    people = [EMAIL, NAME, "Plantedalma", STREET, taken.code, SESSION_USER]
    assert [each for each in people if each in written] == []


def test_an_exceptions_own_words_are_in_no_log(logs: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database puts the row in its message, a library the address it called."""

    def broken(**_: object) -> int:
        try:
            raise ValueError(ACCESS)
        except ValueError as error:
            raise IntegrityError(f"DETAIL: Key (email)=({EMAIL}) already exists.") from error

    monkeypatch.setattr(health.operations, "queues", broken)
    monkeypatch.setattr(health, "Error", KeyError)
    assert Client(raise_request_exception=False).get("/readyz").status_code == 500
    schedule.log.info("before")
    try:
        broken()
    except IntegrityError:
        schedule.log.exception("worker.job_failed", job="x")
        logging.getLogger("celery.app.trace").exception(
            "Task %(name)s raised: %(exc)s %(traceback)s",
            {"name": "drain", "exc": f"IntegrityError({EMAIL})", "traceback": ACCESS},
        )
    written = logs.getvalue()
    assert EMAIL not in written
    assert ACCESS not in written
    assert written.count("IntegrityError at") == 3
    assert written.count("builtins.ValueError at") == 3
    assert "Internal Server Error: /readyz" in written
    assert "test_secrets.py" in written
    assert "Task drain raised" in written


def test_a_requests_lines_carry_its_id_and_the_answer_names_it(logs: io.StringIO, platform: FaultyServer) -> None:
    shop = installed()
    chosen = Client().get("/healthz", headers={"X-Request-ID": "proxy-0001.a"})
    assert chosen["X-Request-ID"] == "proxy-0001.a"
    forged = Client().get("/healthz", headers={"X-Request-ID": "a b\nc" * 9})
    assert len(forged["X-Request-ID"]) == 32
    assert deliver(shop, b"{}", number=1, secret="forged") == 401
    found = next(line for line in logs.getvalue().splitlines() if "door.refused" in line)
    assert "request=" in found
    assert deliver(shop, b"[]", number=2) == 200
    inbox.drain(now=datetime.now(UTC))
    found = next(line for line in logs.getvalue().splitlines() if "inbox.failed" in line)
    assert f"shop={shop.pk}" in found
    assert "delivery=w-2" in found
