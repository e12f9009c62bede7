"""The form that gives or takes points by hand: read, checked, and shown again as it was typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from babel import Locale
from django.utils.translation import gettext as _

from loyalty.dashboard.refusals import grouped, refusal_text
from loyalty.dashboard.typed import FORM_KEY, number_in
from loyalty.engine.errors import Invalid
from loyalty.services.adjustments import LIMIT_POINTS

REASON_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class Adjusting:
    """What was typed, and what is wrong with it by field."""

    key: str
    points: str = ""
    direction: str = "give"
    reason: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    @property
    def amount(self) -> int:
        """Signed points of a form without errors."""
        return int(self.points) * (-1 if self.direction == "take" else 1)

    def refused(self, error: Invalid) -> Adjusting:
        return replace(self, errors={error.place or "points": refusal_text(error)})


def empty_form(key: str) -> Adjusting:
    return Adjusting(key)


def read_form(posted: Mapping[str, str], locale: Locale) -> Adjusting:
    typed = posted.get("points", "").strip()[:20]
    points = _whole_points(typed, locale)
    form = Adjusting(
        key=posted.get("key", ""),
        points=typed if points is None else str(points),
        direction="take" if posted.get("direction") == "take" else "give",
        reason=posted.get("reason", "").replace("\x00", "").strip()[:REASON_CHARACTERS],
    )
    errors: dict[str, str] = {}
    if points is None:
        errors["points"] = _("Give a whole number of points, from 1 to %(most)s.") % {"most": grouped(LIMIT_POINTS)}
    if not form.reason:
        errors["reason"] = _("Say why. The member sees it in the statement.")
    if not FORM_KEY.fullmatch(form.key):
        errors["points"] = _("This form has lost its number. Open it again from the member’s page.")
    return replace(form, errors=errors)


def _whole_points(typed: str, locale: Locale) -> int | None:
    """Thousands may stand apart; "1,5" is neither 15 nor whole."""
    text = re.sub(r"[\s'’]", "", typed)
    try:
        number = number_in(text, locale, decimals=0) if text.isascii() else Decimal(0)
    except Invalid:
        return None
    return int(number) if 0 < number <= LIMIT_POINTS and number == number.to_integral_value() else None
