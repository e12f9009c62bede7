"""Where a store on Ecwid comes in: its page in the admin, and the three ways to connect it.

The page in the admin is a frame of another site: no cookies, no CSRF, a payload that is asked of the API. The pages that
connect are documents of their own, with cookies and CSRF, and cannot be framed. None of them names the platform.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from loyalty.dashboard import views
from loyalty.dashboard.access import content_policy
from loyalty.dashboard.entry import answering, status_of
from loyalty.dashboard.refusals import refusal_text
from loyalty.engine.errors import Invalid, LoyaltyError, TooMany, Unauthorized
from loyalty.models import Shop
from loyalty.platforms.ecwid import oauth
from loyalty.platforms.ecwid.payload import from_hex, store_number
from loyalty.services import limits

APP_PATH = "/ecwid/app"
REFERRER_OF_FORMS = "strict-origin"
"""Never an address, which may hold a code; under no-referrer a browser would send its forms with `Origin: null`, which
the CSRF check refuses."""
STATE_COOKIE = "connecting"
STATE_SALT = "ecwid-state"
TICKET_SALT = "ecwid-connected"
TICKET_SECONDS = 600
BEGINNINGS_PER_MINUTE = 60
OPENINGS_PER_MINUTE = 10
PASTES_PER_MINUTE = 15
"""The platform blocks an address that goes on sending dead tokens (more than 20 a minute)."""


def _framed(request: HttpRequest) -> bool:
    return request.path == APP_PATH


def _policy(request: HttpRequest) -> str:
    """The admin may frame the app's page; the pages that connect stand alone, and their form leads to the admin."""
    if _framed(request):
        return content_policy([_origin(settings.ECWID_SDK_URL)], settings.ECWID_FRAME_ANCESTORS)
    admin = _origin(settings.ECWID_ADMIN_URL)
    return content_policy([], []).replace("form-action 'self'", f"form-action 'self' {admin}")


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _refused(request: HttpRequest, error: LoyaltyError) -> HttpResponse:
    context = {"text": refusal_text(error), "framed": _framed(request), "again": not isinstance(error, TooMany)}
    return render(request, "ecwid/refused.html", context, status=status_of(error))


_answering = answering(
    "ecwid",
    refused=_refused,
    policy=_policy,
    referrer=lambda request: "no-referrer" if _framed(request) else REFERRER_OF_FORMS,
)


@csrf_exempt
@xframe_options_exempt
@require_http_methods(["GET", "POST"])
@_answering
def app(request: HttpRequest) -> HttpResponse:
    """The app's page. With a payload the store's dashboard; without one a page whose script sends the fragment."""
    now = timezone.now()
    if request.method == "POST":
        return _dashboard(request, _shop_of_form(request, now))
    payload = request.GET.get("payload", "")
    if not payload:
        context = {"sdk_url": settings.ECWID_SDK_URL, "client_id": settings.ECWID_CLIENT_ID}
        return render(request, "ecwid/opening.html", context)
    # Each opening makes a payload of its own; only a captured address comes again and again.
    digest = hashlib.sha256(payload.encode()).hexdigest()[:32]
    limits.hit(f"ecwid/payload/{digest}", limit=OPENINGS_PER_MINUTE, window_seconds=60, at=now)
    return _dashboard(request, oauth.connect(oauth.prove_payload(payload), at=now))


def _shop_of_form(request: HttpRequest, now: datetime) -> Shop:
    """From the fragment that the admin gave the page, or from the ticket of a page that has just connected the store."""
    ticket = request.POST.get("ticket", "")
    if not ticket:
        return oauth.known_shop(from_hex(request.POST.get("fragment", "")), at=now)
    try:
        shop_id = signing.loads(ticket, salt=TICKET_SALT, max_age=TICKET_SECONDS)["shop"]
    except signing.BadSignature:
        raise Unauthorized(_("This page is too old. Open the app from your store’s admin.")) from None
    shop = Shop.objects.filter(pk=shop_id, platform=Shop.Platform.ECWID).exclude(status=Shop.Status.UNINSTALLED).first()
    if shop is None:
        raise Unauthorized(_("This store is not connected any more."))
    return shop


def _dashboard(request: HttpRequest, shop: Shop) -> HttpResponse:
    """The dashboard's first page, as if it had been asked for by itself: the payload goes no further than this."""
    request.shop = shop  # type: ignore[attr-defined]
    request.method = "GET"
    request.GET = QueryDict()
    request.META["QUERY_STRING"] = ""
    return views.home(request)


@require_http_methods(["GET", "POST"])
@_answering
def connect(request: HttpRequest) -> HttpResponse:
    """Two ways to connect: permission given in the store's admin, or a key pasted from a custom app."""
    now = timezone.now()
    if request.method == "GET":
        return _connect_page(request)
    if request.POST.get("way") == "permission":
        return _to_the_admin(now)
    limits.hit("ecwid/paste", limit=PASTES_PER_MINUTE, window_seconds=60, at=now)
    try:
        shop = oauth.connect_pasted(
            store=request.POST.get("store_id", "").strip(),
            token=request.POST.get("access_token", ""),
            client_secret=request.POST.get("client_secret", ""),
            at=now,
        )
    except LoyaltyError as error:
        return _connect_page(request, error=refusal_text(error))
    return _connected(request, shop)


def _connect_page(request: HttpRequest, error: str = "") -> HttpResponse:
    """The keys are never put back into the page."""
    context = {
        "error": error,
        "store_id": request.POST.get("store_id", "")[:12],
        "with_permission": bool(settings.ECWID_CLIENT_ID and settings.ECWID_CLIENT_SECRET),
    }
    return render(request, "ecwid/connect.html", context, status=400 if error else 200)


def _to_the_admin(now: datetime) -> HttpResponse:
    limits.hit("ecwid/begin", limit=BEGINNINGS_PER_MINUTE, window_seconds=60, at=now)
    url, nonce = oauth.begin(at=now)
    response = HttpResponseRedirect(url)
    response.set_signed_cookie(
        STATE_COOKIE,
        nonce,
        salt=STATE_SALT,
        max_age=oauth.STATE_SECONDS,
        path=oauth.CALLBACK_PATH,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )
    return response


@require_http_methods(["GET", "POST"])
@_answering
def callback(request: HttpRequest) -> HttpResponse:
    """Back from the admin. What this browser did not begin - every install from the market, and every link that somebody
    else made - connects nothing before a person has said so."""
    now = timezone.now()
    if request.method == "POST":
        return _exchanged(request, request.POST, now)
    if request.GET.get("error"):
        raise Invalid(_("The permission was not given, so nothing was connected."))
    bound = request.get_signed_cookie(STATE_COOKIE, default="", salt=STATE_SALT, max_age=oauth.STATE_SECONDS)
    if oauth.spend_state(state=request.GET.get("state", ""), bound=bound or "", at=now):
        return _exchanged(request, request.GET, now)
    context = {"store_id": store_number(request.GET.get("store_id")), "code": request.GET.get("code", "")[:512]}
    return render(request, "ecwid/confirm.html", context)


def _exchanged(request: HttpRequest, values: QueryDict, now: datetime) -> HttpResponse:
    limits.hit("ecwid/exchange", limit=BEGINNINGS_PER_MINUTE, window_seconds=60, at=now)
    proven = oauth.exchange(code=values.get("code", ""), store=values.get("store_id"), at=now)
    response = _connected(request, oauth.connect(proven, at=now))
    response.delete_cookie(STATE_COOKIE, path=oauth.CALLBACK_PATH, samesite="Lax")
    return response


def _connected(request: HttpRequest, shop: Shop) -> HttpResponse:
    ticket = signing.dumps({"shop": shop.pk}, salt=TICKET_SALT)
    return render(request, "ecwid/connected.html", {"shop": shop, "ticket": ticket})
