"""Where a merchant can go from every page: our own bar, and the platform's side bar where that takes it."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from loyalty.models import Shop


@dataclass(frozen=True, slots=True)
class Place:
    """A link of the navigation: the name of its address, its words, and the pages that stand under it."""

    address: str
    label: Promise | str
    pages: frozenset[str]


def _place(name: str, label: Promise | str, *under: str) -> Place:
    return Place(f"dashboard:{name}", label, frozenset((name, *under)))


_PLACES = (
    _place("home", _("Home"), "welcome", "goal", "start", "questions", "launch"),
    _place("program", _("Program"), "campaigns", "product_points"),
    _place("members", _("Members"), "member", "adjust", "birthday", "tier_grant", "notes", "friends"),
    _place("orders", _("Orders"), "order", "comparisons", "comparison"),
    _place(
        "redemptions", _("Redemptions"), "redemption_cancel", "todo", "todo_settle", "partner_codes", "partner_upload"
    ),
    _place("widget", _("Widget"), "start_widget"),
)
_STORE = _place("store", _("Store"))
_PLAN = _place("plan", _("Plan"))


def plans_offered(shop: Shop) -> bool:
    return shop.platform == Shop.Platform.SHOPIFY and bool(settings.SHOPIFY_BILLING_PLANS)


def places_of(shop: Shop) -> list[Place]:
    """The first is home."""
    found = list(_PLACES)
    if shop.platform == Shop.Platform.ECWID:
        found.append(_STORE)
    if plans_offered(shop):
        found.append(_PLAN)
    return found
