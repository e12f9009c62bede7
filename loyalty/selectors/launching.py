"""What a shop's own orders say before its program begins: how large, how many, who came back, and what a program would
have given for them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction

import msgspec
from django.db.models import Count, F, Q
from django.db.models.functions import Mod

from loyalty.engine.facts import Fact, Line, Order, decode
from loyalty.engine.program import Program, Version
from loyalty.engine.simulate import outcome_of, point_worth
from loyalty.models import Launch, Member, ProgramVersion, Shop, StoredFact
from loyalty.selectors.facts import facts_of

DAYS = 90
NEWEST_ORDERS = 400
"""Read one by one for the averages."""
SAMPLE_MEMBERS = 60
SAMPLE_OF_ALL = 300
USUAL_UNITS = 50
"""Average order of a shop that has none yet, in whole units of its money."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """The last 90 days. `average_minor` and `shipping_minor` are those of the newest orders (with a usual average where
    there is none); `sample` are the facts of some who ordered, one sequence each."""

    orders: int
    by_members: int
    customers: int
    came_back: int
    average_minor: int
    shipping_minor: int
    sample: Sequence[Sequence[Fact]]
    since: datetime
    until: datetime

    @property
    def sales_minor(self) -> int:
        return self.orders * self.average_minor


@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """What a program gives back: points worth `worth_minor` (if all were spent) for sales of `sales_minor`."""

    points: int
    worth_minor: Fraction
    sales_minor: int

    @property
    def share(self) -> Fraction:
        """Of sales by members."""
        return self.worth_minor / self.sales_minor if self.sales_minor else Fraction()


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOut:
    """Points for orders before the launch, and for how many members, estimated from `counted` of `all_members`."""

    points: int
    worth_minor: int
    members: int
    counted: int
    all_members: int


def launch_of(shop: Shop) -> Launch | None:
    return Launch.objects.filter(shop=shop).first()


def launched_at(shop: Shop, found: Launch) -> datetime | None:
    """When the first program came into force, also where it was published on the Program page."""
    if found.launched_at is not None:
        return found.launched_at
    first = ProgramVersion.objects.filter(shop=shop, in_force_from__isnull=False).order_by("in_force_from").first()
    return first.in_force_from if first else None


def past_of(*, shop: Shop, now: datetime) -> Past:
    """In four queries, whatever the shop's size."""
    since = now - timedelta(days=DAYS)
    rows = StoredFact.objects.filter(shop=shop, kind="order", at__gte=since)
    own = Q(member__external_id__isnull=False)
    counted = rows.aggregate(orders=Count("id"), own=Count("id", filter=own))
    each = rows.filter(own).values("member").annotate(n=Count("id")).order_by()
    customers = each.aggregate(all=Count("member"), back=Count("member", filter=Q(n__gte=2)))
    newest = list(rows.order_by("-at").values_list("member_id", "body")[:NEWEST_ORDERS])
    orders = _counted((decode(body) for _member, body in newest), shop)
    members = list(dict.fromkeys(member for member, _body in newest if member is not None))[:SAMPLE_MEMBERS]
    facts = facts_of(shop=shop, member_ids=members) if members else {}
    average = _average([order.total_minor for order in orders]) or _usual(shop)
    return Past(
        orders=counted["orders"],
        by_members=counted["own"],
        customers=customers["all"],
        came_back=customers["back"],
        average_minor=average,
        shipping_minor=_average([order.shipping_minor for order in orders if order.shipping_minor]),
        sample=list(facts.values()) or [_somebody(shop, average, since, now)],
        since=since,
        until=now,
    )


def back_of(program: Program, past: Past) -> Back:
    """Folds the sample as if the program had begun 90 days ago."""
    points, _members = _given(program, past.sample, past.since, past.until)
    sales = sum(
        order.total_minor
        for facts in past.sample
        for order in facts
        if isinstance(order, Order) and past.since <= order.placed_at and not order.test and not order.cancelled_at
    )
    return Back(points=points, worth_minor=points * point_worth(program), sales_minor=sales)


def hand_outs(*, shop: Shop, program: Program, since: Iterable[datetime], now: datetime) -> dict[datetime, HandOut]:
    """Per instant from which past orders would count: what members would find at the launch. Of a large shop some
    members are folded, spread over all, and the rest is estimated."""
    rows = Member.objects.filter(shop=shop, external_id__isnull=False, merged_into=None)
    members = rows.count()
    step = max(1, members // SAMPLE_OF_ALL)
    spread = rows if step == 1 else rows.annotate(turn=Mod(F("pk"), step)).filter(turn=0)
    ids = list(spread.order_by("pk").values_list("pk", flat=True)[: 2 * SAMPLE_OF_ALL])
    sample = list(facts_of(shop=shop, member_ids=ids).values()) if ids else []
    found = {}
    for instant in since:
        points, rewarded = _given(msgspec.structs.replace(program, earns_from=instant), sample, now, now)
        scale = Fraction(members, len(ids)) if ids else Fraction()
        found[instant] = HandOut(
            points=round(points * scale),
            worth_minor=round(points * scale * point_worth(program)),
            members=round(rewarded * scale),
            counted=len(ids),
            all_members=members,
        )
    return found


def _given(program: Program, sample: Sequence[Sequence[Fact]], begins: datetime, now: datetime) -> tuple[int, int]:
    """Points that a program in force from `begins` gives, with those on hold, and how many members have any."""
    version = Version(number=1, in_force_from=begins, program=program)
    each = []
    for facts in sample:
        outcome = outcome_of([version], facts, now)
        given = sum(posting.points for posting in outcome.postings if posting.kind in ("earned", "reversed"))
        each.append(given + outcome.pending)
    return sum(each), sum(1 for points in each if points > 0)


def _counted(facts: Iterable[Fact], shop: Shop) -> list[Order]:
    """Orders that say something of the shop's usual ones."""
    orders = (fact for fact in facts if isinstance(fact, Order) and fact.currency == shop.currency)
    return [order for order in orders if not order.test and order.cancelled_at is None and order.total_minor > 0]


def _average(amounts: Sequence[int]) -> int:
    return sum(amounts) // len(amounts) if amounts else 0


def _usual(shop: Shop) -> int:
    return USUAL_UNITS * (10**shop.exponent if shop.exponent else 100)


def _somebody(shop: Shop, average_minor: int, since: datetime, now: datetime) -> list[Fact]:
    """Who orders once a month: the history of a shop that has none."""
    third = (now - since) / 3
    return [_order(shop, number, since + third * number + timedelta(days=1), average_minor) for number in range(3)]


def _order(shop: Shop, number: int, at: datetime, amount_minor: int) -> Order:
    line = Line(id=str(number), quantity=1, unit_price_minor=amount_minor)
    return Order(
        id=str(number),
        placed_at=at,
        paid_at=at,
        fulfilled_at=at,
        updated_at=at,
        customer_id="1",
        currency=shop.currency,
        exponent=shop.exponent,
        lines=(line,),
        total_minor=amount_minor,
    )
