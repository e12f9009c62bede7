"""What can be done about an order that earned nothing: one button, or none where nothing is wrong."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _


@dataclass(frozen=True, slots=True)
class Mend:
    """A link, or with `number` a question to the store about the order of that number."""

    label: str
    url: str
    number: str = ""


_BY_HAND = ("nothing.no_program", "nothing.currency", "nothing.not_joined", "nothing.left")
_BY_RULE = (
    "nothing.no_rules",
    "nothing.no_rule_matched",
    "nothing.too_small",
    "nothing.nothing_counts",
    "nothing.capped",
    "nothing.paid_with_points",
    "nothing.guest",
    "nothing.pilot",
    "nothing.holdout",
    "nothing.excluded",
    "nothing.paused",
)
_PARTS = {
    "nothing.nothing_counts": "exclusions",
    "nothing.paid_with_points": "policies",
    "nothing.guest": "policies",
    "nothing.pilot": "audience",
    "nothing.holdout": "audience",
    "nothing.excluded": "exclusions",
}
"""Where on the Program page the rule stands that left the order out."""


def mend_of(message: str, *, number: str, member_id: int | None, is_guest: bool) -> Mend | None:
    """`message` is the reason's, empty where the order has not been counted. A test order, a cancelled one, one whose
    points are in the import: nothing is to be mended."""
    if is_guest:
        return Mend(_("See the guest"), reverse("dashboard:member", args=[member_id])) if member_id else None
    if not message or message.startswith("nothing.waiting"):
        return Mend(_("Ask the store again"), reverse("dashboard:comparisons"), number)
    if message in _BY_HAND and member_id:
        return Mend(_("Give points by hand"), reverse("dashboard:adjust", args=[member_id]))
    if message in _BY_RULE:
        if message == "nothing.paused":
            return Mend(_("Resume earning"), reverse("dashboard:program_pause"))
        part = _PARTS.get(message)
        url = reverse("dashboard:program_set", args=[part]) if part else reverse("dashboard:program") + "#rules"
        return Mend(_("See the rule"), url)
    return None
