"""Which of our languages a reader gets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

TAGS = tuple("en lv cs nb ru th de fr es it pt nl pl sv da fi uk tr ja ko zh ar he".split())

_ALSO = {"no": "nb", "nn": "nb", "iw": "he"}
_WEIGHT = re.compile(r"q\s*=\s*([01](?:\.\d{0,3})?)")


def best(wanted: Iterable[str], offered: Sequence[str] = TAGS) -> str:
    """The first of the wanted tags ("pt-BR", "no") that is offered, by its language alone; else English, or where the
    merchant has left that out the first that is offered."""
    for tag in wanted:
        if known := named(tag, offered):
            return known
    return "en" if "en" in offered or not offered else offered[0]


def named(tag: str, offered: Sequence[str] = TAGS) -> str:
    """The offered language that this tag stands for, or nothing."""
    base = re.split("[-_]", tag.strip().lower())[0]
    known = _ALSO.get(base, base)
    return known if known in offered else ""


def accepted(header: str) -> list[str]:
    """The tags of an Accept-Language header, the most wanted first. What can't be read is left out."""
    weighed = []
    for each in header[:500].split(","):
        tag, _, more = each.strip().partition(";")
        weight = _WEIGHT.search(more)
        if re.fullmatch(r"[A-Za-z0-9-]{2,35}", tag) and float(weight.group(1) if weight else 1) > 0:
            weighed.append((-float(weight.group(1)) if weight else -1.0, tag))
    return [tag for _, tag in sorted(weighed, key=lambda pair: pair[0])]
