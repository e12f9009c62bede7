"""The registered app, its installations in stores, its tokens and one-use codes, its storage."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from loyalty.sandbox.clock import now
from loyalty.sandbox.ecwid.dates import parse_when, stamp
from loyalty.sandbox.ecwid.switches import switches
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.store import Document, Store

APP = "ecwid"
INSTALLATION = "ecwid.installation"
TOKEN = "ecwid.token"
CODE = "ecwid.code"
STORAGE = "ecwid.storage"

SUBSCRIPTIONS = ("TRIAL", "ACTIVE", "SUSPENDED")
ALL_SCOPES = (
    "read_store_profile update_store_profile read_orders update_orders read_customers update_customers"
    " create_customers read_discount_coupons create_discount_coupons update_discount_coupons"
    " customize_storefront add_to_cp public_storefront customize_cart_calculation"
    " read_promotion create_promotion update_promotion delete_promotion read_reviews"
).split()
DEFAULT_SCOPES = ALL_SCOPES[:13]
URLS = {
    "redirect_url": "/ecwid/callback",
    "iframe_url": "/ecwid/app",
    "webhook_url": "/ecwid/webhooks",
    "custom_js_url": "/widget/v1/ecwid.js",
}


def registration(body: Document) -> Document:
    """The app as Ecwid's people register it; the addresses follow from `app_url` where they are left out.

    SandboxError says what is missing.
    """
    for name in ("client_id", "client_secret", "app_url"):
        if not isinstance(body.get(name), str) or not body[name]:
            raise SandboxError(f"{name} is required")
    if len(body["client_secret"]) < 16 or not body["client_secret"].isascii():
        raise SandboxError("client_secret needs at least 16 ASCII characters: the payload's key is cut from it")
    base = body["app_url"].rstrip("/")
    scopes = body.get("scopes", DEFAULT_SCOPES)
    if not isinstance(scopes, list) or (unknown := sorted(set(scopes) - set(ALL_SCOPES))):
        raise SandboxError(f"scopes is a list of names; not known: {', '.join(unknown)}")
    app = {
        "name": "Regulars",
        **{name: f"{base}{path}" for name, path in URLS.items()},
        **{name: value for name, value in body.items() if isinstance(value, str)},
    }
    return app | {"app_url": base, "scopes": sorted({*scopes, "read_store_profile"})}


def installation(store: Store, shop: Document) -> Document | None:
    """The app's installation in that store, or None."""
    return store.get(INSTALLATION, str(shop["id"]), APP)


def new_token(store: Store, shop: Document, client_id: str, scopes: list[str], at: datetime) -> Document:
    """A fresh secret token; it lives until it is revoked."""
    token: Document = {
        "token": f"secret_{secrets.token_urlsafe(24)}",
        "store_id": shop["id"],
        "client_id": client_id,
        "scopes": scopes,
        "created": stamp(at),
    }
    store.put(TOKEN, "", token["token"], token)
    return token


def install(store: Store, shop: Document, app: Document, scopes: list[str], at: datetime) -> Document:
    """Grants the scopes. While installed the token stays; a reinstall has a new one."""
    with store.transaction():
        granted = installation(store, shop)
        if granted is None or store.get(TOKEN, "", granted["token"]) is None:
            token = new_token(store, shop, app["client_id"], scopes, at)
            granted = {"token": token["token"], "installed": stamp(at), "status": "ACTIVE", "scopes": []}
        granted["scopes"] = sorted({*granted["scopes"], *scopes, "read_store_profile"})
        granted.pop("public_token", None)
        if "public_storefront" in granted["scopes"]:
            granted["public_token"] = f"public_{secrets.token_urlsafe(18)}"
        token = store.get(TOKEN, "", granted["token"]) or {}
        store.put(TOKEN, "", granted["token"], token | {"scopes": granted["scopes"]})
        store.put(INSTALLATION, str(shop["id"]), APP, granted)
    return granted


def uninstall(store: Store, shop: Document) -> Document:
    """Revokes the token and forgets the storage; returns what was installed. SandboxError when nothing was."""
    with store.transaction():
        granted = installation(store, shop)
        if granted is None:
            raise SandboxError(f"the app is not installed in store {shop['id']}", 409)
        store.delete(TOKEN, "", granted["token"])
        store.delete(INSTALLATION, str(shop["id"]), APP)
        store.delete(STORAGE, str(shop["id"]))
    return granted


def new_code(store: Store, shop: Document, redirect_uri: str, at: datetime) -> str:
    """A one-use code for the token endpoint."""
    code = secrets.token_urlsafe(24)
    ends = at + timedelta(seconds=switches(store)["code_ttl_seconds"])
    body = {"store_id": shop["id"], "redirect_uri": redirect_uri, "ends": stamp(ends), "used": False}
    store.put(CODE, "", code, body)
    return code


def trade_code(store: Store, shop: Document, app: Document, code: str, redirect_uri: str) -> Document:
    """The installation that the code stands for. SandboxError when the code is no good.

    A code that is used twice disables the token that it gave (Ecwid's authentication guide).
    """
    with store.transaction():
        kept = store.get(CODE, "", code)
        granted = installation(store, shop)
        if kept is None or kept["store_id"] != shop["id"] or granted is None:
            raise SandboxError("invalid_grant")
        replayed, expired = kept["used"], parse_when(kept["ends"]) <= now()
        if replayed:
            store.delete(TOKEN, "", granted["token"])
        store.put(CODE, "", code, kept | {"used": True})
    if replayed or expired or kept["redirect_uri"] != redirect_uri:
        raise SandboxError("invalid_grant")
    return granted


def token_response(shop: Document, granted: Document) -> Document:
    """The body of a successful `POST /oauth/token/{store_id}`."""
    response: Document = {
        "access_token": granted["token"],
        "token_type": "Bearer",
        "scope": " ".join(granted["scopes"]),
        "store_id": shop["id"],
        "email": shop["email"],
    }
    if "public_token" in granted:
        response["public_token"] = granted["public_token"]
    return response
