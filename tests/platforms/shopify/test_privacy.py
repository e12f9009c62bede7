"""Requests about people's data through the real door: a copy for the merchant, and nothing left of who is forgotten."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.utils import timezone
from pytest_django.fixtures import Settings

from config.logs import Line
from loyalty.models import (
    Credential,
    InboxDelivery,
    LedgerEntry,
    Member,
    OutboxMessage,
    PrivacyRequest,
    QueueState,
    Redemption,
    Shop,
    ShopperDevice,
    StoredFact,
)
from loyalty.services.adjustments import adjust
from loyalty.services.redemptions import redeem
from loyalty.services.shoppers import request_code
from loyalty.services.shops import uninstall
from loyalty.worker import inbox, outbox
from tests.dump import dump
from tests.factories import assert_books, make_shop
from tests.platforms.shopify import payloads as p
from tests.platforms.shopify.test_through_the_door import outcome, send, work

pytestmark = pytest.mark.django_db(transaction=True)

NAME, LAST, EMAIL = "Quillfeather", "Ostrander", "quill.ostrander@shopper.test"
PHONE, STREET, CITY = "+371 2055 7788", "Ganibu dambis 17-4", "Valmiermuiza"
WORDS = (NAME, LAST, EMAIL, PHONE, "37120557788", STREET, CITY)
QUILL = 8_800_123_456
FIRST, SECOND, GUEST_ORDER = 5_900_000_001, 5_900_000_002, 5_900_000_003


def address() -> dict[str, Any]:
    return {"first_name": NAME, "last_name": LAST, "address1": STREET, "city": CITY, "phone": PHONE}


def quill(**changes: Any) -> dict[str, Any]:
    gid = f"gid://shopify/Customer/{QUILL}"
    named = {"first_name": NAME, "last_name": LAST, "email": EMAIL.title(), "phone": PHONE}
    return p.customer(id=QUILL, admin_graphql_api_id=gid, default_address=address(), **named | changes)


def order(number: int = FIRST, **changes: Any) -> dict[str, Any]:
    whole = {
        "customer": quill(),
        "email": EMAIL,
        "contact_email": EMAIL,
        "phone": PHONE,
        "billing_address": address(),
        "shipping_address": address(),
        **changes,
    }
    return p.order(id=number, admin_graphql_api_id=f"gid://shopify/Order/{number}", **whole)


def request(shop: Shop, **changes: Any) -> dict[str, Any]:
    return {
        "shop_id": 954889,
        "shop_domain": shop.external_id,
        "customer": {"id": QUILL, "email": EMAIL, "phone": PHONE},
        **changes,
    }


def redact(shop: Shop, *orders: int, **changes: Any) -> dict[str, Any]:
    return request(shop, orders_to_redact=list(orders), **changes)


def data_request(shop: Shop, *orders: int) -> dict[str, Any]:
    return request(shop, orders_requested=list(orders), data_request={"id": 9999})


def settle(shop: Shop) -> None:
    """Inbox and outbox, until nothing of either is due within the hour."""
    for minutes in (0, 5, 30):
        now = timezone.now() + timedelta(minutes=minutes)
        while inbox.drain(now=now) + outbox.drain(now=now, kinds=outbox.SLOW):
            pass


@pytest.fixture
def logs() -> Iterator[io.StringIO]:
    written = io.StringIO()
    added = []
    for name, form in (("", Line("%(name)s %(message)s")), ("regulars", logging.Formatter("%(message)s"))):
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
def no_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """The import that an install leaves has no platform to ask here."""
    monkeypatch.setitem(outbox.HANDLERS, outbox.IMPORT, lambda row, now: None)


def life_of_quill() -> Shop:
    """Every way in which the house comes to know a person."""
    shop = make_shop()
    send(shop, quill(), "customers/create")
    send(shop, order(GUEST_ORDER, customer=None), "orders/paid")
    send(shop, order(), "orders/paid")
    send(shop, order(SECOND, line_items=[p.line(1, "900.00")], total_price="900.00"), "orders/paid")
    send(shop, order(currency="USD"), "orders/updated")  # cannot be used, and is kept to be looked at
    work(shop)
    member = Member.objects.get(shop=shop, external_id=str(QUILL))
    now = timezone.now()
    adjust(shop=shop, member_id=member.pk, points=5, actor="staff 7", reason=f"For {NAME}, {PHONE}", key="k", at=now)
    redeem(shop=shop, member_id=member.pk, reward_id="amount-off", request_key="r", at=now)
    Redemption.objects.filter(shop=shop).update(note=f"See you on Friday, {NAME}", failure=f"{LAST} was away")
    request_code(shop=shop, email=EMAIL, at=now)
    ShopperDevice.objects.create(shop=shop, member=member, token_hash="h", created_at=now, expires_at=now)
    staff = get_user_model().objects.create_user("staff")
    LogEntry.objects.create(
        user=staff,
        content_type=ContentType.objects.get_for_model(Member),
        object_id=str(member.pk),
        object_repr=str(member),
        action_flag=2,
        change_message=f"Called {PHONE}",
    )
    return shop


def sums(shop: Shop) -> list[tuple[object, ...]]:
    rows = LedgerEntry.objects.filter(shop=shop).order_by("pk")
    return list(rows.values_list("pk", "kind", "source", "points", "balance_after", "effective_at"))


def files_under(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and "sqlite" not in path.name)


def found_anywhere(logs: io.StringIO, folder: Path) -> set[str]:
    everything = "\n".join((dump(), logs.getvalue(), files_under(folder).decode(errors="replace"))).lower()
    return {word for word in WORDS if word.lower() in everything}


def test_after_a_redaction_no_table_log_or_file_knows_the_person(
    no_history: None, logs: io.StringIO, settings: Settings, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    shop = life_of_quill()
    send(shop, data_request(shop, FIRST), "customers/data_request")
    settle(shop)
    assert found_anywhere(io.StringIO(), tmp_path) >= {NAME, LAST, EMAIL, PHONE, STREET, CITY}
    before = sums(shop)
    send(shop, redact(shop, FIRST, SECOND), "customers/redact")
    settle(shop)
    assert found_anywhere(logs, tmp_path) == set()
    assert sums(shop) == before
    assert_books(shop)
    call_command("verify_ledger", stdout=io.StringIO())
    (asked,) = PrivacyRequest.objects.filter(shop=shop, kind="redact")
    assert (asked.state, asked.customer_id) == ("done", str(QUILL))
    assert not OutboxMessage.objects.filter(shop=shop, kind="privacy.forget").exclude(state=QueueState.DONE).exists()


LATE: dict[str, Callable[[], tuple[dict[str, Any], str]]] = {
    "an order we know": lambda: (order(updated_at="2026-09-01T10:00:00Z"), "orders/updated"),
    "an order we did not know": lambda: (order(FIRST + 77), "orders/paid"),
    "an order without its customer": lambda: (
        order(customer=None, updated_at="2026-09-01T10:00:00Z"),
        "orders/updated",
    ),
    "a guest's order": lambda: (order(GUEST_ORDER, customer=None, updated_at="2026-09-01T10:00:00Z"), "orders/updated"),
    "an old order of the guest that we did not know": lambda: (order(FIRST + 78, customer=None), "orders/paid"),
    "a refund": lambda: (
        p.refund(1, p.returned(1, "22.50"), order_id=FIRST, note=f"Called {PHONE}"),
        "refunds/create",
    ),
    "the customer": lambda: (quill(updated_at="2026-09-01T10:00:00Z"), "customers/update"),
    "an order that cannot be used": lambda: (order(currency="USD"), "orders/updated"),
}


@pytest.mark.parametrize("what", LATE)
def test_what_comes_late_brings_nobody_back(what: str, no_history: None, logs: io.StringIO, tmp_path: Path) -> None:
    shop = life_of_quill()
    send(shop, redact(shop, FIRST, SECOND, GUEST_ORDER), "customers/redact")
    settle(shop)
    people = Member.objects.filter(shop=shop).count()
    send(shop, *LATE[what]())
    settle(shop)
    assert found_anywhere(logs, tmp_path) == set()
    assert Member.objects.filter(shop=shop).count() == people
    assert_books(shop)
    call_command("verify_ledger", stdout=io.StringIO())


def test_an_order_goes_on_counting_for_the_nameless_member(no_history: None) -> None:
    shop = life_of_quill()
    send(shop, redact(shop, FIRST), "customers/redact")
    settle(shop)
    before = Member.objects.get(shop=shop, external_id=str(QUILL)).available
    gone = order(customer=None, email="", contact_email=None, updated_at="2026-09-01T10:00:00Z")
    send(shop, gone, "orders/updated")
    settle(shop)
    member = Member.objects.get(shop=shop, external_id=str(QUILL))
    assert member.available == before
    send(shop, {**gone, "cancelled_at": "2026-09-02T10:00:00Z", "updated_at": "2026-09-02T10:00:00Z"}, "orders/updated")
    settle(shop)
    member.refresh_from_db()
    assert member.available < before
    assert (member.name, member.email) == ("", "")


def test_somebody_forgotten_before_we_met_them_stays_unknown(no_history: None, logs: io.StringIO) -> None:
    shop = make_shop()
    send(shop, redact(shop, FIRST), "customers/redact")
    settle(shop)
    send(shop, quill(), "customers/update")
    send(shop, order(), "orders/paid")
    settle(shop)
    assert not Member.objects.filter(shop=shop).exists()
    assert not {word for word in WORDS if word.lower() in (dump() + logs.getvalue()).lower()}


def test_a_guest_who_orders_again_later_is_a_new_guest(no_history: None) -> None:
    shop = make_shop()
    send(shop, order(GUEST_ORDER, customer=None), "orders/paid")
    send(shop, redact(shop, GUEST_ORDER, customer={"id": None, "email": EMAIL, "phone": None}), "customers/redact")
    settle(shop)
    assert not Member.objects.filter(shop=shop, email=EMAIL).exists()
    later = (timezone.now() + timedelta(days=1)).isoformat()
    send(shop, order(FIRST, customer=None, processed_at=later, created_at=later, updated_at=later), "orders/paid")
    settle(shop)
    assert Member.objects.filter(shop=shop, email=EMAIL).count() == 1


def test_another_customer_with_other_numbers_loses_nothing(no_history: None) -> None:
    shop = life_of_quill()
    send(shop, p.order(), "orders/paid")
    settle(shop)
    send(shop, redact(shop, FIRST), "customers/redact")
    settle(shop)
    other = Member.objects.get(shop=shop, external_id=str(p.CUSTOMER_ID))
    assert (other.name, other.email) == ("Alma Berg", "alma@shopper.test")
    assert InboxDelivery.objects.filter(shop=shop, topic="orders/paid").exclude(body=b"").count() == 1


def test_a_request_for_a_copy_becomes_a_document_with_everything(no_history: None) -> None:
    shop = life_of_quill()
    assert send(shop, data_request(shop, FIRST), "customers/data_request") == 200
    settle(shop)
    (asked,) = PrivacyRequest.objects.filter(shop=shop)
    assert (asked.kind, asked.state, asked.request_id) == ("export", "done", "request:9999")
    document = json.loads(asked.document)
    account = next(person for person in document["people"] if person["customer_id"] == str(QUILL))
    assert (account["name"], account["email"]) == (f"{NAME} {LAST}", EMAIL)
    assert {fact["what"] for fact in account["what_happened"]} == {"order", "activity", "adjustment", "redemption"}
    rows = LedgerEntry.objects.filter(shop=shop, member__external_id=str(QUILL)).count()
    assert len(account["points_given_and_taken"]) == rows > 0
    assert account["rewards"][0]["note"] == f"See you on Friday, {NAME}"
    assert len(account["rewards"]) == len(account["signed_in_devices"]) == 1
    bodies = "".join(message["body"] for message in document["messages_from_the_store"])
    assert STREET in bodies
    assert PHONE in bodies
    delivered = InboxDelivery.objects.get(shop=shop, topic="customers/data_request")
    assert bytes(delivered.body) == b""  # the request holds the address, and the copy is what it was for


def test_a_request_that_comes_twice_is_one_request(no_history: None) -> None:
    shop = life_of_quill()
    for number in range(2):
        send(shop, data_request(shop, FIRST), "customers/data_request", delivery=f"d{number}")
    settle(shop)
    assert PrivacyRequest.objects.filter(shop=shop).count() == 1


CROSSED: dict[str, tuple[Callable[[Shop], Any], str]] = {
    "a copy as a redaction": (lambda shop: data_request(shop, FIRST), "customers/redact"),
    "a redaction as a copy": (lambda shop: redact(shop, FIRST), "customers/data_request"),
    "a customer as a redaction": (lambda shop: quill(), "customers/redact"),
    "a customer as a deletion": (lambda shop: quill(), "customers/delete"),
    "an order as a deletion": (lambda shop: order(), "customers/delete"),
    "an order as a redaction": (lambda shop: order(), "customers/redact"),
    "an order as a merge": (lambda shop: order(), "customers/merge"),
    "a customer as the store's": (lambda shop: redact(shop, FIRST), "shop/redact"),
    "another store's redaction": (
        lambda shop: redact(shop, FIRST, shop_domain="other.myshopify.com"),
        "customers/redact",
    ),
    "another store's end": (lambda shop: {"shop_id": 1, "shop_domain": "other.myshopify.com"}, "shop/redact"),
    "a redaction of nobody": (lambda shop: redact(shop, FIRST, customer=None), "customers/redact"),
    "a redaction of strange orders": (
        lambda shop: redact(shop) | {"orders_to_redact": [{"id": 1}]},
        "customers/redact",
    ),
    "a deletion of no customer": (lambda shop: {"id": QUILL}, "customers/delete"),
}


STORED = {
    "a customer as a deletion",
    "a redaction of nobody",
    "a redaction of strange orders",
    "a deletion of no customer",
}
"""What the door cannot tell from what it should be."""


@pytest.mark.parametrize("what", CROSSED)
def test_a_body_under_another_topic_or_store_forgets_nobody(what: str, no_history: None) -> None:
    shop = life_of_quill()
    make, topic = CROSSED[what]
    before = InboxDelivery.objects.filter(shop=shop).count()
    if what in STORED:
        assert send(shop, make(shop), topic) == 200
        settle(shop)
        assert outcome(shop).state == QueueState.DEAD
    else:
        assert send(shop, make(shop), topic) == 401
        assert InboxDelivery.objects.filter(shop=shop).count() == before
    assert Member.objects.get(shop=shop, external_id=str(QUILL)).name == f"{NAME} {LAST}"
    assert not PrivacyRequest.objects.filter(shop=shop).exists()


def test_a_deleted_customer_is_forgotten(no_history: None) -> None:
    shop = make_shop()
    send(shop, quill(), "customers/create")
    gone = {"id": QUILL, "tax_exemptions": [], "admin_graphql_api_id": f"gid://shopify/Customer/{QUILL}"}
    send(shop, gone, "customers/delete")
    settle(shop)
    assert not {word for word in WORDS if word.lower() in dump().lower()}


def store_words(shop: Shop) -> tuple[str, ...]:
    return (shop.name, shop.email, shop.external_id, shop.storefront_url)


def test_a_store_that_left_is_forgotten_two_days_later(no_history: None, logs: io.StringIO, tmp_path: Path) -> None:
    shop, other = life_of_quill(), make_shop(name="Stayer")
    words = (*WORDS, *store_words(shop))
    before = sums(shop)
    uninstall(shop=shop, at=timezone.now())
    assert send(shop, {"shop_id": 1, "shop_domain": shop.external_id}, "shop/redact") == 200
    settle(shop)
    assert Member.objects.filter(shop=shop).exclude(name="").exists()  # they may come back for two days
    outbox.drain(now=timezone.now() + timedelta(hours=49), kinds=outbox.SLOW)
    everything = (dump() + logs.getvalue()).lower()
    assert not {word for word in words if word.lower() in everything}
    assert sums(shop) == before
    for table in (StoredFact, InboxDelivery, Credential, PrivacyRequest):
        assert not table.objects.filter(shop=shop).exists()
    call_command("verify_ledger", stdout=io.StringIO())
    assert Shop.objects.get(pk=other.pk).name == "Stayer"
    assert Credential.objects.filter(shop=other).exists()


def test_a_store_that_came_back_in_time_is_not_forgotten(no_history: None) -> None:
    shop = life_of_quill()
    uninstall(shop=shop, at=timezone.now())
    send(shop, {"shop_id": 1, "shop_domain": shop.external_id}, "shop/redact")
    settle(shop)
    Shop.objects.filter(pk=shop.pk).update(status=Shop.Status.ACTIVE)
    outbox.drain(now=timezone.now() + timedelta(hours=49), kinds=outbox.SLOW)
    assert Member.objects.get(shop=shop, external_id=str(QUILL)).name == f"{NAME} {LAST}"


def test_a_forgotten_store_that_returns_is_a_new_one(no_history: None) -> None:
    shop = life_of_quill()
    domain = shop.external_id
    uninstall(shop=shop, at=timezone.now())
    send(shop, {"shop_id": 1, "shop_domain": domain}, "shop/redact")
    settle(shop)
    outbox.drain(now=timezone.now() + timedelta(hours=49), kinds=outbox.SLOW)
    again = make_shop()
    Shop.objects.filter(pk=again.pk).update(external_id=domain)
    again.refresh_from_db()
    send(again, p.order(), "orders/paid")
    work(again)
    assert Member.objects.get(shop=again).available == 45
