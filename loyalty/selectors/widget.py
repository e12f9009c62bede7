"""What the storefront widget asks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Q

from loyalty.engine.errors import NotFound, Refused
from loyalty.engine.program import Program, Reward
from loyalty.engine.rewards import accept, least_points, limit_begins_at
from loyalty.engine.statement import Statement
from loyalty.models import Member, Redemption, Shop
from loyalty.selectors.partner_codes import codes_left
from loyalty.selectors.programs import version_in_force

State = Redemption.State
GIVEN_BACK = (State.FAILED, State.RETURNED, State.EXPIRED)
_OPEN = (State.RESERVED, State.ISSUING, State.READY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One reward as it stands for one member: `missing` points, or the `obstacle` where points don't help."""

    reward: Reward
    missing: int
    obstacle: Refused | None

    @property
    def reachable(self) -> bool:
        return not self.missing and not self.obstacle


def shop_by_key(key: str) -> Shop:
    """A shop by its public key "platform:external_id", with the widget's settings. Raises NotFound for one that is not here or has left."""
    platform, _, external_id = key.partition(":")
    shop = None
    if external_id and len(key) <= 300 and key.isprintable():
        rows = Shop.objects.select_related("widget_settings").defer("widget_settings__signing_secret")
        shop = rows.filter(platform=platform, external_id=external_id).first()
    if shop is None or shop.status == Shop.Status.UNINSTALLED:
        raise NotFound("This store has no rewards program with us.", code="unknown_shop")
    return shop


def program_now(*, shop: Shop, at: datetime) -> Program | None:
    version = version_in_force(shop, at)
    return version.program if version else None


def offers(
    *,
    shop: Shop,
    member: Member | None,
    program: Program,
    statement: Statement,
    rewards: Sequence[Reward],
    at: datetime,
) -> list[Offer]:
    """Of `rewards` (the program's that the platform can carry), what is in reach first, then the nearest."""
    taken = taken_of(shop, member, program, rewards, at)
    partners = [reward.id for reward in rewards if reward.kind == "partner"]
    left = codes_left(shop=shop, rewards=partners, at=at)
    found = [
        _offer(reward, program, statement, taken.get(reward.id, (0, 0)), left.get(reward.id, 0), at)
        for reward in rewards
    ]
    return sorted(found, key=lambda offer: (bool(offer.obstacle), offer.missing))


def open_redemptions(*, shop: Shop, member: Member, at: datetime) -> list[Redemption]:
    """Codes that can still be used or are being made, newest first. One past its date is dead on the platform, though
    its points come back a little later; so is a partner's past the day until which it can be used."""
    rows = Redemption.objects.filter(shop=shop, member=member, state__in=_OPEN)
    rows = rows.filter(Q(expires_at=None) | Q(expires_at__gt=at)).exclude(partner_code__usable_until__lte=at)
    return list(rows.order_by("-accepted_at", "-pk")[:20])


def redemption_of(*, shop: Shop, member: Member, number: UUID) -> Redemption:
    """Raises NotFound for another member's, as for one that does not exist."""
    redemption = Redemption.objects.filter(shop=shop, member=member, number=number).first()
    if redemption is None:
        raise NotFound("There is no such redemption.")
    return redemption


def taken_of(
    shop: Shop, member: Member | None, program: Program, rewards: Sequence[Reward], at: datetime
) -> dict[str, tuple[int, int]]:
    """Per limited reward: how many this member has taken (in the period of its limit), how many everybody has."""
    limited = [
        reward.id
        for reward in rewards
        if any(limit is not None for limit in (reward.limit_per_member, reward.limit_total, reward.stock))
    ]
    if not limited:
        return {}
    rows = Redemption.objects.filter(shop=shop, reward__in=limited).exclude(state__in=GIVEN_BACK)
    whose = Q(member=member) if member else Q(pk=None)
    for reward in rewards:
        since = limit_begins_at(program, reward.id, at)
        if since is not None:
            whose &= ~Q(reward=reward.id) | Q(accepted_at__gte=since)
    own = Count("pk", filter=whose)
    return {
        reward_id: (mine, everybodys)
        for reward_id, mine, everybodys in rows.values("reward")
        .annotate(mine=own, everybodys=Count("pk"))
        .values_list("reward", "mine", "everybodys")
    }


def _offer(
    reward: Reward, program: Program, statement: Statement, taken: tuple[int, int], codes_left: int, at: datetime
) -> Offer:
    least = least_points(reward)
    points = least if reward.kind == "points_slider" else None
    try:
        accept(
            statement,
            program,
            reward.id,
            as_of=at,
            points=points,
            taken_by_member=taken[0],
            taken_in_total=taken[1],
            codes_left=codes_left,
        )
    except Refused as refusal:
        if refusal.code == "not_enough_points":
            return Offer(reward=reward, missing=least - statement.available, obstacle=None)
        return Offer(reward=reward, missing=0, obstacle=refusal)
    return Offer(reward=reward, missing=0, obstacle=None)
