"""Points of single products as rows: out of the rules of a program, out of what was typed, pasted or uploaded, and back
into rules. Products with the same points share a rule."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from django.utils.translation import gettext as _

from loyalty.dashboard.refusals import grouped, refusal_text
from loyalty.dashboard.typed import whole
from loyalty.engine.document import Program
from loyalty.engine.earning import PerItem
from loyalty.engine.errors import Invalid
from loyalty.engine.program import to_data
from loyalty.engine.scope import MAX_NAMES, Scope

RULE = "product-points-"
MOST_POINTS = 1_000_000
MOST_ROWS = 5_000
MOST_BYTES = 1_000_000
ERRORS_SHOWN = 20


def points_of_products(program: Program) -> dict[str, int]:
    """By product id. A product may earn by other rules too; those are on the Program page."""
    return {
        product: rule.points
        for rule in program.rules
        if isinstance(rule, PerItem) and rule.id.startswith(RULE) and rule.scope == Scope(products=rule.scope.products)
        for product in rule.scope.products
    }


def rules_with(program: Program, points: Mapping[str, int]) -> list[dict[str, Any]]:
    """The program's rules as data, with these points of single products and no others. Raises Invalid."""
    by_points: dict[int, list[str]] = {}
    for product, each in points.items():
        by_points.setdefault(each, []).append(product)
    own = []
    for each, products in sorted(by_points.items()):
        for part, start in enumerate(range(0, len(products), MAX_NAMES)):
            own.append(
                {
                    "kind": "per_item",
                    "id": f"{RULE}{each}" + (f"-{part + 1}" if part else ""),
                    "name": _("Points of single products"),
                    "points": each,
                    "scope": {"products": products[start : start + MAX_NAMES]},
                }
            )
    kept = [rule for rule in to_data(program).get("rules", []) if not str(rule["id"]).startswith(RULE)]
    return [*kept, *own]


def read_rows(text: str, known: Mapping[str, str]) -> dict[str, int]:
    """Points by product id out of lines "product, points"; 0 takes a product's points away. A product is named by its id,
    or by a title that only one product has. Raises Invalid with a sentence for each line that can't be read: then none
    of them is."""
    found: dict[str, int] = {}
    errors: list[str] = []
    titles: dict[str, list[str]] = {}
    for product, title in known.items():
        titles.setdefault(title.casefold(), []).append(product)
    count = 0
    for number, cells in _lines(text):
        count += 1
        if count > MOST_ROWS:
            raise Invalid(_("At most %(most)s rows at a time; give them in parts.") % {"most": grouped(MOST_ROWS)})
        try:
            product, points = _row(cells, known, titles)
        except Invalid as error:
            if number > 1 or len(cells) < 2 or any(letter.isdigit() for letter in cells[1]):
                errors.append(_("Row %(number)s: %(what)s") % {"number": number, "what": refusal_text(error)})
            continue
        if product in found:
            errors.append(_("Row %(number)s: this product stands above already.") % {"number": number})
        found[product] = points
    if errors:
        more = len(errors) - ERRORS_SHOWN
        shown = errors[:ERRORS_SHOWN] + ([_("And %(count)s more.") % {"count": more}] if more > 0 else [])
        raise Invalid("\n".join([*shown, _("Nothing was taken over. Mend these and send all again.")]))
    if not found:
        raise Invalid(_("There is no row with a product and its points."))
    return found


def _lines(text: str) -> Iterable[tuple[int, list[str]]]:
    """With the number of each; the separator is the one that the first line with any has."""
    separators = (";", "\t", ",")
    first = next((line for line in text.splitlines() if any(each in line for each in separators)), ",")
    delimiter = max(separators, key=first.count)
    rows = csv.reader(io.StringIO(text.replace("\x00", "")), delimiter=delimiter)
    try:
        for number, cells in enumerate(islice(rows, MOST_ROWS + 2), 1):
            if any(cell.strip() for cell in cells):
                yield number, cells
    except csv.Error:
        raise Invalid(_("This is no CSV file. Save it as CSV in UTF-8 and try again.")) from None


def _row(cells: list[str], known: Mapping[str, str], titles: Mapping[str, list[str]]) -> tuple[str, int]:
    if len(cells) < 2:
        raise Invalid(_("write the product and its points, separated by a comma."))
    if any(cell.strip() for cell in cells[2:]):
        raise Invalid(
            _("a product and its points, no more. Put a title with a comma in quotes; write 1000, not 1,000.")
        )
    name, typed = cells[0].strip(), cells[1].strip()
    points = whole(typed, MOST_POINTS)
    if points is None:
        raise Invalid(
            _("“%(typed)s” is no whole number from 0 to %(most)s.")
            % {"typed": typed[:40], "most": grouped(MOST_POINTS)}
        )
    return _product(name, known, titles), points


def _product(name: str, known: Mapping[str, str], titles: Mapping[str, list[str]]) -> str:
    if name in known:
        return name
    same = titles.get(name.casefold(), [])
    if len(same) == 1:
        return same[0]
    if same:
        raise Invalid(_("several products are called “%(name)s”; write the id.") % {"name": name[:60]})
    if name.isascii() and name.isdigit() and len(name) <= 32:
        return name  # one that was not sold lately
    raise Invalid(_("no product called “%(name)s” was sold lately; write its id.") % {"name": name[:60]})
