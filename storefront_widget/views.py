"""The widget's API: what the program gives, what a member has, and redeeming."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from http import HTTPStatus
from uuid import UUID

import msgspec
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from loyalty.languages import Voice
from loyalty.selectors.programs import Published, in_force_at, kept_versions, published
from loyalty.selectors.widget import program_now, redemption_of
from loyalty.selectors.widget_settings import loaded_choices
from loyalty.selectors.widget_state import MemberState, state_of_member
from loyalty.services import limits, redemptions
from loyalty.services.codes import ISSUE, REVOKE
from loyalty.services.outbox import is_first_try
from loyalty.worker import outbox
from storefront_widget.answers import guest_answer, member_answer, redeem_answer, redemption_answer
from storefront_widget.bodies import NoBody, RedeemBody, idempotency_key, read_body
from storefront_widget.config import Data
from storefront_widget.doors import Caller
from storefront_widget.kept_config import A_MINUTE, FOR_EVER, Config, config_of, origins_of
from storefront_widget.kept_member import MemberAnswer, asked_of, keep, keeps_until
from storefront_widget.languages import language_of, page_language, voice_of
from storefront_widget.problems import UnderWay
from storefront_widget.terms import terms_answer

UNDER_WAY = timedelta(seconds=30)
"""Longer than the platform is waited for: until then the first request may still be at it."""


def config(request: HttpRequest, caller: Caller) -> HttpResponse:
    return config_response(request, _config(request, caller, published(caller.shop)))


def config_response(request: HttpRequest, config: Config) -> HttpResponse:
    """Asked with its version it is for ever; without, whoever keeps it asks again after a minute, by its ETag."""
    tag = f'"{config.version}"'
    if tag in [each.strip().removeprefix("W/") for each in request.headers.get("If-None-Match", "").split(",")]:
        response = HttpResponse(status=HTTPStatus.NOT_MODIFIED)
    elif "gzip" in request.headers.get("Accept-Encoding", ""):
        response = HttpResponse(config.packed, content_type="application/json", headers={"Content-Encoding": "gzip"})
    else:
        response = HttpResponse(config.body, content_type="application/json")
    response["ETag"] = tag
    response["Cache-Control"] = FOR_EVER if request.GET.get("v") == config.version else A_MINUTE
    patch_vary_headers(response, ("Accept-Encoding", "Accept-Language"))
    return response


def member(request: HttpRequest, caller: Caller) -> HttpResponse:
    shop, at = caller.shop, caller.at
    rows = published(shop)
    config = _config(request, caller, rows).version
    if not caller.signed_in:
        return answer(guest_answer(config=config))
    versions, voice = kept_versions(rows), voice_of(request, loaded_choices(shop)[1])
    state = _state(caller)
    data, changes = member_answer(shop=shop, member=caller.member, versions=versions, config=config, voice=voice, at=at)
    response = answer(data)
    if state is not None:
        made = MemberAnswer(response.content, state, origins_of(shop), at, keeps_until(at, *changes))
        keep(made, asked=asked_of(request.GET.dict(), request.headers.get("Accept-Language", "")))
    return response


def _config(request: HttpRequest, caller: Caller, rows: Sequence[Published]) -> Config:
    chosen = loaded_choices(caller.shop)[1].languages
    asked = page_language(request, chosen)
    return config_of(shop=caller.shop, rows=rows, language=language_of(request, chosen), asked=asked, at=caller.at)


def _voice(request: HttpRequest, caller: Caller) -> Voice:
    """With the names that the program in force has for things."""
    voice = voice_of(request, loaded_choices(caller.shop)[1])
    live = in_force_at(kept_versions(published(caller.shop)), caller.at)
    return voice.knowing(live.program.translations) if live else voice


def _state(caller: Caller) -> MemberState | None:
    """Asked before the answer is made: what changes while it is made, changes it."""
    if caller.member is None:
        return None
    shop = caller.shop
    return state_of_member(
        platform=shop.platform, external_id=shop.external_id, member_id=caller.member.pk, at=caller.at
    )


def terms(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Public, and rarely asked for."""
    choices = loaded_choices(caller.shop)[1]
    program = program_now(shop=caller.shop, at=caller.at)
    voice = voice_of(request, choices)
    response = answer(terms_answer(shop=caller.shop, program=program, choices=choices, voice=voice))
    response["Cache-Control"] = A_MINUTE
    patch_vary_headers(response, ("Accept-Language",))
    return response


def redeem(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Takes the points, then asks the platform for the code at once: mostly the shopper sees it in this answer."""
    key = idempotency_key(request)
    body = read_body(request, RedeemBody)
    member = caller.required()
    shop, at = caller.shop, caller.at
    limits.hit(f"redeem/{shop.pk}/{member.pk}", limit=10, window_seconds=60, at=at)
    redemption = redemptions.redeem(
        shop=shop, member_id=member.pk, reward_id=body.reward, request_key=key, at=at, points=body.points
    )
    if redemption.accepted_at == at:
        outbox.run_now(kind=ISSUE, subject=str(redemption.number), shop_id=shop.pk, now=at)
    elif at - redemption.accepted_at < UNDER_WAY and is_first_try(
        shop=shop, kind=ISSUE, subject=str(redemption.number)
    ):
        raise UnderWay("This is being done right now. Ask again in 2 seconds.")
    # Read again: what came of the first try was written before the try was seen to be over.
    redemption = redemption_of(shop=shop, member=member, number=redemption.number)
    return answer(redeem_answer(shop=shop, redemption=redemption, voice=_voice(request, caller)))


def redemption(request: HttpRequest, caller: Caller, number: UUID) -> HttpResponse:
    found = redemption_of(shop=caller.shop, member=caller.required(), number=number)
    return answer(redemption_answer(shop=caller.shop, redemption=found, voice=_voice(request, caller)))


def cancel(request: HttpRequest, caller: Caller, number: UUID) -> HttpResponse:
    """Gives an unused code back for its points. Asked twice it says the same."""
    member = caller.required()
    read_body(request, NoBody)
    limits.hit(f"redeem/{caller.shop.pk}/{member.pk}", limit=10, window_seconds=60, at=caller.at)
    cancelled = redemptions.cancel_own(shop=caller.shop, member=member, number=number, at=caller.at)
    outbox.run_now(kind=REVOKE, subject=str(number), shop_id=caller.shop.pk, now=caller.at)
    return answer(redemption_answer(shop=caller.shop, redemption=cancelled, voice=_voice(request, caller)))


def answer(data: Data, *, status: HTTPStatus = HTTPStatus.OK) -> HttpResponse:
    return HttpResponse(msgspec.json.encode(data), status=status, content_type="application/json")
