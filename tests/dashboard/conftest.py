"""A shop with something to see, another shop, and requests with each one's bearer."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from loyalty.dashboard.access import embedded_token
from loyalty.engine.program import Reward
from loyalty.models import (
    HealedOrder,
    InboxDelivery,
    Member,
    OutboxMessage,
    PrivacyRequest,
    Reconciliation,
    Redemption,
    Shop,
    StoredFact,
)
from loyalty.selectors.fulfilment import BY_HAND
from loyalty.services.codes import promise
from loyalty.services.intake import record
from loyalty.services.observations import Person
from loyalty.services.outbox import leave
from loyalty.services.redemptions import begin_issuing, mark_ready, redeem
from tests.factories import make_order, make_shop, receive, seen

CLIENT_ID = "c0ffee00c0ffee00c0ffee00c0ffee00"
SECRET = "shpss_0123456789abcdef0123456789abcdef"
SCRIPT = "<script>alert('x')</script>"
BEGAN = timezone.now() - timedelta(days=20)

Ask = Callable[..., HttpResponse]


@dataclass(frozen=True)
class Seen:
    """A shop and one of each thing it shows."""

    shop: Shop
    member: Member
    order: StoredFact
    redemption: Redemption
    delivery: InboxDelivery
    message: OutboxMessage
    comparison: Reconciliation
    asked: PrivacyRequest
    promised: Redemption


@pytest.fixture(autouse=True)
def platforms(settings: Settings) -> None:
    settings.SHOPIFY_API_KEY, settings.SHOPIFY_API_SECRET, settings.SHOPIFY_API_SECRET_OLD = CLIENT_ID, SECRET, ""
    settings.ECWID_CLIENT_ID = "regulars"


def fill(shop: Shop, *, members: int = 1, orders: int = 1) -> Seen:
    """Members who ordered, redeemed and were refunded, and per member a delivery that could not be used, a message that
    was given up, and a comparison that healed an order."""
    people = [
        Person(external_id=f"c{number}", email=f"c{number}@shopper.test", name=f"Shopper {number}")
        for number in range(members)
    ]
    placed = []
    for number, person in enumerate(people):
        for each in range(orders):
            at = BEGAN + timedelta(days=1, minutes=10 * number + each)
            order = make_order(f"{number}-{each}", at=at, prices=(60_000,), paid=each != 1, currency=shop.currency)
            placed.append(seen(order, person))
    record(shop=shop, observations=placed, at=placed[-1].order.updated_at)
    for number, person in enumerate(people):
        owner = Member.objects.get(shop=shop, external_id=person.external_id)
        redemption = redeem(
            shop=shop, member_id=owner.pk, reward_id="amount-off", request_key="k", at=BEGAN + timedelta(days=2)
        )
        begin_issuing(shop=shop, number=redemption.number)
        mark_ready(shop=shop, number=redemption.number, external_id="x", at=BEGAN + timedelta(days=2))
        tasting = Reward(id="tasting", name="A tasting", kind="custom", points=0)
        promised = promise(
            shop=shop,
            member=owner,
            reward=tasting,
            points=0,
            value_minor=0,
            request_key="tasting",
            request_digest="",
            at=BEGAN + timedelta(days=2),
            expires_at=BEGAN + timedelta(days=2000),
        )
        begin_issuing(shop=shop, number=promised.number)
        mark_ready(shop=shop, number=promised.number, external_id=BY_HAND, at=BEGAN + timedelta(days=2))
        receive(shop_id=shop.pk, delivery_id=f"d{number}", topic="orders/paid", body=b"{}", meta={}, at=BEGAN)
        leave(shop=shop, kind="mail", subject=f"m{number}", at=BEGAN)
        compared = Reconciliation.objects.create(shop=shop, begun_at=BEGAN, finished_at=BEGAN)
        PrivacyRequest.objects.create(
            shop=shop,
            kind="export",
            request_id=str(number),
            asked_at=BEGAN,
            state="done",
            document='{"name": "Shopper"}',
        )
        HealedOrder.objects.create(
            shop=shop,
            reconciliation=compared,
            order_id=f"{number}-0",
            number=f"#{number}-0",
            was_missing=True,
            points=600,
            healed_at=BEGAN + timedelta(days=1),
        )
    InboxDelivery.objects.filter(shop=shop).update(state="dead", outcome="The total is no amount.")
    OutboxMessage.objects.filter(shop=shop, kind="mail").update(state="dead", outcome="ConnectionRefusedError")
    return Seen(
        shop,
        Member.objects.get(shop=shop, external_id="c0"),
        StoredFact.objects.get(shop=shop, kind="order", external_id="0-0"),
        Redemption.objects.filter(shop=shop).order_by("pk")[0],
        InboxDelivery.objects.filter(shop=shop).order_by("pk")[0],
        OutboxMessage.objects.filter(shop=shop, kind="mail").order_by("pk")[0],
        Reconciliation.objects.filter(shop=shop).order_by("pk")[0],
        PrivacyRequest.objects.filter(shop=shop).order_by("pk")[0],
        Redemption.objects.filter(shop=shop, external_id=BY_HAND).order_by("pk")[0],
    )


@pytest.fixture
def ours(db: None) -> Seen:
    return fill(make_shop(platform="ecwid", currency="USD", name="The Shop Of Ours", at=BEGAN))


@pytest.fixture
def theirs(db: None) -> Seen:
    return fill(make_shop(platform="shopify", currency="EUR", name="Theirs", at=BEGAN))


def bearer_of(shop: Shop) -> str:
    return f"Bearer {embedded_token(shop)}"


def session_token(shop: Shop, *, at: datetime | None = None, secret: str = SECRET) -> str:
    """What App Bridge sends for this shop."""
    seconds = int((at or datetime.now(UTC)).timestamp())
    origin = f"https://{shop.external_id}"
    claims = {"iss": f"{origin}/admin", "dest": origin, "aud": CLIENT_ID, "sub": "42", "jti": "a", "sid": "b"}
    times = {"iat": seconds, "nbf": seconds, "exp": seconds + 60}
    return jwt.encode(claims | times, secret, algorithm="HS256")


@pytest.fixture
def ask() -> Ask:
    """Asks for a page with a shop's bearer, as htmx does unless told otherwise."""
    browser = Client(enforce_csrf_checks=True)

    def asked(path: str, shop: Shop, method: str = "get", htmx: bool = True, **data: str) -> HttpResponse:
        headers = {"Authorization": bearer_of(shop)} | ({"HX-Request": "true"} if htmx else {})
        return getattr(browser, method)(path, data, headers=headers)

    return asked


def words(response: HttpResponse) -> str:
    """The page's text without markup, in one line."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode())).strip()
