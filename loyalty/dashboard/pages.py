"""What every view of the merchant's pages begins and ends with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from loyalty.dashboard.access import layout
from loyalty.dashboard.formatting import Format, format_for
from loyalty.models import Shop


def asked(request: HttpRequest) -> tuple[Shop, Format, datetime]:
    """Whose page it is, how that shop writes, and when it was asked."""
    shop: Shop = request.shop  # type: ignore[attr-defined]
    return shop, format_for(shop), timezone.now()


def page(request: HttpRequest, name: str, context: Mapping[str, Any], status: int = 200) -> HttpResponse:
    """The page's template, as a whole document or as the region that changes."""
    return render(request, f"dashboard/{name}.html", {**layout(request), "page": name, **context}, status=status)


def actor(request: HttpRequest) -> str:
    """Who asks, as far as the platform tells us."""
    staff_id = getattr(request, "staff_id", "")
    return _("staff %(number)s") % {"number": staff_id} if staff_id else _("the shop")
