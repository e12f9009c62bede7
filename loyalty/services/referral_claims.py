"""Who says that a friend brought them: by the code an order carries, or by one typed in the widget. A claim is no more
than a word; it is decided when the friend's first order has earned (referrals.py)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from loyalty.engine.facts import Order, decode
from loyalty.engine.program import Version
from loyalty.engine.statement import Statement
from loyalty.engine.walk import prepared
from loyalty.models import Member, Referral, Shop, StoredFact
from loyalty.models.members import CODE_ALPHABET, REFERRAL_LETTERS
from loyalty.selectors.programs import has_referrals
from loyalty.services import same_person
from loyalty.services.members import Key, key_of
from loyalty.services.observations import OrderSeen
from loyalty.services.outbox import leave

log = structlog.get_logger("regulars.referrals")
CONFIRM = "referral.confirm"
CLAIM_LIFE = timedelta(days=90)
"""The friend's first order comes within this of the claim."""
LATE = timedelta(days=1)
"""How late we may hear of it."""
LONGEST_HOLD = timedelta(days=365)
"""An order of that time may still be paid, or its points wait; for so long the claim waits with it."""
ORDERS_LOOKED_AT = 50

_CODE = re.compile(rf"[{CODE_ALPHABET}]{{{REFERRAL_LETTERS}}}")
_DOTS_DO_NOT_COUNT = ("gmail.com", "googlemail.com")


def normal_code(typed: str) -> str:
    """As codes are stored; empty for what cannot be one."""
    code = typed.strip().upper().replace("-", "").replace(" ", "")
    return code if _CODE.fullmatch(code) else ""


def mailbox_of(email: str) -> str:
    """The mailbox behind an address: what stands after a plus, and the dots of addresses that do not count them, make
    no other person."""
    name, _, domain = email.strip().lower().rpartition("@")
    name = name.partition("+")[0]
    if domain in _DOTS_DO_NOT_COUNT:
        name, domain = name.replace(".", ""), _DOTS_DO_NOT_COUNT[0]
    return f"{name}@{domain}" if name else ""


def referrers_of(*, shop: Shop, orders: Iterable[OrderSeen]) -> set[int]:
    """Whose codes these orders carry. The caller locks them beside the buyers: a claim names both, and whoever writes it
    with one of them unlocked would wait for somebody who waits for the other."""
    codes = {code for seen in orders if (code := normal_code(seen.referral))}
    return {owner.pk for owner in owners_of(shop, codes).values()} if codes else set()


def claim_by_orders(*, shop: Shop, orders: Iterable[OrderSeen], members: Mapping[Key, Member]) -> None:
    """Notes the codes that these orders carry. The caller holds the locks of buyers and referrers and has stored the orders; a code that
    is nobody's, of the buyer's own or of somebody who bought before says nothing."""
    coded = [(seen, code) for seen in orders if seen.person and (code := normal_code(seen.referral))]
    if not coded:
        return
    owners = owners_of(shop, {code for _, code in coded})
    for seen, code in sorted(coded, key=lambda each: each[0].order.placed_at):
        key = key_of(seen.person) if seen.person else None
        friend, referrer = members[key] if key else None, owners.get(code)
        placed_at = seen.order.placed_at
        if friend is None or referrer is None or seen.order.test or not has_referrals(shop, placed_at):
            continue
        why = why_not_claimed(shop, referrer, friend, placed_at)
        if why:
            log.info("referral.not_claimed", shop=shop.pk, member=friend.pk, why=why)
        else:
            note_claim(shop, referrer, friend, placed_at)


def note_claim(shop: Shop, referrer: Member, friend: Member, at: datetime) -> Referral:
    row = Referral.objects.create(shop=shop, referrer=referrer, friend=friend, claimed_at=at)
    log.info("referral.claimed", shop=shop.pk, referral=row.pk)
    return row


def owners_of(shop: Shop, codes: Collection[str]) -> dict[str, Member]:
    """Whose codes these are: members with an account who are still here."""
    rows = Member.objects.filter(shop=shop, referral_code__in=codes).select_related("merged_into")
    found = {row.referral_code: row.merged_into or row for row in rows}
    return {code: row for code, row in found.items() if row.external_id is not None and row.forgotten_at is None}


def why_not_claimed(shop: Shop, referrer: Member, friend: Member, at: datetime) -> str:
    """In a word; empty where the claim may stand."""
    if is_same_person(referrer, friend):
        return "own_code"
    if Referral.objects.filter(shop=shop, friend=friend).exists():
        return "claimed_before"
    rows = StoredFact.objects.filter(shop=shop, member=friend, kind="order", at__lt=at).order_by("at")
    return "not_new" if any(is_purchase(decode(row.body)) for row in rows[:ORDERS_LOOKED_AT]) else ""


def is_same_person(one: Member, other: Member) -> bool:
    mailbox = mailbox_of(one.email)
    return one.pk == other.pk or bool(mailbox and mailbox == mailbox_of(other.email))


def is_purchase(fact: object) -> bool:
    return isinstance(fact, Order) and fact.paid_at is not None and not fact.test


def leave_due(
    *,
    shop_id: int,
    versions: Sequence[Version],
    members: Sequence[Member],
    statements: Mapping[int, Statement],
    at: datetime,
) -> None:
    """Leaves the decision to the worker wherever a friend has earned with an order: it needs the referrer's lock too."""
    if not any(prepared(version).referrals for version in versions):
        return
    earned = [
        member.pk
        for member in members
        if any(each.kind == "earned" and each.order_id for each in statements[member.pk].movements)
    ]
    waiting = Referral.objects.filter(shop=shop_id, friend__in=earned, state=Referral.State.CLAIMED)
    for row in waiting.select_related("shop") if earned else ():
        leave(shop=row.shop, kind=CONFIRM, subject=str(row.pk), at=at)


def hand_over(*, shop: Shop, gone_id: int, kept_id: int) -> None:
    """Two members became one: whom either brought, and who brought either. Of two who brought them the one that was
    confirmed stands. The caller holds both locks."""
    same_person.hand_over(shop=shop, gone_id=gone_id, kept_id=kept_id)
    rows = Referral.objects.filter(shop=shop)
    rows.filter(referrer=gone_id).update(referrer=kept_id)
    brought = {row.friend_id: row for row in rows.filter(friend__in=(gone_id, kept_id)).order_by("pk")}
    if gone_id not in brought:
        return
    gone, kept = brought[gone_id], brought.get(kept_id)
    if kept is not None and (kept.state == Referral.State.CONFIRMED or gone.state != Referral.State.CONFIRMED):
        return
    if kept is not None:
        kept.delete()
    rows.filter(pk=gone.pk).update(friend=kept_id)
