"""Shops, their goods, the app's registration and its installations."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from loyalty.sandbox.clock import iso, now
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.shopify.catalog import COLLECTIONS, GOODS, price_minor
from loyalty.sandbox.store import Document, Store

SHOP_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,59}")
RESERVED = frozenset({"admin", "cdn", "mail", "app", "my"})
# Beyond 2**53, as some of the real ones are: whoever reads them as a float loses digits and should see it here.
FIRST_ID = 610_200_000_000_000_000
ID_STEP = 32_769

DEFAULT_SCOPES = (
    "read_customers write_customers read_orders read_products write_discounts write_app_proxy read_all_orders"
).split()
TOPIC_SCOPES = {
    "orders/create": "read_orders",
    "orders/paid": "read_orders",
    "orders/updated": "read_orders",
    "orders/cancelled": "read_orders",
    "refunds/create": "read_orders",
    "customers/create": "read_customers",
    "customers/update": "read_customers",
    "customers/delete": "read_customers",
    "app/uninstalled": "",
    "app/scopes_update": "",
    "app_subscriptions/update": "",
    "shop/update": "",
    "bulk_operations/finish": "",
    "customers/data_request": "",
    "customers/redact": "",
    "shop/redact": "",
}


def new_id(store: Store) -> int:
    """A 64-bit id of 18 digits, unique over all kinds."""
    return store.next("shopify.id", start=FIRST_ID, step=ID_STEP)


def register_app(sandbox: Sandbox, body: Document) -> Document:
    """What a developer configures for an app; `app_url` gives the defaults of the addresses.

    Further keys: scopes, topics, application_url, webhook_url, proxy_url, redirect_urls, name, client_secret_old,
    distribution ("public" or "custom"), protected_customer_data (0, 1 or 2), revoke_on_refresh.
    """
    for name in ("client_id", "client_secret", "app_url"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise SandboxError(f"the app's registration needs {name}")
    base = body["app_url"].rstrip("/")
    if urlsplit(base).scheme not in ("http", "https"):
        raise SandboxError("app_url must be an address such as http://127.0.0.1:8000")
    app = {
        "name": "Regulars",
        "scopes": list(DEFAULT_SCOPES),
        "topics": list(TOPIC_SCOPES),
        "application_url": f"{base}/shopify/",
        "webhook_url": f"{base}/shopify/webhooks",
        "proxy_url": f"{base}/shopify/proxy",
        "redirect_urls": [f"{base}/shopify/callback"],
        "proxy_subpath": "loyalty",
        "client_secret_old": "",
        "distribution": "public",
        "protected_customer_data": 2,
        "revoke_on_refresh": False,
    } | body
    sandbox.store.put("app", "", "shopify", app)
    return {name: value for name, value in app.items() if "secret" not in name}


def create_shop(store: Store, body: Document) -> Document:
    """A new shop with Halfmoon's goods; SandboxError where the name is not one or is taken."""
    name = str(body.get("name", ""))
    if not SHOP_NAME.fullmatch(name) or name in RESERVED:
        raise SandboxError("name must be 2 to 60 of a-z, 0-9 and '-', and not one of " + ", ".join(sorted(RESERVED)))
    currency, timezone = str(body.get("currency", "USD")), str(body.get("timezone", "America/New_York"))
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise SandboxError("currency must be a code such as USD")
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        raise SandboxError(f"there is no time zone {timezone!r}") from None
    if body.get("plan", "standard") not in ("standard", "advanced", "plus", "enterprise"):
        raise SandboxError("plan is one of standard, advanced, plus, enterprise")
    domain = f"{name}.myshopify.com"
    with store.transaction():
        if store.get("shopify.shop", "", domain):
            raise SandboxError(f"there is a shop {domain} already", 409)
        shop: Document = {
            "id": new_id(store),
            "name": name,
            "domain": domain,
            "title": str(body.get("title", "Halfmoon Coffee")),
            "currency": currency,
            "timezone": timezone,
            "email": str(body.get("email", f"owner@{name}.example")),
            "owner": str(body.get("owner", "Robin Halfmoon")),
            "locale": str(body.get("locale", "en")),
            "plan": str(body.get("plan", "standard")),
            "taxes_included": bool(body.get("taxes_included", False)),
            "tax_percent": str(body.get("tax_percent", "0")),
            "shipping_minor": int(body.get("shipping_minor", 0)),
            "last_order_number": 1000,
            "created_at": iso(now()),
        }
        store.put("shopify.shop", "", domain, shop)
        _stock(store, shop)
    return shop


def _stock(store: Store, shop: Document) -> None:
    collections: dict[str, Document] = {}
    for handle, title in COLLECTIONS.items():
        collections[handle] = {"id": new_id(store), "handle": handle, "title": title}
        store.put("shopify.collection", shop["domain"], collections[handle]["id"], collections[handle], key=handle)
    for good in GOODS:
        product: Document = {
            "id": new_id(store),
            "handle": good.handle,
            "title": good.title,
            "kicker": good.kicker,
            "text": good.text,
            "vendor": shop["title"],
            "colour": good.colour,
            "art": good.art,
            "gift_card": good.gift_card,
            "collections": [collections[good.collection]["id"]],
            "collection_handle": good.collection,
            "variants": [],
        }
        for number, (title, cents) in enumerate(good.variants, start=1):
            variant = {
                "id": new_id(store),
                "title": title,
                "sku": f"{good.handle}-{number}".upper(),
                "price_minor": price_minor(cents, shop["currency"]),
            }
            product["variants"].append(variant)
        store.put("shopify.product", shop["domain"], product["id"], product, key=good.handle)


def shop_of(store: Store, shop: str) -> Document:
    """A shop by its myshopify domain or its bare name; SandboxError 404 where there is none."""
    domain = shop if "." in shop else f"{shop}.myshopify.com"
    found = store.get("shopify.shop", "", domain.lower())
    if found is None:
        raise SandboxError(f"there is no shop {shop!r}", 404)
    return found


def products(store: Store, shop: Document) -> list[Document]:
    return store.all("shopify.product", shop["domain"])


def variant_of(store: Store, shop: Document, variant_id: int) -> tuple[Document, Document]:
    """A variant and its product; SandboxError 404 where the shop does not sell it."""
    for product in products(store, shop):
        for variant in product["variants"]:
            if variant["id"] == variant_id:
                return product, variant
    raise SandboxError(f"the shop sells no variant {variant_id}", 404)


def installation(store: Store, shop: Document) -> Document | None:
    """The app's installation in a shop while it is installed, else None."""
    found = store.get("shopify.installation", "", shop["domain"])
    return found if found and not found["uninstalled_at"] else None


def grant(sandbox: Sandbox, shop: Document) -> Document:
    """The merchant installs the app and grants the scopes it is registered with."""
    app = sandbox.app("shopify")
    if not app:
        raise SandboxError("no app is registered; PUT /_sandbox/shopify/app first", 409)
    store = sandbox.store
    with store.transaction():
        before = store.get("shopify.installation", "", shop["domain"])
        installed: Document = {
            "id": before["id"] if before else new_id(store),
            "shop": shop["domain"],
            "scopes": list(app["scopes"]),
            "installed_at": iso(now()),
            "uninstalled_at": "",
            "embed_enabled": True,
        }
        store.put("shopify.installation", "", shop["domain"], installed)
    return installed


def has_scope(scopes: list[str], wanted: str) -> bool:
    """A write scope carries its read scope along."""
    return not wanted or wanted in scopes or (wanted.startswith("read_") and f"write_{wanted[5:]}" in scopes)


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def number_of(global_id: Any, kind: str) -> int | None:
    """The number of a gid of that kind, None where it is of another kind or none at all."""
    match = re.fullmatch(rf"gid://shopify/{kind}/([0-9]{{1,19}})(\?.*)?", str(global_id))
    return int(match[1]) if match else None
