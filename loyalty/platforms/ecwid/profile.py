"""What the store says about itself: GET /profile, which every token may read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from loyalty.engine.errors import Unauthorized
from loyalty.platforms.ecwid.client import Client
from loyalty.platforms.ecwid.payload import store_number
from loyalty.platforms.money import exponent_of
from loyalty.platforms.reading import mapping, text
from loyalty.services.observations import StoreProfile


def read_profile(client: Client) -> StoreProfile:
    """Raises Unauthorized where the token is dead or belongs to another store, Invalid for a profile without currency,
    and what the client raises."""
    data = client.get("profile")
    general = mapping(data.get("generalInfo"), "generalInfo")
    if store_number(general.get("storeId")) != client.store:
        raise Unauthorized("The access token belongs to another store.", code="token")
    return _profile(client.store, data, general)


def _profile(store: str, data: Mapping[str, Any], general: Mapping[str, Any]) -> StoreProfile:
    formats = mapping(data.get("formatsAndUnits"), "formatsAndUnits")
    account, named, languages = (_part(data, name) for name in ("account", "settings", "languages"))
    currency = text(formats.get("currency"), max_length=3)
    # currencyPrecision is how the storefront prints amounts, which a merchant may change; the currency decides.
    exponent = exponent_of(currency)
    return StoreProfile(
        external_id=store,
        name=text(named.get("storeName"), max_length=255)
        or text(account.get("accountName"), max_length=255)
        or f"Store {store}",
        email=text(account.get("accountEmail"), max_length=320),
        currency=currency,
        exponent=exponent,
        time_zone=_time_zone(formats.get("timezone")),
        locale=text(languages.get("defaultLanguage"), max_length=16) or "en",
        storefront_url=_storefront(general.get("storeUrl")),
    )


def _part(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def _time_zone(value: Any) -> str:
    name = text(value, max_length=64)
    try:
        return ZoneInfo(name).key if name else "UTC"
    except (KeyError, ValueError, OSError):
        return "UTC"


def _storefront(value: Any) -> str:
    url = text(value, max_length=500)
    return url if urlsplit(url).scheme in ("http", "https") and urlsplit(url).netloc else ""
