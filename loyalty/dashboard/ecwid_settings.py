"""What a merchant chooses for a store of this platform: own payment statuses, tiers as groups, points in the cart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from loyalty.dashboard.access import embedded, layout
from loyalty.dashboard.refusals import refusal_text
from loyalty.dashboard.typed import whole
from loyalty.engine.errors import LoyaltyError
from loyalty.engine.tiers import Level
from loyalty.models import BulkRead, EcwidStore, Shop
from loyalty.platforms.ecwid import cart, tiers
from loyalty.platforms.ecwid.orders import OWN_STATUSES
from loyalty.selectors.programs import version_in_force
from loyalty.services.outbox import leave

MOST_PERCENT = 90


@dataclass(frozen=True, slots=True)
class Choices:
    """What the form says; `wrong` names the tier whose percentage is none."""

    paid_statuses: list[str]
    tier_groups: bool
    perks: dict[str, int]
    cart_discounts: bool
    wrong: str = ""


@embedded
@require_http_methods(["GET", "POST"])
def store(request: HttpRequest) -> HttpResponse:
    """The form, and what it does. What the store refuses is said beside it, and the rest is kept."""
    shop: Shop = request.shop  # type: ignore[attr-defined]
    if shop.platform != Shop.Platform.ECWID:
        raise Http404
    levels = _levels(shop)
    kept, _made = EcwidStore.objects.get_or_create(shop=shop)
    if request.method == "GET":
        chosen = Choices(kept.paid_statuses, kept.tier_groups, kept.perks, kept.cart_discounts)
        return _page(request, levels, chosen)
    chosen = _read(request.POST, levels)
    if chosen.wrong:
        return _page(request, levels, chosen, status=422)
    try:
        _save(shop, kept, chosen)
    except LoyaltyError as error:
        return _page(request, levels, chosen, error=refusal_text(error), status=409)
    return _page(request, levels, chosen, toast=_("Saved."))


def _levels(shop: Shop) -> tuple[Level, ...]:
    version = version_in_force(shop, timezone.now())
    return version.program.tiers if version else ()


def _read(posted: QueryDict, levels: tuple[Level, ...]) -> Choices:
    perks: dict[str, int] = {}
    wrong = ""
    for level in levels:
        typed = posted.get(f"perk-{level.id}", "").strip().removesuffix("%").strip()
        percent = whole(typed or "0", MOST_PERCENT)
        if percent is None:
            wrong = wrong or level.id
        elif percent:
            perks[level.id] = percent
    return Choices(
        paid_statuses=[status for status in OWN_STATUSES if status in posted.getlist("paid")],
        tier_groups=posted.get("tiers") == "on",
        perks=perks,
        cart_discounts=posted.get("cart") == "on",
        wrong=wrong,
    )


def _save(shop: Shop, kept: EcwidStore, chosen: Choices) -> None:
    """First what needs no network. Another meaning of a status changes what old orders are worth, so the history is read
    again; the ledger gets the difference."""
    if chosen.paid_statuses != kept.paid_statuses:
        EcwidStore.objects.filter(shop=shop).update(paid_statuses=chosen.paid_statuses)
        BulkRead.objects.filter(shop=shop).delete()  # one that is under way begins anew
        leave(shop=shop, kind="history.import", subject="history", at=timezone.now())
    EcwidStore.objects.filter(shop=shop).update(perks=chosen.perks)
    if chosen.tier_groups:
        EcwidStore.objects.filter(shop=shop).update(tier_groups=True)
    elif kept.tier_groups:
        tiers.switch_off(shop)
    if chosen.cart_discounts and not kept.cart_discounts:
        cart.switch_on(shop)
    elif kept.cart_discounts and not chosen.cart_discounts:
        cart.switch_off(shop)


def _page(
    request: HttpRequest, levels: tuple[Level, ...], chosen: Choices, *, status: int = 200, **more: str
) -> HttpResponse:
    context: Mapping[str, Any] = {
        **layout(request),
        "page": "store",
        "chosen": chosen,
        "statuses": [(status, number, status in chosen.paid_statuses) for number, status in enumerate(OWN_STATUSES, 1)],
        "levels": [(level, chosen.perks.get(level.id, ""), level.id == chosen.wrong) for level in levels],
        "most": MOST_PERCENT,
        **more,
    }
    return render(request, "dashboard/store.html", context, status=status)
