"""The theme app extension: our modules as its assets, which Shopify serves from its own network; the extension beside an
order; and the app's configuration as the platform's command line reads it. All are made from what is here already."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from django.conf import settings

from loyalty.platforms.shopify.client import API_VERSION
from loyalty.platforms.shopify.showing import BALANCE, TIER
from storefront_widget.assets import assets

EXTENSIONS = Path(__file__).resolve().parent / "shopify" / "extensions"
EXTENSION = EXTENSIONS / "regulars"
ORDER_NOTE = EXTENSIONS / "regulars-order"
LEFT_OUT = ("ecwid.js",)
TOPICS = (
    "app/scopes_update",
    "app/uninstalled",
    "app_subscriptions/update",
    "bulk_operations/finish",
    "customers/create",
    "customers/update",
    "orders/cancelled",
    "orders/create",
    "orders/fulfilled",
    "orders/paid",
    "orders/updated",
    "refunds/create",
)
COMPLIANCE_TOPICS = ("customers/data_request", "customers/redact", "shop/redact")
OPTIONAL_SCOPES = (
    "read_all_orders",
    "read_store_credit_accounts",
    "write_gift_cards",
    "write_store_credit_account_transactions",
)


def server_module() -> str:
    """Where the extension beside an order finds us; a module, since extensions of this kind read no configuration."""
    return f"export const SERVER = {json.dumps(settings.APP_URL)};\n"


def extension_assets() -> dict[str, bytes]:
    """By file name. Assets have no folders, so what lies in messages/ gets a name of its own."""
    return {
        _flat(name): re.sub(rb"(?<=[\"'`]\./)messages/", b"messages-", asset.body)
        for name, asset in assets().items()
        if name not in LEFT_OUT
    }


def _flat(name: str) -> str:
    return name.replace("/", "-")


def app_configuration() -> str:
    """shopify.app.toml from the settings. It names the app's client id and address, so it is written where the app is
    deployed from and never kept with the source."""
    optional = [scope for scope in OPTIONAL_SCOPES if scope not in settings.SHOPIFY_SCOPES]
    lines = [
        f"client_id = {_quoted(settings.SHOPIFY_API_KEY)}",
        'name = "Regulars"',
        'handle = "regulars"',
        f"application_url = {_quoted(settings.APP_URL + '/shopify/')}",
        "embedded = true",
        'extension_directories = ["extensions/*"]',
        "",
        "[access_scopes]",
        f"scopes = {_quoted(','.join(settings.SHOPIFY_SCOPES))}",
        f"optional_scopes = {_listed(optional)}",
        "",
        "[auth]",
        f"redirect_urls = {_listed([settings.APP_URL + '/shopify/callback'])}",
        "",
        "[webhooks]",
        f"api_version = {_quoted(API_VERSION)}",
        "",
        *_subscription("topics", TOPICS),
        *_subscription("compliance_topics", COMPLIANCE_TOPICS),
        "[app_proxy]",
        f"url = {_quoted(settings.APP_URL + '/shopify/proxy')}",
        'subpath = "loyalty"',
        'prefix = "apps"',
        *_metafield(BALANCE, "number_integer", "Points"),
        *_metafield(TIER, "single_line_text_field", "Tier"),
    ]
    return "\n".join(lines) + "\n"


def _subscription(key: str, topics: tuple[str, ...]) -> list[str]:
    return ["[[webhooks.subscriptions]]", f"{key} = {_listed(topics)}", 'uri = "/shopify/webhooks"', ""]


def _metafield(key: str, kind: str, name: str) -> list[str]:
    """App-owned, so that no other app writes it; the merchant reads it, and so does the theme."""
    access = ['access.admin = "merchant_read"', 'access.storefront = "public_read"']
    return ["", f"[customer.metafields.app.{key}]", f"type = {_quoted(kind)}", f"name = {_quoted(name)}", *access]


def _listed(values: Any) -> str:
    return "[" + ", ".join(_quoted(value) for value in values) + "]"


def _quoted(value: str) -> str:
    """A basic string of TOML."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", "", escaped) + '"'
