"""What became of the orders of one page of a list. What the ledger says is taken from there; only members of whose order
it says nothing are folded, and from their checkpoint where the order is younger."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from loyalty.engine.explain import Reason, from_data
from loyalty.engine.program import Version
from loyalty.engine.statement import fold
from loyalty.models import Checkpoint, LedgerEntry, Member, Shop, StoredFact
from loyalty.selectors.checkpoints import instant_of, starts_of
from loyalty.selectors.dashboard import Folded, Page, orders_page
from loyalty.selectors.facts import facts_of
from loyalty.selectors.programs import versions_of


@dataclass(frozen=True, slots=True)
class Posted:
    """`points` is what is left of an order's award, `awarded` what its first movement gave, with its reason."""

    points: int
    awarded: int
    reason: Reason


def posted_for(*, shop: Shop, order_ids: Iterable[str]) -> dict[str, Posted]:
    """By order, for those that have earned. One query."""
    rows = LedgerEntry.objects.filter(shop=shop, order_id__in=set(order_ids), kind__in=("earned", "reversed"))
    columns = ("order_id", "kind", "source", "part", "points", "reason")
    found: dict[str, list[tuple[str, str, str, int, dict[str, object]]]] = {}
    for order_id, *row in rows.order_by("effective_at", "pk").values_list(*columns):
        found.setdefault(order_id, []).append(tuple(row))
    return {order_id: posted for order_id, moves in found.items() if (posted := _posted(moves)) is not None}


def earned_nothing(
    *, shop: Shop, search: str, after: tuple[datetime, int] | None, as_of: datetime
) -> tuple[Page, dict[int, Folded]]:
    """Orders that earned nothing, latest first, and their members. What posting has not reached yet - a hold that was
    over a second ago - the fold of the page's own members knows: it is left out, and the page is shorter by it."""
    page = orders_page(shop=shop, search=search, after=after, without_points_at=as_of)
    folded = folded_for(shop=shop, facts=page.rows, as_of=as_of)
    rows = [fact for fact in page.rows if not _gives(fact, folded.get(fact.member_id or 0))]
    return Page(rows, page.after), folded


def _gives(fact: StoredFact, folded: Folded | None) -> bool:
    """Points wait for their day, or have come already."""
    if folded is None or folded.member.external_id is None:
        return False
    statement = folded.statement
    return any(held.order_id == fact.external_id for held in statement.pending) or any(
        move.order_id == fact.external_id and move.kind == "earned" for move in statement.movements
    )


def folded_for(*, shop: Shop, facts: Sequence[StoredFact], as_of: datetime) -> dict[int, Folded]:
    """The members of these orders, in three queries for any number of them. Of one who starts from a checkpoint there
    is only what came after it."""
    members = {fact.member.pk: fact.member for fact in facts if fact.member is not None}
    if not members:
        return {}
    versions = versions_of(shop)
    oldest = {pk: min(fact.at for fact in facts if fact.member_id == pk) for pk in members}
    starts = {
        pk: start
        for pk, start in starts_of(shop_id=shop.pk, members=list(members.values()), versions=versions, at=as_of).items()
        if oldest[pk] > start.mark
    }
    found = _folded(shop, members, versions, starts, as_of)
    unread = {pk: members[pk] for pk, start in starts.items() if found[pk].statement.since != start.mark}
    return found | _folded(shop, unread, versions, {}, as_of)


def _folded(
    shop: Shop,
    members: Mapping[int, Member],
    versions: list[Version],
    starts: Mapping[int, Checkpoint],
    as_of: datetime,
) -> dict[int, Folded]:
    if not members:
        return {}
    facts = facts_of(shop=shop, member_ids=members, after={pk: start.mark for pk, start in starts.items()})
    found = {}
    for pk, member in members.items():
        own = facts.get(pk, [])
        state = bytes(starts[pk].state) if pk in starts else None
        found[pk] = Folded(member, own, fold(versions, own, instant_of(member, as_of), state), versions)
    return found


def _posted(moves: Sequence[tuple[str, str, str, int, dict[str, object]]]) -> Posted | None:
    """The first award, its corrections with it, and the sum of all that followed."""
    first = next((move for move in moves if move[0] == "earned"), None)
    if first is None:
        return None
    award = [move for move in moves if move[:3] == first[:3]]
    return Posted(
        points=sum(points for *_key, points, _reason in moves),
        awarded=sum(points for *_key, points, _reason in award),
        reason=from_data(award[-1][4]),
    )
