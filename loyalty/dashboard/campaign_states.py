"""What a merchant calls the state of a campaign at this moment: running, resting and why, or from when it will run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils.translation import gettext as _

from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_beside import Beside
from loyalty.engine.calendar import zone_of
from loyalty.engine.campaigns import Campaign
from loyalty.engine.program import Program, Version


@dataclass(frozen=True, slots=True)
class State:
    """`tone` is how its badge looks; `is_live` where shoppers have it just so already; `rests` where it gives nothing even
    in its own days, until somebody does something about it; `from_day` is the day on which the version that brings it
    goes live, None where it is live or still a draft."""

    words: str
    tone: str
    is_live: bool
    rests: bool = False
    from_day: date | None = None


def state_of(campaign: Campaign, at: Beside) -> State:
    """Of a campaign of the program that the page shows."""
    version = _carrier(campaign, at)
    begins = span(campaign, at.fmt)[0]
    from_day = at.fmt.local(version.in_force_from).date() if version and version.in_force_from > at.now else None
    is_live = version is not None and from_day is None
    if not campaign.enabled:
        return State(_("Off"), "", is_live, True, from_day)
    if version is None:
        return State(_("Draft"), "accent", is_live)
    if _is_over(campaign, at, max(at.now, version.in_force_from)):
        return State(_("Over"), "", is_live, False, from_day)
    if from_day is not None:
        later = {"day": _day(max(begins, from_day), at)}
        return State(_("From %(day)s") % later, "accent", is_live, False, from_day)
    if at.fmt.local(at.now).date() < begins:
        return State(_("To come"), "accent", is_live)
    if not campaign.effective_rules():
        return State(_("Gives nothing yet"), "warn", is_live, True)
    if version.program.paused.earning:
        return State(_("Paused with earning"), "warn", is_live, True)
    words, tone = _today(campaign, version.program, at)
    return State(words, tone, is_live)


def span(campaign: Campaign, fmt: Format) -> tuple[date, date]:
    """Its first and its last day; without a limit the calendar's."""
    begins = max(filter(None, (campaign.first_day, day_of(campaign.starts_at, fmt))), default=date.min)
    last = campaign.ends_at - timedelta(microseconds=1) if campaign.ends_at else None
    return begins, min(filter(None, (campaign.last_day, day_of(last, fmt))), default=date.max)


def day_of(at: datetime | None, fmt: Format) -> date | None:
    return fmt.local(at).date() if at else None


def _carrier(campaign: Campaign, at: Beside) -> Version | None:
    """The version in force now that has it just so; else the first one to come that has."""
    reached = [each for each in at.versions if each is at.live or each.in_force_from > at.now]
    return next((each for each in reached if campaign in each.program.campaigns), None)


def _is_over(campaign: Campaign, at: Beside, when: datetime) -> bool:
    ended = campaign.ends_at is not None and campaign.ends_at <= when
    return ended or span(campaign, at.fmt)[1] < at.fmt.local(when).date()


def _today(campaign: Campaign, program: Program, at: Beside) -> tuple[str, str]:
    """Of a live campaign within its days, that gives something: (words, tone)."""
    zone = zone_of(program.time_zone)
    if any(rule.scope.open_at(at.now, zone) for rule in campaign.effective_rules()):
        return _("Running"), "good"
    if campaign.starts_at is not None and campaign.starts_at > at.now:
        return _("Today from %(time)s") % {"time": at.fmt.time(campaign.starts_at)}, "accent"
    return _("Not today"), ""


def _day(day: date, at: Beside) -> str:
    return at.fmt.day(datetime.combine(day, time(12), at.fmt.zone), at.now)
