"""The figure of a goal, over a span of a shop's orders, and two of them compared. No cause is claimed: seasons change too."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from loyalty.engine.facts import Order, decode
from loyalty.models import Launch, Shop, StoredFact

SPAN = timedelta(days=90)
"""What is looked at before the launch, and at most since."""
COMES_BACK_WITHIN = timedelta(days=30)
LEAST_SPAN = timedelta(days=30)
LEAST = 30
"""Fewer customers or orders than this on either side say nothing."""
NEWEST_ORDERS = 1000
NORMAL_95 = 1.96


@dataclass(frozen=True, slots=True)
class Sample:
    """`mean` of `count` observations with the standard error of that mean. A share lies between 0 and 1, an order is
    minor units, new customers are so many in 30 days."""

    count: int
    mean: float
    error: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Before the launch and since. `low` and `high` enclose the true difference 19 times in 20."""

    before: Sample
    since: Sample

    @property
    def low(self) -> float:
        return self.since.mean - self.before.mean - self._margin

    @property
    def high(self) -> float:
        return self.since.mean - self.before.mean + self._margin

    @property
    def is_enough(self) -> bool:
        return min(self.before.count, self.since.count) >= LEAST

    @property
    def is_certain(self) -> bool:
        """That there is a difference at all."""
        return self.is_enough and (self.low > 0 or self.high < 0)

    @property
    def _margin(self) -> float:
        return NORMAL_95 * sqrt(self.before.error**2 + self.since.error**2)


def compared(*, shop: Shop, goal: str, launched_at: datetime, now: datetime) -> Compared:
    """Two questions to the database for either side."""
    begins = max(launched_at, now - SPAN)
    return Compared(_sample(shop, goal, launched_at - SPAN, launched_at), _sample(shop, goal, begins, now))


def known_from(goal: str, launched_at: datetime) -> datetime:
    """Before this there can be no figure since the launch."""
    spans = {Launch.Goal.KEPT_CUSTOMERS: SPAN, Launch.Goal.SECOND_ORDERS: LEAST_SPAN + COMES_BACK_WITHIN}
    return launched_at + spans.get(Launch.Goal(goal), LEAST_SPAN)


def _sample(shop: Shop, goal: str, since: datetime, until: datetime) -> Sample:
    if goal == Launch.Goal.LARGER_ORDERS:
        return _order_size(shop, since, until)
    if goal == Launch.Goal.KEPT_CUSTOMERS:
        return _kept(shop, since, until)
    if goal == Launch.Goal.NEW_CUSTOMERS:
        return _new(shop, since, until)
    return _second_orders(shop, since, until)


def _orders(shop: Shop) -> QuerySet[StoredFact]:
    return StoredFact.objects.filter(shop=shop, kind="order")


def _of_customers(shop: Shop, since: datetime, until: datetime) -> QuerySet[StoredFact]:
    return _orders(shop).filter(at__gte=since, at__lt=until, member__external_id__isnull=False)


def _same_member(shop: Shop) -> QuerySet[StoredFact]:
    return _orders(shop).filter(member=OuterRef("member"))


def _firsts(shop: Shop, since: datetime, until: datetime) -> QuerySet[StoredFact]:
    return _of_customers(shop, since, until).filter(~Exists(_same_member(shop).filter(at__lt=OuterRef("at"))))


def _second_orders(shop: Shop, since: datetime, until: datetime) -> Sample:
    """Of customers who ordered for the first time, those who did again within 30 days; all had these 30 days."""
    later = _same_member(shop).filter(at__gt=OuterRef("at"), at__lte=OuterRef("at") + COMES_BACK_WITHIN)
    return _share(_firsts(shop, since, until - COMES_BACK_WITHIN).annotate(again=Exists(later)), "pk")


def _kept(shop: Shop, since: datetime, until: datetime) -> Sample:
    """Of customers who ordered in the 90 days before, those who did in this span."""
    again = _same_member(shop).filter(at__gte=since, at__lt=until)
    return _share(_of_customers(shop, since - SPAN, since).annotate(again=Exists(again)), "member")


def _share(rows: QuerySet[StoredFact], what: str) -> Sample:
    counted = rows.aggregate(
        all=Count(what, distinct=what == "member"),
        hits=Count(what, distinct=what == "member", filter=Q(again=True)),
    )
    count, hits = counted["all"], counted["hits"]
    share = hits / count if count else 0.0
    return Sample(count, share, sqrt(share * (1 - share) / count) if count else 0.0)


def _new(shop: Shop, since: datetime, until: datetime) -> Sample:
    count = _firsts(shop, since, until).count()
    months = max((until - since) / timedelta(days=30), 1e-9)
    return Sample(count, count / months, sqrt(count) / months)


def _order_size(shop: Shop, since: datetime, until: datetime) -> Sample:
    rows = _orders(shop).filter(at__gte=since, at__lt=until).order_by("-at", "-pk")
    facts = [decode(body) for body in rows.values_list("body", flat=True)[:NEWEST_ORDERS]]
    totals = [
        fact.total_minor
        for fact in facts
        if isinstance(fact, Order) and fact.currency == shop.currency and not fact.test and fact.cancelled_at is None
    ]
    if len(totals) < 2:
        return Sample(len(totals), float(sum(totals)), 0.0)
    mean = sum(totals) / len(totals)
    variance = sum((total - mean) ** 2 for total in totals) / (len(totals) - 1)
    return Sample(len(totals), mean, sqrt(variance / len(totals)))
