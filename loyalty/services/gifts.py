"""Rewards that nobody asks for: what a tier, a birthday or a milestone brings is handed out once, by the key of what
was given. A gift is a decision: no fact that turns up later takes it back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog

from loyalty.engine.facts import Fact, Issued
from loyalty.engine.movement import Gift
from loyalty.engine.program import Reward, Version
from loyalty.engine.rewards import end_of
from loyalty.engine.statement import Statement
from loyalty.models import Member, Shop
from loyalty.services.codes import GIFT, promise
from loyalty.services.facts import append

log = structlog.get_logger("regulars.gifts")


def give_due(
    *,
    shop_id: int,
    versions: Sequence[Version],
    members: Sequence[Member],
    statements: Mapping[int, Statement],
    at: datetime,
) -> None:
    """Hands out what the statements say is due. The caller holds the members' locks; a statement whose gifts are all
    out costs nothing."""
    due = [(member, gift) for member in members for gift in statements[member.pk].gifts if not gift.issued]
    if not due:
        return
    shop = Shop.objects.get(pk=shop_id)
    facts: list[tuple[int, Fact]] = []
    for member, gift in due:
        digest = hashlib.sha256(gift.key.encode()).hexdigest()
        fact = Issued(id=f"{member.pk}:{digest[:32]}", at=at, gift=gift.key)
        facts.append((member.pk, fact))
        reward = _reward_of(gift, versions)
        promise(
            shop=shop,
            member=member,
            reward=reward,
            points=0,
            value_minor=reward.value_minor,
            request_key=f"{GIFT}{digest}",
            request_digest=digest,
            at=at,
            expires_at=end_of(reward, at),
        )
        log.info("gift.given", shop=shop_id, member=member.pk, gift=gift.key)
    append(shop=shop, facts=facts)


def _reward_of(gift: Gift, versions: Sequence[Version]) -> Reward:
    """As the program described it when the gift fell due, or before: an order is judged by the version of its own day."""
    for version in sorted(versions, key=lambda version: (version.in_force_from > gift.at, -version.number)):
        for reward in version.program.rewards:
            if reward.id == gift.reward:
                return reward
    raise LookupError(f"No version of the program has the reward {gift.reward!r}")
