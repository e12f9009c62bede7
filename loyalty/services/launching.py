"""From the goal to the first program in force: what a merchant decides before any shopper sees anything."""

from __future__ import annotations

from datetime import datetime

import msgspec
from django.db import transaction

from loyalty.engine.errors import Invalid, Refused
from loyalty.engine.program import Program
from loyalty.models import Launch, ProgramVersion, Shop
from loyalty.selectors.programs import draft_of, program_of
from loyalty.services.programs import begin_draft, publish_draft, replace_draft

MOST_MARGIN_PERCENT = 95


@transaction.atomic
def choose(*, shop: Shop, goal: str, preset: str, program: Program, step: str, at: datetime, by: str = "") -> Launch:
    """The goal, and the draft that fits it: another preset replaces the draft. Raises Refused once a program was
    published; the draft is the merchant's own then."""
    _refuse_launched(shop)
    if goal not in Launch.Goal.values:
        raise Invalid("Choose one of the four goals.", place="goal")
    draft = draft_of(shop)
    replace_draft(shop=shop, revision=draft.revision if draft else 0, program=program, at=at, by=by)
    values = {"goal": goal, "preset": preset, "step": step}
    found, _made = Launch.objects.update_or_create(shop=shop, defaults=values)
    return found


def keep_draft(*, shop: Shop, goal: str, step: str) -> None:
    """The goal alone, where the merchant has begun a draft on the Program page: it stays as it is."""
    _refuse_launched(shop)
    Launch.objects.update_or_create(shop=shop, defaults={"goal": goal, "preset": "", "step": step})


def follow(*, shop: Shop, goal: str) -> None:
    """Another figure for Home, at any time. Raises Invalid for an unknown goal."""
    if goal not in Launch.Goal.values:
        raise Invalid("Choose one of the four goals.", place="goal")
    first = ProgramVersion.objects.filter(shop=shop, in_force_from__isnull=False).order_by("in_force_from").first()
    since = first.in_force_from if first else None
    defaults = {"goal": goal}
    Launch.objects.update_or_create(
        shop=shop, defaults=defaults, create_defaults={**defaults, "preset": "", "step": "", "launched_at": since}
    )


def reach(*, shop: Shop, step: str) -> None:
    """Where the merchant goes on the next time."""
    Launch.objects.filter(shop=shop, launched_at=None).update(step=step)


def set_margin(*, shop: Shop, margin_percent: int | None) -> None:
    """Raises Invalid for what no margin is."""
    if margin_percent is not None and not 1 <= margin_percent <= MOST_MARGIN_PERCENT:
        raise Invalid(
            "A margin is a whole number from 1 to {most}.", place="margin", params={"most": MOST_MARGIN_PERCENT}
        )
    Launch.objects.filter(shop=shop).update(margin_percent=margin_percent)


@transaction.atomic
def launch(
    *, shop: Shop, at: datetime, earns_from: datetime | None = None, revision: int | None = None
) -> ProgramVersion:
    """The draft, or the default program where there is none, comes into force at `at`. Orders placed from `earns_from`
    on earn too, though they are older; None lets only those from now on. Raises Refused for a shop that has launched,
    Conflict where the draft is no longer `revision`."""
    Shop.objects.select_for_update().get(pk=shop.pk)
    _refuse_launched(shop)
    draft = begin_draft(shop=shop, at=at)
    program = msgspec.structs.replace(program_of(draft), earns_from=earns_from)
    draft = replace_draft(shop=shop, revision=draft.revision if revision is None else revision, program=program, at=at)
    # Platforms date orders in whole seconds: an order placed in the second of the launch is not before it.
    version = publish_draft(shop=shop, revision=draft.revision, at=at.replace(microsecond=0))
    Launch.objects.filter(shop=shop).update(launched_at=version.in_force_from)
    return version


def _refuse_launched(shop: Shop) -> None:
    if ProgramVersion.objects.filter(shop=shop, in_force_from__isnull=False).exists():
        raise Refused("The program is live. Change it on the Program page.", code="launched")
