"""The store's server asks what a cart takes off (/ecwid/discounts/…), and the browser asks who its cart says it is."""

from __future__ import annotations

import hmac

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from loyalty.engine.errors import Invalid, NotFound
from loyalty.models import Shop
from loyalty.platforms.ecwid import cart
from loyalty.platforms.ecwid.hidden_fields import NONCE_FIELD
from loyalty.services import cart_sign_in, limits
from storefront_widget.bodies import ClaimBody, NoBody, read_body
from storefront_widget.doors import Caller
from storefront_widget.sessions import TEN_MINUTES, session_answer
from storefront_widget.views import answer

log = structlog.get_logger("regulars.cart")


@csrf_exempt
@require_POST
def discounts(request: HttpRequest, key: str) -> HttpResponse:
    """Reads only, as often as it is asked: a cart asks at every change. What is wrong takes nothing off, and says so in
    the log alone, for whoever asks may be anybody."""
    if not hmac.compare_digest(request.path.encode(), cart.address().encode()):
        return HttpResponse(status=404)
    raw = request.read(cart.MAX_QUESTION_BYTES + 1)
    try:
        question = cart.read_question(raw) if len(raw) <= cart.MAX_QUESTION_BYTES else None
    except Invalid as error:
        log.warning("cart.unreadable", why=error.message)
        question = None
    if question is None:
        return _taken_off([])
    at = timezone.now()
    proven = cart.proven_customer(question)
    if proven:
        cart_sign_in.prove(shop=question.shop, nonce=proven[0], customer_id=proven[1], at=at)
    return _taken_off(cart.discounts(question, at=at))


def _taken_off(found: list[cart.Discount]) -> HttpResponse:
    return JsonResponse({"discounts": found}, headers={"Cache-Control": "no-store"})


def nonce(request: HttpRequest, caller: Caller) -> HttpResponse:
    """For a browser whose store says that somebody is signed in."""
    read_body(request, NoBody)
    _offered(caller.shop)
    limits.hit(f"cart-nonce-ip/{caller.address}", limit=60, window_seconds=TEN_MINUTES, at=caller.at)
    claim, made = cart_sign_in.begin(shop=caller.shop, at=caller.at)
    return answer({"claim": claim, "field": NONCE_FIELD, "nonce": made})


def session(request: HttpRequest, caller: Caller) -> HttpResponse:
    body = read_body(request, ClaimBody)
    _offered(caller.shop)
    limits.hit(f"cart-session-ip/{caller.address}", limit=300, window_seconds=TEN_MINUTES, at=caller.at)
    return session_answer(cart_sign_in.start_session(shop=caller.shop, claim=body.claim, at=caller.at))


def _offered(shop: Shop) -> None:
    if not settings.ECWID_CART_SIGN_IN or shop.platform != Shop.Platform.ECWID:
        raise NotFound("This store does not sign anybody in this way.", code="not_offered")
