"""From draft to live and back: publishing now or at a time, versions beside each other, going back, pausing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from loyalty.dashboard.access import embedded
from loyalty.dashboard.goods_titles import with_titles
from loyalty.dashboard.pages import actor, asked, page
from loyalty.dashboard.program_beside import Beside, beside
from loyalty.dashboard.program_changes import Change, changes
from loyalty.dashboard.program_dearer import dearer
from loyalty.dashboard.program_page import version_rows
from loyalty.dashboard.program_sentences import Words
from loyalty.dashboard.program_views import revision_of, saved
from loyalty.dashboard.refusals import refusal_text
from loyalty.dashboard.rule_losses import rule_losses
from loyalty.engine.errors import Conflict, Invalid, NotFound, Refused
from loyalty.engine.program import Program, Version
from loyalty.selectors.simulation import member_count
from loyalty.services.programs import begin_draft, discard_draft, pause, publish_draft, withdraw

LOCAL = "%Y-%m-%dT%H:%M"
UNFOLDED = 5
"""So many losses are read at a glance; the rest is unfolded."""


@embedded
@require_http_methods(["GET", "POST"])
def program_publish(request: HttpRequest) -> HttpResponse:
    """What will change for whom, and when; then it is published as it was seen."""
    at = beside(*asked(request))
    if at.row is None:
        raise Http404
    if at.latest is None:  # the first version is launched: with the widget, and past orders decided on
        return redirect("dashboard:launch")
    if request.method == "GET":
        return _publish_form(request, at)
    when, typed = request.POST.get("when", "now"), request.POST.get("at", "").strip()[:20]
    try:
        begins = _begins(when, typed, at)
        version = publish_draft(shop=at.shop, revision=revision_of(request), at=at.now, in_force_from=begins)
    except (Invalid, Conflict) as refused:
        response = _publish_form(request, at, when, typed, refusal_text(refused), 422)
        response["HX-Push-Url"] = "false"
        return response
    if begins is None:
        return saved(request, _("Version %(number)s is live.") % {"number": version.number})
    words = {"number": version.number, "day": at.fmt.moment(begins)}
    return saved(request, _("Version %(number)s goes live on %(day)s.") % words)


def _begins(when: str, typed: str, at: Beside) -> datetime | None:
    """None for now. Raises Invalid, also where a time was typed and Now left as it stood: that must not go live."""
    if when == "at":
        return _instant(typed, at)
    if typed:
        raise Invalid(_("“Now” is chosen, and a time is given. Choose “At a time”, or empty it."))
    return None


@embedded
@require_http_methods(["GET", "POST"])
def program_discard(request: HttpRequest) -> HttpResponse:
    at = beside(*asked(request))
    if at.row is None:
        raise Http404
    if request.method == "GET":
        return page(request, "program_discard", {"page": "program", "draft": at.row, "changes": at.changes()})
    discard_draft(shop=at.shop, revision=revision_of(request))
    return saved(request, _("The draft is gone. What shoppers see has not changed."))


@embedded
@require_GET
def program_versions(request: HttpRequest) -> HttpResponse:
    """All versions; two of them beside each other where the address names them."""
    at = beside(*asked(request))
    known = {version.number: version for version in at.versions}
    context: dict[str, Any] = {"page": "program", "versions": version_rows(at), "draft": at.row}
    first, second = (known.get(_whole(request.GET.get(name, ""))) for name in ("from", "to"))
    if first is not None and second is not None:
        context |= {"first": first.number, "second": second.number, "found": _between(first, second, at)}
    numbers = sorted(known, reverse=True)
    picked = (first.number, second.number) if first and second else numbers[1::-1]
    context |= {"numbers": numbers, "picked": picked}
    return page(request, "program_versions", context)


@embedded
@require_POST
def program_back(request: HttpRequest, number: int) -> HttpResponse:
    """A draft of what was."""
    at = beside(*asked(request))
    if number not in {version.number for version in at.versions}:
        raise Http404
    try:
        begin_draft(shop=at.shop, at=at.now, number=number, by=actor(request))
    except Refused as refused:
        return saved(request, refusal_text(refused))
    return saved(request, _("The draft says what version %(number)s said. Publish it to go back.") % {"number": number})


@embedded
@require_POST
def program_withdraw(request: HttpRequest, number: int) -> HttpResponse:
    """A version that is to come is a draft again."""
    at = beside(*asked(request))
    try:
        draft = withdraw(shop=at.shop, number=number, at=at.now)
    except NotFound:
        raise Http404 from None
    except Refused as refused:
        return saved(request, refusal_text(refused))
    return saved(request, _("It goes live no more: it is draft %(number)s again.") % {"number": draft.number})


@embedded
@require_http_methods(["GET", "POST"])
def program_pause(request: HttpRequest) -> HttpResponse:
    """Earning and redeeming rest, each by itself."""
    at = beside(*asked(request))
    if at.live is None:
        raise Http404
    if request.method == "GET":
        to_come = at.latest if at.latest is not at.live else None
        words = {"number": to_come.number, "day": at.fmt.moment(to_come.in_force_from)} if to_come else {}
        later = _("Version %(number)s goes live on %(day)s and has its own word on this.") % words if to_come else ""
        context = {"page": "program", "paused": at.live.program.paused, "later": later}
        return page(request, "program_pause", context)
    earning, redeeming = "earning" in request.POST, "redeeming" in request.POST
    pause(shop=at.shop, earning=earning, redeeming=redeeming, at=at.now)
    if earning and redeeming:
        told = _("Earning and redeeming are paused.")
    elif earning:
        told = _("Earning is paused.")
    elif redeeming:
        told = _("Redeeming is paused.")
    else:
        told = _("Earning and redeeming go on.")
    return saved(request, told)


def _publish_form(
    request: HttpRequest, at: Beside, when: str = "now", typed: str = "", error: str = "", status: int = 200
) -> HttpResponse:
    members = member_count(at.shop)
    touched = ngettext("%(count)s member", "%(count)s members", members) % {"count": at.fmt.points(members)}
    lost = losses(at)
    context = {
        "page": "program",
        "draft": at.row,
        "live": at.live,
        "revision": at.revision,
        "changes": at.changes(),
        "consequences": consequences(at),
        "losses": lost[:UNFOLDED],
        "more_losses": lost[UNFOLDED:],
        "touched": touched,
        "when": when,
        "at": typed,
        "error": error,
        "earliest": at.fmt.local(at.now).strftime(LOCAL),
        "zone": at.fmt.zone.key,
    }
    return page(request, "program_publish", context, status)


def consequences(at: Beside) -> list[str]:
    """What publishing does to who is a member already, a sentence each."""
    old, new = at.latest.program if at.latest else None, at.program
    told = [_("Orders placed before are still judged by the version of their day. Nobody loses points by it.")]
    if old is None:
        return [_("The program begins: orders placed from then on earn.")]
    if old.tiers != new.tiers or _tier_policies(old) != _tier_policies(new):
        told.append(_("Members move tier that day: up at once, down when their grace and kept time are over."))
    if (old.policies.expiry, old.policies.expiry_days, old.policies.expiry_months) != (
        new.policies.expiry,
        new.policies.expiry_days,
        new.policies.expiry_months,
    ):
        told.append(
            _("Points that are open lose their date of expiry.")
            if new.policies.expiry == "never"
            else _("Points that are open get their date of expiry from that day on, not from when they were given.")
        )
    gone = {reward.id for reward in old.rewards if reward.enabled} - {r.id for r in new.rewards if r.enabled}
    if gone:
        told.append(_("Codes of rewards that are gone still work until they expire."))
    if old.policies.expired_codes != new.policies.expired_codes:
        told.append(
            _("Codes that are taken from then on give their points back if they are not used in time.")
            if new.policies.expired_codes == "return"
            else _("The points of codes that are taken from then on stay spent if they are not used in time.")
        )
    if old.audience != new.audience:
        told.append(_("Who is left out keeps their points; new orders of theirs earn nothing."))
    if old.paused != new.paused:
        told.append(_("It begins or ends a pause."))
    return told


def losses(at: Beside) -> list[str]:
    """What members get less of, or for more: a line for each reward and each rule."""
    if at.latest is None:
        return []
    old = at.latest.program
    return [*dearer(at, old), *rule_losses(old, at.program, at.fmt, at.now)]


def _tier_policies(program: Program) -> tuple[object, ...]:
    policies = program.policies
    return (policies.tier_measure, policies.tier_period, policies.tier_period_days, policies.tier_kept)


def _instant(typed: str, at: Beside) -> datetime:
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=at.fmt.zone)
    except ValueError:
        raise Invalid(_("Choose the day and the time, such as 2026-12-01, 00:00.")) from None


def _between(first: Version, second: Version, at: Beside) -> list[Change]:
    fmt = with_titles(at.shop, at.fmt, [first.program, second.program], at.now)
    return changes(first.program, second.program, Words(fmt, second.program))


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
