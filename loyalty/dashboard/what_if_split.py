"""What makes the difference: the change of the draft that costs most, and the one that saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_changes import Change, by_thing, changes
from loyalty.dashboard.program_sentences import Words, listed
from loyalty.dashboard.program_text import points_of
from loyalty.engine.simulate import Comparison
from loyalty.engine.split import Split, Step
from loyalty.models import Trial

NAMED = 3
"""Changes of one step that are called by their names."""


@dataclass(frozen=True, slots=True)
class Share:
    """One change: its share of the difference, and where its bar lies in a box of 100; `tone` is more, less or none."""

    title: str
    how: str
    amount: str
    start: str
    width: str
    tone: str


@dataclass(frozen=True, slots=True)
class Shares:
    rows: Sequence[Share]
    zero: str
    sample: str

    @property
    def drawn(self) -> bool:
        return any(row.tone != "none" for row in self.rows)


def shares_of(trial: Trial, split: Split, found: Comparison, fmt: Format) -> Shares:
    """`rows` is empty where nothing was told apart: the what-if is older than that, or has asked nobody yet."""
    amounts = split.shares(found)
    if not amounts:
        return Shares([], "0", "")
    draft = split.steps[-1].program if split.steps else split.live[-1].program
    named = by_thing(changes(split.live[-1].program, draft, Words(fmt, draft)))
    titles = [(_("Version %(number)s from the beginning") % {"number": trial.live_number}, "")]
    titles += [_title(step, named) for step in split.steps]
    told = [(*title, amount) for title, amount in zip(titles, amounts, strict=True)]
    if split.steps and not amounts[0]:
        told = told[1:]
    least, most = min(0, *amounts), max(0, *amounts)
    span = max(1, most - least)
    rows = [
        Share(
            title,
            how,
            signed(amount, found, fmt),
            f"{100 * (min(0, amount) - least) / span:.1f}",
            f"{100 * abs(amount) / span:.1f}",
            "more" if amount > 0 else "less" if amount else "none",
        )
        for title, how, amount in told
    ]
    return Shares(rows, f"{100 * -least / span:.1f}", _sample(split, found, fmt))


def signed(amount: int, found: Comparison, fmt: Format) -> str:
    """A difference in the shop's money, or in points where these have no worth on either side."""
    text = fmt.money(amount) if found.in_money else points_of(amount, fmt)
    return f"+{text}" if amount > 0 else text


def _title(step: Step, named: dict[tuple[str, str], Change]) -> tuple[str, str]:
    known = [named[place] for place in step.changed if place in named]
    if len(known) == 1:
        return known[0].title, known[0].how
    if len(known) <= NAMED:
        return listed([change.title for change in known]), ""
    others = len(known) - 1
    words = {"first": known[0].title, "count": others}
    text = ngettext("%(first)s and %(count)s other change", "%(first)s and %(count)s other changes", others)
    return text % words, ""


def _sample(split: Split, found: Comparison, fmt: Format) -> str:
    if split.every == 1:
        return ""
    words = {"asked": fmt.points(split.members), "all": fmt.points(found.members)}
    return _("Estimated from %(asked)s of %(all)s members; the total is counted from all.") % words
