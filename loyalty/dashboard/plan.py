"""The plan that a store has and those it may choose; only where whoever runs the app charges through Shopify."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from loyalty.dashboard.access import embedded, layout
from loyalty.dashboard.navigation import plans_offered
from loyalty.dashboard.refusals import refusal_text
from loyalty.engine.errors import LoyaltyError, NotFound
from loyalty.models import Shop
from loyalty.platforms.shopify import billing


@embedded
@require_http_methods(["GET", "POST"])
def plan(request: HttpRequest) -> HttpResponse:
    """GET asks Shopify what holds; POST prepares a plan and gives the way to Shopify's page, which no frame may show."""
    shop: Shop = request.shop  # type: ignore[attr-defined]
    if not plans_offered(shop):
        raise Http404
    confirm_url, error, current = "", "", None
    try:
        if request.method == "POST":
            confirm_url = billing.choose(shop, request.POST.get("plan", "")[:64])
        current = billing.refresh(shop)
    except NotFound:
        raise Http404 from None
    except LoyaltyError as refused:
        error = refusal_text(refused)
    context = {
        **layout(request),
        "page": "plan",
        "plans": [
            (each.name, _price(each), current is not None and current.plan == each.name) for each in billing.plans()
        ],
        "current": current,
        "confirm_url": confirm_url,
        "error": error,
    }
    return render(request, "dashboard/plan.html", context, status=409 if error else 200)


def _price(offered: billing.Plan) -> str:
    words = {"price": offered.price, "currency": offered.currency}
    told = (
        _("%(price)s %(currency)s a year") if offered.every == "yearly" else _("%(price)s %(currency)s every 30 days")
    )
    if not offered.trial_days:
        return told % words
    days = ngettext("%(days)s day to try it", "%(days)s days to try it", offered.trial_days)
    return f"{told % words}, {days % {'days': offered.trial_days}}"
