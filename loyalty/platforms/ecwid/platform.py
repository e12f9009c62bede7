"""Ecwid as the rest of the house asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings

from loyalty.engine.errors import Invalid, Unauthorized
from loyalty.engine.program import Reward
from loyalty.engine.rewards import OURS
from loyalty.models import Credential, Redemption, Shop
from loyalty.platforms import fulfilment
from loyalty.platforms.base import Catalogue, Delivery, Shown, Signed
from loyalty.platforms.ecwid import history, parse, rewards, signature, tiers
from loyalty.platforms.ecwid.payload import store_number
from loyalty.platforms.permits import Permits
from loyalty.services.observations import Found, Observation, OrderSeen, Unreadable


class EcwidPlatform:
    """See loyalty.platforms.base.Platform."""

    name = "ecwid"

    def read_webhook(self, *, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Signed:
        """By the app's own secret without a query; only what that does not sign is tried with the secret of the store's
        custom app, where its merchant gave us one - a secret that can speak for this one store alone."""
        try:
            signed = signature.read(headers=headers, body=body, client_secret=settings.ECWID_CLIENT_SECRET)
        except Unauthorized:
            secret = _own_secret(body) if headers.get(signature.HEADER) else ""
            if not secret:
                raise
            signed = signature.read(headers=headers, body=body, client_secret=secret)
        signature.refuse_old(signed, now=datetime.now(UTC))
        return signed

    def parse(self, shop: Shop, delivery: Delivery) -> list[Observation]:
        return parse.parse(shop, delivery)

    def orders_changed(self, shop: Shop, *, since: datetime) -> Iterator[OrderSeen | Unreadable]:
        return history.orders_changed(shop, since=since)

    def order_numbered(self, shop: Shop, number: str) -> OrderSeen | Unreadable | None:
        return history.order_numbered(shop, number)

    def history(self, shop: Shop) -> Iterator[Found]:
        return history.history(shop)

    def issue(self, shop: Shop, redemption: Redemption) -> str:
        return rewards.issue(shop, redemption)

    def revoke(self, shop: Shop, redemption: Redemption) -> None:
        rewards.revoke(shop, redemption)

    def cannot_carry(self, permits: Permits, reward: Reward) -> str:
        if reward.kind in OURS:
            return fulfilment.cannot_carry(permits, reward)
        return rewards.cannot_carry(reward)

    def show_members(self, shop: Shop, shown: Sequence[Shown]) -> None:
        """Nothing: the storefront has no place that reads it."""

    def apply_code_url(self, shop: Shop, redemption: Redemption) -> str:
        """None: no address and no documented script call puts a coupon into a cart, so shoppers copy the code."""
        return ""

    def goods_named(self, shop: Shop, part: Catalogue, typed: str) -> None:
        """The app asks for no permission to read the catalogue (docs.ecwid.com "Access scopes": read_catalog)."""

    def keep_access(self, shop: Shop) -> None:
        """Nothing to do: a token lives for as long as the app is installed."""

    def carry_tiers(self, *, now: datetime) -> int:
        return tiers.carry_tiers(now=now)

    def browser_origins(self, shop: Shop) -> list[str]:
        if settings.ECWID_STOREFRONT_ORIGIN:
            return [settings.ECWID_STOREFRONT_ORIGIN.format(store=shop.external_id)]
        parts = urlsplit(shop.storefront_url)
        return [f"{parts.scheme}://{parts.netloc}"] if parts.scheme in ("http", "https") and parts.netloc else []


def _own_secret(body: bytes) -> str:
    try:
        store = store_number(signature.event_of(body).get("storeId"))
    except Invalid:
        return ""
    kept = Credential.objects.across_shops().filter(shop__platform=Shop.Platform.ECWID, shop__external_id=store)
    return kept.values_list("client_secret", flat=True).first() or ""
