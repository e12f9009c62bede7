"""A shop's members for the what-if: streamed in id order, in parts that several processes take."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from datetime import datetime
from itertools import islice
from multiprocessing import get_context
from typing import Any, NamedTuple, TypeVar

import django

from loyalty.engine.exchange import from_json, to_json
from loyalty.engine.program import Program, Version
from loyalty.engine.simulate import (
    Assumptions,
    Comparison,
    Known,
    Outcome,
    Posting,
    as_draft,
    gifts_given,
    simulate,
)
from loyalty.models import LedgerEntry, Member, Shop
from loyalty.selectors.facts import facts_of
from loyalty.selectors.programs import versions_of

AT_ONCE = 200
"""Members whose facts are in memory together."""

PART = 1000
"""Members that one process takes at a time: enough to make its start worth while, few enough to show progress."""

Work = TypeVar("Work")
Result = TypeVar("Result")


class Part(NamedTuple):
    """Some members of one shop and what to fold them under; small, because it travels between processes."""

    shop_id: int
    first: int
    last: int
    document: str
    as_of: datetime
    assumptions: Assumptions


def simulate_shop(
    *,
    shop: Shop,
    program: Program,
    as_of: datetime,
    assumptions: Assumptions,
    processes: int,
    on_members: Callable[[int], None],
) -> Comparison:
    """The shop's ledger beside what the draft would have said, over all members with an account. The shop goes on
    working; each member is read at one moment, not all at the same. Raises errors.Invalid for a draft in another
    currency and for a shop without a published program."""
    live = begun(versions_of(shop), as_of)
    draft = as_draft(live, program)
    whole = Comparison(live[-1].program, draft[-1].program, as_of, assumptions)
    document = to_json(program)
    parts = (Part(shop.pk, first, last, document, as_of, assumptions) for first, last in _spans(shop))
    for comparison in each_of(simulate_part, parts, processes=processes):
        whole.merge(comparison)
        on_members(comparison.members)
    return whole


def simulate_part(part: Part) -> Comparison:
    live = begun(versions_of(part.shop_id), part.as_of)
    draft = as_draft(live, from_json(part.document))
    members = known_members(shop_id=part.shop_id, first=part.first, last=part.last)
    return simulate(members, live, draft, part.as_of, part.assumptions)


def begun(versions: Sequence[Version], as_of: datetime) -> list[Version]:
    """Without those that are to come."""
    return [version for version in versions if version.in_force_from <= as_of]


def next_span(*, shop_id: int, first: int, size: int) -> tuple[int, int] | None:
    """First and last id of the next `size` members from `first` on; None where there are no more."""
    ids = list(_of_account(shop_id).filter(pk__gte=first).order_by("pk").values_list("pk", flat=True)[:size])
    return (ids[0], ids[-1]) if ids else None


def known_members(*, shop_id: int, first: int, last: int) -> Iterator[Known]:
    """Members with these ids and an account: their facts, and what the ledger says of them."""
    while members := list(_of_account(shop_id).filter(pk__gte=first, pk__lte=last).order_by("pk")[:AT_ONCE]):
        first = members[-1].pk + 1
        ids = [member.pk for member in members]
        postings = _postings(shop_id, ids)
        facts = facts_of(shop=shop_id, member_ids=ids)
        for member in members:
            known = facts.get(member.pk, [])
            outcome = Outcome(
                postings=postings.get(member.pk, []),
                available=member.available,
                pending=member.pending,
                tier=member.tier,
                gifts=gifts_given(known),
            )
            yield Known(id=str(member.pk), facts=known, live=outcome)


def member_count(shop: Shop) -> int:
    return int(_of_account(shop.pk).count())


def each_of(work: Callable[[Work], Result], parts: Iterable[Work], *, processes: int) -> Iterator[Result]:
    """`work` on every part, in this process or in several, as they get done; only a few parts wait at a time."""
    if processes <= 1:
        yield from map(work, parts)
        return
    # Spawned, not forked: a forked process would share the open database connection of this one.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=django.setup) as pool:
        waiting = iter(parts)
        running: set[Future[Result]] = {pool.submit(work, part) for part in islice(waiting, 2 * processes)}
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            running |= {pool.submit(work, part) for part in islice(waiting, len(done))}
            for future in done:
                yield future.result()


def _spans(shop: Shop) -> Iterator[tuple[int, int]]:
    """First and last ids of parts of at most PART members."""
    first = 0
    while span := next_span(shop_id=shop.pk, first=first, size=PART):
        yield span
        first = span[1] + 1


def _of_account(shop_id: int) -> Any:
    """Guests wait for an account, and who was merged lives on in another member."""
    return Member.objects.filter(shop=shop_id, external_id__isnull=False, merged_into__isnull=True)


def _postings(shop_id: int, member_ids: Sequence[int]) -> dict[int, list[Posting]]:
    found: dict[int, list[Posting]] = defaultdict(list)
    rows = LedgerEntry.objects.filter(shop=shop_id, member__in=list(member_ids))
    columns = ("kind", "points", "effective_at", "source", "part")
    for member_id, *row in rows.values_list("member_id", *columns).iterator(chunk_size=2000):
        found[member_id].append(Posting(*row))
    return found
