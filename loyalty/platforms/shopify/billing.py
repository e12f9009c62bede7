"""Plans that a public app charges through Shopify; off unless the settings name some. Nothing is locked behind them.

The merchant chooses a plan, confirms it on Shopify's own page and comes back into the app. What holds is asked of Shopify -
when they come back, when a notice says that something changed -, never read from an address or a notice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings

from loyalty.engine.errors import Invalid, NotFound, Refused, Unauthorized, Unavailable
from loyalty.models import Shop, Subscription
from loyalty.platforms.reading import text
from loyalty.platforms.shopify import tokens
from loyalty.platforms.shopify.client import execute, user_errors

_PLAN = re.compile(
    r"(?P<name>.{1,40}?) (?P<price>\d{1,6}(?:\.\d{1,2})?) (?P<currency>[A-Z]{3}) (?P<every>monthly|yearly)"
    r"(?: (?P<trial>\d{1,3}))?"
)
_INTERVALS = {"monthly": "EVERY_30_DAYS", "yearly": "ANNUAL"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the settings offer: `Starter 9.00 USD monthly 14`, the last being free days to try it."""

    name: str
    price: Decimal
    currency: str
    every: str
    trial_days: int


def plans() -> list[Plan]:
    """Empty where nothing is charged. Raises Invalid for an entry of SHOPIFY_BILLING_PLANS that is none."""
    return [_read(entry) for entry in settings.SHOPIFY_BILLING_PLANS]


def _read(entry: str) -> Plan:
    found = _PLAN.fullmatch(entry)
    if found is None or Decimal(found["price"]) <= 0:
        raise Invalid(
            "SHOPIFY_BILLING_PLANS: {entry!r} is not of the form 'Starter 9.00 USD monthly 14'.",
            params={"entry": entry},
        )
    trial_days = int(found["trial"] or 0)
    price, every = Decimal(found["price"]), found["every"]
    return Plan(name=found["name"], price=price, currency=found["currency"], every=every, trial_days=trial_days)


def choose(shop: Shop, name: str) -> str:
    """The address of Shopify's page on which the merchant confirms the plan. Raises NotFound for a plan that is not
    offered, Refused where Shopify says no (a custom app may not charge)."""
    plan = next((each for each in plans() if each.name == name), None)
    if plan is None:
        raise NotFound("This plan is not offered.")
    payload: Any = execute(shop, "app_subscribe", subscription_input(shop, plan)).get("appSubscriptionCreate")
    errors = user_errors(payload)
    if errors:
        raise Refused("Shopify did not prepare the plan: {said}", params={"said": errors[0][1]})
    url = text(payload.get("confirmationUrl"), max_length=4096)
    if urlsplit(url).scheme != "https" and not (settings.SANDBOX_URL and urlsplit(url).scheme == "http"):
        raise Unavailable("Shopify prepared the plan without saying where it is confirmed.")
    return url


def subscription_input(shop: Shop, plan: Plan) -> dict[str, Any]:
    price = {"amount": str(plan.price), "currencyCode": plan.currency}
    details = {"price": price, "interval": _INTERVALS[plan.every]}
    return {
        "name": plan.name,
        "lines": [{"plan": {"appRecurringPricingDetails": details}}],
        "returnUrl": app_address(shop),
        "trialDays": plan.trial_days,
        "test": settings.SHOPIFY_BILLING_TEST,
    }


def app_address(shop: Shop) -> str:
    """The app inside the store's admin: whoever comes back proves who they are as at every opening."""
    store = shop.external_id.removesuffix(".myshopify.com")
    return f"{settings.SHOPIFY_ADMIN_URL}/store/{store}/apps/{settings.SHOPIFY_API_KEY}"


def refresh(shop: Shop) -> Subscription:
    """What holds now, as Shopify says it. A plan that was declined, cancelled or ended with an uninstall is none."""
    installation = execute(shop, "app_subscriptions").get("currentAppInstallation")
    listed = installation.get("activeSubscriptions") if isinstance(installation, dict) else None
    if not isinstance(listed, list):
        raise Unavailable("Shopify did not say which plan the store has.")
    active = next((each for each in listed if isinstance(each, dict)), {})
    values = {
        "plan": text(active.get("name"), max_length=64),
        "external_id": text(active.get("id"), max_length=255),
        "status": text(active.get("status"), max_length=16).lower(),
        "checked_at": tokens.utc_now(),
    }
    kept, _ = Subscription.objects.update_or_create(shop=shop, defaults=values)
    return kept


def look(shop: Shop) -> str:
    """For a notice. Raises Unavailable, Refused."""
    if not settings.SHOPIFY_BILLING_PLANS:
        return "Nothing is charged here."
    try:
        kept = refresh(shop)
    except Unauthorized as lost:
        return lost.message
    return f"The plan is {kept.plan} ({kept.status})." if kept.status else "The store has no plan."
