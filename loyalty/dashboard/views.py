"""The merchant's pages. Each is a plain link or form; with script, only the region below the frame changes."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from loyalty.dashboard import comparisons as in_words
from loyalty.dashboard import rows as row_of
from loyalty.dashboard.access import embedded
from loyalty.dashboard.adjusting import Adjusting, empty_form, read_form
from loyalty.dashboard.first_run import welcome_context
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.home import home_context
from loyalty.dashboard.lines import entries_of, lines_of
from loyalty.dashboard.member_page import member_context
from loyalty.dashboard.order_rows import order_detail, order_row
from loyalty.dashboard.pages import actor as _actor
from loyalty.dashboard.pages import asked as _asked
from loyalty.dashboard.pages import page as _page
from loyalty.dashboard.privacy import copy_context, request_row
from loyalty.dashboard.program_text import points_of
from loyalty.dashboard.refusals import refusal_text
from loyalty.dashboard.typed import whole
from loyalty.engine.errors import Conflict, Invalid, Refused, TooMany
from loyalty.models import Member, PrivacyRequest, Reconciliation, Shop
from loyalty.selectors import dashboard as ask
from loyalty.selectors import personal_data
from loyalty.selectors import reconciliations as compared
from loyalty.selectors.order_outcomes import Posted, earned_nothing, folded_for, posted_for
from loyalty.selectors.programs import version_in_force, versions_of
from loyalty.selectors.reconciliations import Healed
from loyalty.services import limits
from loyalty.services.adjustments import adjust as adjust_points
from loyalty.services.privacy import handed_over
from loyalty.services.reconciliations import LOOK_UP, RECONCILE
from loyalty.services.reconciliations import ask as ask_platform
from loyalty.services.redemptions import cancel
from loyalty.services.replaying import left_to_replay, replay_message, replay_undone
from loyalty.worker.inbox import replay
from loyalty.worker.outbox import run_now

COMPARISONS, COMPARISONS_SECONDS = 30, 600
"""The platform answers a store's apps only so many questions; those for shoppers come first."""
SEARCH_CHARACTERS = 100
MAX_ID = 2**63 - 1


@embedded
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    shop, fmt, now = _asked(request)
    versions = versions_of(shop)
    if not versions:
        return _page(request, "welcome", welcome_context(shop, fmt, now))
    return _page(request, "home", home_context(shop, versions, fmt, now))


@embedded
@require_GET
def members(request: HttpRequest) -> HttpResponse:
    shop, fmt, now = _asked(request)
    search, after = _search(request), _pair_of_ids(request.GET.get("after", ""))
    version = version_in_force(shop, now)
    tiers = {tier.id: tier.name for tier in version.program.tiers} if version else {}
    tier = request.GET.get("tier", "")
    tier = tier if tier in tiers else ""
    page = ask.members_page(shop=shop, search=search, tier=tier, after=after)
    found = [row_of.member_row(member, fmt) for member in page.rows]
    rows = [(row, tiers.get(row.tier, "")) for row in found]
    context = {
        "rows": rows,
        "search": search,
        "tiers": list(tiers.items()),
        "tier": tier,
        "next": _next(request, page.after),
    }
    return _page(request, "members", context)


@embedded
@require_GET
def member(request: HttpRequest, member_id: int) -> HttpResponse:
    shop, fmt, now = _asked(request)
    found = member_of(shop, member_id)
    skip = _id(request.GET.get("skip", "")) or 0
    return _page(request, "member", member_context(shop, found, fmt, now, show=request.GET.get("show", ""), skip=skip))


@embedded
@require_http_methods(["GET", "POST"])
def adjust(request: HttpRequest, member_id: int) -> HttpResponse:
    """The form, and what it does. The form brings its own key, so that a second press adds nothing."""
    shop, fmt, now = _asked(request)
    found = member_of(shop, member_id)
    if request.method == "GET":
        return _adjust_form(request, found, fmt, empty_form(str(uuid.uuid4())))
    form = read_form(request.POST, fmt.locale)
    if form.errors:
        return _adjust_form(request, found, fmt, form)
    try:
        adjust_points(
            shop=shop,
            member_id=found.pk,
            points=form.amount,
            actor=_actor(request),
            reason=form.reason,
            key=f"form:{form.key}",
            at=now,
        )
    except Invalid as error:
        return _adjust_form(request, found, fmt, form.refused(error))
    found.refresh_from_db()
    name = row_of.name_of(found)
    words = {"points": points_of(abs(form.amount), fmt), "name": name}
    toast = _("%(name)s got %(points)s.") if form.amount > 0 else _("%(name)s lost %(points)s.")
    context = member_context(shop, found, fmt, now, show="", skip=0) | {"toast": toast % words}
    response = _page(request, "member", context)
    response["HX-Push-Url"] = reverse("dashboard:member", args=[found.pk])
    return response


@embedded
@require_GET
def orders(request: HttpRequest) -> HttpResponse:
    shop, fmt, now = _asked(request)
    search, without = _search(request), request.GET.get("show") == "without"
    after = _instant_and_id(request.GET.get("after", ""))
    if without:
        posted: dict[str, Posted] = {}
        page, folded = earned_nothing(shop=shop, search=search, after=after, as_of=now)
    else:
        page = ask.orders_page(shop=shop, search=search, after=after)
        posted = posted_for(shop=shop, order_ids=[fact.external_id for fact in page.rows])
        silent = [fact for fact in page.rows if fact.external_id not in posted]
        folded = folded_for(shop=shop, facts=silent, as_of=now)
    rows = [
        order_row(fact, posted.get(fact.external_id), folded.get(fact.member_id or 0), fmt, now) for fact in page.rows
    ]
    context = {
        "rows": rows,
        "search": search,
        "without": without,
        "unusable": without and ask.unusable_deliveries(shop=shop).rows,
        "next": _next(request, page.after),
    }
    return _page(request, "orders", context)


@embedded
@require_GET
def order(request: HttpRequest, fact_id: int) -> HttpResponse:
    shop, fmt, now = _asked(request)
    fact = ask.fact_of_order(shop=shop, fact_id=fact_id) if fact_id <= MAX_ID else None
    if fact is None:
        raise Http404
    folded = ask.folded(shop=shop, members=[fact.member] if fact.member else [], as_of=now).get(fact.member_id or 0)
    detail = order_detail(fact, folded, fmt, now)
    entries = [entry for entry in entries_of(folded) if entry.order_id == fact.external_id] if folded else []
    lines = lines_of(folded, entries[::-1], fmt, now) if folded and folded.member.external_id is not None else []
    return _page(request, "order", {"order": detail, "lines": lines})


@embedded
@require_GET
def redemptions(request: HttpRequest) -> HttpResponse:
    return _redemptions(request, "")


@embedded
@require_http_methods(["GET", "POST"])
def redemption_cancel(request: HttpRequest, redemption_id: int) -> HttpResponse:
    """Asks once more, then takes the code back. What was used or has ended meanwhile stays, and is said."""
    shop, fmt, now = _asked(request)
    found = ask.redemption(shop=shop, redemption_id=redemption_id) if redemption_id <= MAX_ID else None
    if found is None:
        raise Http404
    if request.method == "GET":
        return _page(
            request, "redemption_cancel", {"row": row_of.redemption_row(found, {}, versions_of(shop), fmt, now)}
        )
    try:
        cancelled = cancel(shop=shop, number=found.number, at=now)
    except (Conflict, Refused) as error:
        return _redemptions(request, refusal_text(error))
    words = {"points": points_of(cancelled.points, fmt), "name": row_of.name_of(found.member)}
    toast = _("The code is taken back: %(points)s for %(name)s.") % words
    response = _redemptions(request, toast)
    response["HX-Push-Url"] = reverse("dashboard:redemptions")
    return response


def _redemptions(request: HttpRequest, toast: str) -> HttpResponse:
    shop, fmt, now = _asked(request)
    search = _search(request)
    page = ask.redemptions_page(shop=shop, search=search, before=_id(request.GET.get("before", "")))
    used = ask.numbers_of_orders(shop=shop, order_ids=[each.order_id for each in page.rows if each.order_id])
    versions = versions_of(shop)
    rows = [row_of.redemption_row(redemption, used, versions, fmt, now) for redemption in page.rows]
    context = {"rows": rows, "search": search, "toast": toast, "next": _next(request, page.after, "before")}
    return _page(request, "redemptions", context)


@embedded
@require_GET
def deliveries(request: HttpRequest) -> HttpResponse:
    return _deliveries(request, "")


@embedded
@require_POST
def delivery_replay(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Puts one delivery back in line; the worker takes it from there."""
    shop, _fmt, now = _asked(request)
    if delivery_id > MAX_ID or not replay(shop=shop, delivery_pk=delivery_id, now=now):
        raise Http404
    response = _deliveries(request, _("In line again. It is gone from this list once it could be used."))
    response["HX-Push-Url"] = reverse("dashboard:deliveries")
    return response


@embedded
@require_POST
def undone_replay_all(request: HttpRequest) -> HttpResponse:
    shop, fmt, now = _asked(request)
    count = replay_undone(shop=shop, now=now)
    toast = ngettext("%(count)s thing is in line again.", "%(count)s things are in line again.", count)
    response = _undone(request, toast % {"count": fmt.points(count)})
    response["HX-Push-Url"] = reverse("dashboard:undone")
    return response


@embedded
@require_GET
def undone(request: HttpRequest) -> HttpResponse:
    return _undone(request, "")


@embedded
@require_POST
def undone_replay(request: HttpRequest, message_id: int) -> HttpResponse:
    """Puts one message back in line; the worker takes it from there."""
    shop, _fmt, now = _asked(request)
    if message_id > MAX_ID or not ask.has_message(shop=shop, message_id=message_id):
        raise Http404
    is_new = replay_message(shop=shop, message_id=message_id, now=now)
    again = _("In line again. It comes back here only if it fails again.")
    response = _undone(request, again if is_new else _("It was put in line already."))
    response["HX-Push-Url"] = reverse("dashboard:undone")
    return response


@embedded
@require_http_methods(["GET", "POST"])
def comparisons(request: HttpRequest) -> HttpResponse:
    """What was compared with the store; a POST asks for more: one order by its number, or the last day."""
    shop, fmt, now = _asked(request)
    if request.method == "GET":
        return _page(request, "comparisons", _comparisons(request, shop, fmt, now))
    number = request.POST.get("number", "").strip()
    try:
        if "number" in request.POST and not number:
            raise Invalid(_("Type the order’s number."))
        limits.hit(f"compare:{shop.pk}", limit=COMPARISONS, window_seconds=COMPARISONS_SECONDS, at=now)
        asked = ask_platform(shop=shop, number=number, asked_by=_actor(request), at=now)
    except (Invalid, TooMany) as error:
        context = _comparisons(request, shop, fmt, now) | {"number": number, "error": refusal_text(error)}
        response = _page(request, "comparisons", context, status=422)
        response["HX-Push-Url"] = "false"
        return response
    # Answered in this page where the store is quick and there is little to read; else by the worker.
    run_now(kind=LOOK_UP if number else RECONCILE, subject=str(asked.pk), shop_id=shop.pk, now=now)
    asked.refresh_from_db()
    response = _comparison(request, asked)
    response["HX-Push-Url"] = reverse("dashboard:comparison", args=[asked.pk])
    return response


@embedded
@require_GET
def comparison(request: HttpRequest, comparison_id: int) -> HttpResponse:
    shop, _fmt, _now = _asked(request)
    asked = compared.reconciliation_of(shop=shop, reconciliation_id=comparison_id) if comparison_id <= MAX_ID else None
    if asked is None:
        raise Http404
    return _comparison(request, asked)


def _comparison(request: HttpRequest, asked: Reconciliation) -> HttpResponse:
    shop, fmt, _now = _asked(request)
    page = compared.healed_orders_page(shop=shop, reconciliation=asked, after=_id(request.GET.get("after", "")))
    ids = {healed.order_id for healed in page.rows} | {asked.order_id}
    pages = ask.fact_ids_of_orders(shop=shop, order_ids=ids)
    healed = compared.healed_by(shop=shop, reconciliations=[asked]).get(asked.pk, Healed())
    context = {
        "answer": in_words.answer(asked, healed, pages, fmt),
        "begun": fmt.moment(asked.begun_at),
        "rows": [] if asked.number else in_words.healed_rows(page.rows, pages, fmt),
        "here": reverse("dashboard:comparison", args=[asked.pk]),
        "next": _next(request, page.after),
    }
    return _page(request, "comparison", context)


def _comparisons(request: HttpRequest, shop: Shop, fmt: Format, now: datetime) -> dict[str, Any]:
    page = compared.reconciliations_page(shop=shop, before=_id(request.GET.get("before", "")))
    healed = compared.healed_by(shop=shop, reconciliations=page.rows)
    rows = [in_words.comparison_row(asked, healed.get(asked.pk, Healed()), fmt, now) for asked in page.rows]
    last = fmt.ago(shop.orders_cursor, now) if shop.orders_cursor else ""
    return {"rows": rows, "last": last, "number": _search(request), "next": _next(request, page.after, "before")}


def _undone(request: HttpRequest, toast: str) -> HttpResponse:
    shop, fmt, now = _asked(request)
    page = ask.undone_messages(shop=shop, before=_id(request.GET.get("before", "")))
    rows = [row_of.undone_row(message, fmt, now) for message in page.rows]
    many = sum(row.can_be_tried for row in rows) > 1
    left = left_to_replay(shop=shop)
    going_on = ngettext(
        "%(count)s more thing is being put in line.", "%(count)s more things are being put in line.", left or 0
    )
    context = {
        "rows": rows,
        "many": many and left is None,
        "going_on": "" if left is None else going_on % {"count": fmt.points(left)},
        "toast": toast,
        "next": _next(request, page.after, "before"),
    }
    return _page(request, "undone", context)


@embedded
@require_GET
def privacy(request: HttpRequest) -> HttpResponse:
    return _privacy(request, "")


@embedded
@require_GET
def privacy_copy(request: HttpRequest, request_id: int) -> HttpResponse:
    shop, fmt, now = _asked(request)
    return _page(request, "copy", copy_context(_copy(shop, request_id), fmt, now))


@embedded
@require_POST
def privacy_handed(request: HttpRequest, request_id: int) -> HttpResponse:
    """The person has the copy: ours is deleted."""
    shop, _fmt, _now = _asked(request)
    handed_over(shop=shop, request_pk=_copy(shop, request_id).pk)
    response = _privacy(request, _("Deleted here. The request stays in this list."))
    response["HX-Push-Url"] = reverse("dashboard:privacy")
    return response


def _privacy(request: HttpRequest, toast: str) -> HttpResponse:
    shop, fmt, now = _asked(request)
    page = personal_data.requests_page(shop=shop, before=_id(request.GET.get("before", "")))
    rows = [request_row(row, fmt, now) for row in page.rows]
    return _page(request, "privacy", {"rows": rows, "toast": toast, "next": _next(request, page.after, "before")})


def _copy(shop: Shop, request_id: int) -> PrivacyRequest:
    found = personal_data.copy_of(shop=shop, request_pk=request_id) if request_id <= MAX_ID else None
    if found is None:
        raise Http404
    return found


def _deliveries(request: HttpRequest, toast: str) -> HttpResponse:
    shop, fmt, now = _asked(request)
    page = ask.unusable_deliveries(shop=shop, before=_id(request.GET.get("before", "")))
    rows = [row_of.delivery_row(delivery, fmt, now) for delivery in page.rows]
    return _page(request, "deliveries", {"rows": rows, "toast": toast, "next": _next(request, page.after, "before")})


def _adjust_form(request: HttpRequest, found: Member, fmt: Format, form: Adjusting) -> HttpResponse:
    context = {"member": row_of.member_row(found, fmt), "form": form}
    if not form.errors:
        return _page(request, "adjust", context)
    response = _page(request, "adjust", context, status=422)
    response["HX-Push-Url"] = "false"  # a refused form is no step to go back to
    return response


def member_of(shop: Shop, member_id: int) -> Member:
    found = (
        Member.objects.filter(shop=shop, pk=member_id).select_related("merged_into").first()
        if member_id <= MAX_ID
        else None
    )
    if found is None:
        raise Http404
    return found.merged_into or found


def _search(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\x00", "").strip()[:SEARCH_CHARACTERS]


def _next(request: HttpRequest, after: str, name: str = "after") -> str:
    """The address of the next page with the same filters; empty on the last."""
    if not after:
        return ""
    query = request.GET.copy()
    for own in ("id_token", name):
        query.pop(own, None)
    query[name] = after
    return f"?{query.urlencode()}"


def _id(text: str) -> int | None:
    """A mark out of range starts at the first page."""
    return whole(text, MAX_ID)


def _pair_of_ids(text: str) -> tuple[int, int] | None:
    balance, _dot, last = text.partition(".")
    last_id = _id(last)
    sign = -1 if balance.startswith("-") else 1
    size = _id(balance.removeprefix("-"))
    return None if size is None or last_id is None else (sign * size, last_id)


def _instant_and_id(text: str) -> tuple[datetime, int] | None:
    instant, _tilde, last = text.partition("~")
    last_id = _id(last)
    try:
        at = datetime.fromisoformat(instant).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return None if last_id is None else (at, last_id)
