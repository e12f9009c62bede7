"""The REST API v3, one store at a time. Sources: docs.ecwid.com "API reference", "REST API errors"."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from django.conf import settings

from loyalty.engine.errors import Invalid, LoyaltyError, NotFound, Refused, Unauthorized, Unavailable
from loyalty.engine.phrases import Phrase
from loyalty.models import Credential, Shop
from loyalty.platforms import http
from loyalty.platforms.circuit import guarded
from loyalty.platforms.ecwid.payload import store_number
from loyalty.platforms.reading import items, mapping, text, whole
from loyalty.services import limits
from loyalty.services.shops import mark_needs_reopen, note_trouble, suspend

PAGE_ENTRIES = 100
MAX_PAGES = 20_000
MAX_ANSWER_BYTES = 16 * 1024 * 1024
CALLS_PER_MINUTE = 560
WINDOW_SECONDS = 10
"""Ecwid allows a token 600 in any minute, and blocks one that goes on over it for longer. The database counts, for all our
processes together, in windows that end where they end: a window that only touches the minute counts whole. What is left
is for calls that two processes make in the same instant."""

MAX_WAITS = 6
LONGEST_WAIT_SECONDS = 60
_DEFAULT_WAIT_SECONDS = 30
_NO_FEATURE = {
    "DISCOUNTS_FEATURE_NOT_AVAILABLE": Phrase(
        "The store's plan has no discount coupons; upgrade the plan to offer rewards."
    ),
    "CUSTOMER_GROUPS_FEATURE_NOT_AVAILABLE": Phrase(
        "The store's plan has no customer groups; upgrade the plan to use them."
    ),
}
_SUSPENDED = Phrase("The store is suspended; it has to be active again before this can be done.")
_NO_PLAN = Phrase("The store's plan does not let apps do this; upgrade the plan in the store's admin.")


def spend(token: str, *, at: datetime) -> None:
    """Counts one call with this token. Raises Unavailable, with the seconds to wait, where the minute is used up."""
    key = f"ecwid-calls/{hashlib.sha256(token.encode()).hexdigest()[:32]}"
    if limits.counted(key, window_seconds=WINDOW_SECONDS, since=at - timedelta(minutes=1)) >= CALLS_PER_MINUTE:
        raise Unavailable("The store was asked often enough for this minute.", retry_after_seconds=WINDOW_SECONDS)
    limits.hit(key, limit=CALLS_PER_MINUTE, window_seconds=WINDOW_SECONDS, at=at)


class Client:
    """Calls for one store with one token. Errors: Unavailable (busy, broken off, 5xx), Unauthorized (the token or a
    permission is gone), NotFound, Refused (the store said no; the message is for the merchant)."""

    def __init__(self, store: str, access_token: str) -> None:
        self.store = store_number(store)
        self.token = access_token

    def get(self, path: str, params: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        return self._call("GET", path, params=params)

    def post(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._call("POST", path, body=body)

    def put(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._call("PUT", path, body=body)

    def delete(self, path: str) -> Mapping[str, Any]:
        return self._call("DELETE", path)

    def pages(self, path: str, params: Mapping[str, str]) -> Iterator[list[Mapping[str, Any]]]:
        """Every page of a list. An entry may come twice where the list changes meanwhile."""
        for entries, _total in self.counted_pages(path, params):
            yield entries

    def counted_pages(
        self, path: str, params: Mapping[str, str], *, offset: int = 0
    ) -> Iterator[tuple[list[Mapping[str, Any]], int]]:
        """The same from entry `offset` on, each page with how many entries the whole list has now."""
        for _ in range(MAX_PAGES):
            page = self._page(path, {**params, "limit": str(PAGE_ENTRIES), "offset": str(offset)})
            entries = items(page.get("items"), "The list", at_most=PAGE_ENTRIES)
            if not entries:
                return
            total = whole(page.get("total"), "The list's total", at_most=10**9)
            yield entries, total
            offset += len(entries)
            if offset >= total:
                return
        raise Invalid(
            "The store's list is longer than {most:,} entries; it was not read to its end.",
            params={"most": MAX_PAGES * PAGE_ENTRIES},
        )

    def _page(self, path: str, params: Mapping[str, str]) -> Mapping[str, Any]:
        """A busy store is waited for, within reason: whoever reads a long list would have to begin it anew."""
        for _ in range(MAX_WAITS):
            try:
                return self.get(path, params)
            except Unavailable as busy:
                if not 0 < busy.retry_after_seconds <= LONGEST_WAIT_SECONDS:
                    raise
                time.sleep(busy.retry_after_seconds)
        return self.get(path, params)

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        spend(self.token, at=datetime.now(UTC))
        answer = http.request(
            method,
            f"{settings.ECWID_API_URL}/{self.store}/{path}",
            headers={"Authorization": f"Bearer {self.token}"},
            json=body,
            params=params,
            max_bytes=MAX_ANSWER_BYTES,
        )
        if answer.status == 200:
            return mapping(answer.json(), "The store's answer")
        raise error_of(answer)


def error_of(answer: http.Answer) -> LoyaltyError:
    """What an answer other than 200 means. `errorCode` and `errorMessage` may both be missing."""
    code, said = _error_body(answer)
    if answer.status == 429:
        wait_seconds = answer.retry_after_seconds or _DEFAULT_WAIT_SECONDS
        return Unavailable("The store asked us to slow down.", retry_after_seconds=wait_seconds)
    if answer.status >= 500 or 300 <= answer.status < 400 or answer.status < 300:
        return Unavailable("The store answered {status}; that is an outage.", params={"status": answer.status})
    if answer.status == 402:
        return Refused(_SUSPENDED if code == "STORE_IS_SUSPENDED" else _NO_PLAN, code="plan")
    if answer.status == 403 and code in _NO_FEATURE:
        return Refused(_NO_FEATURE[code], code="feature")
    if answer.status == 403 and code == "INSUFFICIENT_APP_SCOPE":
        return Unauthorized(
            "The store has not given this app all the permissions it needs; connect it again.", code="scope"
        )
    if answer.status in (401, 403):
        return Unauthorized(
            "The store no longer accepts our key; open the app in the store's admin once.", code="token"
        )
    if answer.status in (404, 410):
        return NotFound("The store does not have that.")
    if answer.status == 408:
        return Unavailable("The store took too long.")
    if said:
        return Refused("The store refused it ({status}: {said}).", params={"status": answer.status, "said": said})
    return Refused("The store refused it ({status}).", params={"status": answer.status})


def _error_body(answer: http.Answer) -> tuple[str, str]:
    try:
        body = answer.json()
    except Unavailable:
        return "", ""
    if not isinstance(body, dict):
        return "", ""
    return text(body.get("errorCode"), max_length=64), text(body.get("errorMessage"), max_length=200)


class ShopClient(Client):
    """For an installed shop, with the token we keep. Where the store no longer takes it, or lets nobody in (its plan, its
    bill), the shop is stopped, the merchant is told, and nothing more is sent: going on with a dead token gets our
    address blocked (docs.ecwid.com, "API limits"). What is refused of one matter alone stops nothing and is told too."""

    def __init__(self, shop: Shop) -> None:
        token = Credential.objects.filter(shop=shop).values_list("access_token", flat=True).first()
        if not token:
            raise Unauthorized("The store is not connected; open the app in the store's admin once.", code="token")
        super().__init__(shop.external_id, token)
        self.shop = shop

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Mapping[str, Any]:
        if self.shop.status != Shop.Status.ACTIVE:
            why = self.shop.trouble or Phrase("The store must open the app once before it can be asked anything.")
            raise Unauthorized(why, code="token")
        try:
            with guarded(self.shop, urlsplit(settings.ECWID_API_URL).netloc):
                return super()._call(method, path, params, body)
        except (Unauthorized, Refused) as error:
            self._stop(error)
            raise

    def _stop(self, error: Unauthorized | Refused) -> None:
        if error.code == "token":
            mark_needs_reopen(shop=self.shop)
            self.shop.status = Shop.Status.NEEDS_REOPEN
        elif error.code == "plan":
            suspend(shop=self.shop, why=error.message)
            self.shop.status, self.shop.trouble = Shop.Status.SUSPENDED, error.message
        elif error.code in ("scope", "feature"):
            note_trouble(shop=self.shop, why=error.message)


def segment(value: str) -> str:
    """An id as one segment of a path; "." and ".." cannot pass `order_id_of`, everything else is escaped."""
    return quote(value, safe="")
