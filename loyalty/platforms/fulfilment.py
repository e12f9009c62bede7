"""Rewards that the shop's own server hands over. How it is asked and what it may answer stands in docs/fulfilment.md.

Every question carries the redemption's number as its idempotency key, so that asking again is always safe: after an
answer that was lost, after "not yet", after a renewed secret.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import datetime
from typing import Any, NoReturn
from urllib.parse import urlsplit

from loyalty.engine.errors import Refused, Unavailable
from loyalty.engine.program import Reward
from loyalty.models import FulfilmentSecret, Redemption, Shop
from loyalty.platforms import http
from loyalty.platforms.base import NotYet
from loyalty.platforms.circuit import guarded
from loyalty.platforms.permits import Permits
from loyalty.platforms.reading import text

SIGNATURE = "Regulars-Signature"
REQUESTED, CANCELLED = "redemption.requested", "redemption.cancelled"
TIMEOUT_SECONDS = 7.0
LEAST_WAIT_SECONDS, USUAL_WAIT_SECONDS = 30, 300
_REFUSED = (409, 410, 422)
_GONE = (404, 410)


def cannot_carry(permits: Permits, reward: Reward) -> str:
    """Why this reward of ours can't be offered, as a sentence for the merchant; empty where it can."""
    if reward.kind == "partner" and not reward.description:
        return "Say in its description how the partner's code is used: the member sees it beside the code."
    if not reward.webhook_url:
        return ""
    try:
        http.check_public(reward.webhook_url)
    except Refused as error:
        return f"{error.message} Correct the address of your server in the program."
    if not permits.has_secret:
        return "Your server needs a secret to know our questions by; make one under Redemptions, To do."
    return ""


def ask(shop: Shop, redemption: Redemption, *, at: datetime) -> str:
    """Has the shop's server do what was promised; what it tells the member, if anything. Raises NotYet where it is at it,
    Refused with its reason where it will not, Unavailable for everything else."""
    answer = _post(shop, redemption, REQUESTED, at)
    if answer.status in _REFUSED:
        raise Refused(_reason(_read(answer)))
    if answer.status == 202:
        wait_seconds = answer.retry_after_seconds or USUAL_WAIT_SECONDS
        message = "The shop's server is at it."
        raise NotYet(message, retry_after_seconds=max(LEAST_WAIT_SECONDS, wait_seconds))
    if not 200 <= answer.status < 300:
        _not_understood(answer)
    told = _read(answer)
    if told.get("accepted") is False:
        raise Refused(_reason(told))
    if told.get("accepted") is not True:
        raise Unavailable('The shop\'s server did not say whether it has done it ({"accepted": true}).')
    return text(told.get("note"), max_length=500)


def withdraw(shop: Shop, redemption: Redemption, *, at: datetime) -> None:
    """Tells the shop's server that the points are back. One that never heard of it has nothing to do."""
    answer = _post(shop, redemption, CANCELLED, at)
    if not 200 <= answer.status < 300 and answer.status not in _GONE:
        _not_understood(answer)


def _post(shop: Shop, redemption: Redemption, event: str, at: datetime) -> http.Answer:
    url = str(redemption.reward_data.get("webhook_url", ""))
    secret = FulfilmentSecret.objects.filter(shop=shop).values_list("secret", flat=True).first()
    if not secret:
        raise Refused("The shop has no secret for its server.")
    body = json.dumps(_question(shop, redemption, event, at), separators=(",", ":")).encode()
    headers = {
        "Idempotency-Key": str(redemption.number),
        SIGNATURE: f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}",
    }
    with guarded(shop, urlsplit(url).netloc[:255]):
        answer = http.post_public(url, body, headers=headers, timeout_seconds=TIMEOUT_SECONDS)
        if answer.status >= 500:
            _not_understood(answer)
    return answer


def _question(shop: Shop, redemption: Redemption, event: str, at: datetime) -> dict[str, Any]:
    member = redemption.member
    return {
        "event": event,
        "sent_at": at.isoformat(),
        "shop": f"{shop.platform}:{shop.external_id}",
        "redemption": str(redemption.number),
        "reference": redemption.code,
        "accepted_at": redemption.accepted_at.isoformat(),
        "reward": {"id": redemption.reward, "name": redemption.reward_data.get("name", "")},
        "points": redemption.points,
        "value_minor": redemption.value_minor,
        "currency": shop.currency,
        "customer": {"id": member.external_id or "", "name": member.name, "email": member.email},
    }


def _not_understood(answer: http.Answer) -> NoReturn:
    message = f"The shop's server answered {answer.status}."
    raise Unavailable(message, retry_after_seconds=answer.retry_after_seconds)


def _read(answer: http.Answer) -> dict[str, Any]:
    try:
        told = answer.json()
    except Unavailable:
        return {}
    return told if isinstance(told, dict) else {}


def _reason(told: dict[str, Any]) -> str:
    return text(told.get("reason"), max_length=300) or "The shop's server will not do it and gave no reason."
