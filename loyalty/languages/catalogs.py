"""The catalogues: one folder per language, one flat JSON object per part, `{id: text | {plural category: text}}`."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from loyalty.engine.messages import MESSAGES

Message = str | Mapping[str, str]

FOLDER = Path(__file__).resolve().parent / "catalogs"
FOR_MERCHANTS = ("diff.",)
"""Explanations that only the dashboard shows; it speaks English."""

_COUNTED = re.compile(r"\{(\w+)\|([^|}]*)\|([^|}]*)\}")
_ALONE = re.compile(r"(?<![|{])\b[Pp]oints\b(?![|}])")
_STREAKS = ("week", "month")


@cache
def catalog(tag: str, part: str) -> Mapping[str, Message]:
    """A part in a language; what the language lacks is English."""
    found: dict[str, Message] = json.loads(path.read_text()) if (path := FOLDER / tag / f"{part}.json").exists() else {}
    if tag != "en":
        return {**catalog("en", part), **found}
    return {**_explanations(), **found} if part == "explanations" else found


def parts() -> list[str]:
    return sorted({path.stem for path in (FOLDER / "en").glob("*.json")} | {"explanations"})


def _explanations() -> dict[str, Message]:
    """The engine's English in the form of the catalogues: points are said by `{points}` and `{point_name}`; whatever else is counted
    chooses the form of the sentence, as `{n}`."""
    found: dict[str, Message] = {}
    for name, template in MESSAGES.items():
        if "{period}" in template:
            found |= {
                f"{name}.{period}": _in_form(template.replace("{length} {period}", f"{{n}} {period}"))
                for period in _STREAKS
            }
        elif not name.startswith(FOR_MERCHANTS):
            found[name] = _in_form(template)
    return found


def _in_form(template: str) -> Message:
    named = _ALONE.sub(lambda found: "{Point_name}" if found.group() == "Points" else "{point_name}", template)
    plain = named.replace("{points|point|points}", "{points}")
    if not _COUNTED.search(plain):
        return plain
    return {form: _COUNTED.sub(rf"{{n}} \{group}", plain) for form, group in (("one", 2), ("other", 3))}
