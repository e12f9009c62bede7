"""What whoever runs the house asks: how far the queues are behind, what is stuck, when the ledger was last verified."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Min, Q, Sum

from loyalty.engine import checkpoint as engine
from loyalty.models import (
    Circuit,
    HealedOrder,
    InboxDelivery,
    LedgerEntry,
    Member,
    OutboxMessage,
    QueueState,
    Redemption,
    Shop,
    VerifyFault,
    VerifyRun,
)

QUEUES: dict[str, type[InboxDelivery] | type[OutboxMessage]] = {"inbox": InboxDelivery, "outbox": OutboxMessage}


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """One queue over all shops. `lag_seconds` is how long the oldest row that is due has been waiting for a worker; a
    row that is planned for later does not wait. `dead` were given up and can be tried again; what a history could not use
    (done, for the merchant to see) is not among them."""

    lag_seconds: float
    dead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    all: int
    folded: int
    due: int


def queues(*, now: datetime) -> dict[str, Queue]:
    found = {}
    for name, model in QUEUES.items():
        rows = model.objects.across_shops()
        since = rows.filter(state=QueueState.WAITING, due_at__lte=now).aggregate(since=Min("due_at"))["since"]
        dead = rows.filter(state=QueueState.DEAD, done_at__isnull=True).count()
        found[name] = Queue(lag_seconds=(now - since).total_seconds() if since else 0.0, dead=dead)
    return found


def rows_by_state() -> dict[tuple[str, str], int]:
    """Rows kept per queue and state."""
    found = {(name, state): 0 for name in QUEUES for state in QueueState.values}
    for name, model in QUEUES.items():
        counted = model.objects.across_shops().order_by().values_list("state").annotate(n=Count("pk"))
        found |= {(name, state): n for state, n in counted}
    return found


def outbox_attempts() -> dict[str, int]:
    """Per kind of message the attempts made for the messages kept."""
    rows = OutboxMessage.objects.across_shops().order_by().values_list("kind").annotate(n=Sum("attempts"))
    return dict(rows)


def redemptions_by_state() -> dict[str, int]:
    rows = Redemption.objects.across_shops().order_by().values_list("state").annotate(n=Count("pk"))
    return {**dict.fromkeys(Redemption.State.values, 0), **dict(rows)}


def shops_by_status() -> dict[tuple[str, str], int]:
    """Per platform and status."""
    rows = Shop.objects.order_by().values_list("platform", "status").annotate(n=Count("pk"))
    return {(platform, status): n for platform, status, n in rows}


def shops_to_reopen() -> list[Shop]:
    """Shops whose access was lost: the merchant must open the app once, or settle what the platform asks for."""
    lost = (Shop.Status.NEEDS_REOPEN, Shop.Status.SUSPENDED)
    return list(Shop.objects.filter(status__in=lost).order_by("name", "pk"))


def open_circuits() -> list[Circuit]:
    """Hosts that are left alone because they did not answer."""
    rows = Circuit.objects.across_shops().filter(open_until__isnull=False, shop__status=Shop.Status.ACTIVE)
    return list(rows.select_related("shop").order_by("host", "pk"))


def shops_not_compared(*, since: datetime) -> int:
    """Active shops whose orders were not compared with the platform's since then, though they have been here for
    longer."""
    behind = Q(orders_cursor__lt=since) | Q(orders_cursor__isnull=True)
    return Shop.objects.filter(behind, status=Shop.Status.ACTIVE, installed_at__lt=since).count()


def healed_orders() -> dict[str, int]:
    """Orders that a comparison found and no webhook had told, of those still noted."""
    rows = HealedOrder.objects.across_shops().order_by().values_list("was_missing").annotate(n=Count("pk"))
    counted = dict(rows)
    return {"missing": counted.get(True, 0), "changed": counted.get(False, 0)}


def people(*, now: datetime) -> People:
    """Members, guests included, less those merged into another: all, those ever folded, those for whom the clock has brought something
    that no fold has seen yet."""
    rows = Member.objects.across_shops().filter(merged_into__isnull=True)
    counted = rows.aggregate(all=Count("pk"), folded=Count("pk", filter=Q(as_of__isnull=False)))
    return People(**counted, due=rows.filter(next_due__lte=now).count())


def folded_by_newer() -> int:
    """Members whom a newer release has folded; this one leaves them alone."""
    return int(Member.objects.across_shops().filter(engine__gt=engine.ENGINE).count())


def last_ledger_row() -> int:
    """The number of the newest row; numbers that a rolled back transaction took are in it."""
    last: int | None = LedgerEntry.objects.across_shops().aggregate(last=Max("pk"))["last"]
    return last or 0


def members_at_fault(run: VerifyRun) -> list[tuple[int, int]]:
    """Members and their shops, of the faults that the run kept."""
    found = VerifyFault.objects.across_shops().filter(run=run).order_by("member_id")
    return list(found.values_list("member_id", "shop_id").distinct())


def last_verify() -> VerifyRun | None:
    """The last run over all shops that came to its end."""
    return VerifyRun.objects.filter(shop__isnull=True, finished_at__isnull=False).order_by("-finished_at").first()
