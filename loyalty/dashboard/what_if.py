"""What if the draft had been live: asked, under way, answered, on the shop's own history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from babel.dates import format_skeleton
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from loyalty.dashboard.access import embedded
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.pages import actor, asked, page
from loyalty.dashboard.program_beside import Beside, beside
from loyalty.dashboard.program_examples import share
from loyalty.dashboard.program_text import points_of
from loyalty.dashboard.refusals import kept_text, refusal_text
from loyalty.dashboard.rows import name_of
from loyalty.dashboard.what_if_split import shares_of, signed
from loyalty.engine.errors import Invalid, NotFound
from loyalty.engine.simulate import Change, Comparison, Side
from loyalty.models import Trial
from loyalty.selectors.launching import launch_of
from loyalty.selectors.trials import latest_trial, members_named
from loyalty.services import trials

MONTHS = 12
SHOWN = 8
UNDER_WAY = (Trial.State.WAITING, Trial.State.RUNNING)


@dataclass(frozen=True, slots=True)
class Bar:
    """One month of both sides: heights in percent of the highest, and the figures in words. `label` is without the
    year: no month stands there twice."""

    month: str
    label: str
    live: str
    draft: str
    live_height: str
    draft_height: str
    live_top: str
    draft_top: str


@dataclass(frozen=True, slots=True)
class Stat:
    title: str
    figure: str
    about: str
    how: str


@dataclass(frozen=True, slots=True)
class TierRow:
    name: str
    live: str
    draft: str


@dataclass(frozen=True, slots=True)
class Group:
    """Members by what they gain or lose; `tone` is lose, same or gain."""

    label: str
    told: str
    count: str
    height: str
    tone: str


@dataclass(frozen=True, slots=True)
class Mover:
    id: int
    name: str
    live: str
    draft: str
    gain: str


@embedded
@require_http_methods(["GET", "POST"])
def what_if(request: HttpRequest) -> HttpResponse:
    """A POST asks; the worker answers, and the page tells how far it is."""
    at = beside(*asked(request))
    error = ""
    if request.method == "POST":
        begin = trials.begin_live if request.POST.get("what") == "live" else trials.begin
        try:
            begin(shop=at.shop, by=actor(request), at=at.now)
        except NotFound:
            raise Http404 from None
        except Invalid as refused:
            error = refusal_text(refused)
    return _shown(request, at, error)


@embedded
@require_POST
def what_if_stop(request: HttpRequest) -> HttpResponse:
    at = beside(*asked(request))
    trial = latest_trial(shop=at.shop)
    if trial is None:
        raise Http404
    trials.stop(shop=at.shop, trial_id=trial.pk, at=at.now)
    response = _shown(request, at)
    response["HX-Push-Url"] = reverse("dashboard:what_if")
    return response


def _shown(request: HttpRequest, at: Beside, error: str = "") -> HttpResponse:
    trial = latest_trial(shop=at.shop)
    context: dict[str, Any] = {"page": "program", "draft": at.row, "live": at.live, "trial": trial, "error": error}
    if trial is not None:
        context |= job_context(trial, at.fmt)
        context |= {"again": trial.number == trial.live_number, "stale": not _is_current(trial, at)}
        context["failure"] = kept_text(trial.failure)
        if trial.state not in UNDER_WAY and trial.done:
            context |= result_context(trial, at)
    return page(request, "what_if", context, 409 if error else 200)


def _is_current(trial: Trial, at: Beside) -> bool:
    """Does it speak of the draft as it is now, or, without one, of the program in force?"""
    if at.row is None:
        return at.live is not None and trial.number == at.live.number
    return (trial.number, trial.revision) == (at.row.number, at.row.revision)


def job_context(trial: Trial, fmt: Format) -> dict[str, Any]:
    """How far it is, in words."""
    done, members = fmt.points(trial.done), fmt.points(max(trial.members, trial.done))
    left = ""
    if trial.done and trial.state == Trial.State.RUNNING:
        seconds = max(1, trial.worked_ms * max(0, trial.members - trial.done) // (trial.done * 1000))
        left = ngettext("about %(count)s second left", "about %(count)s seconds left", seconds) % {"count": seconds}
    return {
        "under_way": trial.state in UNDER_WAY,
        "progress": _("%(done)s of %(members)s members") % {"done": done, "members": members},
        "left": left,
        "percent": 100 * trial.done // trial.members if trial.members else 0,
    }


def result_context(trial: Trial, at: Beside) -> dict[str, Any]:
    found = trials.comparison_of(trial, list(at.versions))
    words = Told(found, at.fmt, trial.number)
    seconds = max(1, -(-trial.worked_ms // 1000))
    orders = ngettext("%(count)s order", "%(count)s orders", found.orders) % {"count": at.fmt.points(found.orders)}
    took = ngettext("%(count)s second", "%(count)s seconds", seconds) % {"count": at.fmt.points(seconds)}
    span = {
        "orders": orders,
        "from": words.since(at.versions[0].in_force_from),
        "to": at.fmt.full_day(trial.as_of),
        "took": took,
    }
    launch = launch_of(at.shop)
    names = members_named(
        shop=at.shop, ids=[change.member for change in (*found.winners[:SHOWN], *found.losers[:SHOWN])]
    )
    return {
        "comparison": found,
        "sub": _("Your own %(orders)s from %(from)s to %(to)s, replayed in %(took)s. Nothing was changed.") % span,
        "verdict": words.verdict(),
        "pays": words.pays(launch.margin_percent if launch else None),
        "stats": words.stats(),
        "bars": words.bars(),
        "side": _("Version %(number)s") % {"number": trial.number} if trial.number == trial.live_number else _("Draft"),
        "shares": shares_of(trial, trials.split_of(trial, list(at.versions)), found, at.fmt),
        "difference": words.difference(),
        "total_live": words.money(words.live_minor),
        "total_draft": words.money(words.draft_minor),
        "tiers": words.tiers(),
        "moved": words.moved(),
        "groups": words.groups(),
        "gaining": at.fmt.points(sum(found.spread[4:])),
        "same": at.fmt.points(found.spread[3]),
        "losing": at.fmt.points(sum(found.spread[:3])),
        "winners": [words.mover(change, names) for change in found.winners[:SHOWN]],
        "losers": [words.mover(change, names) for change in found.losers[:SHOWN]],
    }


def effect_of(at: Beside) -> list[tuple[str, str, str]]:
    """What the latest what-if says of the draft as it is now: title, live, draft. Empty where it says nothing."""
    trial = latest_trial(shop=at.shop) if at.row is not None else None
    if trial is None or at.row is None or trial.state != Trial.State.DONE:
        return []
    if (trial.number, trial.revision) != (at.row.number, at.row.revision):
        return []
    words = Told(trials.comparison_of(trial, list(at.versions)), at.fmt, trial.number)
    return words.effect()


class Told:
    """One comparison in the shop's words. Costs are what points given will cost once they are spent."""

    def __init__(self, found: Comparison, fmt: Format, number: int) -> None:
        self.found = found
        self.fmt = fmt
        self.number = number
        self.live_minor, self.draft_minor = self._cost(found.live), self._cost(found.draft)
        self.spent_percent = 100 - found.assumptions.breakage_percent

    def money(self, amount_minor: int) -> str:
        return self.fmt.money(amount_minor)

    def verdict(self) -> str:
        difference = self.draft_minor - self.live_minor
        if not self.found.in_money:
            return self._in_points()
        words = {
            "amount": self.money(abs(difference)),
            "draft": self._of_sales(self.draft_minor),
            "live": self._of_sales(self.live_minor),
        }
        if not self.found.sales_minor:
            return _("There were no sales to compare.")
        if not difference:
            return _("It would have cost the same: %(live)s of sales.") % words
        if difference > 0:
            return _("It would have cost %(amount)s more: %(draft)s of sales instead of %(live)s.") % words
        return _("It would have cost %(amount)s less: %(draft)s of sales instead of %(live)s.") % words

    def difference(self) -> str:
        given = [side.total.given + side.total.taken_back for side in (self.found.live, self.found.draft)]
        amount = self.draft_minor - self.live_minor if self.found.in_money else given[1] - given[0]
        return signed(amount, self.found, self.fmt)

    def pays(self, margin_percent: int | None) -> str:
        """What more would have to be sold for it, at the shop's margin."""
        difference = self.draft_minor - self.live_minor
        if not margin_percent or difference <= 0 or not self.found.in_money:
            return ""
        more = self.money(-(-difference * 100 // margin_percent))
        words = {"percent": margin_percent, "amount": more}
        return _("At your margin of %(percent)s %% it pays for itself with %(amount)s more sales.") % words

    def stats(self) -> list[Stat]:
        found = self.found
        live, draft = found.live, found.draft
        owed = [found.money(side, max(0, side.available + side.pending)) for side in (live, draft)]
        up, down = self._ups()
        return [
            Stat(
                _("Cost of rewards"),
                self.money(self.draft_minor),
                _("%(amount)s live") % {"amount": self.money(self.live_minor)},
                self._cost_how(draft, self.draft_minor),
            ),
            Stat(
                _("Share of sales"),
                self._of_sales(self.draft_minor),
                _("%(share)s live") % {"share": self._of_sales(self.live_minor)},
                _("%(cost)s ÷ %(sales)s sales.")
                % {"cost": self.money(self.draft_minor), "sales": self.money(found.sales_minor)},
            ),
            Stat(
                _("Owed in points"),
                self.money(owed[1]),
                _("%(amount)s live") % {"amount": self.money(owed[0])},
                _("%(points)s open or pending, of which %(percent)s %% are expected to be spent.")
                % {"points": points_of(draft.available + draft.pending, self.fmt), "percent": self.spent_percent},
            ),
            Stat(
                _("Members who change tier"),
                self.fmt.points(up + down),
                _("%(up)s up, %(down)s down, of %(all)s")
                % {"up": self.fmt.points(up), "down": self.fmt.points(down), "all": self.fmt.points(found.members)},
                _("Each member’s tier under the draft, against the tier they have."),
            ),
        ]

    def effect(self) -> list[tuple[str, str, str]]:
        up, down = self._ups()
        words = {"up": self.fmt.points(up), "down": self.fmt.points(down)}
        return [
            (_("Rewards cost"), self.money(self.live_minor), self.money(self.draft_minor)),
            (_("Of sales"), self._of_sales(self.live_minor), self._of_sales(self.draft_minor)),
            (_("Members who move"), "", _("%(up)s up, %(down)s down") % words),
        ]

    def bars(self) -> list[Bar]:
        """The last twelve months."""
        rows = self.found.months()[-MONTHS:]
        most = max([1, *(each.expected_minor for pair in rows for each in pair)])
        return [
            Bar(
                self._month(live.month, "yMMM"),
                self._month(live.month, "MMM"),
                self.money(live.expected_minor),
                self.money(draft.expected_minor),
                _height(live.expected_minor, most),
                _height(draft.expected_minor, most),
                _top(live.expected_minor, most),
                _top(draft.expected_minor, most),
            )
            for live, draft in rows
        ]

    def since(self, in_force: datetime) -> str:
        """The day of the first version; where orders from before it earn, the month of the first that did."""
        first = next((live.month for live, _draft in self.found.months()), "")
        if first and first < self.fmt.local(in_force).strftime("%Y-%m"):
            return self._month(first, "yMMM")
        return self.fmt.full_day(in_force)

    def _month(self, name: str, skeleton: str) -> str:
        """ "2026-11" as the shop writes it."""
        shown: str = format_skeleton(skeleton, date.fromisoformat(f"{name}-01"), locale=self.fmt.locale)
        return shown

    def tiers(self) -> list[TierRow]:
        found = self.found
        names = {"": _("No tier")} | _tier_names(found.live) | _tier_names(found.draft)
        ids = [each for each in names if each in found.live.tiers or each in found.draft.tiers]
        return [
            TierRow(
                names[each],
                self.fmt.points(found.live.tiers.get(each, 0)),
                self.fmt.points(found.draft.tiers.get(each, 0)),
            )
            for each in ids
        ]

    def moved(self) -> list[str]:
        names = {"": _("no tier")} | _tier_names(self.found.live) | _tier_names(self.found.draft)
        moves = sorted(self.found.moves.items(), key=lambda move: (-move[1], move[0]))
        return [
            _("%(count)s from %(before)s to %(after)s")
            % {
                "count": self.fmt.points(count),
                "before": names.get(before, before),
                "after": names.get(after, after),
            }
            for (before, after), count in moves
        ]

    def groups(self) -> list[Group]:
        step, most = self.found.step, max([1, *self.found.spread])
        number = self.fmt.points
        labels = [
            (f"≤ {number(-2 * step)}", _("members lose %(points)s or more") % {"points": number(2 * step)}, "lose"),
            (_("to %(points)s") % {"points": number(-step)}, _("members lose %(points)s or more") % {"points": number(step)}, "lose"),
            (_("to %(points)s") % {"points": number(-1)}, _("members lose less than %(points)s") % {"points": number(step)}, "lose"),
            ("0", _("members stay the same"), "same"),
            (_("to %(points)s") % {"points": number(step - 1)}, _("members gain less than %(points)s") % {"points": number(step)}, "gain"),
            (_("to %(points)s") % {"points": number(2 * step - 1)}, _("members gain %(points)s or more") % {"points": number(step)}, "gain"),
            (_("to %(points)s") % {"points": number(4 * step - 1)}, _("members gain %(points)s or more") % {"points": number(2 * step)}, "gain"),
            (f"≥ {number(4 * step)}", _("members gain %(points)s or more") % {"points": number(4 * step)}, "gain"),
        ]  # fmt: skip
        return [
            Group(label, told, number(count), _height(count * 4, most * 5), tone)
            for (label, told, tone), count in zip(labels, self.found.spread, strict=True)
        ]

    def mover(self, change: Change, names: dict[str, Any]) -> Mover:
        member = names.get(change.member)
        return Mover(
            id=member.pk if member else 0,
            name=name_of(member) if member else _("Gone since"),
            live=self.fmt.points(change.live_points),
            draft=self.fmt.points(change.draft_points),
            gain=signed(change.gain, self.found, self.fmt),
        )

    def _cost(self, side: Side) -> int:
        total = side.total
        return self.found.money(side, max(0, total.given + total.taken_back))

    def _cost_how(self, side: Side, cost_minor: int) -> str:
        total = side.total
        words = {
            "points": points_of(total.given + total.taken_back, self.fmt),
            "percent": self.spent_percent,
            "worth": self._worth(side.worth),
            "cost": self.money(cost_minor),
        }
        return (
            _("%(points)s given, %(percent)s %% of them spent, at up to %(worth)s for 100 points: %(cost)s. ") % words
        ) + _("Percentages, free shipping and experiences have no value here.")

    def _worth(self, worth: Fraction) -> str:
        return self.money(int(worth * 100))

    def _of_sales(self, cost_minor: int) -> str:
        if not self.found.sales_minor:
            return "\N{EN DASH}"
        return share(Fraction(cost_minor, self.found.sales_minor), self.fmt)

    def _in_points(self) -> str:
        given = [side.total.given + side.total.taken_back for side in (self.found.live, self.found.draft)]
        words = {"draft": points_of(given[1], self.fmt), "live": points_of(given[0], self.fmt)}
        return _("It would have given %(draft)s instead of %(live)s.") % words

    def _ups(self) -> tuple[int, int]:
        heights = {"": -1, **_heights(self.found.live), **_heights(self.found.draft)}
        up = sum(
            count
            for (before, after), count in self.found.moves.items()
            if heights.get(after, -1) > heights.get(before, -1)
        )
        return up, sum(self.found.moves.values()) - up


def _heights(side: Side) -> dict[str, int]:
    return {level.id: index for index, level in enumerate(side.levels)}


def _tier_names(side: Side) -> dict[str, str]:
    return {level.id: level.name for level in side.levels}


def _height(amount: int, most: int) -> str:
    """In a box of 100; what is there at all can be seen."""
    return f"{_of_box(amount, most):.1f}"


def _top(amount: int, most: int) -> str:
    return f"{100 - _of_box(amount, most):.1f}"


def _of_box(amount: int, most: int) -> float:
    return max(1.0, 100 * amount / most) if amount > 0 else 0.0
