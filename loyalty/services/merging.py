"""Two customers of the platform became one: so do their members, with everything that happened to either."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from loyalty.models import Member, Redemption, Shop, ShopperDevice
from loyalty.services import notes, referral_claims
from loyalty.services.facts import hand_over
from loyalty.services.members import find_or_enrol
from loyalty.services.observations import Person
from loyalty.services.posting import fold_and_post, lock_members


@transaction.atomic
def merge(*, shop: Shop, kept_id: str, gone_id: str, at: datetime) -> None:
    """What happened to `gone_id` happened to `kept_id`: facts and redemptions move, both are folded, and the ledger of
    the one that is gone comes to nothing in rows of its own. Late messages about it count for the other. A customer
    we never met is remembered, for the same reason. Asked twice it changes nothing."""
    people = [Person(external_id=kept_id), Person(external_id=gone_id)]
    found = find_or_enrol(shop=shop, people=people, at=at)
    ids = [found[("id", kept_id)].pk, found[("id", gone_id)].pk]
    locked = {member.pk: member for member in lock_members(shop=shop, member_ids=ids)}
    kept, gone = (locked[pk] for pk in ids)
    if kept.pk == gone.pk or gone.merged_into_id is not None:
        return
    hand_over(shop=shop, gone_id=gone.pk, kept_id=kept.pk)
    referral_claims.hand_over(shop=shop, gone_id=gone.pk, kept_id=kept.pk)
    notes.hand_over(shop=shop, gone_id=gone.pk, kept_id=kept.pk)
    _move_redemptions(shop, kept, gone)
    ShopperDevice.objects.filter(shop=shop, member=gone).delete()
    fold_and_post(shop=shop, members=sorted((kept, gone), key=lambda member: member.pk), at=at)
    gone.merged_into, gone.next_due = kept, None
    gone.email = gone.name = gone.locale = ""
    # Who asked to be written to did so for an address; the one that stays has said what they want themselves.
    gone.notified_of, gone.letters_said, gone.letter_due_at = [], [], None
    cleared = ["merged_into", "next_due", "email", "name", "locale", "notified_of", "letters_said", "letter_due_at"]
    gone.save(update_fields=cleared)
    Member.objects.filter(shop=shop, merged_into=gone).update(merged_into=kept)


def _move_redemptions(shop: Shop, kept: Member, gone: Member) -> None:
    """A request key is its member's own: where both used the same, the moved one gives way."""
    taken = set(Redemption.objects.filter(shop=shop, member=kept).values_list("request_key", flat=True))
    for redemption in Redemption.objects.filter(shop=shop, member=gone).order_by("pk"):
        redemption.member = kept
        if redemption.request_key in taken:
            redemption.request_key = f"merged:{redemption.number}"
        redemption.save(update_fields=["member", "request_key"])
