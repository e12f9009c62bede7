"""What a program's goods are called, for the sentences that name them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_sentences import SHOWN_NAMES
from loyalty.engine.program import Program, to_data
from loyalty.models import Shop
from loyalty.selectors.catalogue import titles_of
from loyalty.services.catalogue import learn_titles

_PARTS = {
    "products": "products",
    "without_products": "products",
    "collections": "collections",
    "without_collections": "collections",
}


def with_titles(shop: Shop, fmt: Format, programs: Iterable[Program], at: datetime) -> Format:
    """The same, knowing the titles of the goods that sentences about these programs show. No query where there are
    none, else one; once a day the shop's orders are looked through for those that nobody searched."""
    named = {each for program in programs for each in _named(to_data(program))}
    if not named:
        return fmt
    found = titles_of(shop=shop, goods=named, at=at)
    learned = learn_titles(shop=shop, products=found.to_look_for, at=at) if found.to_look_for else {}
    titles = found.known | {("products", product): title for product, title in learned.items()}
    return replace(fmt, titles=titles)


def _named(data: Any) -> Iterator[tuple[str, str]]:
    """Of each list as many as a sentence shows."""
    for key, value in data.items() if isinstance(data, dict) else ():
        if key in _PARTS and isinstance(value, list):
            yield from ((_PARTS[key], str(each)) for each in value[:SHOWN_NAMES])
        else:
            yield from _named(value)
    for value in data if isinstance(data, list) else ():
        yield from _named(value)
