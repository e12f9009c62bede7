"""Who may see an embedded page, and the headers it leaves with.

A page is opened inside the platform's admin, in a frame of another site, so nothing here uses cookies. A request names
its shop in one of three ways: Shopify's session token in `Authorization` (App Bridge adds it to every fetch), the same
token as `id_token` of a document that the admin opens, or our own bearer, which the page on Ecwid carries and sends.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.core import signing
from django.core.exceptions import TooManyFieldsSent, TooManyFilesSent
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt
from structlog.contextvars import bound_contextvars

from loyalty.dashboard.bodies import most_shown, refusal_of, why
from loyalty.dashboard.navigation import places_of
from loyalty.dashboard.refusals import refusal_text
from loyalty.engine.errors import LoyaltyError, Unauthorized
from loyalty.models import Shop
from loyalty.platforms.shopify.session import decode_session_token
from loyalty.platforms.shopify.shop_names import browser_origin, shop_domain

View = Callable[..., HttpResponse]

BEARER_SALT = "embedded"
BEARER_SECONDS = 3600
RENEWED_AFTER_SECONDS = 900
LONGEST_SECONDS = 12 * 3600
"""Renewed or not, a bearer ends with the working day: a stolen one must not live for ever."""
RENEWED_HEADER = "X-Regulars-Bearer"
PATCH_PATH = "/shopify/patch"
PATCHED = "patched"
RETRY_HEADER = "X-Shopify-Retry-Invalid-Session-Request"


def embedded_token(shop: Shop, *, since: int | None = None) -> str:
    """Our bearer for a shop whose admin has just proved itself; good for an hour, renewed while it is used, up to
    twelve hours after `since` (seconds since 1970, now by default)."""
    began = int(timezone.now().timestamp()) if since is None else since
    return signing.dumps({"shop": shop.pk, "since": began}, salt=BEARER_SALT)


def embedded(view: View) -> View:
    """Lets the view run with `request.shop`, a shop that has the app, and sets the headers of an embedded page.
    An entry that has verified its caller sets `request.shop` itself and calls the view."""

    @csrf_exempt
    @xframe_options_exempt
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        now = timezone.now()
        if getattr(request, "shop", None) is None:
            try:
                request.shop = _shop_of(request, now)  # type: ignore[attr-defined]
            except Unauthorized as error:
                return _refused(request, error)
        with bound_contextvars(shop=request.shop.pk):  # type: ignore[attr-defined]
            return _sealed(_answer(view, request, args, kwargs), request)

    return guarded


def frame_ancestors(shop: Shop) -> list[str]:
    """The origins that may frame this shop's pages: its own store and admin, nobody else's."""
    if shop.platform == Shop.Platform.ECWID:
        return list(settings.ECWID_FRAME_ANCESTORS)
    return [browser_origin(shop_domain(shop.external_id)), settings.SHOPIFY_ADMIN_URL]


def platform_script(shop: Shop) -> str:
    """The script that the platform wants in every embedded document."""
    if shop.platform == Shop.Platform.ECWID:
        return settings.ECWID_SDK_URL
    return f"{settings.SHOPIFY_CDN_URL}/shopifycloud/app-bridge.js"


def content_policy(script_origins: list[str], ancestors: list[str]) -> str:
    scripts = " ".join(["'self'", *script_origins])
    framed_by = " ".join(ancestors) or "'none'"
    return (
        f"default-src 'self'; script-src {scripts}; style-src 'self'; style-src-attr 'unsafe-inline'; "
        "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        f"frame-ancestors {framed_by}"
    )


def _answer(view: View, request: HttpRequest, args: tuple[Any, ...], kwargs: dict[str, Any]) -> HttpResponse:
    refusal = refusal_of(request)
    if refusal is not None:
        return _message(request, refusal, _("That is too much at once"), why(refusal))
    try:
        return view(request, *args, **kwargs)
    except Http404:
        return _message(request, 404, _("Not found"), _("It is not in this shop, or it has gone. Choose a page above."))
    except (TooManyFieldsSent, TooManyFilesSent):
        text = _(
            "It has more fields than we take in one piece, and nothing of it was kept. Send it in parts or as a file."
        )
        return _message(request, 413, _("That is too much at once"), text)
    except LoyaltyError as error:
        return _message(request, 409, _("That did not work"), refusal_text(error))


def _shop_of(request: HttpRequest, now: datetime) -> Shop:
    """Raises Unauthorized; two shops can never be meant, since only the token is asked."""
    scheme, _space, bearer = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and ":" in bearer:
        found = Shop.objects.filter(pk=_shop_id_of(bearer, now))
    elif scheme.lower() == "bearer" and bearer:
        found = _shopify(request, bearer, now)
    elif request.method == "GET" and request.GET.get("id_token"):
        found = _shopify(request, request.GET["id_token"], now)
    else:
        raise Unauthorized("The request carries no token.", code="no_token")
    shop = found.exclude(status=Shop.Status.UNINSTALLED).first()
    if shop is None:
        raise Unauthorized("This shop does not have the app.", code="not_installed")
    return shop


def _shopify(request: HttpRequest, token: str, now: datetime) -> Any:
    session = decode_session_token(token, now)
    request.staff_id = session.user_id  # type: ignore[attr-defined]
    return Shop.objects.filter(platform=Shop.Platform.SHOPIFY, external_id=session.shop_domain)


def _shop_id_of(bearer: str, now: datetime) -> int:
    try:
        content = signing.loads(bearer, salt=BEARER_SALT, max_age=BEARER_SECONDS)
    except signing.BadSignature:
        raise Unauthorized("The token is not ours or too old.", code="bad_token") from None
    if now.timestamp() - content["since"] > LONGEST_SECONDS:
        raise Unauthorized("The page has been open for too long.", code="bad_token")
    return int(content["shop"])


def _refused(request: HttpRequest, error: Unauthorized) -> HttpResponse:
    """A fetch learns that a fresh token may help; a document on Shopify goes and gets one; anything else is told the
    way."""
    fetched = "Authorization" in request.headers or bool(getattr(request, "htmx", False))
    if not fetched and request.method == "GET" and error.code in ("no_token", "expired_token"):
        patch = _patch_address(request)
        if patch:
            return HttpResponseRedirect(patch)
    title, text = _("Open Regulars from your shop’s admin"), _("This page has lost the shop it belongs to.")
    response = _message(request, 401, title, text)
    response["Content-Security-Policy"] = content_policy([], settings.ECWID_FRAME_ANCESTORS)
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    if fetched:
        response[RETRY_HEADER] = "1"
    return response


def _patch_address(request: HttpRequest) -> str:
    """Where App Bridge gets a fresh token and comes back here; empty where no store is named, or where it has just
    been there: a token that is over again means that a clock is off, and would go round for ever."""
    kept = request.GET.copy()
    kept.pop("id_token", None)
    if "shop" not in kept or PATCHED in kept:
        return ""
    kept[PATCHED] = "1"
    back = f"{request.path}?{kept.urlencode()}"
    return f"{PATCH_PATH}?{kept.urlencode()}&{urlencode({'shopify-reload': back})}"


def _message(request: HttpRequest, status: int, title: str, text: str) -> HttpResponse:
    return render(request, "dashboard/message.html", {"title": title, "text": text, **layout(request)}, status=status)


def layout(request: HttpRequest) -> dict[str, Any]:
    """What every page's template needs: a fetch gets the region that changes, a document the whole."""
    shop: Shop | None = getattr(request, "shop", None)
    fetched = bool(getattr(request, "htmx", False))
    return {
        "layout": "dashboard/region.html" if fetched else "dashboard/document.html",
        "shop": shop,
        "platform_script": platform_script(shop) if shop else "",
        "most": most_shown(),
        "places": places_of(shop) if shop else [],
        "client_id": (settings.SHOPIFY_API_KEY if shop.platform == "shopify" else settings.ECWID_CLIENT_ID)
        if shop
        else "",
        "bearer": embedded_token(shop) if shop and shop.platform == Shop.Platform.ECWID else "",
    }


def _sealed(response: HttpResponse, request: HttpRequest) -> HttpResponse:
    shop: Shop = request.shop  # type: ignore[attr-defined]
    script = urlsplit(platform_script(shop))
    response["Content-Security-Policy"] = content_policy([f"{script.scheme}://{script.netloc}"], frame_ancestors(shop))
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Content-Type-Options"] = "nosniff"
    renewed = _renewed(request, shop)
    if renewed:
        response[RENEWED_HEADER] = renewed
    return response


def _renewed(request: HttpRequest, shop: Shop) -> str:
    """A fresh bearer where the request came with one that is old enough to be replaced."""
    bearer = request.headers.get("Authorization", "").partition(" ")[2]
    if ":" not in bearer:
        return ""
    try:
        signing.loads(bearer, salt=BEARER_SALT, max_age=RENEWED_AFTER_SECONDS)
    except signing.SignatureExpired:
        content = signing.loads(bearer, salt=BEARER_SALT)
        return embedded_token(shop, since=content["since"])
    return ""
