"""Signing in where the platform vouches for nobody: a code by e-mail, a short token, a device that renews it."""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from django.http import HttpRequest, HttpResponse

from loyalty.services import limits, shoppers, signed_sessions
from storefront_widget.bodies import CodeBody, DeviceBody, SessionBody, SignedBody, read_body
from storefront_widget.doors import Caller
from storefront_widget.views import answer

HOUR, DAY, TEN_MINUTES = 3600, 86_400, 600
WRONG_CODES_AN_HOUR = 300
"""Of one shop. Guessing on, a code is found once in three thousand hours."""


def code(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Always 202 and a challenge, whether or not anybody has this address."""
    email = shoppers.normal_email(read_body(request, CodeBody).email)
    shop, at = caller.shop, caller.at
    address = shoppers.fingerprint(email)
    limits.hit(f"code-ip/{caller.address}", limit=20, window_seconds=HOUR, at=at)
    limits.hit(f"code-email/{shop.pk}/{address}", limit=5, window_seconds=HOUR, at=at)
    limits.hit(f"code-email/{shop.pk}/{address}", limit=10, window_seconds=DAY, at=at)
    limits.hit(f"code-shop/{shop.pk}", limit=600, window_seconds=HOUR, at=at)
    challenge = shoppers.request_code(shop=shop, email=email, at=at)
    return answer({"challenge": challenge}, status=HTTPStatus.ACCEPTED)


def session(request: HttpRequest, caller: Caller) -> HttpResponse:
    body = read_body(request, SessionBody)
    shop, at = caller.shop, caller.at
    limits.hit(f"session-ip/{caller.address}", limit=30, window_seconds=TEN_MINUTES, at=at)
    # However many addresses and networks somebody guesses with: counted before it is judged, and a right code is no guess.
    wrong = f"wrong-code/{shop.pk}"
    limits.hit(wrong, limit=WRONG_CODES_AN_HOUR, window_seconds=HOUR, at=at)
    session = shoppers.start_session(shop=shop, challenge=body.challenge, code=body.code, at=at)
    limits.give_back(wrong, window_seconds=HOUR, at=at)
    return session_answer(session)


def signed(request: HttpRequest, caller: Caller) -> HttpResponse:
    """For shops whose own server knows who the shopper is."""
    body = read_body(request, SignedBody)
    limits.hit(f"signed-ip/{caller.address}", limit=60, window_seconds=TEN_MINUTES, at=caller.at)
    identity = signed_sessions.SignedIdentity(**msgspec.structs.asdict(body))
    return session_answer(signed_sessions.start_session(shop=caller.shop, identity=identity, at=caller.at))


def renew(request: HttpRequest, caller: Caller) -> HttpResponse:
    body = read_body(request, DeviceBody)
    limits.hit(f"renew-ip/{caller.address}", limit=300, window_seconds=TEN_MINUTES, at=caller.at)
    return session_answer(shoppers.renew_session(shop=caller.shop, device_token=body.device, at=caller.at))


def end(request: HttpRequest, caller: Caller) -> HttpResponse:
    body = read_body(request, DeviceBody)
    limits.hit(f"renew-ip/{caller.address}", limit=300, window_seconds=TEN_MINUTES, at=caller.at)
    shoppers.end_session(shop=caller.shop, device_token=body.device, at=caller.at)
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def session_answer(session: shoppers.Session) -> HttpResponse:
    seconds = int(shoppers.TOKEN_LIFE.total_seconds())
    return answer({"token": session.token, "expires_in": seconds, "device": session.device_token})
