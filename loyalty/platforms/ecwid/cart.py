"""Carts that ask us what to take off: the store's server posts every change of a cart and waits five seconds.

Nothing signs such a question (docs.ecwid.com, "Discounts calculated on your server"). It comes to an address that nobody
can guess, and brings the app's storage along, in which lies a secret of this store; whether private keys still come
with it is (unverified). A wrong secret is nobody; without one a code gets its discount - whoever has a code could have
it anyway - and nothing is believed about who the shopper is. Points never move here: the order's notice moves them.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils.crypto import salted_hmac

from loyalty.engine.facts import Order
from loyalty.models import EcwidStore, Redemption, Shop
from loyalty.platforms.ecwid.amounts import amount_minor, as_number
from loyalty.platforms.ecwid.client import ShopClient
from loyalty.platforms.ecwid.hidden_fields import CODE, CODE_FIELD, LABEL, NONCE_FIELD, hidden_fields
from loyalty.platforms.ecwid.payload import store_number
from loyalty.platforms.ecwid.rewards import least_order_minor
from loyalty.platforms.reading import mapping, parse_json, text
from loyalty.services.redemptions import IN_CART, again_reason

STORAGE_KEY = "regulars"
MAX_QUESTION_BYTES = 2 * 1024 * 1024

_NONCE = re.compile(r"[0-9a-f]{32}")

Discount = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a cart says of itself. `goods_minor` is after the coupon. `is_proven`: the store's own server asked.
    `customer_id` is empty for a guest; the e-mail is whatever was typed and is not read."""

    shop: Shop
    customer_id: str
    goods_minor: int
    code: str
    nonce: str = field(repr=False)
    is_proven: bool


def address() -> str:
    """The path that an operator registers, the same for every store; it changes with SECRET_KEY."""
    key = salted_hmac("ecwid-cart", "address", algorithm="sha256").hexdigest()[:40]
    return f"/ecwid/discounts/{key}"


def read_question(raw: bytes) -> Question | None:
    """None for a store that never had us take points off, and where the secret is wrong. Raises Invalid for what is
    no question of a cart."""
    document = mapping(parse_json(raw), "The question")
    cart = mapping(document.get("cart"), "The cart")
    store = EcwidStore.objects.across_shops().filter(
        shop__platform=Shop.Platform.ECWID,
        shop__external_id=store_number(document.get("storeId")),
        shop__status=Shop.Status.ACTIVE,
    )
    kept = store.exclude(callback_secret="").select_related("shop").first()
    if kept is None:
        return None
    said = _secret_in(document.get("merchantAppSettings"))
    is_proven = bool(said) and hmac.compare_digest(said.encode(), kept.callback_secret.encode())
    shop = kept.shop
    if (said and not is_proven) or text(cart.get("currency"), max_length=3) not in ("", shop.currency):
        return None
    fields = hidden_fields(cart)
    number = cart.get("customerId")
    return Question(
        shop=shop,
        customer_id=str(number) if isinstance(number, int) and not isinstance(number, bool) and number > 0 else "",
        goods_minor=_goods(cart, shop),
        code=fields.get(CODE_FIELD, "").strip().upper(),
        nonce=fields.get(NONCE_FIELD, ""),
        is_proven=is_proven,
    )


def _goods(cart: Mapping[str, Any], shop: Shop) -> int:
    """Whether `discount` holds what we said ourselves a moment ago is (unverified), so it is left out."""
    subtotal = amount_minor(cart.get("subtotal"), shop.currency, "subtotal")
    return max(0, subtotal - amount_minor(cart.get("couponDiscount"), shop.currency, "couponDiscount"))


def _secret_in(stored: Any) -> str:
    """The value as it was stored: documents disagree on whether a write takes the bare value or an object with it."""
    kept = stored.get(STORAGE_KEY) if isinstance(stored, dict) else None
    if not isinstance(kept, str):
        return ""
    try:
        inner = json.loads(kept)
    except ValueError:
        return kept
    return str(inner.get("value", "")) if isinstance(inner, dict) else str(inner)


def discounts(question: Question, *, at: datetime) -> list[Discount]:
    """What the cart takes off. Only a code that works, of the customer whose cart it is where the store says whose."""
    found = Redemption.objects.filter(
        shop=question.shop, code=question.code, state=Redemption.State.READY, external_id=IN_CART, expires_at__gt=at
    )
    redemption = found.select_related("member").first() if CODE.fullmatch(question.code) else None
    if redemption is None or question.customer_id not in ("", redemption.member.external_id):
        return []
    if question.goods_minor < least_order_minor(redemption):
        return []
    value_minor = min(redemption.value_minor, question.goods_minor)
    if value_minor <= 0:
        return []
    discount: Discount = {
        "value": as_number(value_minor, question.shop.exponent),
        "type": "ABSOLUTE",
        "description": f"{LABEL} {redemption.code}",
    }
    products = redemption.reward_data.get("products")
    if products:
        discount["appliesToProducts"] = [int(each) for each in products]
    return [discount]


def proven_customer(question: Question) -> tuple[str, str] | None:
    """The nonce and the customer it proves. Only where the operator has seen that the store names a customer for people
    who are signed in and for nobody else (docs/ecwid.md): a guest must not become whoever's address was typed."""
    if not settings.ECWID_CART_SIGN_IN or not question.is_proven or not question.customer_id:
        return None
    return (question.nonce, question.customer_id) if _NONCE.fullmatch(question.nonce) else None


def charged_again(shop: Shop, order: Order) -> str:
    """A sentence for the merchant where the order took off points that another order had taken off (mark_used charges
    them again), or none."""
    rows = Redemption.objects.filter(shop=shop, code__in=order.discount_codes, external_id=IN_CART)
    redemption = rows.exclude(order_id__in=("", order.id)).first()
    return f"{again_reason(redemption, order)}; they were charged again." if redemption else ""


def switch_on(shop: Shop) -> None:
    """From now on sliders make no coupon: the cart takes the points off. Asked twice it changes nothing. Raises as the
    client does."""
    store, _ = EcwidStore.objects.get_or_create(shop=shop)
    secret = store.callback_secret or secrets.token_urlsafe(32)
    ShopClient(shop).post(f"storage/{STORAGE_KEY}", {"value": secret})
    EcwidStore.objects.filter(shop=shop).update(cart_discounts=True, callback_secret=secret)


def switch_off(shop: Shop) -> None:
    """From now on sliders are coupons again; what was promised to carts before is kept until it ends."""
    EcwidStore.objects.filter(shop=shop).update(cart_discounts=False)
