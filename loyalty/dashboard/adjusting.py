"""The form that gives or takes points by hand: read, checked, and shown again as it was typed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from django.utils.translation import gettext as _

from loyalty.dashboard.refusals import refusal_text
from loyalty.dashboard.typed import FORM_KEY
from loyalty.engine.errors import Invalid
from loyalty.services.adjustments import LIMIT_POINTS

REASON_CHARACTERS = 300
_NUMBER = re.compile(r"[0-9]{1,9}")


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


def read_form(posted: Mapping[str, str]) -> Adjusting:
    points = re.sub(r"[\s,.'’]", "", posted.get("points", ""))[:20]
    form = Adjusting(
        key=posted.get("key", ""),
        points=points,
        direction="take" if posted.get("direction") == "take" else "give",
        reason=posted.get("reason", "").replace("\x00", "").strip()[:REASON_CHARACTERS],
    )
    errors: dict[str, str] = {}
    if not _NUMBER.fullmatch(points) or not 0 < int(points) <= LIMIT_POINTS:
        errors["points"] = _("Give a whole number of points, from 1 to %(most)s.") % {"most": f"{LIMIT_POINTS:,}"}
    if not form.reason:
        errors["reason"] = _("Say why. The member sees it in the statement.")
    if not FORM_KEY.fullmatch(form.key):
        errors["points"] = _("This form has lost its number. Open it again from the member’s page.")
    return replace(form, errors=errors)
