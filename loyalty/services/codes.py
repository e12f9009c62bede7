"""Promising a code: the redemption, the fact that the fold reads, and the message that has it made."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from loyalty.engine.facts import Redemption as RedemptionFact
from loyalty.engine.program import Reward
from loyalty.engine.rewards import paid_as
from loyalty.models import Member, Redemption, Shop
from loyalty.models.members import CODE_ALPHABET
from loyalty.services.facts import append
from loyalty.services.outbox import leave

ISSUE = "reward.issue"
PAY = "reward.pay"
"""The same for what is paid out by itself: nobody looks on, so one that was given up can be tried again."""
GIVE = "reward.give"
"""The same for a gift: there are no points that could come back, so one that could not be made is owed."""
FULFIL = "reward.fulfil"
"""The same where the shop's own server is asked: it may be slow, and nobody else's code waits for it."""
MAKING = (ISSUE, PAY, GIVE, FULFIL)
REVOKE = "reward.revoke"
WITHDRAW = "reward.withdraw"
PAID_OUT = "payout:"
"""How the request keys of what is paid out by itself begin."""
GIFT = "gift:"
"""How those of gifts begin."""


def new_code(kind: str = "") -> str:
    """Twelve letters in three groups: 29^12, over 58 bits. A gift card's is sixteen, 77 bits, and whole: it is money for
    whoever has it, and Shopify takes nothing but letters and digits, 8 to 20 of them."""
    letters = [secrets.choice(CODE_ALPHABET) for _ in range(16)]
    if kind == "gift_card":
        return "".join(letters)
    return "-".join("".join(letters[start : start + 4]) for start in (0, 4, 8))


def asked_by(redemption: Redemption) -> str:
    """The kind of the message that has this reward made."""
    if redemption.reward_data.get("webhook_url"):
        return FULFIL
    if redemption.request_key.startswith(GIFT):
        return GIVE
    return PAY if redemption.request_key.startswith(PAID_OUT) else ISSUE


def taken_back_by(reward_data: Mapping[str, Any]) -> str:
    """The kind of the message that undoes it."""
    return WITHDRAW if reward_data.get("webhook_url") else REVOKE


def promise(
    *,
    shop: Shop,
    member: Member,
    reward: Reward,
    points: int,
    value_minor: int,
    request_key: str,
    request_digest: str,
    at: datetime,
    expires_at: datetime | None,
) -> Redemption:
    """Part of the caller's transaction, which holds the member's lock and posts. `points` are what it costs, none for a
    gift."""
    reward = paid_as(reward)
    redemption = Redemption.objects.create(
        shop=shop,
        member=member,
        number=uuid.uuid4(),
        request_key=request_key,
        request_digest=request_digest,
        reward=reward.id,
        reward_data=msgspec.to_builtins(reward),
        points=points,
        value_minor=value_minor,
        code=new_code(reward.kind),
        accepted_at=at,
        expires_at=expires_at,
    )
    fact = RedemptionFact(
        id=str(redemption.number),
        at=at,
        points=points,
        reward=reward.id,
        reward_name=reward.name,
        code=redemption.code,
        # What a gift takes off an order was not paid with points.
        value_minor=value_minor if points else 0,
    )
    append(shop=shop, facts=[(member.pk, fact)])
    leave(shop=shop, kind=asked_by(redemption), subject=str(redemption.number), at=at)
    return redemption
