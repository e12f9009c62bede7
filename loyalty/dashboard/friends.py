"""Friends who were brought by somebody who may be themselves: staff look, and say which it is."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from loyalty.dashboard.access import embedded
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.pages import asked, page
from loyalty.dashboard.refusals import refusal_text
from loyalty.dashboard.rows import name_of
from loyalty.dashboard.typed import whole
from loyalty.engine.errors import Conflict, NotFound
from loyalty.models import Referral
from loyalty.selectors.dashboard import numbers_of_orders
from loyalty.selectors.ways_in import held_friends
from loyalty.services.referrals import decide_held

MAX_ID = 2**63 - 1
_WHY = {
    "same_home": gettext_lazy("Orders of both go to the same address and surname."),
    "same_phone": gettext_lazy("Orders of both carry the same phone number."),
}

_NOT_THANKED = {
    "no_referrals": gettext_lazy("The live program thanks nobody for bringing friends: nobody is thanked."),
    "own_code": gettext_lazy("They are one and the same customer by now: nobody is thanked."),
    "referrer_left": gettext_lazy("Whoever brought the friend has left: nobody is thanked."),
    "referrer_excluded": gettext_lazy("The program leaves out whoever brought the friend: nobody is thanked."),
}
"""By why two people got nothing after all."""


@dataclass(frozen=True, slots=True)
class FriendRow:
    id: int
    referrer_id: int
    referrer: str
    friend_id: int
    friend: str
    why: str
    order_id: int | None
    order: str
    day: str


@embedded
@require_GET
def friends(request: HttpRequest) -> HttpResponse:
    return _friends(request, "")


@embedded
@require_POST
def friend_settle(request: HttpRequest, referral_id: int) -> HttpResponse:
    """Two people, who are thanked, or one, who is not."""
    shop, _fmt, now = asked(request)
    if referral_id > MAX_ID or not Referral.objects.filter(shop=shop, pk=referral_id).exists():
        raise Http404
    outcome = request.POST.get("outcome", "")
    if outcome not in ("one", "two"):
        # It is decided once and for good: never by what a form left out.
        return _friends(request, _("Nothing was decided. Say whether it is one person or two."), status=422)
    try:
        row = decide_held(shop=shop, referral_id=referral_id, thanked=outcome == "two", at=now)
    except NotFound:
        raise Http404 from None
    except Conflict as error:
        return _settled(request, refusal_text(error))
    if row.state == Referral.State.CONFIRMED:
        toast = _("Both have their thanks.")
    else:
        toast = str(_NOT_THANKED.get(row.why, _("Nobody is thanked.")))
    return _settled(request, toast)


def _settled(request: HttpRequest, toast: str) -> HttpResponse:
    response = _friends(request, toast)
    response["HX-Push-Url"] = reverse("dashboard:friends")
    return response


def _friends(request: HttpRequest, toast: str, status: int = 200) -> HttpResponse:
    shop, fmt, _now = asked(request)
    found = held_friends(shop=shop, after=whole(request.GET.get("after", ""), MAX_ID) or 0)
    orders = numbers_of_orders(shop=shop, order_ids={row.order_id for row in found.rows})
    context = {
        "rows": [_row(row, orders.get(row.order_id, (None, "")), fmt) for row in found.rows],
        "next": f"?after={found.after}" if found.after else "",
        "toast": toast,
    }
    return page(request, "friends", context, status=status)


def _row(row: Referral, order: tuple[int | None, str], fmt: Format) -> FriendRow:
    return FriendRow(
        id=row.pk,
        referrer_id=row.referrer_id,
        referrer=name_of(row.referrer),
        friend_id=row.friend_id,
        friend=name_of(row.friend),
        why=str(_WHY.get(row.why, row.why)),
        order_id=order[0],
        order=order[1],
        day=fmt.full_day(row.claimed_at),
    )
