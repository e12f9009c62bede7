"""What a merchant chooses for the store, and that no page inside the admin names the platform or its owner."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from loyalty.dashboard import ecwid_urls, urls
from loyalty.dashboard.access import embedded_token
from loyalty.engine.program import default_program, to_data
from loyalty.models import EcwidStore, InboxDelivery, Member, OutboxMessage, ProgramVersion, Shop, StoredFact
from loyalty.platforms.ecwid.orders import OWN_STATUSES
from loyalty.services import reconciliations
from loyalty.services.intake import record
from loyalty.services.redemptions import redeem
from loyalty.worker import outbox
from tests.factories import make_shop
from tests.platforms.ecwid.stand_in import StandIn, notice

pytestmark = pytest.mark.django_db(transaction=True)
Connect = Callable[..., Shop]
LEVELS = [{"id": "silver", "name": "Silver", "minimum": 4000}]


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def shop(stand_in: StandIn, connected: Connect) -> Shop:
    shop = connected(at=now() - timedelta(hours=2))
    document = to_data(default_program("EUR", 2, "UTC", "Paper Heron")) | {"tiers": LEVELS}
    ProgramVersion.objects.filter(shop=shop).update(document=document)
    while outbox.drain(now=now()):
        pass
    return shop


def ask(shop: Shop, path: str, body: Any = None, *, method: str = "get") -> HttpResponse:
    headers = {"Authorization": f"Bearer {embedded_token(shop)}"}
    return getattr(Client(), method)(path, body, headers=headers)


def save(shop: Shop, **fields: Any) -> HttpResponse:
    return ask(shop, "/dashboard/store/", fields, method="post")


def hear(shop: Shop, order_id: str) -> None:
    seen = notice(shop, "order.updated", at=now(), data={"orderId": order_id})
    record(shop=shop, observations=seen, at=now())


def balance(shop: Shop) -> int:
    return sum(Member.objects.filter(shop=shop).values_list("available", flat=True))


@pytest.mark.parametrize("status", OWN_STATUSES)
def test_an_own_status_is_no_payment_until_the_merchant_says_so(stand_in: StandIn, shop: Shop, status: str) -> None:
    placed = stand_in.order(shop, pay=False, at=(now() - timedelta(minutes=9)).isoformat())
    stand_in.of(shop, f"/orders/{placed['id']}/status", {"payment": status, "at": now().isoformat()})
    hear(shop, placed["id"])
    assert balance(shop) == 0
    assert save(shop, paid=status).status_code == 200
    while outbox.drain(now=now()):
        pass
    assert balance(shop) == 45, "Orders that are there already are read again."
    assert save(shop).status_code == 200
    while outbox.drain(now=now()):
        pass
    assert balance(shop) == 0


def test_what_is_not_changed_reads_nothing_again(shop: Shop) -> None:
    save(shop, paid=OWN_STATUSES[0])
    OutboxMessage.objects.filter(shop=shop).delete()
    save(shop, paid=OWN_STATUSES[0], **{"perk-silver": "5"})
    assert not OutboxMessage.objects.filter(shop=shop).exists()
    assert EcwidStore.objects.get(shop=shop).perks == {"silver": 5}


@pytest.mark.parametrize("typed", ["91", "-5", "5.5", "many", "٥"])
def test_a_percentage_that_is_none_is_said_beside_it_and_nothing_is_kept(shop: Shop, typed: str) -> None:
    answer = save(shop, paid=OWN_STATUSES[0], tiers="on", **{"perk-silver": typed})
    assert answer.status_code == 422
    assert "A whole number from 0 to 90." in answer.content.decode()
    kept = EcwidStore.objects.get(shop=shop)
    assert (kept.paid_statuses, kept.tier_groups, kept.perks) == ([], False, {})


def test_a_status_that_is_no_own_one_cannot_be_made_a_payment(shop: Shop) -> None:
    save(shop, paid=["CANCELLED", "REFUNDED", "INCOMPLETE"])
    assert EcwidStore.objects.get(shop=shop).paid_statuses == []


def test_what_the_store_refuses_is_said_and_the_rest_is_kept(stand_in: StandIn, shop: Shop) -> None:
    stand_in.faults({"path": "/storage/", "status": 503})
    answer = save(shop, cart="on", tiers="on")
    assert answer.status_code == 409
    assert "outage" in answer.content.decode()
    kept = EcwidStore.objects.get(shop=shop)
    assert (kept.cart_discounts, kept.tier_groups) == (False, True)
    assert save(shop, cart="on", tiers="on").status_code == 200
    assert EcwidStore.objects.get(shop=shop).cart_discounts
    save(shop)
    kept.refresh_from_db()
    assert (kept.cart_discounts, kept.tier_groups) == (False, False)


def test_a_store_of_another_platform_has_no_such_page(shop: Shop, settings: Settings) -> None:
    other = make_shop(platform="shopify")
    assert ask(other, "/dashboard/store/").status_code == 404
    assert save(other, cart="on").status_code == 404
    assert not EcwidStore.objects.filter(shop=other).exists()


# No page names the platform


class Shown(HTMLParser):
    """What a person sees or hears of a page: its text, and the attributes that are read out."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.inside = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside += tag in ("script", "style")
        self.words += [value or "" for name, value in attrs if name in ("title", "alt", "placeholder", "aria-label")]

    def handle_endtag(self, tag: str) -> None:
        self.inside -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self.inside:
            self.words.append(data)


def shown(answer: HttpResponse) -> str:
    parser = Shown()
    parser.feed(answer.content.decode())
    return " ".join(parser.words)


def test_no_page_inside_the_admin_names_the_platform_or_its_owner(
    stand_in: StandIn, shop: Shop, settings: Settings
) -> None:
    placed = stand_in.order(shop, lines=[{"sku": "TYPEW"}], at=(now() - timedelta(minutes=9)).isoformat())
    hear(shop, placed["id"])
    member = Member.objects.get(shop=shop)
    taken = redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="k", at=now())
    delivery = InboxDelivery.objects.create(
        shop=shop, delivery_id="d", topic="order.created", body=b"{}", state="dead", due_at=now(), received_at=now()
    )
    asked = reconciliations.ask(shop=shop, number=placed["id"], asked_by="the shop", at=now())
    values = {
        "member_id": member.pk,
        "fact_id": StoredFact.objects.get(shop=shop, kind="order").pk,
        "redemption_id": taken.pk,
        "delivery_id": delivery.pk,
        "comparison_id": asked.pk,
    }
    pages = []
    for pattern in urls.urlpatterns:
        names = re.findall(r"<\w+:(\w+)>", str(pattern.pattern))
        if set(names) <= set(values):
            path = reverse(f"dashboard:{pattern.name}", kwargs={name: values[name] for name in names})
            pages.append(ask(shop, path))
    settings.SESSION_COOKIE_SECURE = False
    for pattern in ecwid_urls.urlpatterns:
        path = reverse(f"ecwid:{pattern.name}")
        pages += [Client().get(path), Client().get(path, {"payload": "x", "code": "abc", "store_id": "1003"})]
        pages.append(Client().post(path, {"fragment": "7b7d", "store_id": "x", "access_token": "y"}))
    assert sum(page.status_code == 200 for page in pages) > 12
    for page in pages:
        text = shown(page).replace("/widget/v1/ecwid.js", "")  # the address of our own script, to be copied
        assert not re.search(r"ecwid|lightspeed", text, re.IGNORECASE), page.wsgi_request.path
