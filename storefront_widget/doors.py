"""The ways in: /widget/v1/ with our own token and CORS, /shopify/proxy/ with the platform's signature and neither, and
/widget/v1/extension/ with the platform's token.

Behind all stands the same Caller, so that a view can't tell them apart and can't trust more at one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Concatenate, ParamSpec, TypeAlias

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt

from loyalty.engine.errors import LoyaltyError, NotFound, Unauthorized
from loyalty.languages import Voice
from loyalty.models import Member, Shop
from loyalty.platforms.shopify.proxy import verify_proxy
from loyalty.platforms.shopify.session import decode_customer_token
from loyalty.selectors.members import member_by_customer
from loyalty.selectors.programs import version_in_force
from loyalty.selectors.widget import shop_by_key
from loyalty.selectors.widget_settings import NOTHING_CHOSEN, loaded_choices
from loyalty.services import shoppers
from storefront_widget.client_address import client_address, told_address
from storefront_widget.kept_config import origins_of
from storefront_widget.languages import voice_of
from storefront_widget.problems import Forbidden, WrongForm, problem
from storefront_widget.reads import count_in_crowd, count_read

_ALLOWED_HEADERS = "Authorization, Content-Type, Idempotency-Key, X-Regulars"
_PREFLIGHT_SECONDS = "600"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. `signed_in` without a member: a customer the platform vouches for, whom we have not met yet."""

    shop: Shop
    at: datetime
    address: str
    member: Member | None = None
    signed_in: bool = False
    customer_id: str = ""
    """Whom the platform vouches for."""

    def required(self) -> Member:
        """The member, for what needs one. Raises Unauthorized for a guest, NotFound for a customer without points."""
        if self.member is None and self.signed_in:
            raise NotFound("You have no points yet. They begin with your first order.", code="no_member")
        if self.member is None:
            raise Unauthorized("Sign in to use your points.", code="signed_out")
        return self.member


P = ParamSpec("P")
Handler: TypeAlias = Callable[Concatenate[HttpRequest, Caller, P], HttpResponse]
View: TypeAlias = Callable[..., HttpResponseBase]


def anonymous(request: HttpRequest, shop: Shop, at: datetime) -> Caller:
    address = client_address(request)
    if request.method == "GET":
        count_read(f"{shop.pk}/{address}", at=at)
    return Caller(shop=shop, at=at, address=address)


def by_token(request: HttpRequest, shop: Shop, at: datetime) -> Caller:
    """Only our own short token says who it is."""
    address = client_address(request)
    count_read(f"{shop.pk}/{address}", at=at)
    token = _bearer(request)
    if not token or len(token) > shoppers.TOKEN_CHARACTERS:
        raise Unauthorized("Sign in to see your points.", code="signed_out")
    member = shoppers.member_of(shop=shop, token=token, at=at)
    return Caller(shop=shop, at=at, address=address, member=member, signed_in=True)


def by_token_if_any(request: HttpRequest, shop: Shop, at: datetime) -> Caller:
    """For what guests may ask as well, and members hear more exactly."""
    if request.headers.get("Authorization"):
        return by_token(request, shop, at)
    address = client_address(request)
    count_read(f"{shop.pk}/{address}", at=at)
    return Caller(shop=shop, at=at, address=address)


def widget_door(*, enter: Callable[[HttpRequest, Shop, datetime], Caller], **handlers: Handler[...]) -> View:
    """/widget/v1/…?shop=platform:id, for the shop's own storefronts; handlers by method in lower case."""

    @csrf_exempt
    def view(request: HttpRequest, **parts: object) -> HttpResponseBase:
        origin = request.headers.get("Origin", "")
        allowed = False
        voice = voice_of(request, NOTHING_CHOSEN)
        shop = None
        try:
            shop = shop_by_key(request.GET.get("shop", ""))
            voice = voice_of(request, loaded_choices(shop)[1])
            allowed = bool(origin) and origin in origins_of(shop)
            if origin and not allowed:
                raise Forbidden("This page is not part of the store's storefront.", code="wrong_origin")
            if request.method == "OPTIONS":
                response = _preflight(handlers)
            else:
                handler = _handler(request, handlers)
                response = handler(request, enter(request, shop, timezone.now()), **parts)
        except LoyaltyError as error:
            response = problem(error, _knowing(voice, error, shop))
        if allowed:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = "ETag, Retry-After"
        patch_vary_headers(response, ("Origin",))
        return _private(response)

    return view


def proxy_door(**handlers: Handler[...]) -> View:
    """/shopify/proxy/…: the shop and the customer are what the signature covers, and nothing else is read for them.
    Same origin for the browser, so there is no CORS here: an answer to a foreign page would be a leak."""

    @csrf_exempt
    def view(request: HttpRequest, **parts: object) -> HttpResponseBase:
        at = timezone.now()
        voice = voice_of(request, NOTHING_CHOSEN)
        shop = None
        try:
            handler = _handler(request, handlers)
            signed = verify_proxy(request.META.get("QUERY_STRING", ""), now=at)
            shop = shop_by_key(f"shopify:{signed.shop_domain}")
            voice = voice_of(request, loaded_choices(shop)[1])
            caller = _proxied(request, shop, signed.customer_id, at)
            response = handler(request, caller, **parts)
        except LoyaltyError as error:
            response = problem(error, _knowing(voice, error, shop))
        return _private(response)

    return view


def extension_door(**handlers: Handler[...]) -> View:
    """/widget/v1/extension/…, for our extension on Shopify's thank-you page and in its customer accounts. It runs in a
    worker that has no origin of its own, so any page may ask; who asks, and of which store, the platform's token says."""

    @csrf_exempt
    def view(request: HttpRequest, **parts: object) -> HttpResponseBase:
        at = timezone.now()
        voice = voice_of(request, NOTHING_CHOSEN)
        try:
            if request.method == "OPTIONS":
                response = _preflight(handlers)
            else:
                handler = _handler(request, handlers)
                address = client_address(request)
                count_read(f"extension/{address}", at=at)
                told = decode_customer_token(_bearer(request), at)
                shop = shop_by_key(f"shopify:{told.shop_domain}")
                voice = voice_of(request, loaded_choices(shop)[1])
                response = handler(request, _customer(shop, told.customer_id, address, at), **parts)
        except LoyaltyError as error:
            response = problem(error, voice)
        response["Access-Control-Allow-Origin"] = "*"
        response["Access-Control-Expose-Headers"] = "Retry-After"
        return _private(response)

    return view


def _customer(shop: Shop, customer_id: str, address: str, at: datetime) -> Caller:
    if not customer_id:
        return Caller(shop=shop, at=at, address=address)
    count_read(f"{shop.pk}/customer/{customer_id}", at=at)
    member = member_by_customer(shop=shop, external_id=customer_id)
    return Caller(shop=shop, at=at, address=address, member=member, signed_in=True, customer_id=customer_id)


def _bearer(request: HttpRequest) -> str:
    """The token of the Authorization header; empty without one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else ""


def _proxied(request: HttpRequest, shop: Shop, customer_id: str, at: datetime) -> Caller:
    """All shoppers of all shops come from the platform's own addresses: who is counted by one is counted by what the
    platform tells of where they are, or else by who they are."""
    told = told_address(request)
    if not customer_id:
        count_in_crowd(f"{shop.pk}/through/{client_address(request)}", at=at)
        if told:
            count_read(f"{shop.pk}/{told}", at=at)
        return Caller(shop=shop, at=at, address=told)
    return _customer(shop, customer_id, told or f"customer/{customer_id}", at)


def _knowing(voice: Voice, error: LoyaltyError, shop: Shop | None) -> Voice:
    """A refusal that names a reward names it as the reader's language does."""
    if shop is None or "reward" not in error.params:
        return voice
    live = version_in_force(shop, timezone.now())
    return voice.knowing(live.program.translations) if live else voice


def _handler(request: HttpRequest, handlers: Mapping[str, Handler[...]]) -> Handler[...]:
    handler = handlers.get((request.method or "").lower())
    if handler is None:
        allowed = " or ".join(sorted(name.upper() for name in handlers))
        raise WrongForm(f"Use {allowed} here.", status=HTTPStatus.METHOD_NOT_ALLOWED)
    return handler


def _preflight(handlers: Mapping[str, Handler[...]]) -> HttpResponse:
    response = HttpResponse(status=HTTPStatus.NO_CONTENT)
    response["Access-Control-Allow-Methods"] = ", ".join(sorted(name.upper() for name in handlers))
    response["Access-Control-Allow-Headers"] = _ALLOWED_HEADERS
    response["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
    return response


def _private(response: HttpResponse) -> HttpResponse:
    response.setdefault("Cache-Control", "no-store")
    response["X-Content-Type-Options"] = "nosniff"
    return response
