"""The last step of the first run: the widget in the shop's pages, and what is left to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from loyalty.dashboard.formatting import Format
from loyalty.models import Shop
from loyalty.platforms.shopify.shop_names import browser_origin, shop_domain
from loyalty.selectors.home import Desk, desk_of
from loyalty.selectors.programs import in_force_at, versions_of

EMBED = "launcher"
"""The block of the theme extension that draws the launcher, and with it the panel."""


@dataclass(frozen=True, slots=True)
class Todo:
    """One line of the checklist."""

    title: str
    about: str
    url: str
    is_done: bool
    outside: bool = False


def theme_editor_url(shop: Shop) -> str:
    """Shopify's theme editor with our embed switched on, waiting for the merchant's Save."""
    query = urlencode(
        {"context": "apps", "template": "index", "activateAppId": f"{settings.SHOPIFY_API_KEY}/{EMBED}"}, safe="/"
    )
    return f"{browser_origin(shop_domain(shop.external_id))}/admin/themes/current/editor?{query}"


def ecwid_snippet() -> str:
    return f'<script src="{settings.APP_URL}/widget/v1/ecwid.js" async></script>'


def widget_context(shop: Shop, fmt: Format, now: datetime) -> dict[str, Any]:
    versions = versions_of(shop)
    live = in_force_at(versions, now)
    on_shopify = shop.platform == Shop.Platform.SHOPIFY
    return {
        "live": live,
        "since": fmt.moment(live.in_force_from) if live else "",
        "editor_url": theme_editor_url(shop) if on_shopify else "",
        "embed": EMBED,
        "snippet": "" if on_shopify else ecwid_snippet(),
        "todos": setup_todos(shop, desk_of(shop=shop, since=versions[0].in_force_from, now=now)) if live else [],
    }


def setup_todos(shop: Shop, desk: Desk) -> list[Todo]:
    """What is left after the launch, in the order in which it helps."""
    return [
        Todo(
            _("Give the widget your colour and words"),
            _("It has ours until then."),
            reverse("dashboard:widget"),
            desk.has_widget_choices,
        ),
        Todo(
            _("Place an order in your shop and pay it"),
            _("It shows on Home seconds later, with the reason for its points."),
            shop.storefront_url,
            desk.has_order,
            outside=True,
        ),
        Todo(
            _("Redeem a reward as a shopper would"),
            _("Sign in to your shop, open the widget, and use the code in the cart."),
            shop.storefront_url,
            desk.has_redemption,
            outside=True,
        ),
    ]
