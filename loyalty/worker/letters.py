"""Members who asked to be written to, looked at one by one."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog

from loyalty.engine import checkpoint as engine
from loyalty.models import Member, Shop
from loyalty.platforms.registry import carried
from loyalty.selectors.members import standing_of
from loyalty.selectors.nudges import Nudge, nudges
from loyalty.selectors.programs import versions_of
from loyalty.selectors.voices import voice_for
from loyalty.selectors.ways_in import told_by
from loyalty.selectors.widget import offers, open_redemptions
from loyalty.services.letters import write

log = structlog.get_logger("regulars.letters")
BATCH = 50
SET_ASIDE = timedelta(hours=6)


def write_letters(*, now: datetime) -> int:
    """Returns how many members were looked at. One who cannot be is looked at again later, and stops nobody else."""
    due = Member.objects.across_shops().filter(letter_due_at__lte=now, engine__lte=engine.ENGINE)
    members = list(due.select_related("shop").order_by("letter_due_at")[:BATCH])
    for member in members:
        try:
            _write(member, now)
        except Exception:
            log.exception("letters.failed", shop=member.shop_id, member=member.pk)
            Member.objects.filter(shop=member.shop_id, pk=member.pk).update(letter_due_at=now + SET_ASIDE)
    return len(members)


def _write(member: Member, now: datetime) -> None:
    shop = member.shop
    if shop.status != Shop.Status.ACTIVE or member.merged_into_id is not None:
        Member.objects.filter(shop=shop, pk=member.pk).update(letter_due_at=now + SET_ASIDE)
        return
    program = next((each.program for each in reversed(versions_of(shop)) if each.in_force_from <= now), None)
    found: list[Nudge] = []
    if program is not None:
        statement = standing_of(shop=shop, member=member, as_of=now)
        rewards = carried(shop, program)
        found = nudges(
            statement=statement,
            offers=offers(shop=shop, member=member, program=program, statement=statement, rewards=rewards, at=now),
            codes=open_redemptions(shop=shop, member=member, at=now),
            program=program,
            birthday_known=bool(told_by(shop=shop, member=member, at=now).birthday),
            as_of=now,
        )
    voice = voice_for(shop, [member.locale])
    voice = voice.knowing(program.translations) if program else voice
    write(shop=shop, member_id=member.pk, found=found, program=program, voice=voice, at=now)
