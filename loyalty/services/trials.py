"""What-ifs: a draft tried on the shop's own history, a few members at a time, by whoever has time."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from django.db import transaction

from loyalty.engine.errors import Invalid, NotFound
from loyalty.engine.exchange import from_data
from loyalty.engine.phrases import Phrase
from loyalty.engine.program import Version, to_data
from loyalty.engine.simulate import Assumptions, Comparison, as_draft, simulate
from loyalty.engine.split import Split
from loyalty.models import Shop, Trial
from loyalty.selectors.programs import draft_of, versions_of
from loyalty.selectors.simulation import begun, known_members, member_count, next_span
from loyalty.services.outbox import leave

SIMULATE = "program.simulate"
SLICE = 100
"""Members between two looks at whether somebody stopped it."""
KEPT = timedelta(days=90)
NOTHING_LIVE = Phrase("This shop has published no program yet, so there is nothing to compare with.")
UNDER_WAY = (Trial.State.WAITING, Trial.State.RUNNING)


@transaction.atomic
def begin(*, shop: Shop, by: str, at: datetime) -> Trial:
    """Tries the draft, unless it is being tried as it is. Raises NotFound without a draft, and Invalid where nothing
    has been live to compare it with."""
    draft = draft_of(shop)
    if draft is None:
        raise NotFound("There is no draft to try.")
    return _begin(shop, draft.number, draft.revision, draft.document, by, at)


@transaction.atomic
def begin_live(*, shop: Shop, by: str, at: datetime) -> Trial:
    """Tries the program in force as if it had been from the beginning: what earlier versions made different. Raises
    Invalid where nothing has been live."""
    live = begun(versions_of(shop), at)
    if not live:
        raise Invalid(NOTHING_LIVE)
    return _begin(shop, live[-1].number, 0, to_data(live[-1].program), by, at)


def _begin(shop: Shop, number: int, revision: int, document: dict[str, Any], by: str, at: datetime) -> Trial:
    live = begun(versions_of(shop), at)
    if not live:
        raise Invalid(NOTHING_LIVE)
    under_way = Trial.objects.filter(shop=shop, state__in=UNDER_WAY).select_for_update(of=("self",)).first()
    if under_way is not None:
        if (under_way.number, under_way.revision) == (number, revision):
            return under_way
        Trial.objects.filter(shop=shop, pk=under_way.pk).update(state=Trial.State.STOPPED, finished_at=at)
    trial = Trial.objects.create(
        shop=shop,
        number=number,
        revision=revision,
        live_number=live[-1].number,
        document=document,
        asked_by=by[:64],
        as_of=at,
        members=member_count(shop),
    )
    leave(shop=shop, kind=SIMULATE, subject=str(trial.pk), at=at)
    return trial


def stop(*, shop: Shop, trial_id: int, at: datetime) -> None:
    """Between two slices. What was counted so far is kept, and said to be a part."""
    rows = Trial.objects.filter(shop=shop, pk=trial_id, state__in=UNDER_WAY)
    rows.update(state=Trial.State.STOPPED, finished_at=at)


def give_up(*, shop: Shop, trial_id: int, why: str, at: datetime) -> None:
    rows = Trial.objects.filter(shop=shop, pk=trial_id, state__in=UNDER_WAY)
    rows.update(state=Trial.State.FAILED, failure=why[:500], finished_at=at)


def work(*, shop: Shop, trial_id: int, at: datetime, seconds: float) -> bool:
    """Goes on for about so long; true when there is nothing more to do. A slice is written whole or not at all, so a
    worker that dies leaves it to the next."""
    until = time.monotonic() + seconds
    trial = Trial.objects.filter(shop=shop, pk=trial_id, state__in=UNDER_WAY).first()
    while trial is not None:
        if not _slice(shop, trial, at):
            return True
        if time.monotonic() >= until:
            return False
        trial = Trial.objects.filter(shop=shop, pk=trial_id, state=Trial.State.RUNNING).first()
    return True


def comparison_of(trial: Trial, versions: list[Version]) -> Comparison:
    """The sums so far, beside the two programs."""
    live, draft = _sides(trial, versions)
    comparison = Comparison(live[-1].program, draft[-1].program, trial.as_of, Assumptions())
    if trial.result:
        comparison.restore(trial.result)
    return comparison


def split_of(trial: Trial, versions: list[Version]) -> Split:
    """The sums of each change so far; the sample is the same in every slice."""
    live, draft = _sides(trial, versions)
    split = Split(live, draft, trial.as_of, trial.members)
    if trial.split:
        split.restore(trial.split)
    return split


def _sides(trial: Trial, versions: list[Version]) -> tuple[list[Version], list[Version]]:
    live = begun(versions, trial.as_of)
    return live, as_draft(live, from_data(trial.document))


def _slice(shop: Shop, trial: Trial, at: datetime) -> bool:
    """The next members; false when they were the last."""
    begun_at = time.monotonic()
    versions = versions_of(shop)
    live, draft = _sides(trial, versions)
    whole, split = comparison_of(trial, versions), split_of(trial, versions)
    numbers = count(whole.members)
    span = next_span(shop_id=shop.pk, first=trial.next_member, size=SLICE)
    if span is not None:
        members = known_members(shop_id=shop.pk, first=span[0], last=span[1])
        found = simulate(
            members,
            live,
            draft,
            trial.as_of,
            Assumptions(),
            on_member=lambda member: split.add(next(numbers), member),
        )
        whole.merge(found)
    worked_ms = int((time.monotonic() - begun_at) * 1000)
    # Only where nobody else went on from the same member, or stopped it, meanwhile.
    rows = Trial.objects.filter(shop=shop, pk=trial.pk, state__in=UNDER_WAY, next_member=trial.next_member)
    rows.update(
        state=Trial.State.DONE if span is None else Trial.State.RUNNING,
        finished_at=at if span is None else None,
        result=whole.state(),
        split=split.state(),
        done=whole.members,
        next_member=span[1] + 1 if span is not None else trial.next_member,
        worked_ms=trial.worked_ms + worked_ms,
    )
    return span is not None


def forget(*, before: datetime) -> int:
    """Deletes what is older than a season."""
    deleted, _ = Trial.objects.across_shops().filter(as_of__lt=before - KEPT).delete()
    return deleted
