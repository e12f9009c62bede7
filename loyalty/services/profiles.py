"""What members tell of themselves: their birthday, and what they want to be written to about."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from django.db import transaction

from loyalty.engine.errors import Invalid, Refused
from loyalty.engine.facts import Activity, Fact, Profile, decode, validate
from loyalty.engine.taking_part import BIRTHDAY_KEPT, NOTICES
from loyalty.engine.walk import born
from loyalty.models import LedgerEntry, Member, Shop, StoredFact
from loyalty.selectors.programs import versions_of
from loyalty.services.facts import append, rewrite
from loyalty.services.posting import fold_and_post, lock_member

_DAY = re.compile(r"(0[1-9]|1[0-2])-[0-3][0-9]")


@transaction.atomic
def tell_birthday(*, shop: Shop, member_id: int, birthday: str, at: datetime) -> None:
    """ "MM-DD", by the member: once, and again after a year. Raises Invalid, NotFound, Refused (code birthday_locked)."""
    member = lock_member(shop=shop, member_id=member_id)
    if not birthday:
        raise Invalid("Send the birthday as month and day, such as 05-17.", place="birthday")
    known = birthdays_of(shop, member.pk)
    if known and known[-1].value[-5:] == birthday:
        return
    if known and known[-1].value and known[-1].at + BIRTHDAY_KEPT > at:
        raise Refused("Your birthday is kept for a year. Ask the store to correct it.", code="birthday_locked")
    _know(shop, member, [_birthday(member, birthday, len(known), at), _completed(member, at)], at)


@transaction.atomic
def correct_birthday(*, shop: Shop, member_id: int, birthday: str, at: datetime) -> None:
    """The same by staff, at any time; empty where it is not to be known any more. Raises Invalid, NotFound."""
    member = lock_member(shop=shop, member_id=member_id)
    _know(shop, member, [_birthday(member, birthday, len(birthdays_of(shop, member.pk)), at)], at)


@transaction.atomic
def choose_notice(*, shop: Shop, member_id: int, name: str, wanted: bool, at: datetime) -> None:
    """Whether a member is written to about this; nobody is who has not asked. Raises Invalid, NotFound."""
    if name not in NOTICES:
        raise Invalid("Choose one of: {known}.", place="id", params={"known": ", ".join(NOTICES)})
    member = lock_member(shop=shop, member_id=member_id)
    chosen = {each for each in member.notified_of if each in NOTICES} - {name} | ({name} if wanted else set())
    member.notified_of = [each for each in NOTICES if each in chosen]
    member.letter_due_at = (member.letter_due_at or at) if chosen else None
    member.save(update_fields=["notified_of", "letter_due_at"])


def birthdays_of(shop: Shop, member_id: int) -> list[Profile]:
    """Every word on it, the oldest first."""
    rows = StoredFact.objects.filter(shop=shop, member=member_id, kind="profile").order_by("at", "pk")
    facts = [decode(row.body) for row in rows]
    return [fact for fact in facts if isinstance(fact, Profile) and fact.field == "birthday"]


def forget_birthdays(*, shop: Shop, member_ids: Collection[int], at: datetime) -> None:
    """Of people who are forgotten: from now on there is no birthday, and what was told is gone as far as the ledger
    does not say it anyway: a birthday that was celebrated stands there with its date, and a whole one stays where a
    program asked how old somebody was. So the fold still says what was posted. The caller holds the members' locks."""
    rows = StoredFact.objects.filter(shop=shop, member__in=member_ids, kind="profile")
    told = [
        (row, fact)
        for row in rows
        if isinstance(fact := decode(row.body), Profile) and fact.field == "birthday" and row.member_id is not None
    ]
    if not told:
        return
    posted = LedgerEntry.objects.filter(shop=shop, member__in=member_ids, source__startswith="birthday:")
    celebrated = set(posted.values_list("member_id", flat=True))
    if not any(segment.minimum_age for version in versions_of(shop) for segment in version.program.segments):
        less = [
            (row, msgspec.structs.replace(fact, value=f"--{fact.value[-5:]}" if row.member_id in celebrated else ""))
            for row, fact in told
            if fact.value
        ]
        rewrite(shop=shop, facts=less)
    over = {
        row.member_id: Profile(id=f"birthday:{row.member_id}:forgotten", at=at, field="birthday", value="")
        for row, _ in told
    }
    append(shop=shop, facts=[(pk, fact) for pk, fact in over.items() if pk is not None])


def _know(shop: Shop, member: Member, facts: Sequence[Fact], at: datetime) -> None:
    for fact in facts:
        validate(fact)
    append(shop=shop, facts=[(member.pk, fact) for fact in facts])
    fold_and_post(shop=shop, members=[member], at=at)


def _birthday(member: Member, birthday: str, known: int, at: datetime) -> Profile:
    if birthday and (not _DAY.fullmatch(birthday) or born(f"--{birthday}") is None):
        raise Invalid("Send the birthday as month and day, such as 05-17.", place="birthday")
    value = f"--{birthday}" if birthday else ""
    return Profile(id=f"birthday:{member.pk}:{known + 1}", at=at, field="birthday", value=value)


def _completed(member: Member, at: datetime) -> Activity:
    """A birthday is all that we ask of a profile."""
    customer_id = member.external_id or ""
    return Activity(id=f"profile_completed:{member.pk}", at=at, kind="profile_completed", customer_id=customer_id)
