"""Everything we hold on a person, as one document that can be handed over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q

from loyalty.engine.explain import from_data, full_text
from loyalty.models import (
    EmailCode,
    HouseholdMark,
    LedgerEntry,
    Member,
    PartnerCode,
    PrivacyRequest,
    Redemption,
    Referral,
    Shop,
    ShopperDevice,
    StoredFact,
)
from loyalty.selectors.dashboard import ROWS, Page
from loyalty.selectors.notes import notes_of
from loyalty.selectors.partner_codes import codes_of


def requests_page(*, shop: Shop, before: int | None) -> Page:
    """Requests about personal data, newest first. `before` is the id behind which the page starts."""
    rows = PrivacyRequest.objects.filter(shop=shop).order_by("-id")
    found = list((rows.filter(pk__lt=before) if before else rows)[: ROWS + 1])
    return Page(found[:ROWS], str(found[ROWS - 1].pk) if len(found) > ROWS else "")


def copy_of(*, shop: Shop, request_pk: int) -> PrivacyRequest | None:
    """A request whose copy is here."""
    return PrivacyRequest.objects.filter(shop=shop, pk=request_pk).exclude(document="").first()


def document_about(*, shop: Shop, members: Sequence[Member], at: datetime) -> dict[str, Any]:
    """What the tables say of these members, in words a person can read; empty lists where we hold nothing."""
    emails = {member.email for member in members if member.email}
    codes = EmailCode.objects.filter(shop=shop, email__in=emails).order_by("pk")
    return {
        "store": shop.name,
        "written_at": at.isoformat(),
        "people": [_about(shop, member) for member in members],
        "sign_in_codes_sent": [code.created_at.isoformat() for code in codes],
    }


def _about(shop: Shop, member: Member) -> dict[str, Any]:
    facts = StoredFact.objects.filter(shop=shop, member=member).order_by("at", "pk")
    ledger = LedgerEntry.objects.filter(shop=shop, member=member).order_by("pk")
    redemptions = list(Redemption.objects.filter(shop=shop, member=member).order_by("pk"))
    partners = codes_of(shop=shop, redemptions=redemptions)
    brought = Referral.objects.filter(shop=shop).filter(Q(referrer=member) | Q(friend=member)).order_by("pk")
    marks = HouseholdMark.objects.filter(shop=shop, member=member).order_by("pk")
    devices = ShopperDevice.objects.filter(shop=shop, member=member).order_by("pk")
    return {
        "customer_id": member.external_id or "",
        "email": member.email,
        "name": member.name,
        "language": member.locale,
        "member_since": member.enrolled_at.isoformat(),
        "points": {"available": member.available, "pending": member.pending},
        "tier": member.tier,
        "what_happened": [{"what": row.kind, **json.loads(row.body)} for row in facts],
        "points_given_and_taken": [_movement(row) for row in ledger],
        "rewards": [_reward(row, partners.get(row.pk)) for row in redemptions],
        "notes_of_staff": [
            {"at": note.at.isoformat(), "text": note.text} for note in notes_of(shop=shop, member=member)
        ],
        "letters_asked_for": member.notified_of,
        "referral_code": member.referral_code,
        "households_told_apart_by": list(marks.values_list("kind", flat=True)),
        "friends": [_friend(row, member) for row in brought],
        "signed_in_devices": [
            {"since": row.created_at.isoformat(), "until": (row.ended_at or row.expires_at).isoformat()}
            for row in devices
        ],
    }


def _friend(row: Referral, member: Member) -> dict[str, Any]:
    """Without a word on who the other is."""
    return {
        "at": row.claimed_at.isoformat(),
        "as": "referrer" if row.referrer_id == member.pk else "friend",
        "state": row.get_state_display(),
        "order": row.order_id if row.friend_id == member.pk else "",
    }


def _movement(row: LedgerEntry) -> dict[str, Any]:
    return {
        "at": row.effective_at.isoformat(),
        "points": row.points,
        "balance": row.balance_after,
        "why": full_text(from_data(row.reason)),
    }


def _reward(row: Redemption, partner: PartnerCode | None) -> dict[str, Any]:
    return {
        "at": row.accepted_at.isoformat(),
        "reward": row.reward_data.get("name") or row.reward,
        "points": row.points,
        "code": partner.code if partner else row.code,
        "state": row.get_state_display(),
        "note": row.note,
        "why_it_ended": row.failure,
        "order": row.order_id,
    }
