"""Shopify as the rest of the house asks for it (see platforms/base.py)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from urllib.parse import quote, urlsplit

from loyalty.engine.errors import Refused, Unauthorized
from loyalty.engine.program import Reward
from loyalty.models import Redemption, Shop
from loyalty.platforms.base import Catalogue, Delivery, Goods, Shown, Signed
from loyalty.platforms.permits import Permits
from loyalty.platforms.reading import text
from loyalty.platforms.shopify import billing, discounts, goods, history, rewards, showing, standing, tokens
from loyalty.platforms.shopify.claims import claims_of
from loyalty.platforms.shopify.client import execute
from loyalty.platforms.shopify.collections import in_collections
from loyalty.platforms.shopify.parse import observations_of
from loyalty.platforms.shopify.shop_names import browser_origin, shop_domain
from loyalty.platforms.shopify.signatures import check_body
from loyalty.services.observations import Found, NothingToDo, Observation, OrderSeen, Unreadable

_TOPIC = re.compile(r"[a-z][a-z_./]{0,62}")
_DELIVERY_ID = re.compile(r"[!-~]{1,128}")
_LOOKS = {
    "shop/update": standing.look,
    "app/scopes_update": standing.look_at_scopes,
    "app_subscriptions/update": billing.look,
}
"""Topics that only say that there is something to ask for."""
_KEPT_HEADERS = ("api-version", "event-id", "triggered-at", "name", "handle", "action")


class ShopifyPlatform:
    name = "shopify"

    def read_webhook(self, *, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Signed:
        """Both header families are read: `x-shopify-*`, and `shopify-*` of the newer events."""
        check_body(body, _header(headers, "hmac-sha256"))
        store = shop_domain(_header(headers, "shop-domain"))
        topic = _header(headers, "topic").lower()
        if not _TOPIC.fullmatch(topic):
            raise Unauthorized("The webhook has no topic.", code="bad_topic")
        claims = claims_of(body, topic)
        delivery_id = _header(headers, "webhook-id")
        if not _DELIVERY_ID.fullmatch(delivery_id):
            delivery_id = hashlib.sha256(body).hexdigest()
        kept = {name.replace("-", "_"): text(_header(headers, name), max_length=128) for name in _KEPT_HEADERS}
        meta = {name: value for name, value in kept.items() if value}
        return Signed(
            store=store,
            delivery_id=delivery_id,
            topic=topic,
            meta=meta,
            told_store=claims.store,
            told_number=claims.number,
        )

    def parse(self, shop: Shop, delivery: Delivery) -> list[Observation]:
        if delivery.topic in _LOOKS:
            return [NothingToDo(why=_LOOKS[delivery.topic](shop))]
        return list(in_collections(shop, observations_of(shop, delivery, _still_welcome), tokens.utc_now()))

    def orders_changed(self, shop: Shop, *, since: datetime) -> Iterator[OrderSeen | Unreadable]:
        return in_collections(shop, history.orders_changed(shop, since=since), tokens.utc_now())

    def order_numbered(self, shop: Shop, number: str) -> OrderSeen | Unreadable | None:
        found = history.order_numbered(shop, number)
        return next(in_collections(shop, [found], tokens.utc_now())) if found else None

    def history(self, shop: Shop) -> Iterator[Found]:
        return in_collections(shop, history.everything(shop), tokens.utc_now())

    def issue(self, shop: Shop, redemption: Redemption) -> str:
        return rewards.issue(shop, redemption)

    def revoke(self, shop: Shop, redemption: Redemption) -> None:
        rewards.revoke(shop, redemption)

    def cannot_carry(self, permits: Permits, reward: Reward) -> str:
        return rewards.cannot_carry(permits, reward)

    def show_members(self, shop: Shop, shown: Sequence[Shown]) -> None:
        showing.show_members(shop, shown)

    def apply_code_url(self, shop: Shop, redemption: Redemption) -> str:
        """Shopify keeps the code in a cookie and applies it to this visit's cart."""
        if redemption.reward_data.get("kind") not in discounts.KINDS:
            return ""
        origin = shop.storefront_url.rstrip("/") or browser_origin(shop.external_id)
        return f"{origin}/discount/{quote(redemption.code, safe='')}?redirect=/cart"

    def goods_named(self, shop: Shop, part: Catalogue, typed: str) -> Sequence[Goods] | None:
        return goods.goods_named(shop, part, typed) if "read_products" in Permits(shop).scopes else None

    def keep_access(self, shop: Shop) -> None:
        tokens.keep_alive(shop, tokens.utc_now())

    def carry_tiers(self, *, now: datetime) -> int:
        """None: a tier has no place of its own here."""
        return 0

    def browser_origins(self, shop: Shop) -> list[str]:
        parts = urlsplit(shop.storefront_url)
        own = [f"{parts.scheme}://{parts.netloc}"] if parts.netloc else []
        return list(dict.fromkeys([*own, browser_origin(shop.external_id)]))


def _header(headers: Mapping[str, str], name: str) -> str:
    return headers.get(f"x-shopify-{name}") or headers.get(f"shopify-{name}") or ""


def _still_welcome(shop: Shop) -> bool:
    """Whether Shopify takes our token for this store: an uninstall ends all tokens at once."""
    try:
        execute(shop, "shop_profile")
    except (Unauthorized, Refused):
        return False
    return True
