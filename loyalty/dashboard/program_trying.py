"""Trying an order: typed, or picked from the shop's own, judged by what is live and by the draft, with the reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from loyalty.dashboard.access import embedded
from loyalty.dashboard.explanations import Explanation, explanation
from loyalty.dashboard.formatting import Format
from loyalty.dashboard.pages import asked, page
from loyalty.dashboard.program_beside import Beside, beside
from loyalty.dashboard.program_forms import Setting, form_of, read, written
from loyalty.dashboard.program_shapes import Field, Group, Kind
from loyalty.dashboard.rows import name_of
from loyalty.engine.explain import Reason
from loyalty.engine.facts import Fact, Line, Order, decode
from loyalty.engine.program import Program, Version
from loyalty.engine.simulate import as_draft
from loyalty.engine.statement import fold
from loyalty.models import Member, Shop, StoredFact
from loyalty.selectors.dashboard import fact_of_order, orders_page
from loyalty.selectors.facts import facts_of
from loyalty.selectors.members import member_named

TYPED = "try"
"""The id of an order that is made up."""

TRIAL = Kind(
    gettext_lazy("An order"),
    "",
    (
        Group(
            "",
            (
                Field(
                    "lines",
                    gettext_lazy("Goods"),
                    "rows",
                    columns=(
                        Field("price", gettext_lazy("Price"), "money", least=1, wanted=True),
                        Field("quantity", gettext_lazy("Quantity"), least=0, most=10_000),
                        Field("product", gettext_lazy("Product id"), "text", longest=128),
                        Field("tags", gettext_lazy("Tags"), "names"),
                        Field(
                            "sale",
                            gettext_lazy("On sale"),
                            "choice",
                            choices=(("no", gettext_lazy("no")), ("yes", gettext_lazy("yes"))),
                            default="no",
                        ),
                    ),
                ),
                Field("discount", gettext_lazy("Discount on the whole order"), "money"),
                Field("code", gettext_lazy("Discount code"), "text", longest=64),
                Field("shipping", gettext_lazy("Shipping"), "money"),
                Field(
                    "member",
                    gettext_lazy("Member"),
                    "text",
                    hint=gettext_lazy("E-mail or customer id. Empty means somebody new."),
                ),
            ),
            folded=False,
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Side:
    """What one program says of the order."""

    points: int
    shown: str
    why: Explanation


@dataclass(frozen=True, slots=True)
class TrialRow:
    label: str
    live: str
    draft: str


@embedded
@require_http_methods(["GET", "POST"])
def program_try(request: HttpRequest) -> HttpResponse:
    """An order is picked by its address, or typed in a form that changes nothing."""
    at = beside(*asked(request))
    setting = Setting(at.fmt, at.program)
    raw: dict[str, list[str]] = {name: request.POST.getlist(name) for name in request.POST}
    context: dict[str, Any] = {"page": "program", "draft": at.row, "live": at.live, "picked": 0}
    errors: dict[str, str] = {}
    if request.method == "POST":
        typed, errors = read(TRIAL, raw, {}, setting)
        member = _member(at.shop, typed, errors)
        if not errors and not typed["lines"]:
            errors["lines"] = _("Give at least one price.")
        if not errors:
            order = _typed_order(typed, at.program, at.now)
            context |= _judged(at, order, _facts(at.shop, member))
    else:
        raw = written(TRIAL, {"lines": [{"price": _usual_price(at), "quantity": 1}]}, setting)
        picked = _picked(at.shop, request.GET.get("order", ""))
        if picked is not None:
            context |= _judged(at, _order_of(picked), _facts(at.shop, picked.member)) | {"picked": picked.pk}
    context["form"] = form_of(TRIAL, raw, setting, errors)
    context["orders"] = _recent(at)
    response = page(request, "program_try", context, 422 if errors else 200)
    if request.method == "POST":
        response["HX-Push-Url"] = "false"
    return response


def _usual_price(at: Beside) -> int:
    """In minor units."""
    return 50 * 10**at.program.exponent if at.program.exponent else 5000


def _typed_order(typed: dict[str, Any], program: Program, now: datetime) -> Order:
    lines = tuple(
        Line(
            id=str(number),
            title=row.get("product") or _("Item %(number)s") % {"number": number},
            quantity=row.get("quantity") or 1,
            unit_price_minor=row["price"],
            product_id=row.get("product", ""),
            tags=tuple(row.get("tags", ())),
            on_sale=row.get("sale") == "yes",
        )
        for number, row in enumerate(typed["lines"], 1)
    )
    goods = sum(line.unit_price_minor * line.quantity for line in lines)
    return Order(
        id=TYPED,
        number=_("of your own"),
        placed_at=now,
        paid_at=now,
        fulfilled_at=now,
        updated_at=now,
        currency=program.currency,
        exponent=program.exponent,
        lines=lines,
        discount_codes=(typed["code"],) if typed["code"] else (),
        order_discount_minor=min(typed["discount"], goods),
        shipping_minor=typed["shipping"],
        total_minor=max(0, goods - typed["discount"]) + typed["shipping"],
    )


def _judged(at: Beside, order: Order, facts: Sequence[Fact]) -> dict[str, Any]:
    live = judge(at.live.program, at.versions, order, facts, at.fmt) if at.live else None
    draft = judge(at.program, at.versions, order, facts, at.fmt) if at.row or not live else None
    told = draft or live
    return {
        "order": order,
        "on_live": live,
        "on_draft": draft,
        "rows": side_by_side(live, draft),
        "why": told.why if told else Explanation(),
    }


def judge(program: Program, versions: Sequence[Version], order: Order, facts: Sequence[Fact], fmt: Format) -> Side:
    """As if the program had been live from the beginning, with everything else that the member did."""
    begun = (
        as_draft(versions, program) if versions else [Version(number=1, in_force_from=order.placed_at, program=program)]
    )
    known = [fact for fact in facts if not (isinstance(fact, Order) and fact.id == order.id)]
    moments = [order.updated_at, order.placed_at, order.paid_at, order.fulfilled_at, *(fact.at for fact in known)]
    statement = fold(begun, [*known, order], max(each for each in moments if each is not None))
    source = f"order:{order.id}"
    reasons: list[tuple[int, Reason]] = [
        (each.points, each.reason) for each in statement.pending if each.order_id == order.id
    ]
    own = (each for each in statement.movements if each.order_id == order.id and each.kind == "earned")
    reasons += [(each.points, each.reason) for each in own]
    if not reasons:
        reasons = [(0, each.reason) for each in statement.nothing if each.source == source]
    points = sum(points for points, _reason in reasons)
    why = explanation(reasons[0][1], reasons[0][0], fmt) if reasons else Explanation()
    return Side(points, fmt.points(points), why)


def side_by_side(live: Side | None, draft: Side | None) -> list[TrialRow]:
    """Each row of the arithmetic of either side, once."""
    columns = [_column(side) for side in (live, draft)]
    labels = dict.fromkeys(label for column in columns for label in column)
    return [TrialRow(label, *(column.get(label, "\N{EN DASH}") for column in columns)) for label in labels]


def _column(side: Side | None) -> dict[str, str]:
    found: dict[str, str] = {}
    for index, each in enumerate(side.why.sums if side else ()):
        if index == 0 and each.total_label:
            found[each.total_label] = each.total
        else:
            found |= {row.label: row.value for row in each.rows}
    return found


def _facts(shop: Shop, member: Member | None) -> list[Fact]:
    return facts_of(shop=shop, member_ids=[member.pk]).get(member.pk, []) if member else []


def _member(shop: Shop, typed: dict[str, Any], errors: dict[str, str]) -> Member | None:
    if not typed.get("member") or errors:
        return None
    member = member_named(shop=shop, name=typed["member"])
    if member is None:
        errors["member"] = _("Nobody here has this e-mail or customer id. Leave it empty for somebody new.")
    return member


def _picked(shop: Shop, typed: str) -> StoredFact | None:
    number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 19 else 0
    return fact_of_order(shop=shop, fact_id=number) if number else None


def _order_of(fact: StoredFact) -> Order:
    order = decode(fact.body)
    if not isinstance(order, Order):
        raise TypeError(f"Fact {fact.pk} is stored as an order and is none")
    return order


def _recent(at: Beside) -> list[tuple[int, str]]:
    found = []
    for fact in orders_page(shop=at.shop, search="", after=None).rows:
        order = _order_of(fact)
        total = at.fmt.money(order.total_minor, order.currency, order.exponent)
        who = name_of(fact.member) if fact.member else _("Nobody we know")
        found.append((fact.pk, f"{order.number or order.id}, {at.fmt.day(order.placed_at, at.now)}, {total}, {who}"))
    return found
