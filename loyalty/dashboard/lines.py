"""The lines of a statement: what happened, when, how many points, what was left, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils.translation import gettext as _

from loyalty.dashboard.explanations import Explanation, Heading, explanation, heading, isolated, renamed
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_text import reward_names
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Order
from loyalty.engine.statement import Movement, Nothing
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
class Entry:
    """One thing that happened, or that is on hold until `until`, with the balance it left. Cheap: a member may have
    thousands, of which a page shows a few."""

    at: datetime
    group: Group
    reason: Reason
    points: int
    balance: int
    order_id: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An entry, ready to print."""

    icon: str
    title: str
    about: str
    badge: str
    points: str
    balance: str
    why: Explanation
    order_id: str


def entries_of(member: Folded) -> list[Entry]:
    """Newest first; what is pending stands above everything that has happened."""
    statement = member.statement
    happened: list[Entry] = []
    balance = 0
    # Signing up where no rule rewards it promised nothing: it is no line of anybody's statement.
    kept = (each for each in statement.nothing if each.reason.message != "nothing.no_rule.activity")
    events: list[Movement | Nothing] = [*statement.movements, *kept]
    for each in sorted(events, key=lambda event: event.at):
        if isinstance(each, Nothing):
            happened.append(Entry(each.at, "earned", each.reason, 0, balance, _order_id(each.source)))
        else:
            balance += each.points
            group: Group = _GROUPS.get(each.kind, "earned")
            happened.append(Entry(each.at, group, each.reason, each.points, balance, each.order_id))
    held = [
        Entry(each.until, "earned", each.reason, each.points, balance, each.order_id, each.until)
        for each in sorted(statement.pending, key=lambda pending: pending.until, reverse=True)
    ]
    return held + happened[::-1]


def lines_of(member: Folded, entries: Iterable[Entry], fmt: Format, now: datetime) -> list[Line]:
    """These entries of the member, ready to print."""
    orders = orders_among(member.facts)
    used_in = {code.upper(): order for order in orders.values() for code in order.discount_codes}
    told = _Told(fmt, now, orders, used_in, reward_names(member.versions, fmt))
    return [told.line(entry) for entry in entries]


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

    def line(self, entry: Entry) -> Line:
        reason = renamed(entry.reason, self.rewards)
        told = heading(reason, self.fmt)
        until = self.fmt.day(entry.until, self.now) if entry.until else ""
        return Line(
            icon=told.icon,
            title=told.title,
            about=" · ".join(part for part in self._about(told, reason, entry) if part),
            badge=_("Pending until %(day)s") % {"day": until} if until else "",
            points=self.fmt.signed(entry.points),
            balance=self.fmt.points(entry.balance),
            why=explanation(reason, entry.points, self.fmt),
            order_id=entry.order_id,
        )

    def _about(self, told: Heading, reason: Reason, entry: Entry) -> Iterator[str]:
        order = self.orders.get(entry.order_id)
        given = self.fmt.day(order.placed_at if entry.until and order else entry.at, self.now)
        yield given
        yield told.about
        if reason.message == "earned.order" and order is not None:
            placed = self.fmt.day(order.placed_at, self.now)
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


def _order_id(source: str) -> str:
    """ "order:5001" names the order 5001, as does a line that was added to it; other sources name none."""
    kind, _colon, order_id = source.partition(":")
    return order_id.partition("/added:")[0] if kind == "order" else ""
