"""Admin GraphQL: one version, documents from files, throttling waited out, errors in the house's words."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import structlog

from loyalty.engine.errors import LoyaltyError, Refused, Unauthorized, Unavailable
from loyalty.engine.phrases import Phrase
from loyalty.models import Shop
from loyalty.platforms import http
from loyalty.platforms.circuit import guarded
from loyalty.platforms.reading import text
from loyalty.platforms.shopify import pace, tokens
from loyalty.platforms.shopify.shop_names import server_url

log = structlog.get_logger("regulars.shopify")

API_VERSION = "2026-10"
"""Supported until October 2027 at least."""

THROTTLED_TRIES = 4
LONGEST_WAIT_SECONDS = 5.0

TOO_EXPENSIVE = "max_cost_exceeded"
"""The code of a question that Shopify finds too dear; a smaller page may pass."""

_REFUSALS = {
    "ACCESS_DENIED": Phrase("The app lacks a permission for this; open the app in the store's admin to grant it."),
    "MAX_COST_EXCEEDED": Phrase("Shopify finds the question too expensive."),
    "SHOP_INACTIVE": Phrase("The store is not active."),
}


@lru_cache(maxsize=64)
def document(name: str) -> str:
    """The text of `{name}.graphql` in this folder."""
    return (Path(__file__).parent / f"{name}.graphql").read_text(encoding="utf-8")


def execute(shop: Shop, name: str, variables: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """`data` of the document's answer for an installed shop; a token that Shopify rejects is renewed once.

    Raises Unauthorized (the merchant must open the app), Refused (asking again is pointless), Unavailable."""
    with guarded(shop, urlsplit(server_url(shop.external_id, "")).netloc):
        token = tokens.access_token(shop, tokens.utc_now())
        try:
            return call(shop.external_id, token, name, variables)
        except _TokenRejected:
            token = tokens.renew(shop, token, tokens.utc_now())
        return call(shop.external_id, token, name, variables)


def call(domain: str, token: str, name: str, variables: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """As `execute`, for a store that is known by its domain and a token alone; keeps to the pace of the store's bucket
    and waits out short throttling."""
    if wait_seconds := pace.wait_seconds(domain, name):
        time.sleep(max(0.0, min(wait_seconds, LONGEST_WAIT_SECONDS, http.seconds_left())))
    for attempt in range(1, THROTTLED_TRIES + 1):
        try:
            return _once(domain, token, name, variables or {})
        except _Throttled as throttled:
            if attempt == THROTTLED_TRIES or throttled.wait_seconds > min(LONGEST_WAIT_SECONDS, http.seconds_left()):
                raise
            log.info("shopify.throttled", document=name, wait_seconds=throttled.wait_seconds)
            time.sleep(throttled.wait_seconds)
    raise AssertionError("the loop returns or raises")


class _TokenRejected(Unauthorized):
    """401: the token is dead before its time."""

    code = "token_rejected"


class _Throttled(Unavailable):
    def __init__(self, wait_seconds: float) -> None:
        super().__init__("Shopify asks us to slow down.", retry_after_seconds=math.ceil(wait_seconds))
        self.wait_seconds = wait_seconds


def _once(domain: str, token: str, name: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
    answer = http.request(
        "POST",
        server_url(domain, f"/admin/api/{API_VERSION}/graphql.json"),
        headers={"X-Shopify-Access-Token": token},
        json={"query": document(name), "variables": variables},
    )
    if answer.status != 200:
        raise _failure(answer)
    told = answer.json()
    if not isinstance(told, dict):
        raise Unavailable("Shopify answered with something that is no answer.")
    pace.note(domain, name, told.get("extensions"))
    errors = told.get("errors")
    if errors:
        raise _graphql_failure(errors, told.get("extensions"), name)
    data = told.get("data")
    if not isinstance(data, dict):
        raise Unavailable("Shopify answered without data.")
    return data


def _failure(answer: http.Answer) -> LoyaltyError:
    status = answer.status
    if status == 401:
        return _TokenRejected("Shopify rejected our token.")
    if status == 429:
        return _Throttled(max(1.0, float(answer.retry_after_seconds)))
    if status in (402, 423):
        return Refused(
            "The store is frozen or locked ({status}); its owner must settle that with Shopify.",
            params={"status": status},
        )
    if status == 403:
        return Refused("Shopify forbids this to the app (403); open the app in the store's admin to renew its access.")
    if 400 <= status < 500:
        return Refused("Shopify refused the request ({status}).", params={"status": status})
    return Unavailable(
        "Shopify answered {status}.", retry_after_seconds=answer.retry_after_seconds, params={"status": status}
    )


def _graphql_failure(errors: Any, extensions: Any, name: str) -> LoyaltyError:
    """Errors in an answer of 200, throttling among them. Unknown ones are our own mistake (a wrong document), which no
    repetition mends."""
    entries = [entry for entry in errors if isinstance(entry, dict)] if isinstance(errors, list) else []
    codes = {_code(entry) for entry in entries}
    if "THROTTLED" in codes:
        return _Throttled(_wait_seconds(extensions))
    for code, sentence in _REFUSALS.items():
        if code in codes:
            return Refused(sentence, code=code.lower())
    if "INTERNAL_SERVER_ERROR" in codes or "TIMEOUT" in codes:
        return Unavailable("Shopify had an error of its own.")
    said = "; ".join(text(entry.get("message"), max_length=200) for entry in entries[:3]) or text(
        errors, max_length=200
    )
    log.error("shopify.document_refused", document=name, said=said)
    return Refused("Shopify did not understand our question {name}: {said}", params={"name": name, "said": said})


def _code(entry: Mapping[str, Any]) -> str:
    extensions = entry.get("extensions")
    return text(extensions.get("code"), max_length=64) if isinstance(extensions, dict) else ""


def _wait_seconds(extensions: Any) -> float:
    """How long until the bucket holds what the question costs; one second where Shopify does not say."""
    try:
        cost = extensions["cost"]
        status = cost["throttleStatus"]
        lacking = float(cost["requestedQueryCost"]) - float(status["currentlyAvailable"])
        return min(60.0, max(0.1, lacking / float(status["restoreRate"])))
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return 1.0


def user_errors(payload: Any) -> list[tuple[str, str]]:
    """(code, message) of a mutation's business errors. Raises Unavailable for a payload that is none."""
    errors = payload.get("userErrors") if isinstance(payload, dict) else None
    if not isinstance(errors, list):
        raise Unavailable("Shopify answered a mutation without saying what became of it.")
    return [
        (text(error.get("code"), max_length=64), text(error.get("message"), max_length=300))
        for error in errors
        if isinstance(error, dict)
    ]
