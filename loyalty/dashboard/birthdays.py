"""A member's birthday, corrected or taken away by staff: the member tells it once, and asks the store where it is wrong."""

from __future__ import annotations

from datetime import date, datetime

from babel.dates import get_month_names
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from loyalty.dashboard import rows as row_of
from loyalty.dashboard.access import embedded
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.member_page import member_context
from loyalty.dashboard.pages import asked, page
from loyalty.dashboard.views import member_of
from loyalty.engine.errors import Invalid
from loyalty.models import Member, Shop
from loyalty.selectors.ways_in import told_by
from loyalty.services.profiles import correct_birthday


@embedded
@require_http_methods(["GET", "POST"])
def birthday(request: HttpRequest, member_id: int) -> HttpResponse:
    shop, fmt, now = asked(request)
    found = member_of(shop, member_id)
    if request.method == "GET":
        return _form(request, shop, found, fmt, told_by(shop=shop, member=found, at=now).birthday)
    typed = _typed(request)
    try:
        correct_birthday(shop=shop, member_id=found.pk, birthday=typed, at=now)
    except Invalid:
        return _form(request, shop, found, fmt, typed, error=_("There is no such day. Choose a month and its day."))
    return _done(request, shop, found, fmt, now, typed)


def _typed(request: HttpRequest) -> str:
    """Empty where neither was chosen: it is not known any more."""
    month, day = (request.POST.get(name, "")[:2] for name in ("month", "day"))
    return f"{month.zfill(2)}-{day.zfill(2)}" if month or day else ""


def _form(request: HttpRequest, shop: Shop, found: Member, fmt: Format, known: str, error: str = "") -> HttpResponse:
    month, _dash, day = known.partition("-")
    names = get_month_names("wide", context="stand-alone", locale=fmt.locale)
    context = {
        "member": row_of.member_row(found, fmt),
        "months": [(f"{number:02}", name) for number, name in names.items()],
        "days": [f"{number:02}" for number in range(1, 32)],
        "month": month,
        "day": day,
        "error": error,
    }
    response = page(request, "birthday", context, status=422 if error else 200)
    if error:
        response["HX-Push-Url"] = "false"  # a refused form is no step to go back to
    return response


def _done(request: HttpRequest, shop: Shop, found: Member, fmt: Format, now: datetime, birthday: str) -> HttpResponse:
    words = {
        "name": row_of.name_of(found),
        "day": fmt.plain_day(date.fromisoformat(f"2000-{birthday}")) if birthday else "",
    }
    toast = (
        _("The birthday of %(name)s is %(day)s.") if birthday else _("The birthday of %(name)s is not known any more.")
    )
    found.refresh_from_db()
    context = member_context(shop, found, fmt, now, show="", skip=0) | {"toast": toast % words}
    response = page(request, "member", context)
    response["HX-Push-Url"] = reverse("dashboard:member", args=[found.pk])
    return response
