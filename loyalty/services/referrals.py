"""Deciding referrals: claimed in the widget, confirmed once, under both members' locks, and kept as facts of both.

A confirmed referral is a promise. An order that is refunded later takes nothing of it back: how long to wait is the
program's hold, after which the order has earned.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog
from django.db import transaction

from loyalty.engine.errors import Conflict, NotFound, Refused
from loyalty.engine.facts import Fact, Order
from loyalty.engine.facts import Referral as ReferralFact
from loyalty.engine.phrases import Phrase
from loyalty.engine.program import Version
from loyalty.engine.statement import Statement, fold
from loyalty.engine.walk import prepared
from loyalty.models import Member, Referral, Shop
from loyalty.selectors.facts import facts_of
from loyalty.selectors.programs import has_referrals, versions_of
from loyalty.services import same_person
from loyalty.services.facts import append
from loyalty.services.posting import fold_and_post, lock_members
from loyalty.services.referral_claims import (
    CLAIM_LIFE,
    LATE,
    LONGEST_HOLD,
    is_purchase,
    is_same_person,
    normal_code,
    note_claim,
    owners_of,
    why_not_claimed,
)

log = structlog.get_logger("regulars.referrals")
State = Referral.State
_UNKNOWN_FRIEND = Phrase("This is not the code of a member here. Look at the link again.")
_REFUSALS = {
    "own_code": Phrase("This is your own code. It is for your friends."),
    "claimed_before": Phrase("You have used a friend's code before."),
    "not_new": Phrase("A friend's code is for your first order."),
}


@transaction.atomic
def claim(*, shop: Shop, member_id: int, code: str, at: datetime) -> Referral:
    """A new customer's word that a friend brought them; the same again changes nothing. Raises NotFound (code
    unknown_friend) or Refused (code own_code, claimed_before, not_new, no_referrals)."""
    owner = owners_of(shop, {normal_code(code)}).get(normal_code(code))
    locked = {row.pk: row for row in lock_members(shop=shop, member_ids={member_id, owner.pk if owner else member_id})}
    friend = locked.get(member_id)
    if friend is None or friend.merged_into_id is not None:
        raise NotFound("There is no such member in this shop.")
    if not has_referrals(shop, at):
        raise Refused("This program has no thanks for friends at the moment.", code="no_referrals")
    referrer = locked.get(owner.pk) if owner else None
    if referrer is None or referrer.merged_into_id is not None:
        raise NotFound(_UNKNOWN_FRIEND, code="unknown_friend")
    before = Referral.objects.filter(shop=shop, friend=friend, referrer=referrer).first()
    if before is not None:
        return before
    why = why_not_claimed(shop, referrer, friend, at)
    if why:
        raise Refused(_REFUSALS[why], code=why)
    return note_claim(shop, referrer, friend, at)


@transaction.atomic
def confirm(*, shop: Shop, referral_id: int, at: datetime) -> Referral | None:
    """Decides a claim whose friend has earned with a first order, or whose time is over without one; None where there is
    nothing to decide (any more, or yet). What was decided stays."""
    named = Referral.objects.filter(shop=shop, pk=referral_id, state=State.CLAIMED).first()
    if named is None:
        return None
    locked = {member.pk: member for member in lock_members(shop=shop, member_ids=(named.referrer_id, named.friend_id))}
    row = (
        Referral.objects.select_for_update(of=("self",)).filter(shop=shop, pk=referral_id, state=State.CLAIMED).first()
    )
    if row is None or (row.referrer_id, row.friend_id) != (named.referrer_id, named.friend_id):
        return None
    referrer, friend = locked[row.referrer_id], locked[row.friend_id]
    versions = versions_of(shop)
    facts = facts_of(shop=shop, member_ids=locked)
    orders = [fact for fact in facts[friend.pk] if isinstance(fact, Order)]
    theirs = fold(versions, facts[friend.pk], _instant(friend, at))
    order = _first_that_earned(orders, theirs, row.claimed_at)
    if order is None and not _is_over(row, orders, theirs, at):
        return None
    standing = fold(versions, facts[referrer.pk], _instant(referrer, at))
    if order is None:
        why = "no_order"
    elif _bought_before(orders, row.claimed_at):
        why = "not_new"
    else:
        why = _why_not(referrer, friend, standing, versions, at)
    row.order_id = order.id if order else ""
    alike = "" if why else same_person.shared(shop=shop, one=referrer, other=friend)
    if alike:
        _decide(row, State.HELD, alike, at)
    else:
        _end(row, why, list(locked.values()), at)
    return row


@transaction.atomic
def decide_held(*, shop: Shop, referral_id: int, thanked: bool, at: datetime) -> Referral:
    """Staff have looked: two people, who are thanked, or one. Decided once; who left meanwhile is not thanked. Raises
    NotFound for another shop's, and Conflict for one that is not held (any more)."""
    named = Referral.objects.filter(shop=shop, pk=referral_id).first()
    if named is None:
        raise NotFound("This friend is not in this shop.")
    members = lock_members(shop=shop, member_ids=(named.referrer_id, named.friend_id))
    locked = {member.pk: member for member in members}
    held = Referral.objects.select_for_update(of=("self",)).filter(shop=shop, pk=referral_id, state=State.HELD)
    row = held.filter(referrer__in=locked, friend__in=locked).first()
    if row is None:
        raise Conflict("This friend does not wait for a look any more.")
    referrer, friend = locked[row.referrer_id], locked[row.friend_id]
    versions = versions_of(shop)
    standing = fold(versions, facts_of(shop=shop, member_ids=[referrer.pk])[referrer.pk], _instant(referrer, at))
    why = _why_not(referrer, friend, standing, versions, at) if thanked else row.why
    _end(row, why, members, at)
    return row


def _end(row: Referral, why: str, members: Sequence[Member], at: datetime) -> None:
    _decide(row, State.REFUSED if why else State.CONFIRMED, why, at)
    if not why:
        append(shop=row.shop, facts=_facts(row, at))
        fold_and_post(shop=row.shop, members=members, at=at)


def _decide(row: Referral, state: State, why: str, at: datetime) -> None:
    row.state, row.why, row.decided_at = state, why, at
    row.save(update_fields=["state", "why", "order_id", "decided_at"])
    log.info("referral.decided", shop=row.shop_id, referral=row.pk, state=state, why=why)


def _is_over(row: Referral, orders: Sequence[Order], theirs: Statement, at: datetime) -> bool:
    """No order of the claim's time has earned, and none of those that there are may do so yet."""
    ends_at = row.claimed_at + CLAIM_LIFE
    if at < ends_at + LATE:
        return False
    if at >= ends_at + LONGEST_HOLD:
        return True
    of_its_time = [order for order in orders if row.claimed_at <= order.placed_at <= ends_at]
    unpaid = any(order.paid_at is None and order.cancelled_at is None and not order.test for order in of_its_time)
    return not unpaid and not (of_its_time and theirs.pending_points)


def _facts(row: Referral, at: datetime) -> list[tuple[int, Fact]]:
    sides = (("referrer", row.referrer_id, row.friend_id), ("friend", row.friend_id, row.referrer_id))
    return [
        (member, ReferralFact(id=f"{row.pk}:{role}", at=at, role=role, other=str(other)))
        for role, member, other in sides
    ]


def _instant(member: Member, at: datetime) -> datetime:
    return max(at, member.as_of) if member.as_of else at


def _first_that_earned(orders: Sequence[Order], statement: Statement, claimed_at: datetime) -> Order | None:
    """Of those placed since the claim; what was refunded wholly meanwhile is none."""
    kept: dict[str, int] = {}
    for movement in statement.movements:
        if movement.kind in ("earned", "reversed") and movement.order_id:
            kept[movement.order_id] = kept.get(movement.order_id, 0) + movement.points
    known = [
        order
        for order in orders
        if kept.get(order.id, 0) > 0 and claimed_at <= order.placed_at <= claimed_at + CLAIM_LIFE
    ]
    return min(known, key=lambda order: (order.placed_at, order.id), default=None)


def _bought_before(orders: Sequence[Order], claimed_at: datetime) -> bool:
    return any(is_purchase(order) and order.placed_at < claimed_at for order in orders)


def _why_not(referrer: Member, friend: Member, standing: Statement, versions: Sequence[Version], at: datetime) -> str:
    """What speaks against it by now, in a word."""
    version = next((each for each in reversed(versions) if each.in_force_from <= at), None)
    if version is None or not prepared(version).referrals:
        return "no_referrals"
    if is_same_person(referrer, friend):
        return "own_code"
    if referrer.external_id is None or referrer.forgotten_at is not None or not standing.enrolled:
        return "referrer_left"
    program = version.program
    outside = program.audience.why_not(referrer.external_id, standing.segments)
    return "referrer_excluded" if outside or program.exclusions.excludes_member(standing.segments) else ""
