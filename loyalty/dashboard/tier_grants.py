"""A tier given by hand: until a day and for a reason, and taken back again."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from loyalty.dashboard import rows as row_of
from loyalty.dashboard.access import embedded
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.member_page import member_context
from loyalty.dashboard.pages import actor, asked, page
from loyalty.dashboard.refusals import refusal_text
from loyalty.dashboard.tier_card import grant_told
from loyalty.dashboard.typed import FORM_KEY
from loyalty.dashboard.views import MAX_ID, member_of
from loyalty.engine.errors import Invalid, NotFound
from loyalty.engine.tiers import Level
from loyalty.models import Member, Shop
from loyalty.selectors.members import open_grants
from loyalty.selectors.programs import version_in_force
from loyalty.services.tier_grants import grant_tier, take_back

REASON_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Granting:
    """What was typed, and what is wrong with it by field. `last_day` is the last one on which it holds."""

    key: str
    tier: str = ""
    last_day: str = ""
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    def refused(self, error: Invalid) -> Granting:
        return replace(self, errors={error.place or "tier": refusal_text(error)})


@embedded
@require_http_methods(["GET", "POST"])
def tier_grant(request: HttpRequest, member_id: int) -> HttpResponse:
    """The form, with what was given before; it brings its own key, so that a second press adds nothing."""
    shop, fmt, now = asked(request)
    found = member_of(shop, member_id)
    if request.method == "GET":
        return _page(request, shop, found, fmt, now, Granting(str(uuid.uuid4())))
    form = _read(request.POST)
    if form.errors:
        return _page(request, shop, found, fmt, now, form)
    try:
        grant_tier(
            shop=shop,
            member_id=found.pk,
            tier=form.tier,
            until=_end_of(form.last_day, fmt),
            actor=actor(request),
            reason=form.reason,
            key=f"form:{form.key}",
            at=now,
        )
    except Invalid as error:
        return _page(request, shop, found, fmt, now, form.refused(error))
    names = {level.id: level.name for level in _levels(shop, now)}
    words = {"name": row_of.name_of(found), "tier": names.get(form.tier, form.tier)}
    found.refresh_from_db()
    context = member_context(shop, found, fmt, now, show="", skip=0)
    response = page(request, "member", context | {"toast": _("%(name)s has %(tier)s.") % words})
    response["HX-Push-Url"] = reverse("dashboard:member", args=[found.pk])
    return response


@embedded
@require_POST
def tier_grant_end(request: HttpRequest, member_id: int, fact_id: int) -> HttpResponse:
    shop, fmt, now = asked(request)
    found = member_of(shop, member_id)
    try:
        take_back(shop=shop, member_id=found.pk, fact_id=min(fact_id, MAX_ID), at=now)
    except NotFound:
        raise Http404 from None
    response = _page(request, shop, found, fmt, now, Granting(str(uuid.uuid4())), _("It is taken back."))
    response["HX-Push-Url"] = reverse("dashboard:tier_grant", args=[found.pk])
    return response


def _levels(shop: Shop, now: datetime) -> tuple[Level, ...]:
    version = version_in_force(shop, now)
    return version.program.tiers if version else ()


def _page(
    request: HttpRequest, shop: Shop, found: Member, fmt: Format, now: datetime, form: Granting, toast: str = ""
) -> HttpResponse:
    levels = _levels(shop, now)
    names = {level.id: level.name for level in levels}
    grants = open_grants(shop=shop, member=found, at=now)
    context = {
        "member": row_of.member_row(found, fmt),
        "guest": found.external_id is None,
        "tier": names.get(found.tier, ""),
        "levels": levels,
        "form": form,
        "grants": [(pk, grant_told(grant, names, fmt, now)) for pk, grant in grants],
        "today": fmt.local(now).date().isoformat(),
        "toast": toast,
    }
    response = page(request, "tier_grant", context, status=422 if form.errors else 200)
    if form.errors:
        response["HX-Push-Url"] = "false"  # a refused form is no step to go back to
    return response


def _read(posted: Mapping[str, str]) -> Granting:
    form = Granting(
        key=posted.get("key", ""),
        tier=posted.get("tier", "")[:64],
        last_day=posted.get("last_day", "").strip()[:10],
        reason=posted.get("reason", "").replace("\x00", "").strip()[:REASON_CHARACTERS],
    )
    errors: dict[str, str] = {}
    if not form.tier:
        errors["tier"] = _("Choose one of the program’s tiers.")
    if form.last_day and _day(form.last_day) is None:
        errors["until"] = _("Choose a day, such as 2026-12-31.")
    if not form.reason:
        errors["reason"] = _("Say why, for whoever looks later.")
    if not FORM_KEY.fullmatch(form.key):
        errors["tier"] = _("This form has lost its number. Open it again from the member’s page.")
    return replace(form, errors=errors)


def _day(typed: str) -> date | None:
    try:
        found = date.fromisoformat(typed)
    except ValueError:
        return None
    return found if 2000 <= found.year < 2100 else None


def _end_of(typed: str, fmt: Format) -> datetime | None:
    """When the day is over in the shop; None for no day."""
    day = _day(typed)
    return datetime.combine(day + timedelta(days=1), time(), fmt.zone) if day else None
