"""Which orders' points wait for their day, as posting leaves it for the lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from loyalty.engine.statement import Statement
from loyalty.models import HeldAward, Shop, StoredFact


def note_held(*, shop_id: int, held_before: bool, statements: Mapping[int, Statement]) -> None:
    """Brings the marks of these members' orders to their statements. `held_before` says whether any of them had points
    on hold at the fold before: an order may have gone from one to the other. No query where nobody has or had any. The
    caller holds the members' locks."""
    wanted = dict(order for statement in statements.values() for order in _held(statement))
    if not held_before and not wanted:
        return
    orders = StoredFact.objects.filter(shop=shop_id, kind="order", external_id__in=list(wanted))
    until = {pk: wanted[order_id] for order_id, pk in orders.values_list("external_id", "pk")} if wanted else {}
    marks = HeldAward.objects.filter(shop=shop_id)
    known = dict(marks.filter(fact__member__in=list(statements)).values_list("fact", "until"))
    over = known.keys() - until.keys()
    if over:
        marks.filter(fact__in=over).delete()
    changed = [HeldAward(fact_id=pk, shop_id=shop_id, until=at) for pk, at in until.items() if known.get(pk) != at]
    if changed:
        HeldAward.objects.bulk_create(
            changed, update_conflicts=True, unique_fields=["fact"], update_fields=["until"], batch_size=500
        )


def unmark(*, shop: Shop, orders: Iterable[StoredFact]) -> None:
    """Of orders that another has from now on: posting marks them for whom it folds, and guests are left alone."""
    ids = [row.pk for row in orders]
    if ids:
        HeldAward.objects.filter(shop=shop, fact__in=ids).delete()


def _held(statement: Statement) -> Iterable[tuple[str, datetime]]:
    for held in sorted(statement.pending, key=lambda each: each.until):
        if held.order_id:
            yield held.order_id, held.until
