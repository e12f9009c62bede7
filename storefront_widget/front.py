"""In front of Django (config/wsgi.py): the widget's two reads, answered from what this process has made already.

A page view asks for them, so they are asked more often than all the rest together; sessions, languages and the other
middleware of the house would cost more than the answer (`manage.py bench read`). Whatever is not at hand, not in order
or not understood goes on to the house, which answers in full and keeps what it made.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus
from urllib.parse import parse_qsl
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest
from django.utils import timezone

from config.logs import request_id_of
from loyalty.engine.errors import LoyaltyError
from loyalty.platforms.shopify.proxy import verify_proxy
from loyalty.selectors.widget_state import state_by_device, state_of_customer
from loyalty.services import shoppers
from storefront_widget.client_address import client_address
from storefront_widget.kept_config import A_MINUTE, FOR_EVER, Config, kept_config
from storefront_widget.kept_member import MemberAnswer, asked_of, kept
from storefront_widget.reads import count_read

Headers = list[tuple[str, str]]
Answer = tuple[HTTPStatus, Headers, bytes]

_ALWAYS = [
    ("Content-Type", "application/json"),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
]
_LONGEST_QUERY = 2000


class Front:
    """A WSGI application in front of another, which gets all that is not answered here."""

    def __init__(self, house: WSGIApplication) -> None:
        self.house = house

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = _answer(environ) if environ["REQUEST_METHOD"] == "GET" else None
        if answer is None:
            return self.house(environ, start_response)
        status, headers, body = answer
        request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""))
        start_response(
            f"{int(status)} {status.phrase}",
            [*_ALWAYS, *_secure(environ), *headers, ("X-Request-ID", request_id), ("Content-Length", str(len(body)))],
        )
        return [body]


def _answer(environ: WSGIEnvironment) -> Answer | None:
    look = _LOOKS.get(environ.get("PATH_INFO", ""))
    raw_query = environ.get("QUERY_STRING", "")
    if look is None or len(raw_query) > _LONGEST_QUERY or not _is_at_home(environ):
        return None
    try:
        return look(environ, raw_query, timezone.now())
    except LoyaltyError:
        return None  # the house says it in words
    except (DatabaseError, InterfaceError):
        connection.close()
        return None


def _config(environ: WSGIEnvironment, raw_query: str, at: datetime) -> Answer | None:
    query = _once(raw_query)
    if query is None:
        return None
    found = kept_config(key=query.get("shop", ""), asked=query.get("lang", ""), version=query.get("v", ""), at=at)
    allowed = _allowed(environ, found.origins) if found else None
    return _public(environ, query, found, allowed) if found and allowed is not None else None


def _proxied_config(environ: WSGIEnvironment, raw_query: str, at: datetime) -> Answer | None:
    query = _once(raw_query)
    if query is None:
        return None
    signed = verify_proxy(raw_query, now=at)
    key = f"shopify:{signed.shop_domain}"
    found = kept_config(key=key, asked=query.get("lang", ""), version=query.get("v", ""), at=at)
    return _public(environ, query, found, []) if found else None


def _member(environ: WSGIEnvironment, raw_query: str, at: datetime) -> Answer | None:
    query = _once(raw_query)
    scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    platform, _, external_id = (query or {}).get("shop", "").partition(":")
    if query is None or scheme.lower() != "bearer" or not external_id or len(token) > shoppers.TOKEN_CHARACTERS:
        return None
    device_id, address = shoppers.device_of(token=token, at=at)
    state = state_by_device(platform=platform, external_id=external_id, device_id=device_id, at=at)
    if state is None or shoppers.fingerprint(state.email) != address:
        return None
    found = kept(state, asked=asked_of(query, environ.get("HTTP_ACCEPT_LANGUAGE", "")), at=at)
    allowed = _allowed(environ, found.origins) if found else None
    if found is None or allowed is None:
        return None
    request = HttpRequest()
    request.META = environ
    count_read(f"{state.shop_id}/{client_address(request)}", at=at)
    return _private(found, allowed)


def _proxied_member(environ: WSGIEnvironment, raw_query: str, at: datetime) -> Answer | None:
    query = _once(raw_query)
    if query is None:
        return None
    signed = verify_proxy(raw_query, now=at)
    if not signed.customer_id:
        return None
    state = state_of_customer(platform="shopify", external_id=signed.shop_domain, customer_id=signed.customer_id, at=at)
    found = kept(state, asked=asked_of(query, environ.get("HTTP_ACCEPT_LANGUAGE", "")), at=at) if state else None
    if state is None or found is None:
        return None
    count_read(f"{state.shop_id}/customer/{signed.customer_id}", at=at)
    return _private(found, [])


_LOOKS = {
    "/widget/v1/config": _config,
    "/widget/v1/member": _member,
    "/shopify/proxy/config": _proxied_config,
    "/shopify/proxy/member": _proxied_member,
}


def _public(environ: WSGIEnvironment, query: dict[str, str], config: Config, cors: Headers) -> Answer:
    tag = f'"{config.version}"'
    lasts = FOR_EVER if query.get("v") else A_MINUTE
    headers = [("ETag", tag), ("Cache-Control", lasts), ("Vary", "Origin, Accept-Encoding"), *cors]
    if environ.get("HTTP_IF_NONE_MATCH", "").removeprefix("W/") == tag:
        return HTTPStatus.NOT_MODIFIED, headers, b""
    if "gzip" in environ.get("HTTP_ACCEPT_ENCODING", ""):
        return HTTPStatus.OK, [*headers, ("Content-Encoding", "gzip")], config.packed
    return HTTPStatus.OK, headers, config.body


def _private(answer: MemberAnswer, cors: Headers) -> Answer:
    return HTTPStatus.OK, [("Cache-Control", "no-store"), ("Vary", "Origin"), *cors], answer.body


def _allowed(environ: WSGIEnvironment, origins: frozenset[str]) -> Headers | None:
    """None for a page that is not the store's."""
    origin = environ.get("HTTP_ORIGIN", "")
    if not origin:
        return []
    if origin not in origins:
        return None
    return [("Access-Control-Allow-Origin", origin), ("Access-Control-Expose-Headers", "ETag, Retry-After")]


def _once(raw_query: str) -> dict[str, str] | None:
    """A query whose keys stand once each, and in which everything can be read."""
    try:
        pairs = parse_qsl(raw_query, keep_blank_values=True, errors="strict", max_num_fields=20)
    except ValueError:
        return None
    query = dict(pairs)
    return query if len(query) == len(pairs) else None


def _is_at_home(environ: WSGIEnvironment) -> bool:
    """Asked by a name of ours, and encrypted where that is asked for: else the house refuses or redirects."""
    name = environ.get("HTTP_HOST", "").partition(":")[0].lower()
    return name in settings.ALLOWED_HOSTS and (not settings.SECURE_SSL_REDIRECT or _is_encrypted(environ))


def _is_encrypted(environ: WSGIEnvironment) -> bool:
    header = settings.SECURE_PROXY_SSL_HEADER
    said = environ.get(header[0], "").partition(",")[0].strip() if header else ""
    return said == "https" if header and said else environ.get("wsgi.url_scheme") == "https"


def _secure(environ: WSGIEnvironment) -> Headers:
    if not settings.SECURE_HSTS_SECONDS or not _is_encrypted(environ):
        return []
    return [("Strict-Transport-Security", f"max-age={settings.SECURE_HSTS_SECONDS}")]
