"""What staff hand over by hand, the secret of the shop's own server, and the codes of other businesses."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from loyalty.dashboard.access import embedded
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.pages import actor, asked, page
from loyalty.dashboard.program_text import points_of
from loyalty.dashboard.refusals import refusal_text
from loyalty.dashboard.rows import name_of
from loyalty.dashboard.typed import whole
from loyalty.engine.calendar import zone_of
from loyalty.engine.errors import Conflict, Invalid, TooMany
from loyalty.models import Redemption, Shop
from loyalty.selectors.fulfilment import secret_made_at, to_do, waiting_for_staff
from loyalty.selectors.partner_codes import codes_left, gifts_waiting, handed_out
from loyalty.selectors.programs import version_in_force
from loyalty.services import limits
from loyalty.services.fulfilment import renew_secret
from loyalty.services.partner_codes import FEW, MAX_CODES, upload
from loyalty.services.redemptions import give_back, mark_done

MAX_ID = 2**63 - 1
NOTE_CHARACTERS = 500
UPLOADS, UPLOADS_SECONDS = 30, 3600


@dataclass(frozen=True, slots=True)
class TodoRow:
    id: int
    reward: str
    description: str
    member_id: int
    who: str
    reference: str
    points: str
    moment: str
    ago: str
    until: str


@dataclass(frozen=True, slots=True)
class StockRow:
    id: str
    name: str
    left: str
    few: bool
    out: str
    waiting: str
    unoffered: bool


@dataclass(frozen=True, slots=True)
class PartnerReward:
    id: str
    name: str
    offered: bool
    waiting: int


@embedded
@require_GET
def todo(request: HttpRequest) -> HttpResponse:
    return _todo(request, "")


@embedded
@require_http_methods(["GET", "POST"])
def todo_settle(request: HttpRequest, redemption_id: int) -> HttpResponse:
    """Done, with a word for the member; or it could not be done, with the reason why the points return."""
    shop, fmt, now = asked(request)
    found = to_do(shop=shop, redemption_id=redemption_id) if redemption_id <= MAX_ID else None
    if found is None:
        raise Http404
    row = _todo_row(found, fmt, now)
    if request.method == "GET":
        return page(request, "todo_settle", {"row": row})
    note, is_done = request.POST.get("note", "").strip(), request.POST.get("outcome") == "done"
    error = ""
    if len(note) > NOTE_CHARACTERS or not note.isprintable():
        error = _("Up to %(most)s characters in one line, please.") % {"most": fmt.points(NOTE_CHARACTERS)}
    elif not is_done and not note:
        error = _("Say why it could not be done: the member reads it.")
    if error:
        response = page(request, "todo_settle", {"row": row, "note": note, "error": error}, status=422)
        response["HX-Push-Url"] = "false"
        return response
    return _settled(request, shop, found, note, is_done, fmt, now)


def _settled(
    request: HttpRequest, shop: Shop, found: Redemption, note: str, is_done: bool, fmt: Format, now: datetime
) -> HttpResponse:
    words = {"points": points_of(found.points, fmt), "name": name_of(found.member)}
    try:
        if is_done:
            mark_done(shop=shop, number=found.number, note=note, actor=actor(request), at=now)
            toast = _("Done for %(name)s.") % words
        else:
            ended = give_back(shop=shop, number=found.number, why="cancelled", at=now, failure=note)
            if ended.state == Redemption.State.USED:
                raise Conflict(_("Somebody has marked it as done meanwhile."))
            toast = _("%(points)s are back with %(name)s.") % words
    except Conflict as error:
        toast = refusal_text(error)
    response = _todo(request, toast)
    response["HX-Push-Url"] = reverse("dashboard:todo")
    return response


@embedded
@require_POST
def todo_secret(request: HttpRequest) -> HttpResponse:
    """A new secret, shown this once; the one before it ends."""
    shop, _fmt, now = asked(request)
    response = _todo(request, "", secret=renew_secret(shop=shop, at=now))
    response["HX-Push-Url"] = "false"
    return response


@embedded
@require_GET
def partner_codes(request: HttpRequest) -> HttpResponse:
    return _partner_codes(request, "")


@embedded
@require_http_methods(["GET", "POST"])
def partner_upload(request: HttpRequest, reward_id: str) -> HttpResponse:
    """Takes codes in, one a line, from a file or pasted: all of them or none."""
    shop, fmt, now = asked(request)
    reward = next((each for each in _partner_rewards(shop, now) if each.id == reward_id), None)
    if reward is None:
        raise Http404
    context: dict[str, Any] = {"reward": reward, "most": fmt.points(MAX_CODES)}
    if request.method == "GET":
        return page(request, "partner_upload", context)
    try:
        limits.hit(f"partner-codes:{shop.pk}", limit=UPLOADS, window_seconds=UPLOADS_SECONDS, at=now)
        text, until = _uploaded(request), _last_day(request, shop)
        taken = upload(shop=shop, reward_id=reward.id, text=text, usable_until=until, at=now)
    except (Invalid, Conflict, TooMany) as error:
        response = page(
            request, "partner_upload", context | _typed(request) | {"error": refusal_text(error)}, status=422
        )
        response["HX-Push-Url"] = "false"
        return response
    words = {"count": fmt.points(taken), "name": reward.name}
    toast = ngettext("%(count)s code for %(name)s taken in.", "%(count)s codes for %(name)s taken in.", taken) % words
    response = _partner_codes(request, toast)
    response["HX-Push-Url"] = reverse("dashboard:partner_codes")
    return response


def _todo(request: HttpRequest, toast: str, secret: str = "") -> HttpResponse:
    shop, fmt, now = asked(request)
    found = waiting_for_staff(shop=shop, after=whole(request.GET.get("after", ""), MAX_ID) or 0)
    version = version_in_force(shop, now)
    rewards = version.program.rewards if version else ()
    made = secret_made_at(shop=shop)
    for_codes = sum(each.gifts for each in gifts_waiting(shop=shop).values())
    context = {
        "rows": [_todo_row(each, fmt, now) for each in found.rows],
        "next": f"?after={found.after}" if found.after else "",
        "toast": toast,
        "servers": any(reward.webhook_url for reward in rewards) or made is not None,
        "secret": secret,
        "made": fmt.moment(made) if made else "",
        "partners": bool(for_codes) or any(reward.kind == "partner" for reward in rewards),
        "for_codes": _waiting(for_codes, fmt),
    }
    return page(request, "todo", context)


def _todo_row(redemption: Redemption, fmt: Format, now: datetime) -> TodoRow:
    reward = redemption.reward_data
    return TodoRow(
        id=redemption.pk,
        reward=str(reward.get("name") or redemption.reward),
        description=str(reward.get("description", "")),
        member_id=redemption.member_id,
        who=name_of(redemption.member),
        reference=redemption.code,
        points=points_of(redemption.points, fmt),
        moment=fmt.moment(redemption.accepted_at),
        ago=fmt.ago(redemption.accepted_at, now),
        until=fmt.day(redemption.expires_at, now) if redemption.expires_at else "",
    )


def _partner_codes(request: HttpRequest, toast: str) -> HttpResponse:
    shop, fmt, now = asked(request)
    rewards = _partner_rewards(shop, now)
    ids = [reward.id for reward in rewards]
    left, out = codes_left(shop=shop, rewards=ids, at=now), handed_out(shop=shop, rewards=ids)
    rows = [
        StockRow(
            id=reward.id,
            name=reward.name,
            left=fmt.points(left.get(reward.id, 0)),
            few=left.get(reward.id, 0) < FEW,
            out=fmt.points(out.get(reward.id, 0)),
            waiting=_waiting(reward.waiting, fmt),
            unoffered=not reward.offered,
        )
        for reward in rewards
    ]
    return page(request, "partner_codes", {"rows": rows, "toast": toast})


def _partner_rewards(shop: Shop, now: datetime) -> list[PartnerReward]:
    """Those of the program, and those that it has no more while gifts wait for their codes."""
    version = version_in_force(shop, now)
    waiting = gifts_waiting(shop=shop)
    found = {
        reward.id: PartnerReward(
            reward.id, reward.name, reward.enabled, waiting[reward.id].gifts if reward.id in waiting else 0
        )
        for reward in (version.program.rewards if version else ())
        if reward.kind == "partner"
    }
    gone = {each: PartnerReward(each, gift.name, False, gift.gifts) for each, gift in waiting.items()}
    return list((gone | found).values())


def _waiting(count: int, fmt: Format) -> str:
    words = {"count": fmt.points(count)}
    return ngettext("%(count)s gift waits for codes", "%(count)s gifts wait for codes", count) % words if count else ""


def _uploaded(request: HttpRequest) -> str:
    """A file goes before what was pasted. Raises Invalid."""
    file = request.FILES.get("file")
    if file is None:
        return request.POST.get("codes", "")
    try:
        return bytes(file.read()).decode("utf-8-sig")
    except UnicodeDecodeError:
        message = _("The file is no plain text. Save it as CSV or text in UTF-8, one code a line.")
        raise Invalid(message, place="codes") from None


def _typed(request: HttpRequest) -> dict[str, str]:
    return {"pasted": request.POST.get("codes", ""), "until": request.POST.get("until", "")}


def _last_day(request: HttpRequest, shop: Shop) -> datetime | None:
    """The end of the day that was typed, where the shop is."""
    typed = request.POST.get("until", "").strip()
    if not typed:
        return None
    try:
        following = date.fromisoformat(typed) + timedelta(days=1)
    except (ValueError, OverflowError):
        raise Invalid(_("Type the day as 2026-12-31."), place="until") from None
    return datetime.combine(following, time(), tzinfo=zone_of(shop.time_zone))
