"""The figure that Home follows: before the launch, since, and whether the difference says anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from loyalty.dashboard.access import embedded
from loyalty.dashboard.explanations import Row
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.pages import asked, page
from loyalty.models import Launch, Shop
from loyalty.selectors.goals import LEAST, Compared, compared, known_from
from loyalty.selectors.launching import launch_of, launched_at

FIGURES = {
    Launch.Goal.SECOND_ORDERS: gettext_lazy("New customers who order again within 30 days"),
    Launch.Goal.LARGER_ORDERS: gettext_lazy("An average order"),
    Launch.Goal.KEPT_CUSTOMERS: gettext_lazy("Customers of one quarter who order in the next"),
    Launch.Goal.NEW_CUSTOMERS: gettext_lazy("New customers in 30 days"),
}
IN_UNITS = (Launch.Goal.LARGER_ORDERS, Launch.Goal.NEW_CUSTOMERS)
"""Sums of money and of people; the others are shares."""


@dataclass(frozen=True, slots=True)
class GoalFigure:
    """`figure` is a dash where nothing can be said yet; `answer` says the finding in one sentence."""

    name: str
    figure: str
    delta: str
    badge: str
    tone: str
    answer: str
    rows: tuple[Row, ...]


@embedded
@require_GET
def goal(request: HttpRequest) -> HttpResponse:
    """A page of its own, of which Home fetches the card once it stands."""
    shop, fmt, now = asked(request)
    return page(request, "goal", {"goal": goal_figure(shop, fmt, now)})


def goal_figure(shop: Shop, fmt: Format, now: datetime) -> GoalFigure | None:
    """None where the merchant has chosen no goal."""
    found = launch_of(shop)
    began = launched_at(shop, found) if found else None
    if found is None or began is None:
        return None
    name = str(FIGURES[Launch.Goal(found.goal)])
    since = fmt.full_day(began)
    known = known_from(found.goal, began)
    if now < known:
        answer = _("Not enough data yet. Ask again on %(day)s.") % {"day": fmt.full_day(known)}
        return GoalFigure(name, "–", _("Since %(day)s") % {"day": since}, _("Not enough data yet"), "", answer, ())
    result = compared(shop=shop, goal=found.goal, launched_at=began, now=now)
    return _figure(found.goal, name, since, result, fmt)


def _figure(goal: str, name: str, since: str, result: Compared, fmt: Format) -> GoalFigure:
    rows = (
        Row(_("In the 90 days before the launch"), _said(goal, result.before.mean, fmt)),
        Row(_("Counted then"), fmt.points(result.before.count)),
        Row(_("Since %(day)s") % {"day": since}, _said(goal, result.since.mean, fmt)),
        Row(_("Counted since, at most of 90 days"), fmt.points(result.since.count)),
    )
    words = {"before": _said(goal, result.before.mean, fmt)}
    if not result.is_enough:
        least = {"least": LEAST, "before": result.before.count, "since": result.since.count}
        answer = (
            _("Not enough data yet: %(before)s before and %(since)s since; it takes %(least)s on both sides.") % least
        )
        figure = _said(goal, result.since.mean, fmt) if result.since.count else "–"
        return GoalFigure(name, figure, "", _("Not enough data yet"), "", answer, rows)
    higher = result.since.mean > result.before.mean
    delta = _("Up from %(before)s") % words if higher else _("Down from %(before)s") % words
    low, high = _difference(goal, result.low, fmt), _difference(goal, result.high, fmt)
    between = _("The true difference lies between %(low)s and %(high)s, 19 times in 20.")
    if goal not in IN_UNITS:
        # "Percentage points" would be read as points, which are something else here.
        between = _("Of 100 customers, between %(low)s and %(high)s than before, 19 times in 20.")
    between %= {"low": low, "high": high}
    caveat = _("A comparison in time, not the program’s doing alone: seasons change it too.")
    if result.is_certain:
        badge = _("More than before") if higher else _("Less than before")
        return GoalFigure(
            name,
            _said(goal, result.since.mean, fmt),
            delta,
            badge,
            "good" if higher else "warn",
            f"{between} {caveat}",
            rows,
        )
    return GoalFigure(
        name, _said(goal, result.since.mean, fmt), delta, _("Could be chance"), "", f"{between} {caveat}", rows
    )


def _said(goal: str, mean: float, fmt: Format) -> str:
    if goal == Launch.Goal.LARGER_ORDERS:
        return fmt.money(round(mean))
    if goal == Launch.Goal.NEW_CUSTOMERS:
        return fmt.points(round(mean))
    share = Fraction(mean).limit_denominator(10_000)
    return fmt.percent(share.numerator, share.denominator)


def _difference(goal: str, mean: float, fmt: Format) -> str:
    if goal in IN_UNITS:
        return _said(goal, mean, fmt)
    customers = fmt.tenths(round(abs(mean) * 1_000))
    return (_("%(customers)s fewer") if mean < 0 else _("%(customers)s more")) % {"customers": customers}
