"""Points of single products: a table, searched, typed, pasted or uploaded, kept in the draft."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from loyalty.dashboard.access import embedded
from loyalty.dashboard.pages import actor, asked, page
from loyalty.dashboard.product_rows import MOST_BYTES, points_of_products, read_rows, rules_with
from loyalty.dashboard.program_beside import Beside, untitled_beside
from loyalty.dashboard.program_views import revision_of
from loyalty.dashboard.refusals import refusal_text
from loyalty.engine.errors import Conflict, Invalid
from loyalty.selectors.catalogue import kept_titles, sold_lately
from loyalty.services.programs import save_draft

FOUND_SHOWN = 20
ROWS_SHOWN = 200
SEARCH_CHARACTERS = 100


@embedded
@require_http_methods(["GET", "POST"])
def product_points(request: HttpRequest) -> HttpResponse:
    """The table; a POST changes one product, or takes over many rows at once."""
    shop, fmt, now = asked(request)
    at = untitled_beside(shop, fmt, now)
    known = _known(at)
    if request.method == "GET":
        return page(request, "product_points", _context(at, known, request.GET.get("q", "")))
    before = points_of_products(at.program)
    try:
        rows = read_rows(_sent(request), known)
        points = {product: each for product, each in {**before, **rows}.items() if each}
        part = {"rules": rules_with(at.program, points)}
        save_draft(shop=shop, revision=revision_of(request), part=part, at=now, by=actor(request))
    except (Invalid, Conflict) as error:
        context = _refused(at, known, request.POST) | {
            "errors": refusal_text(error).split("\n"),
            "rows_typed": request.POST.get("rows", ""),
        }
        status = HTTPStatus.CONFLICT if isinstance(error, Conflict) else HTTPStatus.UNPROCESSABLE_ENTITY
        response = page(request, "product_points", context, status=status)
        response["HX-Push-Url"] = "false"
        return response
    changed = sum(1 for product, each in rows.items() if before.get(product, 0) != each)
    toast = ngettext("%(count)s product changed in the draft.", "%(count)s products changed in the draft.", changed)
    context = _context(untitled_beside(shop, fmt, now), known, "")
    return page(request, "product_points", context | {"toast": toast % {"count": fmt.points(changed)}})


def _known(at: Beside) -> dict[str, str]:
    """Titles by product id: what was sold lately, and what has points and was found by name once."""
    sold = sold_lately(shop=at.shop)
    programs = [at.program, at.live.program] if at.live else [at.program]
    others = {product for program in programs for product in points_of_products(program)} - sold.keys()
    kept = kept_titles(shop=at.shop, ids=others) if others else {}
    return sold | {product: title for (part, product), title in kept.items() if part == "products"}


def _sent(request: HttpRequest) -> str:
    """A file goes before what was pasted, and that before the one product of a row. Raises Invalid."""
    file = request.FILES.get("file")
    pasted, product, points = (request.POST.get(name, "") for name in ("rows", "product", "points"))
    if file is not None:
        if file.size is None or file.size > MOST_BYTES:
            raise Invalid(_("The file is larger than a megabyte; upload it in parts."))
        try:
            return bytes(file.read()).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise Invalid(_("The file is no text. Save it as CSV in UTF-8 and try again.")) from None
    return f'"{product.replace(chr(34), "")}","{points.strip()}"' if product else pasted


def _refused(at: Beside, known: Mapping[str, str], posted: Mapping[str, str]) -> dict[str, Any]:
    """The page as it is now, with what was typed for a product still in its field."""
    product = posted.get("product", "")
    context = _context(at, known, "" if product in points_of_products(at.program) else product)
    return context | {"typed_for": product, "typed": posted.get("points", "")[:7]}


def _context(at: Beside, known: Mapping[str, str], search: str) -> dict[str, Any]:
    points = points_of_products(at.program)
    live = points_of_products(at.live.program) if at.live else {}
    wanted = search.replace("\x00", "").strip()[:SEARCH_CHARACTERS].casefold()
    found = [
        (product, title)
        for product, title in known.items()
        if wanted and product not in points and (wanted in title.casefold() or wanted == product)
    ]
    rows = sorted((known.get(product, product), product, each) for product, each in points.items())
    gone = [known.get(product, product) for product in live if product not in points]
    return {
        "search": search[:SEARCH_CHARACTERS],
        "found": found[:FOUND_SHOWN],
        "searched": bool(wanted),
        "rows": [(product, title, each, live.get(product) == each) for title, product, each in rows[:ROWS_SHOWN]],
        "hidden": max(0, len(rows) - ROWS_SHOWN),
        "gone": gone,
        "is_draft": points != live,
        "revision": at.revision,
    }
