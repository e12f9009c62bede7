"""Requests about personal data: what the merchant has to hand over, and what was forgotten."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from loyalty.dashboard.formatting import Format
from loyalty.models import PrivacyRequest
from loyalty.services.privacy import ANSWER_WITHIN


@dataclass(frozen=True, slots=True)
class RequestRow:
    id: int
    title: str
    text: str
    tone: str
    icon: str
    moment: str
    ago: str
    has_copy: bool


def request_row(row: PrivacyRequest, fmt: Format, now: datetime) -> RequestRow:
    words = {"number": row.customer_id, "day": fmt.full_day(row.asked_at + ANSWER_WITHIN)}
    who = _("Customer %(number)s") % words if row.customer_id else _("A guest")
    is_done, has_copy = row.state == PrivacyRequest.State.DONE, bool(row.document)
    if row.kind == PrivacyRequest.Kind.REDACT:
        title = _("%(who)s is to be forgotten") % {"who": who}
        text = _("Done. The points stay in the sums, without a name.") if is_done else _("We are at it.")
        tone, icon = ("good", "check") if is_done else ("", "clock")
    else:
        title = _("%(who)s asks for a copy of their data") % {"who": who}
        text, tone, icon = _("We are putting it together."), "", "clock"
        if has_copy:
            text, tone, icon = _("Hand it over by %(day)s.") % words, "warn", "alert"
        elif is_done:
            text, tone, icon = _("Done. The copy is no longer here."), "good", "check"
    return RequestRow(row.pk, title, text, tone, icon, fmt.moment(row.asked_at), fmt.ago(row.asked_at, now), has_copy)


def copy_context(row: PrivacyRequest, fmt: Format, now: datetime) -> dict[str, Any]:
    """One copy, to look at and to save. It is in the page itself: a browser that saves a file sends no token along."""
    return {
        "row": request_row(row, fmt, now),
        "document": row.document,
        "href": f"data:application/json;base64,{base64.b64encode(row.document.encode()).decode()}",
        "file_name": f"customer-{row.customer_id or row.pk}.json",
    }
