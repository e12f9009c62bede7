"""Checkpoints are small, and a long history folds quickly."""

import time
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from loyalty.engine.checkpoint import instants, mark_of
from loyalty.engine.facts import Import, ImportLot, Line, Order, Redemption
from loyalty.engine.frozen import read
from loyalty.engine.program import Version, parse_program
from loyalty.engine.statement import checkpoint, fold
from loyalty.engine.thawing import thaw
from loyalty.engine.tiers import Level
from tests.engine.factories import day, document, order, program, redemption, refund, versions

BEGIN = datetime(2024, 1, 1, tzinfo=UTC)

LIVELY = {
    "name": "Lively",
    "currency": "EUR",
    "exponent": 2,
    "time_zone": "Europe/Berlin",
    "rules": [{"kind": "per_amount", "id": "base", "points": 1, "per_minor": 100}],
    "tiers": [{"id": "a", "name": "A"}, {"id": "b", "name": "B", "minimum": 50000}],
    "campaigns": [
        {"id": "c", "name": "C", "weekdays": [6], "rules": [{"kind": "multiplier", "id": "m", "times": "2"}]}
    ],
    "policies": {"hold_days": 14, "expiry": "lot", "expiry_months": 12},
}


def lively():
    return [Version(number=1, in_force_from=BEGIN, program=parse_program(LIVELY))]


def two_years(count):
    """Orders with ids as a platform makes them, two lines each, and a redemption after every sixth."""
    facts = []
    for n in range(count):
        at = BEGIN + timedelta(seconds=n * 730 * 86400 // count)
        goods = tuple(
            Line(id=str(13_500_000_000_000 + n * 1777 + i), quantity=1 + i, unit_price_minor=1999 + n * 37 % 900)
            for i in range(2)
        )
        facts.append(
            Order(
                id=str(5_600_000_000_000 + n * 977),
                number=f"#{1000 + n}",
                placed_at=at,
                paid_at=at,
                updated_at=at,
                currency="EUR",
                exponent=2,
                customer_id="7",
                lines=goods,
            )
        )
        if n % 6 == 5:
            name = f"00000000-0000-4000-8000-{n * 7919:012d}"
            facts.append(
                Redemption(
                    id=name, at=at, points=100, reward="off", code=f"HM7Q-{n:04d}", used_at=at + timedelta(days=1)
                )
            )
    return facts


@pytest.mark.parametrize(("count", "most"), [(24, 4096), (104, 8192), (730, 32768)])
def test_a_checkpoint_of_two_years_is_small_and_gives_the_same(count, most):
    facts, mark = two_years(count), BEGIN + timedelta(days=727)
    raw = checkpoint(lively(), facts, mark)
    assert len(raw) <= most
    assert mark_of(raw) == mark
    end = BEGIN + timedelta(days=800)
    whole = fold(lively(), facts, end)
    resumed = fold(lively(), [fact for fact in facts if max(instants(fact)) > mark], end, raw)
    assert (resumed.available, resumed.totals, resumed.lots) == (whole.available, whole.totals, whole.lots)
    assert resumed.since == mark


def test_a_late_refund_of_an_old_order_is_exact_from_a_checkpoint():
    bought = order("A", day(1), 1000)
    raw = checkpoint(versions(), [bought, redemption("R", day(2), 4, code="c", order_id="A")], day(100))
    returned = order("A", day(1), 1000, refunds=(refund("F", day(200), 500),))
    statement = fold(versions(), [returned], day(300), raw)
    assert [(each.key, each.points) for each in statement.movements] == [
        (("reversed", "refund:F", "order:A"), -5),
        (("returned", "refund:F", "redemption:R"), 2),
    ]


def stored(facts, marks, under):
    """One checkpoint after the other, each from the one before."""
    raw, since = None, BEGIN - timedelta(days=1)
    for mark in marks:
        raw = checkpoint(under, [fact for fact in facts if max(instants(fact)) > since], mark, raw)
        since = mark
    return raw


def test_what_is_appended_to_a_long_history_reads_nothing_that_is_settled():
    facts, mark = two_years(300), BEGIN + timedelta(days=720)
    late = [fact for fact in facts if min(instants(fact)) > mark]
    assert late
    walk = thaw(checkpoint(lively(), facts, mark), lively(), late, BEGIN + timedelta(days=730))
    assert len(walk.orders) < 10
    assert not walk.redemptions
    assert all(lot.left for lot in walk.books.lots.values())


def test_many_checkpoints_in_a_row_leave_few_parts_and_the_same_statement():
    facts, end = two_years(300), BEGIN + timedelta(days=800)
    marks = [BEGIN + timedelta(days=day) for day in range(10, 720, 14)]
    raw = stored(facts, marks, lively())
    _, shelf = read(raw)
    assert len(shelf.parts) <= 7
    whole = fold(lively(), facts, end)
    resumed = fold(lively(), [fact for fact in facts if max(instants(fact)) > marks[-1]], end, raw)
    for name in ("available", "totals", "lots", "reserved", "spent", "tier", "next_due", "debt"):
        assert getattr(resumed, name) == getattr(whole, name), name


def test_an_order_that_brings_an_old_code_finds_its_redemption_among_what_is_settled():
    facts = [order("A", day(1), 10_000), redemption("R", day(2), 50, code="OLD")]
    raw = checkpoint(versions(), facts, day(10))
    new = order("B", day(20), 1000, discount_codes=("old",), refunds=(refund("F", day(21), 1000),))
    statement = fold(versions(), [new], day(30), raw)
    assert ("returned", "refund:F", "redemption:R") in [each.key for each in statement.movements]
    assert statement.available == fold(versions(), [*facts, new], day(30)).available


def test_a_debt_on_an_old_code_is_paid_and_given_back_from_a_checkpoint():
    facts = [order("A", day(1), 1000), redemption("R", day(2), 50, code="OLD")]
    raw = checkpoint(versions(), facts, day(10))
    new = order("B", day(20), 9000, discount_codes=("OLD",), refunds=(refund("F", day(21), 9000),))
    whole, resumed = fold(versions(), [*facts, new], day(30)), fold(versions(), [new], day(30), raw)
    assert (resumed.available, resumed.debt, resumed.lots) == (whole.available, whole.debt, whole.lots)


def test_a_version_after_the_mark_looks_at_everything_anew():
    facts = [order(str(n), day(n), 5000) for n in range(1, 30)]
    tiers = tuple(Level(id=name, name=name, minimum=minimum) for name, minimum in (("a", 0), ("b", 100_000)))
    under = versions(program(), program(tiers=tiers))
    under[1] = msgspec.structs.replace(under[1], in_force_from=day(40))
    whole, resumed = fold(under, facts, day(50)), fold(under, [], day(50), checkpoint(under, facts, day(35)))
    assert whole.tier.id == resumed.tier.id == "b"
    assert whole.tier.measure == resumed.tier.measure == 29 * 5000


def test_rubbish_is_no_checkpoint():
    assert mark_of(b"") is None
    assert mark_of(checkpoint(versions(), [], day(3))[:-4]) is None


def test_an_import_reaches_back_to_every_order_before_it():
    brought = Import(id="I", at=day(5), lots=(ImportLot(points=1, at=day(1)),))
    assert min(instants(brought)) < day(-1000)


def test_ten_thousand_orders_of_one_account_fold_in_well_under_a_second():
    """Processor time, three times as much as measured on a free core, so that a busy machine does not lie."""
    facts = [fact for fact in two_years(10_000) if isinstance(fact, Order)]
    begin = time.process_time()
    statement = fold(lively(), facts, BEGIN + timedelta(days=800))
    assert len(statement.movements) > 9_000
    assert time.process_time() - begin < 3


def test_an_emptied_lot_that_is_filled_again_after_the_mark_still_expires():
    under = document(policies={"expiry": "lot", "expiry_days": 10})
    facts = [order("A", day(1), 1000), redemption("R", day(2), 10, given_back_at=day(6), given_back_why="failed")]
    statement = fold(under, facts[1:], day(20), checkpoint(under, facts, day(4)))
    assert [(each.kind, each.points) for each in statement.movements] == [("returned", 10), ("expired", -10)]


def test_a_checkpoint_of_another_engine_is_put_aside(monkeypatch):
    facts = [order("A", day(1), 1000), order("B", day(9), 1000)]
    raw = checkpoint(versions(), facts, day(5))
    assert fold(versions(), facts[1:], day(20), raw).since == day(5)
    for module in ("checkpoint", "thawing"):
        monkeypatch.setattr(f"loyalty.engine.{module}.ENGINE", -1)
    assert mark_of(raw) is None
    statement = fold(versions(), facts, day(20), raw)
    assert (statement.since, statement.available) == (None, 20)


def test_a_refund_takes_back_what_an_import_said_its_order_earned_whenever_checkpoints_were_made():
    bought, brought = order("A", day(1), 1000), Import(id="I", at=day(10), lots=(LOT,))
    early = checkpoint(versions(), [bought, brought], day(5))
    late = checkpoint(versions(), [brought], day(20), early)
    returned = order("A", day(1), 1000, refunds=(refund("F", day(30), 1000),))
    whole, resumed = fold(versions(), [returned, brought], day(40)), fold(versions(), [returned], day(40), late)
    assert (whole.available, resumed.available) == (0, 0)


LOT = ImportLot(points=40, at=day(1), order_id="A")
