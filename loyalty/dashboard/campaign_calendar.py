"""Campaigns in the month in which they run: of the draft, with what is live beside it."""

from __future__ import annotations

import calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from babel.dates import format_skeleton, get_day_names
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from loyalty.dashboard.access import embedded
from loyalty.dashboard.campaign_states import State, span, state_of
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.pages import asked, page
from loyalty.dashboard.program_beside import beside
from loyalty.dashboard.program_page import campaign_sentence
from loyalty.dashboard.program_sentences import Words, plain
from loyalty.engine.campaigns import Campaign

EARLIEST, LATEST = 2000, 2100


@dataclass(frozen=True, slots=True)
class Run:
    """A campaign of the month."""

    id: str
    name: str
    sentence: str
    dates: str
    state: State


@dataclass(frozen=True, slots=True)
class Day:
    number: str
    is_inside: bool
    is_today: bool
    is_past: bool
    runs: tuple[Run, ...]


@embedded
@require_GET
def campaigns(request: HttpRequest) -> HttpResponse:
    shop, fmt, now = asked(request)
    at = beside(shop, fmt, now)
    today = fmt.local(now).date()
    first = _month(request.GET.get("month", ""), today)
    words = at.words
    runs = {each.id: _run(each, state_of(each, at), words) for each in at.program.campaigns}
    weeks = _weeks(at.program.campaigns, runs, first, today, fmt)
    here = {run.id for week in weeks for day in week for run in day.runs if day.is_inside}
    context = {
        "month": format_skeleton("yMMMM", first, locale=fmt.locale),
        "before": (first - timedelta(days=1)).strftime("%Y-%m"),
        "after": (first + timedelta(days=31)).strftime("%Y-%m"),
        "weekdays": _weekdays(fmt),
        "weeks": weeks,
        "runs": [run for run in runs.values() if run.id in here],
        "others": [run for run in runs.values() if run.id not in here],
    }
    return page(request, "campaigns", context)


def _run(campaign: Campaign, state: State, words: Words) -> Run:
    return Run(
        id=campaign.id,
        name=campaign.name,
        sentence=plain(campaign_sentence(campaign, words)),
        dates=_dates(campaign, words.fmt),
        state=state,
    )


def days_of(campaign: Campaign, days: Iterable[date], fmt: Format, from_day: date | None = None) -> set[date]:
    """Those of the days on which it runs, for a part of them at least; none before `from_day`."""
    begins, ends = span(campaign, fmt)
    return {
        day
        for day in days
        if max(begins, from_day or begins) <= day <= ends
        and (not campaign.weekdays or day.isoweekday() in campaign.weekdays)
    }


def _weeks(listed: Iterable[Campaign], runs: dict[str, Run], first: date, today: date, fmt: Format) -> list[list[Day]]:
    weeks = calendar.Calendar(fmt.locale.first_week_day).monthdatescalendar(first.year, first.month)
    days = [day for week in weeks for day in week]
    running = {each.id: days_of(each, days, fmt, runs[each.id].state.from_day) for each in listed}
    return [
        [
            Day(
                number=fmt.points(day.day),
                is_inside=day.month == first.month,
                is_today=day == today,
                is_past=day < today,
                runs=tuple(run for run in runs.values() if day in running[run.id]),
            )
            for day in week
        ]
        for week in weeks
    ]


def _month(asked_for: str, today: date) -> date:
    """The first day of "2026-11"; this month for anything else."""
    try:
        found = date.fromisoformat(f"{asked_for}-01")
    except ValueError:
        return today.replace(day=1)
    return found if EARLIEST <= found.year <= LATEST else today.replace(day=1)


def _dates(campaign: Campaign, fmt: Format) -> str:
    first, last = span(campaign, fmt)
    if first > date.min and last < date.max:
        return f"{fmt.plain_day(first)} – {fmt.plain_day(last)}"
    if first > date.min:
        return _("from %(day)s on") % {"day": fmt.plain_day(first)}
    return _("until %(day)s") % {"day": fmt.plain_day(last)} if last < date.max else ""


def _weekdays(fmt: Format) -> list[tuple[str, str]]:
    """(short, whole), from the day on which the shop's week begins."""
    order = [(fmt.locale.first_week_day + offset) % 7 for offset in range(7)]
    short, whole = get_day_names("abbreviated", locale=fmt.locale), get_day_names("wide", locale=fmt.locale)
    return [(short[day], whole[day]) for day in order]
