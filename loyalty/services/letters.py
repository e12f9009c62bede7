"""Letters that members asked for: what is worth telling, once a week at most, and never the same alone again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.core import signing
from django.db import transaction

from loyalty.engine.errors import Unauthorized
from loyalty.engine.program import Program
from loyalty.languages import Voice
from loyalty.models import Member, Shop
from loyalty.selectors.nudges import Nudge, reward_names
from loyalty.services.outbox import leave
from loyalty.services.posting import lock_member

log = structlog.get_logger("regulars.letters")
EVERY = timedelta(days=7)
LOOK_AGAIN = timedelta(days=1)
IDS_KEPT = 40
ABOUT = {
    "reward": "points",
    "tier": "points",
    "points": "expiring",
    "code": "codes",
    "gift": "codes",
    "birthday": "news",
}
"""What each kind of nudge is about, by the part of it before the first dot: one of engine.taking_part.NOTICES."""


@transaction.atomic
def write(
    *, shop: Shop, member_id: int, found: Sequence[Nudge], program: Program | None, voice: Voice, at: datetime
) -> bool:
    """Leaves a letter for the outbox if something in `found` is news to the member and of what they asked for. Says
    when to look again either way; whoever comes a moment after another worker does nothing. Raises NotFound."""
    member = lock_member(shop=shop, member_id=member_id)
    if member.letter_due_at is None or member.letter_due_at > at:
        return False
    told = [each for each in found if ABOUT[each.kind.partition(".")[0]] in member.notified_of]
    if not member.notified_of:
        member.letter_due_at = None
    elif not member.email or all(each.id in member.letters_said for each in told):
        member.letter_due_at = at + LOOK_AGAIN
    else:
        _leave(shop, member, [each.said(voice, reward_names(program, voice)) for each in told], voice, at)
        said = [each.id for each in told]
        member.letters_said = [*(each for each in member.letters_said if each not in said), *said][-IDS_KEPT:]
        member.letter_due_at = at + EVERY
    member.save(update_fields=["letter_due_at", "letters_said"])
    return member.letter_due_at == at + EVERY


def stop_address(member: Member, language: str) -> str:
    """Where the letters of this member end; whoever has the letter may do it, signed in or not."""
    return (
        f"{settings.APP_URL}/widget/v1/letters?lang={language}&for={_signer().sign_object([member.shop_id, member.pk])}"
    )


def _signer() -> signing.Signer:
    """Made when it is asked for: the keys may be made after this module is read."""
    return signing.Signer(salt="letters")


def reader_of(token: str) -> Member:
    """Whom a letter was written to. Raises Unauthorized for an address that is none of ours."""
    try:
        shop_id, member_id = _signer().unsign_object(token)
    except (signing.BadSignature, ValueError):
        raise Unauthorized("This address is not whole. Open it from the letter again.", code="letter") from None
    member = Member.objects.filter(shop=shop_id, pk=member_id).select_related("shop").first()
    if member is None:
        raise Unauthorized("This address is not whole. Open it from the letter again.", code="letter")
    return member


@transaction.atomic
def stop(*, token: str) -> Member:
    """No more letters of any kind. Asked twice it says the same. Raises Unauthorized."""
    member = reader_of(token)
    Member.objects.filter(shop=member.shop_id, pk=member.pk).update(notified_of=[], letter_due_at=None)
    log.info("letters.stopped", shop=member.shop_id, member=member.pk)
    return member


def _leave(shop: Shop, member: Member, lines: Sequence[str], voice: Voice, at: datetime) -> None:
    name = " ".join(shop.name.split())[:100]

    def say(message: str) -> str:
        return voice.say("mails", f"letter.{message}", {"shop": name, "name": " ".join(member.name.split())[:100]})

    address = stop_address(member, voice.language)
    parts = [
        *([say("hello")] if member.name.strip() else []),
        "\n".join(f"- {line}" for line in lines),
        *([f"{say('go')} {shop.storefront_url}"] if shop.storefront_url else []),
        f"{say('why')}\n{say('stop')} {address}",
    ]
    letter = {
        "to": member.email,
        "subject": say("subject"),
        "text": "\n\n".join(parts) + "\n",
        # RFC 2369 and, for one press without a page, RFC 8058.
        "headers": {"List-Unsubscribe": f"<{address}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
    }
    leave(shop=shop, kind="mail", subject=f"letter:{member.pk}:{at.date()}", at=at, secret=json.dumps(letter))
