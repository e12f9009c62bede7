"""From a stored delivery to observations. Only the body was signed: what it says of topic and store was compared at the
door (see claims.py), and what cannot be undone is checked again here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from loyalty.engine.errors import Invalid
from loyalty.models import Shop
from loyalty.platforms.base import Delivery
from loyalty.platforms.reading import identifier, instant_or_none, mapping, parse_json
from loyalty.platforms.shopify import privacy
from loyalty.platforms.shopify.orders import read_order, read_person
from loyalty.platforms.shopify.records import Record
from loyalty.platforms.shopify.refunds import read_refund
from loyalty.services.observations import (
    HistoryGathered,
    NothingToDo,
    Observation,
    PersonSeen,
    RefundSeen,
    ShopUninstalled,
)

StillWelcome = Callable[[Shop], bool]

ORDER_TOPICS = ("orders/create", "orders/paid", "orders/updated", "orders/cancelled", "orders/fulfilled")

QUIET = {
    "orders/edited": "The order itself follows with its new lines.",
    "orders/delete": "A deleted order keeps what it earned; cancel or refund it first where it should not.",
}


def observations_of(shop: Shop, delivery: Delivery, still_welcome: StillWelcome) -> list[Observation]:
    """Raises Invalid with a sentence for the merchant. `still_welcome` asks Shopify whether our token works; it is
    called for an uninstall alone."""
    record = mapping(parse_json(delivery.body), "The message")
    topic = delivery.topic
    if topic in ORDER_TOPICS:
        return [read_order(record, shop.currency)]
    if topic == "refunds/create":
        refund = read_refund(record, shop.currency)
        return [RefundSeen(order_id=identifier(record.get("order_id"), "The refund's order"), refund=refund)]
    if topic in ("customers/create", "customers/update", "customers/enable", "customers/disable"):
        return [_person_seen(record, delivery.received_at)]
    if topic == "app/uninstalled":
        return [_uninstalled(shop, record, delivery, still_welcome)]
    if topic == "bulk_operations/finish":
        return [HistoryGathered()]  # whatever became of it, the import asks for itself
    if topic in privacy.TOPICS:
        return privacy.observations_of(shop, record, delivery, still_welcome)
    return [NothingToDo(why=QUIET.get(topic, "Not a message that changes points."))]


def _person_seen(record: Record, received_at: datetime) -> PersonSeen:
    """`state` is "enabled" once the customer has an account (unverified for the accounts that Shopify hosts itself)."""
    if record.get("created_at") is None or record.get("admin_graphql_api_id") is None:
        raise Invalid("The message was announced as a customer, but holds no whole one.")
    created_at = instant_or_none(record.get("created_at"), "created_at")
    changed_at = instant_or_none(record.get("updated_at"), "updated_at") or created_at or received_at
    signed_up = record.get("state") == "enabled"
    return PersonSeen(
        person=read_person(record),
        at=changed_at,
        signed_up_at=created_at if signed_up else None,
        subscribed_at=_subscribed_at(record, changed_at),
    )


def _subscribed_at(record: Record, changed_at: datetime) -> datetime | None:
    """Whether today's versions still send the consent with a customer is (unverified); where they don't, nobody is taken
    for a subscriber."""
    consent = record.get("email_marketing_consent")
    if not isinstance(consent, dict) or consent.get("state") != "subscribed":
        return None
    return instant_or_none(consent.get("consent_updated_at"), "consent_updated_at") or changed_at


def _uninstalled(shop: Shop, record: Record, delivery: Delivery, still_welcome: StillWelcome) -> Observation:
    """The body is the store; an old one may be sent again by anybody who has seen it. So its store must be this one,
    the time (a header, not signed) after the installation, and our token dead, which no replay can bring about."""
    for field in ("myshopify_domain", "domain"):
        told: Any = record.get(field)
        if isinstance(told, str) and told.lower().endswith(".myshopify.com") and told.lower() != shop.external_id:
            raise Invalid("The message about the uninstall names another store.")
    at = instant_or_none(delivery.meta.get("triggered_at"), "X-Shopify-Triggered-At") or delivery.received_at
    if at <= shop.installed_at:
        return NothingToDo(why="This uninstall is older than the present installation.")
    if still_welcome(shop):
        return NothingToDo(why="Shopify still accepts our token, so the app was not uninstalled.")
    return ShopUninstalled(at=at)
