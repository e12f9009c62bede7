"""The lines of a statement: what happened, when, how many points, what was left, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils.translation import gettext as _

from loyalty.dashboard.explanations import Explanation, Heading, explanation, heading, isolated, renamed
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_text import reward_names
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Order
from loyalty.engine.statement import Movement, Nothing, Pending
from loyalty.selectors.dashboard import Folded, orders_among

Group = Literal["earned", "spent", "hand"]
_GROUPS: dict[str, Group] = {
    "redeemed": "spent",
    "returned": "spent",
    "expired": "spent",
    "adjusted": "hand",
    "imported": "hand",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One entry, ready to print. `at` orders lines; `group` is what the filter shows it under."""

    at: datetime
    group: Group
    icon: str
    title: str
    about: str
    badge: str
    points: str
    balance: str
    why: Explanation
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class _Told:
    """What every line of one member needs."""

    fmt: Format
    now: datetime
    orders: Mapping[str, Order]
    used_in: Mapping[str, Order]
    """By discount code, upper case."""
    rewards: Mapping[str, str]
    """What shoppers read where the program says its own name for a reward."""

    def line(self, reason: Reason, at: datetime, points: int, balance: int, group: Group, order_id: str) -> Line:
        reason = renamed(reason, self.rewards)
        told = heading(reason, self.fmt)
        return Line(
            at=at,
            group=group,
            icon=told.icon,
            title=told.title,
            about=" · ".join(
                part for part in (self.fmt.day(at, self.now), *self._about(told, reason, at, order_id)) if part
            ),
            badge="",
            points=self.fmt.signed(points),
            balance=self.fmt.points(balance),
            why=explanation(reason, points, self.fmt),
            order_id=order_id,
        )

    def _about(self, told: Heading, reason: Reason, at: datetime, order_id: str) -> Iterable[str]:
        yield told.about
        order = self.orders.get(order_id)
        if reason.message == "earned.order" and order is not None:
            placed, given = self.fmt.day(order.placed_at, self.now), self.fmt.day(at, self.now)
            if placed != given:
                yield _("placed %(day)s") % {"day": placed}
        code = str(reason.params.get("code", ""))
        if code:
            used = self.used_in.get(code.upper())
            shown = isolated(code)
            if used is None:
                yield _("code %(code)s") % {"code": shown}
            else:
                number = isolated(used.number or used.id)
                yield _("code %(code)s, used in order %(number)s") % {"code": shown, "number": number}


def statement_lines(member: Folded, fmt: Format, now: datetime) -> list[Line]:
    """Newest first; what is pending stands above everything that has happened."""
    told = _told(member, fmt, now)
    statement = member.statement
    pending = sorted(statement.pending, key=lambda held: held.until, reverse=True)
    happened: list[Line] = []
    balance = 0
    for each in _in_order(statement.movements, statement.nothing):
        if isinstance(each, Nothing):
            happened.append(told.line(each.reason, each.at, 0, balance, "earned", _order_id(each.source)))
        else:
            balance += each.points
            group = _GROUPS.get(each.kind, "earned")
            happened.append(told.line(each.reason, each.at, each.points, balance, group, each.order_id))
    return [_pending_line(told, held, statement.available) for held in pending] + happened[::-1]


def lines_of_order(member: Folded, order_id: str, fmt: Format, now: datetime) -> list[Line]:
    """What one order did to its member, oldest first."""
    return [line for line in statement_lines(member, fmt, now) if line.order_id == order_id][::-1]


def _told(member: Folded, fmt: Format, now: datetime) -> _Told:
    orders = orders_among(member.facts)
    used_in = {code.upper(): order for order in orders.values() for code in order.discount_codes}
    return _Told(fmt, now, orders, used_in, reward_names(member.versions, fmt))


def _in_order(movements: Iterable[Movement], nothing: Iterable[Nothing]) -> list[Movement | Nothing]:
    """The statement's own order, with what gave nothing put where it happened."""
    return sorted([*movements, *nothing], key=lambda each: each.at)


def _pending_line(told: _Told, held: Pending, available: int) -> Line:
    order_id = _order_id(held.source)
    order = told.orders.get(order_id)
    at = order.placed_at if order is not None else held.until
    line = told.line(held.reason, at, held.points, available, "earned", order_id)
    until = _("Pending until %(day)s") % {"day": told.fmt.day(held.until, told.now)}
    return Line(at, line.group, line.icon, line.title, line.about, until, line.points, line.balance, line.why, order_id)


def _order_id(source: str) -> str:
    """ "order:5001" names the order 5001; other sources name none."""
    kind, _colon, order_id = source.partition(":")
    return order_id if kind == "order" else ""
