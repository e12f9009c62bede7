"""A program comes into force: a version that never changes again, and a fold for every member. The draft before it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Max, Q, QuerySet

from loyalty.engine.document import Paused
from loyalty.engine.errors import Conflict, Invalid, NotFound, Refused
from loyalty.engine.exchange import from_data
from loyalty.engine.phrases import Phrase
from loyalty.engine.program import Program, default_program, parse_program, to_data
from loyalty.models import Member, ProgramVersion, Shop
from loyalty.selectors.programs import draft_of, program_of, version_in_force

CHANGED_MEANWHILE = "draft_changed"
_CHANGED = Phrase("The draft was changed meanwhile. Look at it, then save again.")
_CHANGED_BY = Phrase("The draft was changed meanwhile by {who}. Look at it, then save again.")


@transaction.atomic
def publish(*, shop: Shop, program: Program, at: datetime, in_force_from: datetime | None = None) -> ProgramVersion:
    """In force from now, or from an instant to come. Orders placed before that are judged by the version of their day.
    Raises Invalid, and changes nothing, for a document that does not hold together, another currency than the shop's,
    an instant in the past, or one that is not after the latest version's. A draft stays, as the next number."""
    document = _checked(shop, program)
    published = _locked_versions(shop).filter(in_force_from__isnull=False)
    begins = _beginning(published, at, in_force_from)
    number = (published.aggregate(last=Max("number"))["last"] or 0) + 1
    _make_room(shop, number)
    version = ProgramVersion.objects.create(
        shop=shop, number=number, document=document, in_force_from=begins, published_at=at
    )
    _fold_everybody(shop, begins)
    return version


@transaction.atomic
def begin_draft(*, shop: Shop, at: datetime, number: int | None = None, by: str = "") -> ProgramVersion:
    """The draft that there is; else a new one, from the latest version (or from version `number`: to go back is a draft
    of what was). Raises NotFound for an unknown number, and Refused for a number while a draft is under way."""
    versions = _locked_versions(shop)
    draft = draft_of(shop)
    if draft is not None and number is None:
        return draft
    if draft is not None:
        raise _draft_exists(draft)
    published = versions.filter(in_force_from__isnull=False)
    source = published.filter(number=number) if number is not None else published.order_by("-in_force_from", "-number")
    found = source.first()
    if found is None and number is not None:
        raise NotFound("There is no version {number}.", params={"number": number})
    program = program_of(found) if found else default_program(shop.currency, shop.exponent, shop.time_zone, shop.name)
    return _new_draft(shop, to_data(program), at, by)


@transaction.atomic
def save_draft(*, shop: Shop, revision: int, part: Mapping[str, Any], at: datetime, by: str = "") -> ProgramVersion:
    """Replaces parts of the draft's document by name, such as {"rules": [...]}; None takes one back to its default.
    Without a draft, `revision` 0 begins one. Raises Conflict (code draft_changed) where somebody saved since that
    revision, and Invalid with the place in the document; nothing is changed then."""
    draft = begin_draft(shop=shop, at=at, by=by)
    _check_revision(draft, revision)
    whole = {**draft.document, **part}
    document = _checked(shop, from_data({name: value for name, value in whole.items() if value is not None}))
    if document == draft.document:
        return draft
    return _write(draft, document, at, by)


@transaction.atomic
def replace_draft(*, shop: Shop, revision: int, program: Program, at: datetime, by: str = "") -> ProgramVersion:
    """The whole document, as from a file. Raises as `save_draft`."""
    draft = begin_draft(shop=shop, at=at, by=by)
    _check_revision(draft, revision)
    return _write(draft, _checked(shop, program), at, by)


@transaction.atomic
def discard_draft(*, shop: Shop, revision: int) -> None:
    """Nobody has seen it but the shop. Raises Conflict where somebody saved since `revision`."""
    _locked_versions(shop)
    draft = draft_of(shop)
    if draft is not None:
        _check_revision(draft, revision)
        draft.delete()


@transaction.atomic
def publish_draft(*, shop: Shop, revision: int, at: datetime, in_force_from: datetime | None = None) -> ProgramVersion:
    """The draft comes into force, as `publish`. Raises NotFound without a draft, and Conflict where somebody saved
    since `revision`: nobody publishes what they have not seen."""
    published = _locked_versions(shop).filter(in_force_from__isnull=False)
    draft = draft_of(shop)
    if draft is None:
        raise NotFound("There is no draft to publish.")
    _check_revision(draft, revision)
    draft.document = _checked(shop, program_of(draft))
    draft.in_force_from = _beginning(published, at, in_force_from)
    draft.published_at = at
    draft.save(update_fields=["document", "in_force_from", "published_at"])
    _fold_everybody(shop, draft.in_force_from)
    return draft


@transaction.atomic
def withdraw(*, shop: Shop, number: int, at: datetime) -> ProgramVersion:
    """A version whose day has not come is a draft again: nothing was judged by it. Raises NotFound where there is none
    to come under this number, and Refused while a draft is under way."""
    versions = _locked_versions(shop)
    version = versions.filter(number=number, in_force_from__gt=at).first()
    if version is None:
        raise NotFound("Version {number} is not one that is to come.", params={"number": number})
    draft = draft_of(shop)
    if draft is not None:
        raise _draft_exists(draft)
    # What was published after it, such as a pause, keeps its number; a draft is always the next.
    version.number = max(
        version.number, 1 + (versions.exclude(pk=version.pk).aggregate(last=Max("number"))["last"] or 0)
    )
    version.in_force_from = version.published_at = None
    version.revision, version.edited_at = version.revision + 1, at
    version.save(update_fields=["number", "in_force_from", "published_at", "revision", "edited_at"])
    return version


@transaction.atomic
def pause(*, shop: Shop, earning: bool, redeeming: bool, at: datetime) -> ProgramVersion | None:
    """The live program, with earning and redeeming resting or not from now on: a version like any other, so that every
    order knows whether it was placed in a pause. One that is to come keeps its day, and its own word on this. The draft
    takes the pause over. Gives nothing where nothing changes; raises Refused where nothing is live."""
    versions = _locked_versions(shop)
    live = version_in_force(shop, at)
    if live is None:
        raise Refused("No program is live, so there is nothing to pause.")
    paused = Paused(earning=earning, redeeming=redeeming)
    if live.program.paused == paused:
        return None
    number = (versions.filter(in_force_from__isnull=False).aggregate(last=Max("number"))["last"] or 0) + 1
    _make_room(shop, number)
    draft = draft_of(shop)
    if draft is not None:
        _write(draft, to_data(msgspec.structs.replace(program_of(draft), paused=paused)), at, draft.edited_by)
    document = to_data(msgspec.structs.replace(live.program, paused=paused))
    version = ProgramVersion.objects.create(
        shop=shop, number=number, document=document, in_force_from=at, published_at=at
    )
    _fold_everybody(shop, at)
    return version


def _checked(shop: Shop, program: Program) -> dict[str, Any]:
    document = to_data(parse_program(to_data(program)))
    if (program.currency, program.exponent) != (shop.currency, shop.exponent):
        raise Invalid(
            "The shop sells in {currency}; write the program in it.",
            place="$.currency",
            params={"currency": shop.currency},
        )
    return document


def _locked_versions(shop: Shop) -> QuerySet[ProgramVersion]:
    """The shop's versions, behind the lock of the first: whoever publishes or changes the draft waits in line. Before
    there is one, the shop itself is what they wait for."""
    versions: QuerySet[ProgramVersion] = ProgramVersion.objects.filter(shop=shop)
    if versions.select_for_update(no_key=True, of=("self",)).order_by("number").first() is None:
        Shop.objects.select_for_update(no_key=True).get(pk=shop.pk)
    return versions


def _beginning(published: QuerySet[ProgramVersion], at: datetime, in_force_from: datetime | None) -> datetime:
    begins = in_force_from or at
    if begins < at:
        raise Invalid(
            "A program can't be in force from an instant in the past. Choose now or later.", place="in_force_from"
        )
    latest = published.order_by("-in_force_from").first()
    if latest is not None and latest.in_force_from is not None and begins <= latest.in_force_from:
        raise Invalid(
            "Version {number} begins later. Choose an instant after {begins_at}, or take it back.",
            place="in_force_from",
            params={"number": latest.number, "begins_at": latest.in_force_from.isoformat()},
        )
    return begins


def _make_room(shop: Shop, number: int) -> None:
    """A draft is always the next version."""
    ProgramVersion.objects.filter(shop=shop, in_force_from=None).update(number=number + 1)


def _new_draft(shop: Shop, document: dict[str, Any], at: datetime, by: str) -> ProgramVersion:
    last = ProgramVersion.objects.filter(shop=shop).aggregate(last=Max("number"))["last"] or 0
    return ProgramVersion.objects.create(shop=shop, number=last + 1, document=document, edited_at=at, edited_by=by[:64])


def _draft_exists(draft: ProgramVersion) -> Refused:
    return Refused(
        "Draft {number} is under way. Publish or discard it first.",
        code="draft_exists",
        params={"number": draft.number},
    )


def _check_revision(draft: ProgramVersion, revision: int) -> None:
    if draft.revision != revision:
        told = _CHANGED_BY if draft.edited_by else _CHANGED
        raise Conflict(told, code=CHANGED_MEANWHILE, params={"who": draft.edited_by})


def _write(draft: ProgramVersion, document: dict[str, Any], at: datetime, by: str) -> ProgramVersion:
    draft.document, draft.edited_at, draft.edited_by = document, at, by[:64]
    draft.revision += 1
    draft.save(update_fields=["document", "edited_at", "edited_by", "revision"])
    return draft


def _fold_everybody(shop: Shop, begins: datetime) -> None:
    folded_later = Q(next_due=None) | Q(next_due__gt=begins)
    members = Member.objects.filter(folded_later, shop=shop, external_id__isnull=False, merged_into=None)
    members.update(next_due=begins)
