"""Stores of the stand-in: what a merchant set up, and the profile that the REST API shows of it."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from loyalty.sandbox.ecwid.catalog import products_of_new_store
from loyalty.sandbox.ecwid.dates import stamp
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.store import Document, Store

SHOP = "ecwid.shop"
PRODUCT = "ecwid.product"

DECIMALS = dict.fromkeys(("JPY", "KRW", "VND", "CLP", "ISK", "XAF", "XOF", "PYG", "UGX"), 0) | dict.fromkeys(
    ("KWD", "BHD", "JOD", "OMR", "TND", "IQD", "LYD"), 3
)
PREFIXES = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "CAD": "C$", "AUD": "A$", "MXN": "MX$", "INR": "₹"}
FEATURES = ("CUSTOMER_GROUPS", "DISCOUNT_COUPONS", "DISCOUNTS", "PREMIUM", "API")


def create_shop(store: Store, fields: Document, at: datetime) -> Document:
    """Opens a store. `name` (or `id`) is the store's number; SandboxError says what is wrong with a field."""
    number = str(fields.get("id") or fields.get("name") or "").strip()
    if not number:
        number = str(store.next("ecwid.shop", start=1003))
    if not number.isascii() or not number.isdigit() or not 3 <= len(number) <= 12 or number.startswith("0"):
        raise SandboxError("an Ecwid store is named by its number, three to twelve digits, such as 1003")
    currency = str(fields.get("currency") or "EUR").upper()
    if len(currency) != 3 or not currency.isalpha():
        raise SandboxError("currency must be a code of three letters, such as EUR")
    timezone = str(fields.get("timezone") or "Europe/Lisbon")
    try:
        ZoneInfo(timezone)
    except (KeyError, ValueError):
        raise SandboxError(f"timezone is not known: {timezone}") from None
    precision = DECIMALS.get(currency, 2)
    shop: Document = {
        "id": int(number),
        "title": str(fields.get("title") or "Paper Heron"),
        "currency": currency,
        "precision": precision,
        "timezone": timezone,
        "email": str(fields.get("email") or f"owner@store{number}.example"),
        "locale": str(fields.get("locale") or "en"),
        "features": list(fields.get("features") or FEATURES),
        "suspended": False,
        "paid_plan": True,
        "shipping_minor": 0,
        "tax_percent": "0",
        "prices_include_tax": False,
        "order_prefix": str(fields.get("order_prefix") or ""),
        "created": stamp(at),
    }
    with store.transaction():
        if store.get(SHOP, "", number):
            raise SandboxError(f"store {number} is there already", 409)
        store.put(SHOP, "", number, shop)
        for product in products_of_new_store(precision):
            store.put(PRODUCT, number, product["id"], product, key=str(product["sku"]))
    return shop


def get_shop(store: Store, shop_id: str | int) -> Document:
    """The store's document; SandboxError (404) when there is none."""
    shop = store.get(SHOP, "", shop_id)
    if shop is None:
        raise SandboxError(f"there is no Ecwid store {shop_id}; create it with POST /_sandbox/ecwid/shops", 404)
    return shop


def save_shop(store: Store, shop: Document) -> None:
    store.put(SHOP, "", shop["id"], shop)


def all_shops(store: Store) -> list[Document]:
    return store.all(SHOP, "")


def products(store: Store, shop: Document) -> list[Document]:
    return store.all(PRODUCT, str(shop["id"]))


def formats(shop: Document) -> Document:
    """The `formatsAndUnits` of the profile."""
    currency = shop["currency"]
    prefix = PREFIXES.get(currency, "")
    return {
        "currency": currency,
        "currencyPrefix": prefix,
        "currencySuffix": "" if prefix else f" {currency}",
        "currencyGroupSeparator": ",",
        "currencyDecimalSeparator": ".",
        "currencyPrecision": shop["precision"],
        "currencyTruncateZeroFractional": False,
        "currencyRate": 1,
        "weightUnit": "KILOGRAM",
        "timeFormat": "HH:mm:ss",
        "dateFormat": "dd.MM.yyyy",
        "timezone": shop["timezone"],
        "orderNumberPrefix": shop["order_prefix"],
        "orderNumberSuffix": "",
    }


def profile(shop: Document, store_url: str) -> Document:
    """`GET /profile`; `store_url` is the storefront's address without a trailing slash."""
    number = shop["id"]
    return {
        "generalInfo": {
            "storeId": number,
            "storeUrl": f"{store_url}/products",
            "websitePlatform": "instantsite",
            "profileId": f"p{number}",
            "starterSite": {
                "ecwidSubdomain": f"store{number}",
                "generatedUrl": store_url,
                "ecwidSubdomainSuffix": "company.site",
                "slugsWithoutIdsEnabled": True,
            },
        },
        "account": {
            "accountName": shop["title"],
            "accountNickName": shop["title"],
            "accountEmail": shop["email"],
            "whiteLabel": False,
            "brandName": "Ecwid",
            "suspended": shop["suspended"],
            "registrationDate": shop["created"],
            "paid": shop["paid_plan"],
            "limitsAndRestrictions": {"maxProductLimit": 2500},
            "availableFeatures": shop["features"],
        },
        "settings": {"closed": False, "storeName": shop["title"]},
        "formatsAndUnits": formats(shop),
        "languages": {"enabledLanguages": [shop["locale"]], "defaultLanguage": shop["locale"]},
        "company": {"companyName": shop["title"], "email": shop["email"], "countryCode": "PT"},
    }
