"""Staff write down what a colleague should know about a member, and delete it again."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from loyalty.engine.errors import Invalid, NotFound
from loyalty.models import Shop, StaffNote
from loyalty.services.posting import lock_member

MOST_NOTES = 50
"""Of one member: more nobody reads, and a page shows all of them."""
MOST_CHARACTERS = 1000


@transaction.atomic
def add_note(*, shop: Shop, member_id: int, text: str, actor: str, key: str, at: datetime) -> None:
    """`key` is the form's own, so that a second press of the button adds nothing. Raises Invalid or NotFound. Under the
    member's lock, so that nothing is written about somebody who is being forgotten."""
    text = text.strip()
    if not text:
        raise Invalid("Write something first.", place="text")
    if len(text) > MOST_CHARACTERS:
        raise Invalid("A note has at most {most:,} characters.", place="text", params={"most": MOST_CHARACTERS})
    member = lock_member(shop=shop, member_id=member_id)
    if member.forgotten_at is not None:
        raise Invalid("This person asked to be forgotten: nothing is written about them any more.", place="text")
    if StaffNote.objects.filter(shop=shop, member=member).exclude(key=key[:64]).count() >= MOST_NOTES:
        raise Invalid(
            "There are {count} notes on this member. Delete one first.", place="text", params={"count": MOST_NOTES}
        )
    note = StaffNote(shop=shop, member=member, key=key[:64], text=text, actor=actor[:100], at=at)
    StaffNote.objects.bulk_create([note], ignore_conflicts=True)


def delete_note(*, shop: Shop, member_id: int, note_id: int) -> str:
    """Returns what it said. Raises NotFound."""
    rows = StaffNote.objects.filter(shop=shop, member=member_id, pk=note_id)
    text = rows.values_list("text", flat=True).first()
    if text is None:
        raise NotFound("There is no such note.")
    rows.delete()
    return text


def hand_over(*, shop: Shop, gone_id: int, kept_id: int) -> None:
    """Two members became one. The caller holds both locks."""
    StaffNote.objects.filter(shop=shop, member=gone_id).update(member=kept_id)


def forget(*, shop: Shop, member_ids: Collection[int]) -> None:
    StaffNote.objects.filter(shop=shop, member__in=member_ids).delete()
