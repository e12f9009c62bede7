"""Home: is it running, is it used, and what needs a look."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.dashboard.charts import spark, spark_end
from loyalty.dashboard.comparisons import healed_sentence
from loyalty.dashboard.explanations import Row
from loyalty.dashboard.first_run_widget import setup_todos
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.home_matters import desk_matters, matters, pause_matters, stock_matters
from loyalty.dashboard.program_text import live_at
from loyalty.engine.program import Version
from loyalty.models import BulkRead, Redemption, Shop
from loyalty.selectors import dashboard as ask
from loyalty.selectors.home import Queue, desk_of, inbox_of, outbox_of
from loyalty.selectors.importing import parts_under_way
from loyalty.selectors.reconciliations import Healed, healed_since

DAYS = 30
SLOW_SECONDS = 300
"""A queue older than this is said to wait."""
_GIVEN = ("earned", "adjusted", "imported", "reversed")
_SPENT = ("redeemed", "returned")


@dataclass(frozen=True, slots=True)
class Stat:
    """One figure with how it was counted. `rows` add up to `figure`."""

    label: str
    figure: str
    delta: str
    spark: str
    spark_end: str
    spark_label: str
    rows: tuple[Row, ...]
    total_label: str


@dataclass(frozen=True, slots=True)
class Check:
    tone: str
    icon: str
    title: str
    text: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Period:
    """The last 30 whole days of the shop with today, and the 30 before."""

    days: tuple[date, ...]
    before: tuple[date, ...]
    since: datetime
    since_before: datetime


def period(fmt: Format, now: datetime) -> Period:
    today = fmt.local(now).date()
    days = tuple(today - timedelta(days=back) for back in range(DAYS - 1, -1, -1))
    earlier = tuple(day - timedelta(days=DAYS) for day in days)
    return Period(days, earlier, _midnight(days[0], fmt), _midnight(earlier[0], fmt))


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A part of the history on its way in; `share` is out of 100, None while nobody knows."""

    name: str
    share: int | None
    told: str


def import_job(read: BulkRead, fmt: Format) -> Job:
    name = _("Reading your past orders") if read.part == "orders" else _("Reading your customers")
    if read.state == BulkRead.State.GATHERING:
        told = _("Your store is gathering them: %(count)s so far") % {"count": fmt.points(read.total)}
        return Job(name=name, share=None, told=told)
    words = {"done": fmt.points(read.seen), "total": fmt.points(max(read.total, read.seen))}
    share = min(100, read.seen * 100 // read.total) if read.total else None
    return Job(name=name, share=share, told=_("%(done)s of %(total)s") % words)


def home_context(shop: Shop, versions: list[Version], fmt: Format, now: datetime) -> dict[str, Any]:
    """Everything Home shows, in twelve queries with the shop's own."""
    span = period(fmt, now)
    began = min(version.in_force_from for version in versions)
    inbox, outbox = inbox_of(shop=shop, now=now), outbox_of(shop=shop, now=now)
    desk = desk_of(shop=shop, since=began, now=now)
    totals = ask.member_totals(shop=shop, since=span.since, before=span.since_before)
    orders = ask.orders_per_day(shop=shop, since=span.since_before, zone=fmt.zone)
    live = live_at(versions, now)
    banner, *others = [*matters(shop, inbox, outbox, desk, fmt, now), *pause_matters(live), None]
    checks = [
        _orders_check(desk.last_order, orders.get(span.days[-1], (0, 0))[0], fmt, now),
        _queue_check(inbox, outbox, fmt, now),
        _rewards_check(ask.redemptions_by_state(shop=shop, since=span.since), fmt),
        _compared_check(shop, healed_since(shop=shop, since=span.since), fmt, now),
    ]
    todos = setup_todos(shop, desk)
    return {
        "started": desk.has_order,
        "live": live,
        "span": f"{fmt.plain_day(span.days[0])} – {fmt.plain_day(span.days[-1])}",
        "banner": banner,
        "todo": [
            matter for matter in (*others, *desk_matters(desk, fmt), *stock_matters(shop, live, fmt, now)) if matter
        ],
        "checks": checks,
        "importing": [import_job(read, fmt) for read in parts_under_way(shop=shop)],
        "attention": banner is not None or checks[1].tone == "warn",
        "answer": _answer(orders, span, fmt),
        "stats": [
            _orders_stat(orders, span, fmt),
            _members_stat(totals, fmt),
            *_points_stats(ask.points_per_day(shop=shop, since=span.since_before, zone=fmt.zone), span, fmt),
        ],
        "has_goal": desk.has_goal,
        "todos": todos if not all(todo.is_done for todo in todos) else [],
    }


def _midnight(day: date, fmt: Format) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=fmt.zone)


def _orders_check(last: datetime | None, today: int, fmt: Format, now: datetime) -> Check:
    if last is None:
        return Check("", "clock", _("No order has arrived"), _("The first one shows here seconds after it is placed"))
    placed = ngettext("%(count)s placed today", "%(count)s placed today", today) % {"count": fmt.points(today)}
    return Check(
        "good", "check", _("Orders arrive"), _("Last one %(ago)s") % {"ago": fmt.ago(last, now)} + f", {placed}"
    )


def _queue_check(inbox: Queue, outbox: Queue, fmt: Format, now: datetime) -> Check:
    since = min((each.since for each in (inbox, outbox) if each.since), default=None)
    count = inbox.waiting + outbox.waiting
    if since is None or not count:
        return Check("good", "check", _("Nothing is queued"), _("What arrives is counted at once"))
    words = {"count": fmt.points(count), "ago": fmt.ago(since, now)}
    text = ngettext("%(count)s waits, it came %(ago)s", "%(count)s wait, the oldest came %(ago)s", count) % words
    slow = (now - since).total_seconds() > SLOW_SECONDS
    return Check("warn" if slow else "good", "alert" if slow else "clock", _("Being worked on"), text)


def _rewards_check(states: dict[str, int], fmt: Format) -> Check:
    state = Redemption.State
    making = states.get(state.RESERVED, 0) + states.get(state.ISSUING, 0)
    failed, total = states.get(state.FAILED, 0), sum(states.values())
    words = {"made": fmt.points(total - failed - making), "total": fmt.points(total)}
    if making:
        return Check("warn", "clock", _("A code is being made"), _("%(made)s of %(total)s went through") % words)
    if failed:
        text = _("%(made)s of %(total)s went through; the points of the others are back") % words
        return Check("warn", "alert", _("Some codes could not be made"), text)
    return Check("good", "check", _("Rewards go through"), _("%(total)s redeemed in 30 days") % words)


def _compared_check(shop: Shop, healed: Healed, fmt: Format, now: datetime) -> Check:
    """Whether the net below the webhooks holds, and what fell into it."""
    url = reverse("dashboard:comparisons")
    if shop.orders_cursor is None:
        return Check("", "clock", _("Not compared with your store yet"), _("It is within the hour"), url)
    title = _("Compared with your store %(ago)s") % {"ago": fmt.ago(shop.orders_cursor, now)}
    text = healed_sentence(healed, fmt) or _("Nothing was missing in 30 days")
    return Check("good", "check", title, text, url)


def _answer(per_day: dict[date, tuple[int, int]], span: Period, fmt: Format) -> str:
    placed = sum(per_day.get(day, (0, 0))[0] for day in span.days)
    own = sum(per_day.get(day, (0, 0))[1] for day in span.days)
    if not placed:
        return _("No order was placed in these 30 days.")
    return _("Members placed %(share)s of every 100 orders.") % {
        "share": fmt.points((200 * own + placed) // (2 * placed))
    }


def _orders_stat(per_day: dict[date, tuple[int, int]], span: Period, fmt: Format) -> Stat:
    values = [per_day.get(day, (0, 0))[0] for day in span.days]
    before = sum(per_day.get(day, (0, 0))[0] for day in span.before)
    rows = (
        Row(_("Placed in these 30 days"), fmt.points(sum(values))),
        Row(_("In the 30 days before"), fmt.points(before)),
    )
    return _stat(_("Orders seen"), values, _compared(sum(values), before, fmt.points), rows, "", fmt)


def _members_stat(totals: ask.Totals, fmt: Format) -> Stat:
    rows = (
        Row(_("Joined before"), fmt.points(totals.all - totals.new)),
        Row(_("Joined in these 30 days"), fmt.points(totals.new)),
    )
    joined = ngettext("%(count)s joined in 30 days", "%(count)s joined in 30 days", totals.new) % {
        "count": fmt.points(totals.new)
    }
    return Stat(_("Members"), fmt.points(totals.all), joined, "", "", "", rows, _("Members"))


def _points_stats(moved: list[tuple[date, str, int]], span: Period, fmt: Format) -> list[Stat]:
    given, given_before = _by_day(moved, span.days, _GIVEN), _by_day(moved, span.before, _GIVEN)
    spent, spent_before = _by_day(moved, span.days, _SPENT), _by_day(moved, span.before, _SPENT)
    in_span = [row for row in moved if row[0] >= span.days[0]]
    given_rows = (
        Row(_("Orders"), fmt.points(_sum(in_span, "earned"))),
        Row(_("By hand and brought in"), fmt.points(_sum(in_span, "adjusted", "imported"))),
        Row(_("Taken back after refunds"), fmt.points(_sum(in_span, "reversed"))),
    )
    spent_rows = (
        Row(_("Redeemed"), fmt.points(-_sum(in_span, "redeemed"))),
        Row(_("Returned"), fmt.points(-_sum(in_span, "returned"))),
    )
    used = [-points for points in spent]
    return [
        _stat(
            _("Points given"), given, _compared(sum(given), sum(given_before), fmt.points), given_rows, _("Given"), fmt
        ),
        _stat(
            _("Points spent"), used, _compared(sum(used), -sum(spent_before), fmt.points), spent_rows, _("Spent"), fmt
        ),
    ]


def _by_day(moved: list[tuple[date, str, int]], days: tuple[date, ...], kinds: tuple[str, ...]) -> list[int]:
    sums = dict.fromkeys(days, 0)
    for day, kind, points in moved:
        if day in sums and kind in kinds:
            sums[day] += points
    return list(sums.values())


def _sum(moved: list[tuple[date, str, int]], *kinds: str) -> int:
    return sum(points for _day, kind, points in moved if kind in kinds)


def _stat(label: str, values: list[int], delta: str, rows: tuple[Row, ...], total_label: str, fmt: Format) -> Stat:
    between = {"low": fmt.points(min(values)), "high": fmt.points(max(values))}
    flat = not any(values)
    return Stat(
        label,
        fmt.points(sum(values)),
        delta,
        "" if flat else spark(values),
        "" if flat else spark_end(values),
        _("Between %(low)s and %(high)s a day") % between,
        rows,
        total_label,
    )


def _compared(now: int, before: int, write: Callable[[int], str]) -> str:
    if now == before:
        return _("As in the 30 days before")
    words = {"before": write(before)}
    return _("Up from %(before)s") % words if now > before else _("Down from %(before)s") % words
