"""Products and collections by name, for the fields of the program that hold their ids: from the shop's own orders, and
from its platform where that can be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from loyalty.dashboard.access import embedded
from loyalty.dashboard.pages import asked, page
from loyalty.engine.errors import LoyaltyError, TooMany
from loyalty.models import Shop
from loyalty.platforms import http
from loyalty.platforms.base import CATALOGUES, Catalogue, Goods
from loyalty.platforms.registry import platform_of
from loyalty.selectors.catalogue import sold_lately
from loyalty.services import limits
from loyalty.services.catalogue import keep_titles

SEARCH_CHARACTERS = 100
LEAST_CHARACTERS = 2
SHOWN = 10
ASKED_SECONDS = 4.0
ASKS, ASKS_SECONDS = 120, 60


@dataclass(frozen=True, slots=True)
class Search:
    found: list[Goods]
    note: str = ""
    """What was not asked, and why."""


@embedded
@require_GET
def program_goods(request: HttpRequest, part: str) -> HttpResponse:
    """What fits the words typed so far; no more than a start where too little is typed."""
    if part not in CATALOGUES:
        raise Http404
    shop, _fmt, now = asked(request)
    typed = "".join(each for each in request.GET.get("q", "") if each.isprintable()).strip()[:SEARCH_CHARACTERS]
    search = _search(shop, part, typed, now) if len(typed) >= LEAST_CHARACTERS else None
    context = {"page": "program", "part": part, "typed": typed, "search": search}
    return page(request, "program_goods", context)


def _search(shop: Shop, part: Catalogue, typed: str, now: datetime) -> Search:
    sold = {each.id: each for each in (_sold(shop, typed) if part == "products" else [])}
    try:
        limits.hit(f"goods:{shop.pk}", limit=ASKS, window_seconds=ASKS_SECONDS, at=now)
    except TooMany:
        return _unasked(part, sold, _("Your store can be asked only so many times a minute. Wait a minute and search again."))  # fmt: skip
    try:
        with http.within(ASKED_SECONDS):
            named = platform_of(shop).goods_named(shop, part, typed)
    except LoyaltyError:
        return _unasked(part, sold, _("Your store did not answer. An id can be typed as well."))
    if named is None:
        return _unasked(part, sold, _("Your store’s catalogue can’t be asked. An id can be typed as well."))
    keep_titles(shop=shop, part=part, titles={each.id: each.title for each in named})
    return Search(list({each.id: each for each in (*named, *sold.values())}.values())[:SHOWN])


def _unasked(part: Catalogue, sold: Mapping[str, Goods], why: str) -> Search:
    """What the orders know: products, but no collections."""
    if part != "products":
        return Search([], why)
    known = _("These are from your orders.") if sold else _("Nothing in your orders has such a name.")
    return Search(list(sold.values())[:SHOWN], f"{known} {why}")


def _sold(shop: Shop, typed: str) -> list[Goods]:
    words = typed.casefold().split()
    return [
        Goods(product, title)
        for product, title in sold_lately(shop=shop).items()
        if product == typed or all(word in title.casefold() for word in words)
    ]
