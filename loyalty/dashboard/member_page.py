"""The member's page: what they have, how it came about, and whether the ledger agrees."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.dashboard import rows as row_of
from loyalty.dashboard.explanations import Row
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.lines import entries_of, lines_of
from loyalty.dashboard.program_text import affordable, live_at, next_reward
from loyalty.dashboard.tier_card import tier_card
from loyalty.engine.statement import Statement
from loyalty.models import Member, Redemption, Shop
from loyalty.selectors import dashboard as ask
from loyalty.selectors.notes import notes_of

LINES = 25
SHOWS = ("earned", "spent", "hand")


def member_context(shop: Shop, member: Member, fmt: Format, now: datetime, *, show: str, skip: int) -> dict[str, Any]:
    """In seven queries. `show` filters the lines, `skip` of them are left out for the page of earlier ones."""
    folded = ask.folded(shop=shop, members=[member], as_of=now)[member.pk]
    statement = folded.statement
    live = live_at(folded.versions, now)
    show = show if show in SHOWS else ""
    entries = [entry for entry in entries_of(folded) if not show or entry.group == show]
    shown = lines_of(folded, entries[skip : skip + LINES], fmt, now)
    links = ask.fact_ids_of_orders(shop=shop, order_ids=[line.order_id for line in shown if line.order_id])
    redeemed = ask.redemptions_of(shop=shop, member=member)
    guest = member.external_id is None
    return {
        "member": row_of.member_row(member, fmt),
        "guest": guest,
        "lines": [(line, links.get(line.order_id)) for line in shown],
        "show": show,
        "shows": _shows(),
        "earlier": _earlier(show, skip) if len(entries) > skip + LINES else "",
        "skip": skip,
        "available": fmt.points(statement.available),
        "sums": _sums(statement, redeemed, fmt),
        "facts": _facts(statement, fmt, now),
        "tier": None if guest else tier_card(folded, live, fmt, now),
        "affordable": affordable(statement.available, live, fmt),
        "next_reward": next_reward(statement.available, live, fmt),
        "check": None if guest else _check(shop, member, folded, fmt),
        "notes": [row_of.note_row(each, fmt, now) for each in notes_of(shop=shop, member=member)],
        "about": _about(folded, redeemed, fmt, now),
    }


def _shows() -> list[tuple[str, str]]:
    return [("", _("All")), ("earned", _("Earned")), ("spent", _("Spent")), ("hand", _("By hand"))]


def _earlier(show: str, skip: int) -> str:
    query: dict[str, str | int] = {"show": show} if show else {}
    return "?" + urlencode({**query, "skip": skip + LINES})


def _sums(statement: Statement, redeemed: list[Redemption], fmt: Format) -> list[Row]:
    """The balance as a sum of what the movements did; lines of nothing are left out."""
    totals = statement.totals
    spent = ngettext("Spent in %(count)s redemption", "Spent in %(count)s redemptions", len(redeemed))
    named = [
        (_("Earned"), totals.get("earned", 0)),
        (_("Changed by hand"), totals.get("adjusted", 0)),
        (_("Brought in"), totals.get("imported", 0)),
        (_("Taken back after refunds"), totals.get("reversed", 0)),
        (spent % {"count": fmt.points(len(redeemed))}, totals.get("redeemed", 0)),
        (_("Returned"), totals.get("returned", 0)),
        (_("Expired"), totals.get("expired", 0)),
    ]
    return [Row(label, fmt.points(points)) for label, points in named if points]


def _facts(statement: Statement, fmt: Format, now: datetime) -> list[Row]:
    rows = []
    if statement.pending_points:
        until = min(held.until for held in statement.pending)
        words = {"points": fmt.points(statement.pending_points), "day": fmt.day(until, now)}
        one = len(statement.pending) == 1
        rows.append(
            Row(
                _("Pending"),
                (_("%(points)s, until %(day)s") if one else _("%(points)s, the first until %(day)s")) % words,
            )
        )
    dated = [(lot.expires_at, lot.left) for lot in statement.lots if lot.expires_at and lot.left]
    if dated:
        first = min(at for at, _left in dated)
        points = sum(left for at, left in dated if at == first)
        rows.append(
            Row(
                _("Expiring next"),
                _("%(points)s, on %(day)s") % {"points": fmt.points(points), "day": fmt.day(first, now)},
            )
        )
    if statement.debt:
        rows.append(Row(_("Owed, paid by the next points"), fmt.points(statement.debt)))
    return rows


def _check(shop: Shop, member: Member, folded: ask.Folded, fmt: Format) -> dict[str, Any]:
    """The fold of a moment ago beside the sums of the ledger's rows. What the clock has brought since the last posting
    is due, not wrong."""
    posted = ask.posted_by_key(shop=shop, member=member)
    computed = {movement.key: movement for movement in folded.statement.movements}
    differing = {
        key
        for key in posted.keys() | computed.keys()
        if posted.get(key, 0) != (computed[key].points if key in computed else 0)
    }
    due = {key for key in differing if key in computed and (member.as_of is None or computed[key].at > member.as_of)}
    facts = ngettext(
        "Computed again from %(count)s fact just now.",
        "Computed again from %(count)s facts just now.",
        len(folded.facts),
    ) % {"count": fmt.points(len(folded.facts))}
    if differing - due:
        words = {"count": fmt.points(len(differing - due))}
        wrong = ngettext(
            "%(count)s line differs from the ledger.", "%(count)s lines differ from the ledger.", len(differing - due)
        )
        return {"tone": "bad", "icon": "alert", "text": f"{facts} {wrong % words}"}
    if due:
        return {"tone": "warn", "icon": "clock", "text": f"{facts} " + _("The ledger follows within a minute.")}
    return {"tone": "good", "icon": "check", "text": f"{facts} " + _("It agrees with the ledger.")}


def _about(folded: ask.Folded, redeemed: list[Redemption], fmt: Format, now: datetime) -> list[Row]:
    orders = ask.orders_among(folded.facts)
    rows = [Row(_("Orders"), fmt.points(len(orders)))]
    if orders:
        last = max(order.placed_at for order in orders.values())
        rows.append(Row(_("Last order"), f"{fmt.day(last, now)}, {fmt.ago(last, now)}"))
    rows.append(Row(_("Redemptions"), fmt.points(len(redeemed))))
    if folded.member.locale:
        name = fmt.locale.languages.get(folded.member.locale.replace("-", "_").partition("_")[0])
        rows.append(Row(_("Language"), str(name or folded.member.locale)))
    return rows
