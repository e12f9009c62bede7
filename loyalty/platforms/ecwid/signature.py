"""The signature of a webhook. It covers the event's id and time and nothing else of the body, so what is read here says
which delivery this is; what happened is asked of the API."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty.engine.errors import Invalid, Unauthorized
from loyalty.platforms.base import Signed
from loyalty.platforms.ecwid.payload import store_number
from loyalty.platforms.reading import mapping, parse_json

HEADER = "x-ecwid-webhook-signature"
UNKNOWN_TOPIC = "other"
OLDEST = timedelta(days=3)
CLOCKS_DIFFER = timedelta(days=1)

_MAX_DEPTH = 6
_EVENT_ID = re.compile(r"[!-~]{1,100}")
_LATEST_UNIX_SECONDS = 10**11

# docs.ecwid.com "Webhooks"; Ecwid's own Java client spells some in snake_case, and which one is on the wire is
# (unverified). Names are compared without capitals and underscores, so both arrive here.
TOPICS = (
    "order.created order.updated order.deleted unfinished_order.created unfinished_order.updated"
    " unfinished_order.deleted customer.created customer.updated customer.deleted customer_group.created"
    " customer_group.updated customer_group.deleted customer.personalDataRemovalRequest"
    " customer.personalDataExportRequest profile.updated profile.subscriptionStatusChanged"
    " profile.personalDataRemovalRequest profile.personalDataExportRequest application.installed"
    " application.uninstalled application.subscriptionStatusChanged application.storageChanged"
    " discount_coupon.created discount_coupon.updated discount_coupon.deleted"
).split()


def _bare(topic: str) -> str:
    return topic.replace("_", "").lower()


_TOPIC_BY_BARE_NAME = {_bare(topic): topic for topic in TOPICS}


def topic_of(event_type: Any) -> str:
    """The event's name in the documentation's spelling; "other" for one that we do not know. The name is not signed:
    were it kept as it came, one captured signature could fill the inbox with rows."""
    known = _TOPIC_BY_BARE_NAME.get(_bare(event_type)) if isinstance(event_type, str) and len(event_type) < 80 else None
    return known or UNKNOWN_TOPIC


def event_of(body: bytes) -> Mapping[str, Any]:
    """The event as it came. Raises Invalid for what is no JSON object."""
    return mapping(parse_json(body, max_depth=_MAX_DEPTH), "The event")


def read(*, headers: Mapping[str, str], body: bytes, client_secret: str) -> Signed:
    """The delivery, if its signature holds under the client secret: base64 of HMAC-SHA256 over
    "<eventCreated>.<eventId>" (docs.ecwid.com, "How to process webhooks"). Header names come in lower case. Raises
    Unauthorized for a missing or wrong signature, without a secret, and for a body in which nothing was signed."""
    refusal = Unauthorized("The signature is missing or is not ours.", code="bad_signature")
    given = headers.get(HEADER, "")
    try:
        event = event_of(body)
        store = store_number(event.get("storeId"))
    except Invalid:
        raise refusal from None
    event_id, created = event.get("eventId"), event.get("eventCreated")
    if not given or not client_secret or not isinstance(event_id, str) or not _EVENT_ID.fullmatch(event_id):
        raise refusal
    if not isinstance(created, int) or isinstance(created, bool) or not 0 <= created < _LATEST_UNIX_SECONDS:
        raise refusal
    # Compared as bytes: compare_digest refuses text with other than ASCII in it, and a header may hold anything.
    if not hmac.compare_digest(
        sign(created, event_id, client_secret).encode(), given.encode("utf-8", "surrogateescape")
    ):
        raise refusal
    return Signed(
        store=store,
        delivery_id=event_id,
        topic=topic_of(event.get("eventType")),
        meta={"event_created": str(created)},
    )


def refuse_old(signed: Signed, *, now: datetime) -> None:
    """A delivery is repeated for a day ("How to process webhooks") and then never again: what comes later was captured
    somewhere. Raises Unauthorized."""
    created = datetime.fromtimestamp(int(signed.meta["event_created"]), tz=UTC)
    if not now - OLDEST <= created <= now + CLOCKS_DIFFER:
        raise Unauthorized("The event is too old, or of a day to come.", code="old_event")


def sign(event_created: int, event_id: str, client_secret: str) -> str:
    """The header's value for an event; `event_created` in unix seconds."""
    message = f"{event_created}.{event_id}".encode()
    return base64.b64encode(hmac.new(client_secret.encode(), message, hashlib.sha256).digest()).decode()
