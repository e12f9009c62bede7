"""What-ifs: a draft tried on the shop's own history, a few members at a time, by whoever has time."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from django.db import transaction

from loyalty.engine.errors import Invalid, NotFound
from loyalty.engine.exchange import from_data
from loyalty.engine.program import Version
from loyalty.engine.simulate import Assumptions, Comparison, as_draft, simulate
from loyalty.models import Shop, Trial
from loyalty.selectors.programs import draft_of, versions_of
from loyalty.selectors.simulation import begun, known_members, member_count, next_span
from loyalty.services.outbox import leave

SIMULATE = "program.simulate"
SLICE = 100
"""Members between two looks at whether somebody stopped it."""
KEPT = timedelta(days=90)
UNDER_WAY = (Trial.State.WAITING, Trial.State.RUNNING)


@transaction.atomic
def begin(*, shop: Shop, by: str, at: datetime) -> Trial:
    """Tries the draft, unless it is being tried as it is. Raises NotFound without a draft, and Invalid where nothing
    has been live to compare it with."""
    draft = draft_of(shop)
    if draft is None:
        raise NotFound("There is no draft to try.")
    live = begun(versions_of(shop), at)
    if not live:
        raise Invalid("This shop has published no program yet, so there is nothing to compare with.")
    under_way = Trial.objects.filter(shop=shop, state__in=UNDER_WAY).select_for_update(of=("self",)).first()
    if under_way is not None:
        if (under_way.number, under_way.revision) == (draft.number, draft.revision):
            return under_way
        Trial.objects.filter(shop=shop, pk=under_way.pk).update(state=Trial.State.STOPPED, finished_at=at)
    trial = Trial.objects.create(
        shop=shop,
        number=draft.number,
        revision=draft.revision,
        live_number=live[-1].number,
        document=draft.document,
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


def _sides(trial: Trial, versions: list[Version]) -> tuple[list[Version], list[Version]]:
    live = begun(versions, trial.as_of)
    return live, as_draft(live, from_data(trial.document))


def _slice(shop: Shop, trial: Trial, at: datetime) -> bool:
    """The next members; false when they were the last."""
    begun_at = time.monotonic()
    versions = versions_of(shop)
    live, draft = _sides(trial, versions)
    whole = comparison_of(trial, versions)
    span = next_span(shop_id=shop.pk, first=trial.next_member, size=SLICE)
    if span is not None:
        members = known_members(shop_id=shop.pk, first=span[0], last=span[1])
        whole.merge(simulate(members, live, draft, trial.as_of, Assumptions()))
    worked_ms = int((time.monotonic() - begun_at) * 1000)
    # Only where nobody else went on from the same member, or stopped it, meanwhile.
    rows = Trial.objects.filter(shop=shop, pk=trial.pk, state__in=UNDER_WAY, next_member=trial.next_member)
    rows.update(
        state=Trial.State.DONE if span is None else Trial.State.RUNNING,
        finished_at=at if span is None else None,
        result=whole.state(),
        done=whole.members,
        next_member=span[1] + 1 if span is not None else trial.next_member,
        worked_ms=trial.worked_ms + worked_ms,
    )
    return span is not None


def forget(*, before: datetime) -> int:
    """Deletes what is older than a season."""
    deleted, _ = Trial.objects.across_shops().filter(as_of__lt=before - KEPT).delete()
    return deleted
