"""Cashback that is paid out by itself: once a month, from the day that the program names."""

from __future__ import annotations

from datetime import UTC, datetime

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import F, TextField
from django.db.models.functions import Cast

from loyalty.engine.calendar import zone_of
from loyalty.engine.errors import Refused
from loyalty.engine.payouts import paying
from loyalty.engine.program import Reward
from loyalty.engine.rewards import least_points
from loyalty.models import Member, Payout, ProgramVersion, Shop
from loyalty.selectors.programs import in_force_at, versions_of
from loyalty.services.posting import FoldedByNewer
from loyalty.services.redemptions import pay_out

log = structlog.get_logger("regulars.payouts")
PAGE = 50


def begin(*, at: datetime) -> int:
    """Opens this month's paying out for every shop whose day has come; returns how many. What pays is what was in force
    when the day began: a program that is published later in the month pays from the next one on."""
    texts = ProgramVersion.objects.across_shops().filter(in_force_from__lte=at, shop__status=Shop.Status.ACTIVE)
    shops = texts.annotate(text=Cast("document", TextField())).filter(text__contains='"payout_day"')
    begun = 0
    for shop in Shop.objects.filter(pk__in=shops.values("shop")).order_by("pk"):
        versions = versions_of(shop)
        version = in_force_at(versions, at)
        if version is None:
            continue
        local = at.astimezone(zone_of(version.program.time_zone))
        for reward in paying(version.program):
            day = datetime(local.year, local.month, reward.payout_day, tzinfo=local.tzinfo).astimezone(UTC)
            then = in_force_at(versions, day)
            if day <= at and then is not None and reward.id in {each.id for each in paying(then.program)}:
                period = f"{local:%Y-%m}"
                made = Payout.objects.get_or_create(
                    shop=shop, reward=reward.id, period=period, defaults={"begun_at": at, "due_at": at}
                )
                begun += made[1]
    return begun


def paying_now(*, payout: Payout, at: datetime) -> Reward | None:
    """What a paying out pays; None where its month is over or the program pays it no more: then it is ended."""
    version = in_force_at(versions_of(payout.shop), at)
    reward = None
    if version is not None:
        here = f"{at.astimezone(zone_of(version.program.time_zone)):%Y-%m}" == payout.period
        reward = next((each for each in paying(version.program) if here and each.id == payout.reward), None)
    if reward is None:
        Payout.objects.filter(shop=payout.shop_id, pk=payout.pk).update(finished_at=at)
    return reward


def is_paused(*, shop: Shop, at: datetime) -> bool:
    version = in_force_at(versions_of(shop), at)
    return version is None or version.program.paused.redeeming


def pay_page(*, payout: Payout, reward: Reward, at: datetime) -> int:
    """The next members who have enough, each in a transaction of their own; returns how many were looked at, 0 when all
    have been. Members without an account have nowhere to be paid to. One who cannot be folded keeps their points and
    stops nobody else; a database that is away, a newer release, or a pause that begins meanwhile, stops everybody until it
    is over."""
    members = Member.objects.filter(shop=payout.shop_id, external_id__isnull=False, merged_into=None)
    waiting = members.filter(pk__gt=payout.reached, available__gte=least_points(reward), forgotten_at=None)
    found = list(waiting.order_by("pk").values_list("pk", flat=True)[:PAGE])
    rows = Payout.objects.filter(shop=payout.shop_id, pk=payout.pk)
    if not found:
        rows.update(finished_at=at)
        return 0
    for pk in found:
        paid = None
        try:
            paid = pay_out(shop=payout.shop, member_id=pk, reward_id=reward.id, period=payout.period, at=at)
        except (OperationalError, InterfaceError, FoldedByNewer, Refused):
            raise
        except Exception:
            log.exception("payout.member_failed", shop=payout.shop_id, member=pk)
        rows.filter(reached__lt=pk).update(reached=pk, paid=F("paid") + int(paid is not None))
    return len(found)
