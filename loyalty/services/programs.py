"""A program comes into force: a version that never changes again, and a fold for every member."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from loyalty.engine.errors import Invalid
from loyalty.engine.program import Program, parse_program, to_data
from loyalty.models import Member, ProgramVersion, Shop


@transaction.atomic
def publish(*, shop: Shop, program: Program, at: datetime, in_force_from: datetime | None = None) -> ProgramVersion:
    """In force from now, or from an instant to come. Orders placed before that are judged by the version of their day.
    Raises Invalid, and changes nothing, for a document that does not hold together, another currency than the shop's,
    an instant in the past, or one that is not after the latest version's."""
    document = to_data(parse_program(to_data(program)))
    if (program.currency, program.exponent) != (shop.currency, shop.exponent):
        raise Invalid(f"The shop sells in {shop.currency}; write the program in it.", place="$.currency")
    begins = in_force_from or at
    if begins < at:
        raise Invalid("A program can't be in force from an instant in the past. Choose now or later.")
    versions = ProgramVersion.objects.filter(shop=shop)
    versions.select_for_update(no_key=True, of=("self",)).order_by("number").first()
    latest = versions.order_by("-number").first()
    if latest is not None and latest.in_force_from is not None and begins <= latest.in_force_from:
        raise Invalid(f"Version {latest.number} begins later. Choose an instant after {latest.in_force_from:%c %Z}.")
    version = ProgramVersion.objects.create(
        shop=shop,
        number=latest.number + 1 if latest else 1,
        document=document,
        in_force_from=begins,
        published_at=at,
    )
    folded_later = Q(next_due=None) | Q(next_due__gt=begins)
    members = Member.objects.filter(folded_later, shop=shop, external_id__isnull=False, merged_into=None)
    members.update(next_due=begins)
    return version
