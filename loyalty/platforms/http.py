"""The one door through which the house calls the outside.

Only to hosts that follow from the settings, only over TLS to public addresses (the address that was checked is the one
that is connected to), without redirects, cookies, proxies or netrc from the environment, with a deadline and a size
for every answer, and never inside a database transaction. The sandbox's settings alone open http and loopback.
"""

from __future__ import annotations

import json as json_module
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.db import connection
from requests.exceptions import RequestException
from requests_hardened import Config, HTTPSession
from urllib3.exceptions import HTTPError

from loyalty.engine.errors import Invalid, Refused, Unavailable
from loyalty.platforms import wire
from loyalty.platforms.reading import parse_json

CONNECT_TIMEOUT_SECONDS = 5.0
TIMEOUT_SECONDS = 15.0
MAX_BYTES = 8 * 1024 * 1024
USER_AGENT = "Regulars/1"

_CHUNK_BYTES = 65_536
_URL = re.compile(r"https?://[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[!-~]*)?(\?[!-~]*)?")
_SHOP_HOST = r"[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Header names are in lower case. Any status may be in it, redirects included."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """The body as JSON with exact numbers. Raises Unavailable: a platform that sends no JSON where it should is
        broken for the moment, and asking again may help."""
        try:
            return parse_json(self.body)
        except Invalid as error:
            params: dict[str, str | int] = {"status": self.status, "problem": error.phrase}
            raise Unavailable(
                "The platform answered {status} with something unreadable: {problem}", params=params
            ) from None

    @property
    def retry_after_seconds(self) -> int:
        """From Retry-After, between 0 and an hour; 0 where it is missing or is a date."""
        seconds = re.match(r"[0-9]{1,6}", self.headers.get("retry-after", ""))
        return min(int(seconds.group()), 3600) if seconds else 0


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """All calls made inside, and the waits between them, are over in so many seconds together; the last one may take up
    to CONNECT_TIMEOUT_SECONDS more to be connected. What does not fit is Unavailable."""
    ends = wire.ENDS.set(min(wire.ENDS.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        wire.ENDS.reset(ends)


def seconds_left() -> float:
    """Until the end that `within` has set; infinite where nothing has."""
    return wire.ENDS.get() - time.monotonic()


def _origin(url: str) -> str:
    """Scheme, host and port in one spelling; a default port is left out."""
    parts = urlsplit(url)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    port = "" if parts.port in (None, default) else f":{parts.port}"
    return f"{parts.scheme}://{parts.hostname}{port}"


def allowed_hosts() -> tuple[re.Pattern[str], ...]:
    """What an origin ("https://app.ecwid.com", "http://127.0.0.1:9001") must match, one pattern per base URL of the
    settings. Where {shop} stands in a host it is any permanent Shopify domain."""
    urls = [settings.SHOPIFY_SHOP_URL, settings.ECWID_API_URL, settings.ECWID_OAUTH_URL, settings.SANDBOX_URL]
    urls.append(settings.SHOPIFY_BULK_URL)
    urls.append(settings.APP_URL)  # whether we answer from outside is asked the same way
    patterns = []
    for url in urls:
        if not url:
            continue
        scheme, _, rest = url.partition("://")
        host = rest.partition("/")[0]
        if "{shop}" in host:
            patterns.append(re.compile(re.escape(f"{scheme}://{host}").replace(r"\{shop\}", _SHOP_HOST)))
        else:
            patterns.append(re.compile(re.escape(_origin(url))))
    return tuple(patterns)


def _check_url(url: str) -> str:
    """The host's name, for messages. Raises Refused for what is not on the list."""
    if not _URL.fullmatch(url) or len(url) > 4096:
        raise Refused("An address that is no plain http(s) address was not called.")
    try:
        origin = _origin(url)
    except ValueError:
        raise Refused("An address with an impossible port was not called.") from None
    if not any(pattern.fullmatch(origin) for pattern in allowed_hosts()):
        raise Refused(
            "{origin} was not called: it is none of the platforms' hosts in the settings.", params={"origin": origin}
        )
    if not origin.startswith("https://") and not settings.SANDBOX_URL:
        raise Refused("{origin} was not called: without the sandbox only https is used.", params={"origin": origin})
    return origin.partition("://")[2]


def _session() -> HTTPSession:
    """A new one for every call: nothing of one shop (cookies, connections) is left for another."""
    session = HTTPSession(
        Config(
            ip_filter_enable=True,
            ip_filter_allow_loopback_ips=bool(settings.SANDBOX_URL),
            never_redirect=True,
            default_timeout=(CONNECT_TIMEOUT_SECONDS, TIMEOUT_SECONDS),
            user_agent_override=USER_AGENT,
        )
    )
    session.trust_env = False
    wire.use_in(session)
    return session


def _chunks(response: requests.Response, host: str, deadline: float, max_bytes: int) -> Iterator[bytes]:
    """The decoded body, each piece as it arrives, so that a trickle cannot outlast the deadline."""
    wire.finish_by(response, deadline)
    total = 0
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        total += len(chunk)
        if total > max_bytes:
            raise Unavailable(
                "{host} sent more than {most:,} bytes; the answer was dropped.",
                params={"host": host, "most": max_bytes},
            )
        if time.monotonic() > deadline:
            raise Unavailable("{host} took too long to send its answer.", params={"host": host})
        yield chunk


def check_public(url: str) -> str:
    """The host of an address that a merchant has given us, for messages: any of the public internet, over
    TLS at its usual port. The sandbox's settings alone open http, and any port, of this machine. Raises Refused."""
    if not _URL.fullmatch(url) or len(url) > 4096:
        raise Refused("An address that is no plain https address was not called.")
    parts = urlsplit(url)
    try:
        is_usual = parts.scheme == "https" and parts.port in (None, 443)
    except ValueError:
        raise Refused("An address with an impossible port was not called.") from None
    is_here = bool(settings.SANDBOX_URL) and parts.hostname in ("127.0.0.1", "localhost")
    if not is_usual and not is_here:
        raise Refused(
            "{host} was not called: only https at its usual port is used.", params={"host": str(parts.hostname)}
        )
    return parts.netloc


@contextmanager
def _sent(
    method: str,
    url: str,
    host: str,
    *,
    headers: Mapping[str, str],
    body: bytes | Mapping[str, str] | None,
    params: Mapping[str, str] | None,
    timeout_seconds: float,
) -> Iterator[tuple[requests.Response, str]]:
    """One exchange with a checked address, up to its headers. Everything that goes wrong on the way is Unavailable, and says no more than the
    host and the kind of trouble: requests' own messages can hold addresses with tokens in them."""
    if connection.in_atomic_block:
        raise RuntimeError("The network was called inside a transaction; leave an outbox row instead.")
    try:
        with (
            _session() as session,
            session.request(
                method,
                url,
                headers={"Accept": "application/json", **headers},
                data=body,
                params=params,
                timeout=(min(CONNECT_TIMEOUT_SECONDS, timeout_seconds), timeout_seconds),
                stream=True,
            ) as response,
        ):
            yield response, host
    except (RequestException, HTTPError, OSError, UnicodeError) as error:
        raise Unavailable(
            "{host} could not be reached or broke off ({problem}).",
            params={"host": host, "problem": type(error).__name__},
        ) from None


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    json: Any = None,
    data: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    timeout_seconds: float = TIMEOUT_SECONDS,
    max_bytes: int = MAX_BYTES,
) -> Answer:
    """One call and its whole answer, whatever its status. `timeout_seconds` holds for the head as a whole and again for
    the body as a whole; `within` may leave less.

    Raises Unavailable for anything that went wrong on the way and for an answer over `max_bytes`; Refused for a host
    that is not in the settings; RuntimeError inside a transaction. No message holds a header, a query or a body."""
    sent_headers = dict(headers or {})
    body: bytes | Mapping[str, str] | None = data
    if json is not None:
        body = json_module.dumps(json).encode()
        sent_headers["Content-Type"] = "application/json"
    return _asked(
        method, url, _check_url(url), sent_headers, body, params, timeout_seconds=timeout_seconds, max_bytes=max_bytes
    )


def post_public(
    url: str, body: bytes, *, headers: Mapping[str, str], timeout_seconds: float, max_bytes: int = 65_536
) -> Answer:
    """Sends JSON to an address that a merchant has given us. Limits and errors as those of `request`; Refused for what
    is no https address, Unavailable for one that leads into a private network."""
    sent_headers = {"Content-Type": "application/json", **headers}
    host = check_public(url)
    return _asked("POST", url, host, sent_headers, body, None, timeout_seconds=timeout_seconds, max_bytes=max_bytes)


def _asked(
    method: str,
    url: str,
    host: str,
    headers: Mapping[str, str],
    body: bytes | Mapping[str, str] | None,
    params: Mapping[str, str] | None,
    *,
    timeout_seconds: float,
    max_bytes: int,
) -> Answer:
    left_seconds = seconds_left()
    if left_seconds <= 0:
        raise Unavailable("The platform took too long; what was left to ask was not asked.")
    timeout_seconds = min(timeout_seconds, left_seconds)
    deadline = time.monotonic() + min(2 * timeout_seconds, left_seconds)
    with _sent(method, url, host, headers=headers, body=body, params=params, timeout_seconds=timeout_seconds) as (
        response,
        host,
    ):
        content = b"".join(_chunks(response, host, deadline, max_bytes))
        return Answer(response.status_code, {k.lower(): v for k, v in response.headers.items()}, content)


def stream_lines(
    url: str, *, timeout_seconds: float, max_bytes: int, max_line_bytes: int = 1_048_576
) -> Iterator[bytes]:
    """The lines of a large file, in bounded memory; for results that a platform leaves at a signed address. The
    deadline is for the whole file, the caller's own work included. Raises as `request` does, and Unavailable for any
    status but 200 and for a line that does not end."""
    deadline = time.monotonic() + timeout_seconds
    with _sent("GET", url, _check_url(url), headers={}, body=None, params=None, timeout_seconds=TIMEOUT_SECONDS) as (
        response,
        host,
    ):
        if response.status_code != 200:
            raise Unavailable(
                "{host} answered {status} instead of the file.", params={"host": host, "status": response.status_code}
            )
        rest = b""
        for chunk in _chunks(response, host, deadline, max_bytes):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (line for line in lines if line)
            if len(rest) > max_line_bytes:
                raise Unavailable(
                    "{host} sent a line of more than {most:,} bytes.", params={"host": host, "most": max_line_bytes}
                )
        if rest:
            yield rest
