"""Where a store on Shopify comes in: App Home inside its admin, and the authorization code grant as the way around it.

App Home is a frame of another site: no cookies, no CSRF; each document carries an `id_token` that Shopify signed a
moment ago. Without one, or with one that is over, the browser is sent to the patch page, where App Bridge gets a fresh
one and loads the first page again. The pages of the code grant stand alone, with a cookie, and cannot be framed.
"""

from __future__ import annotations

import re
from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET

from loyalty.dashboard import views
from loyalty.dashboard.access import content_policy, layout
from loyalty.dashboard.entry import answering, status_of
from loyalty.dashboard.refusals import refusal_text
from loyalty.engine.errors import Invalid, LoyaltyError, Unauthorized
from loyalty.platforms.shopify import oauth
from loyalty.platforms.shopify.session import decode_session_token
from loyalty.platforms.shopify.shop_names import browser_origin, shop_domain
from loyalty.platforms.shopify.signatures import check_query
from loyalty.services import limits

PATCH_PATH = "/shopify/patch"
PATCHED = "patched"
PATCHED_SECONDS = 20
"""A page that comes from the patch page with a token that is over once more would go round for ever: a clock is off."""

_OWN_PATH = re.compile(r"/(?![/\\])[!-~]*")
"""Browsers drop tabs and line breaks from an address before they read it: "/<tab>/host" leads to another host, and the
token that App Bridge adds would go there."""

STATE_COOKIE = "installing"
STATE_SALT = "shopify-state"
BEGINNINGS_PER_MINUTE = 60


def _refused(request: HttpRequest, error: LoyaltyError) -> HttpResponse:
    """A sentence as a page. It says nothing of any store, yet the store that is named may frame it: the merchant must
    be able to read it where it happened."""
    context = {"title": _("The app could not be opened"), "text": refusal_text(error), **layout(request)}
    response = render(request, "dashboard/message.html", context, status=status_of(error))
    try:
        framed_by = _may_frame(shop_domain(request.GET.get("shop", "")))
    except Unauthorized:
        framed_by = []
    response["Content-Security-Policy"] = content_policy([], framed_by)
    return response


def _may_frame(domain: str) -> list[str]:
    """For a domain that has passed `shop_domain`: it goes into a header."""
    return [browser_origin(domain), settings.SHOPIFY_ADMIN_URL]


_answering = answering(
    "shopify",
    refused=_refused,
    policy=lambda request: content_policy([], []),
    referrer=lambda request: "no-referrer",
)


@csrf_exempt
@xframe_options_exempt
@require_GET
@_answering
def app_home(request: HttpRequest) -> HttpResponse:
    """The dashboard's first page inside the store's admin; the store is installed on the way where it has to be."""
    now = timezone.now()
    if "id_token" not in request.GET and "hmac" in request.GET and request.GET.get("embedded") != "1":
        return install(request)
    try:
        session = decode_session_token(request.GET.get("id_token", ""), now)
        request.shop = oauth.open_shop(session, now)  # type: ignore[attr-defined]
    except Unauthorized as error:
        if error.code not in ("expired_token", "invalid_subject_token") and request.GET.get("id_token"):
            raise
        return _to_patch_page(request, now)
    request.staff_id = session.user_id  # type: ignore[attr-defined]
    return _with_links(views.home(request))


@csrf_exempt
@xframe_options_exempt
@require_GET
@_answering
def patch(request: HttpRequest) -> HttpResponse:
    """Nothing but App Bridge, which gets a fresh token and loads `shopify-reload` with it."""
    domain = shop_domain(request.GET.get("shop", ""))
    reload = request.GET.get("shopify-reload", "")
    if not _OWN_PATH.fullmatch(reload):
        raise Invalid(_("The page to load is not one of ours. Open the app from your store’s admin."))
    script = f"{settings.SHOPIFY_CDN_URL}/shopifycloud/app-bridge.js"
    response = render(request, "shopify/patch.html", {"app_bridge": script, "client_id": settings.SHOPIFY_API_KEY})
    response["Content-Security-Policy"] = content_policy([settings.SHOPIFY_CDN_URL], _may_frame(domain))
    return _with_links(response)


@require_GET
@_answering
def install(request: HttpRequest) -> HttpResponse:
    """Begins the code grant, at Shopify's signed request or at a merchant's own link."""
    now = timezone.now()
    if "hmac" in request.GET:
        domain = shop_domain(check_query(request.META.get("QUERY_STRING", ""), now)["shop"])
    else:
        domain = shop_domain(request.GET.get("shop", ""))
    limits.hit("shopify/begin", limit=BEGINNINGS_PER_MINUTE, window_seconds=60, at=now)
    url, nonce = oauth.begin(domain, now)
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


@require_GET
@_answering
def callback(request: HttpRequest) -> HttpResponse:
    """Back from Shopify with a code; ends in the app inside the admin."""
    if request.GET.get("error"):
        raise Invalid(_("The permission was not given, so nothing was installed."))
    bound = request.get_signed_cookie(STATE_COOKIE, default="", salt=STATE_SALT, max_age=oauth.STATE_SECONDS)
    shop = oauth.complete(request.META.get("QUERY_STRING", ""), bound or "", timezone.now())
    response = HttpResponseRedirect(oauth.admin_url(shop))
    response.delete_cookie(STATE_COOKIE, path=oauth.CALLBACK_PATH, samesite="Lax")
    return response


def _to_patch_page(request: HttpRequest, now: datetime) -> HttpResponse:
    """302 to the patch page, with the query that the admin gave and the way back. Raises Unauthorized where no store is
    named, and where the patch page has just been passed."""
    shop_domain(request.GET.get("shop", ""))
    kept = request.GET.copy()
    kept.pop("id_token", None)
    passed = kept.get(PATCHED, "")
    seconds = int(now.timestamp())
    if passed.isascii() and passed.isdigit() and len(passed) < 12 and abs(seconds - int(passed)) < PATCHED_SECONDS:
        raise Unauthorized(
            _("Shopify’s sign-in was over before it arrived. Compare this server’s clock with the time."), code="clock"
        )
    kept[PATCHED] = str(seconds)
    back = f"{request.path}?{kept.urlencode()}"
    return HttpResponseRedirect(f"{PATCH_PATH}?{kept.urlencode()}&{urlencode({'shopify-reload': back})}")


def _with_links(response: HttpResponse) -> HttpResponse:
    """App Bridge is fetched while the page is still on its way."""
    cdn = settings.SHOPIFY_CDN_URL
    response["Link"] = f'<{cdn}>; rel="preconnect", <{cdn}/shopifycloud/app-bridge.js>; rel="preload"; as="script"'
    return response
