"""What the comparisons with the store found, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.dashboard.explanations import isolated
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_text import points_of
from loyalty.dashboard.refusals import kept_text
from loyalty.models import HealedOrder, Reconciliation
from loyalty.selectors.reconciliations import Healed


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    id: int
    title: str
    about: str
    moment: str
    ago: str
    icon: str
    tone: str


@dataclass(frozen=True, slots=True)
class HealedRow:
    number: str
    order_id: int | None
    points: str
    badge: str
    tone: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one comparison. `order_id` is the page of the one order that was asked for."""

    title: str
    text: str
    icon: str
    tone: str = ""
    waits: bool = False
    order_id: int | None = None
    is_unusable: bool = False


def healed_sentence(healed: Healed, fmt: Format) -> str:
    """ "3 orders the store never told us about, 1 that had changed; 240 points"; empty where nothing was healed."""
    parts = []
    if healed.missing:
        words = {"count": fmt.points(healed.missing)}
        text = ngettext(
            "%(count)s order the store never told us about",
            "%(count)s orders the store never told us about",
            healed.missing,
        )
        parts.append(text % words)
    if healed.changed:
        words = {"count": fmt.points(healed.changed)}
        text = (
            ngettext("%(count)s that had changed", "%(count)s that had changed", healed.changed)
            if healed.missing
            else ngettext("%(count)s order that had changed", "%(count)s orders that had changed", healed.changed)
        )
        parts.append(text % words)
    return f"{', '.join(parts)}; {points_of(healed.points, fmt)}" if parts else ""


def comparison_row(asked: Reconciliation, healed: Healed, fmt: Format, now: datetime) -> ComparisonRow:
    told = answer(asked, healed, {}, fmt)
    who = _("By itself") if not asked.asked_by else _("Asked for by %(who)s") % {"who": asked.asked_by}
    return ComparisonRow(
        id=asked.pk,
        title=healed_sentence(healed, fmt) or told.title,
        about=f"{_order(asked)} · {who}" if asked.number else who,
        moment=fmt.moment(asked.begun_at),
        ago=fmt.ago(asked.begun_at, now),
        icon=told.icon,
        tone=told.tone,
    )


def healed_rows(healed: Sequence[HealedOrder], pages: Mapping[str, int], fmt: Format) -> list[HealedRow]:
    """`pages` gives the page of each order by its id."""
    return [
        HealedRow(
            number=each.number or each.order_id,
            order_id=pages.get(each.order_id),
            points=fmt.signed(each.points),
            badge=_("Was missing") if each.was_missing else _("Had changed"),
            tone="warn" if each.was_missing else "",
        )
        for each in healed
    ]


def answer(asked: Reconciliation, healed: Healed, pages: Mapping[str, int], fmt: Format) -> Answer:
    failure = kept_text(asked.failure)
    if asked.finished_at is None:
        text = _("The answer will be on this page in a moment.")
        if failure:
            text = _("%(why)s We go on trying.") % {"why": failure}
        return Answer(_("The store is being asked"), text, "clock", waits=True)
    if asked.number:
        return _answer_of_one(asked, healed, pages.get(asked.order_id), fmt)
    if failure:
        return Answer(_("The store could not be asked"), failure, "alert", "bad")
    found = healed_sentence(healed, fmt)
    if found:
        return Answer(found, _("They are counted now, each by the rules of its day."), "check", "good")
    words = {"count": fmt.points(asked.looked_at)}
    text = ngettext(
        "The store named %(count)s order that changed in the last day; it was here as it is.",
        "The store named %(count)s orders that changed in the last day; all were here as they are.",
        asked.looked_at,
    )
    return Answer(_("Nothing was missing"), text % words, "check", "good")


def _answer_of_one(asked: Reconciliation, healed: Healed, page: int | None, fmt: Format) -> Answer:
    words, failure = {"number": _order(asked)}, kept_text(asked.failure)
    if failure and asked.order_id:
        title = _("%(number)s cannot be used") % words
        return Answer(title, failure, "alert", "warn", is_unusable=True)
    if failure:
        return Answer(_("The store could not be asked"), failure, "alert", "bad")
    if not asked.order_id:
        text = _("Compare it with the customer’s e-mail. A store may keep its older orders from apps.")
        title = _("The store does not know %(number)s") % {"number": isolated(asked.number)}
        return Answer(title, text, "search", "warn")
    if not (healed.missing or healed.changed):
        text = _("The store has it as it stands here, so nothing was changed.")
        return Answer(_("%(number)s is here already") % words, text, "check", "good", order_id=page)
    title = _("%(number)s was missing") if healed.missing else _("%(number)s had changed")
    text = _("It is counted now: %(points)s.") % {"points": points_of(healed.points, fmt)}
    return Answer(title % words, text, "check", "good", order_id=page)


def _order(asked: Reconciliation) -> str:
    return _("Order %(number)s") % {"number": isolated(asked.number)}
