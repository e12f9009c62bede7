"""Orders with what they earned, and why it is that much or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from django.utils.translation import gettext as _

from loyalty.dashboard.explanations import Explanation, Row, explanation, isolated, sentence
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.order_mending import Mend, mend_of
from loyalty.dashboard.rows import name_of
from loyalty.engine.explain import Reason, find
from loyalty.engine.facts import Line, Order, decode
from loyalty.models import StoredFact
from loyalty.selectors.dashboard import Folded
from loyalty.selectors.order_outcomes import Posted


@dataclass(frozen=True, slots=True)
class OrderRow:
    """`points` is what is left of the order's award; `reason` says why it is that much, or nothing."""

    id: int
    number: str
    day: str
    member_id: int | None
    who: str
    total: str
    points: str
    badge: str
    tone: str
    reason: str
    mend: Mend | None


@dataclass(frozen=True, slots=True)
class OrderDetail:
    row: OrderRow
    lines: tuple[Row, ...]
    sums: tuple[Row, ...]
    total: str
    state: str
    why: Explanation


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What the statement says of one order. `text` says what the engine's `reason` does not."""

    points: int = 0
    awarded: int = 0
    reason: Reason | None = None
    text: str = ""
    badge: str = ""
    tone: str = ""


def order_row(fact: StoredFact, posted: Posted | None, folded: Folded | None, fmt: Format, now: datetime) -> OrderRow:
    """By what was posted for the order; a fold is asked where nothing was."""
    if posted is not None:
        return _row(fact, _order(fact, None), _earned(posted.points, posted.awarded, posted.reason, fmt), fmt, now)
    order = _order(fact, folded)
    return _row(fact, order, _outcome(order, folded, fmt, now), fmt, now)


def order_detail(fact: StoredFact, folded: Folded | None, fmt: Format, now: datetime) -> OrderDetail:
    order = _order(fact, folded)
    outcome = _outcome(order, folded, fmt, now)
    why = explanation(outcome.reason, outcome.awarded, fmt) if outcome.reason else Explanation()
    notes = (*why.notes, outcome.text) if outcome.text else why.notes
    return OrderDetail(
        row=_row(fact, order, outcome, fmt, now),
        lines=tuple(_line(line, order, fmt) for line in order.lines),
        sums=tuple(_sums(order, fmt)),
        total=fmt.money(order.total_minor, order.currency, order.exponent),
        state=" · ".join(_states(order, fmt, now)),
        why=replace(why, notes=notes),
    )


def _order(fact: StoredFact, folded: Folded | None) -> Order:
    """As the fold read it, with refunds that came alone; as it was stored where no member has it."""
    for each in folded.facts if folded else ():
        if isinstance(each, Order) and each.id == fact.external_id:
            return each
    stored = decode(fact.body)
    if not isinstance(stored, Order):
        raise TypeError(f"Fact {fact.pk} is stored as an order and is none")
    return stored


def _row(fact: StoredFact, order: Order, outcome: _Outcome, fmt: Format, now: datetime) -> OrderRow:
    return OrderRow(
        id=fact.pk,
        number=order.number or order.id,
        day=fmt.day(order.placed_at, now),
        member_id=fact.member_id,
        who=name_of(fact.member) if fact.member else _("Nobody we know"),
        total=fmt.money(order.total_minor, order.currency, order.exponent),
        points=fmt.points(outcome.points),
        badge=outcome.badge,
        tone=outcome.tone,
        reason=_in_short(outcome, fmt),
        mend=_mend(fact, order, outcome),
    )


def _outcome(order: Order, folded: Folded | None, fmt: Format, now: datetime) -> _Outcome:
    if folded is None:
        text = _("The order names no customer and no e-mail, so there is nobody to give points to.")
        return _Outcome(text=text, badge=_("No points"), tone="warn")
    if folded.member.external_id is None:
        return _Outcome(
            text=_("A guest’s order. Its points wait for an account with the same e-mail."), badge=_("Guest")
        )
    statement, source = folded.statement, f"order:{order.id}"
    own = [move for move in statement.movements if move.order_id == order.id and move.kind in ("earned", "reversed")]
    earned = next((move for move in own if move.kind == "earned"), None)
    if earned is not None:
        return _earned(sum(move.points for move in own), earned.points, earned.reason, fmt)
    held = [each for each in statement.pending if each.order_id == order.id]
    if held:
        badge = _("Pending until %(day)s") % {"day": fmt.day(held[0].until, now)}
        return _Outcome(sum(each.points for each in held), held[0].points, held[0].reason, badge=badge)
    nothing = next((each for each in statement.nothing if each.source == source), None)
    if nothing is not None:
        return _Outcome(reason=nothing.reason, badge=_("No points"), tone="warn")
    return _Outcome(text=_("It has not been counted yet."), badge=_("Waiting"), tone="warn")


def _earned(left: int, awarded: int, reason: Reason, fmt: Format) -> _Outcome:
    if left >= awarded:
        return _Outcome(left, awarded, reason)
    words = {"earned": fmt.points(awarded), "taken": fmt.points(awarded - left)}
    text = _("%(earned)s earned, %(taken)s taken back after a refund.") % words
    return _Outcome(left, awarded, reason, text, _("Refunded"))


def _mend(fact: StoredFact, order: Order, outcome: _Outcome) -> Mend | None:
    if outcome.awarded or fact.member_id is None:
        return None
    message = outcome.reason.message if outcome.reason else ""
    is_guest = fact.member is not None and fact.member.external_id is None
    return mend_of(message, number=order.number or order.id, member_id=fact.member_id, is_guest=is_guest)


def _in_short(outcome: _Outcome, fmt: Format) -> str:
    """One sentence for the list: what counted, or why nothing did."""
    if outcome.reason is None or outcome.text:
        return outcome.text
    counts = find(outcome.reason, "order.counts") if outcome.awarded else None
    return sentence(counts or outcome.reason, fmt)


def _line(line: Line, order: Order, fmt: Format) -> Row:
    amount = line.quantity * line.unit_price_minor - line.discount_minor
    return Row(
        f"{line.title or line.product_id or line.id} × {line.quantity}",
        fmt.money(amount, order.currency, order.exponent),
    )


def _sums(order: Order, fmt: Format) -> Iterator[Row]:
    """What stands between the goods and the total."""
    codes = ", ".join(order.discount_codes)
    discount = _("Discount %(codes)s") % {"codes": isolated(codes)} if codes else _("Discount")
    tax = _("Tax, included") if order.tax_included else _("Tax")
    named = [(discount, -order.order_discount_minor), (_("Shipping"), order.shipping_minor), (tax, order.tax_minor)]
    for label, amount in named:
        if amount:
            yield Row(label, fmt.money(amount, order.currency, order.exponent))


def _states(order: Order, fmt: Format, now: datetime) -> Iterator[str]:
    dated = [
        (_("placed %(day)s"), order.placed_at),
        (_("paid %(day)s"), order.paid_at),
        (_("fulfilled %(day)s"), order.fulfilled_at),
        (_("cancelled %(day)s"), order.cancelled_at),
        *((_("refunded %(day)s"), refund.at) for refund in order.refunds),
    ]
    for label, at in dated:
        if at is not None:
            yield label % {"day": fmt.day(at, now)}
    if order.paid_at is None and order.cancelled_at is None:
        yield _("not paid")
