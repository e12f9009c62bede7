"""How fast the engine is on this machine, on one stated program: figures to compare, with all that they leave out."""

from __future__ import annotations

import json
import os
import platform
import resource
import sys
import time
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import Any, NamedTuple

from django.core.management.base import BaseCommand, CommandParser

from loyalty.engine.facts import decode, encode
from loyalty.engine.simulate import Assumptions, Comparison, Known, Outcome, as_draft, outcome_of, simulate
from loyalty.engine.statement import checkpoint, fold
from loyalty.management import door_bench, pages_bench, read_bench, sample, widget_bench
from loyalty.management.progress import Progress
from loyalty.selectors.simulation import each_of

ORDERS_A_MEMBER = 10
PART = 500
"""Members that one process takes at a time."""

HISTORIES = 100
"""Different histories in the what-if; more members repeat them under other names."""

LENGTHS = (10, 100, 1_000, 10_000)
ROUNDS = 7
MEMBERS_A_ROUND = 60


class Part(NamedTuple):
    first: int
    members: int


class Command(BaseCommand):
    help = (
        "engine: the engine alone, without a database - folds per second, one order beside reading its payload, a "
        "what-if over many members in bounded memory, and how the cost grows with a member's history. door: webhooks a "
        "second with real signatures, gunicorn on the PostgreSQL of DATABASE_URL (a database of its own there), beside "
        "the same INSERT by pgbench and by a bare Django view. read: the widget's calls - the member's, asked again and again, beside a bare "
        "Django view that asks one question, the public one beside a static file - served in the same way, in turns. "
        "pages: what a merchant waits for on the dashboard of a shop with so many movements, in Chromium at a quarter of "
        "its speed. widget: what it costs a shop's page - bytes as Chromium receives them, what moves and blocks at that "
        "speed, and Lighthouse's score of the stand-in store without it and with it, in turns (needs the development "
        "tools; Lighthouse if it is there)."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("what", choices=["engine", "door", "read", "pages", "widget"], help="what to measure")
        parser.add_argument(
            "--orders", type=int, default=100_000, help="orders in the what-if, ten a member (default: %(default)s)"
        )
        parser.add_argument(
            "--longest", type=int, default=LENGTHS[-1], help="orders of the longest history (default: %(default)s)"
        )
        parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one per core")
        parser.add_argument(
            "--seconds", type=float, default=45, help="of door or read, together (default: %(default)s)"
        )
        parser.add_argument(
            "--movements",
            type=int,
            default=1_000_000,
            help="rows of the ledger behind the pages (default: %(default)s)",
        )
        parser.add_argument("--pairs", type=int, default=5, help="visits of the widget's page (default: %(default)s)")
        parser.add_argument(
            "--json", action="store_true", help="the figures of door, read, pages or widget as one line of JSON"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["what"] == "engine":
            self._engine(options)
            return
        if options["what"] == "pages":
            self._pages(options["movements"], as_json=options["json"])
            return
        figures = self._figures(options)
        if options["json"]:
            self.stdout.write(json.dumps(figures))
            return
        for name, value in figures.items():
            shown = f"{value:>10,}" if isinstance(value, int | float) else f"{value}"
            self.stdout.write(f"{name.replace('_', ' '):<24} {shown}")

    def _figures(self, options: Any) -> dict[str, Any]:
        if options["what"] == "widget":
            return widget_bench.measure(pairs=options["pairs"])
        return (self._door if options["what"] == "door" else self._read)(options["seconds"])

    def _door(self, seconds: float) -> dict[str, float]:
        body = json.dumps({**json.loads(sample.payload()), "admin_graphql_api_id": "gid://shopify/Order/1"}).encode()
        found = door_bench.measure(seconds=seconds, body=body)
        return {
            "door_a_second": round(found.door.a_second),
            "door_p95_ms": round(found.door.p95_seconds * 1e3, 1),
            "bare_view_a_second": round(found.bare.a_second),
            "bare_view_p95_ms": round(found.bare.p95_seconds * 1e3, 1),
            "pgbench_a_second": round(found.pgbench_a_second),
            "door_to_bare_view": round(found.door.a_second / found.bare.a_second, 2),
            "door_to_pgbench": round(found.door.a_second / found.pgbench_a_second, 2),
            "refused": found.door.refused,
            "rows_kept": found.kept,
            "body_bytes": len(body),
        }

    def _read(self, seconds: float) -> dict[str, float]:
        found = read_bench.measure(seconds=seconds)
        return {
            "member_a_second": round(found.member.a_second),
            "bare_view_a_second": round(found.bare.a_second),
            "member_to_bare_view": round(found.member.a_second / found.bare.a_second, 2),
            "first_look_a_second": round(found.first.a_second),
            "half_load_a_second": round(found.half.a_second),
            "half_load_p95_ms": round(found.half.p95_seconds * 1e3, 1),
            "half_load_worst_p95_ms": round(found.worst_half.p95_seconds * 1e3, 1),
            "bare_view_half_p95_ms": round(found.bare_half.p95_seconds * 1e3, 1),
            "config_a_second": round(found.config.a_second),
            "static_a_second": round(found.static.a_second),
            "config_to_static": round(found.config.a_second / found.static.a_second, 2),
            "refused": sum(each.refused for each in vars(found).values()),
        }

    def _pages(self, movements: int, *, as_json: bool) -> None:
        progress = Progress(sys.stderr, total=movements, what="movements")
        found = pages_bench.measure(movements=movements, on_movements=progress.advance)
        progress.end()
        if as_json:
            self.stdout.write(json.dumps(found))
            return
        for name, seen in found.items():
            self.stdout.write(
                f"{name:<24} LCP {seen['lcp_ms']:>6,.0f} ms   CLS {seen['cls']:.3f}   INP {seen['inp_ms']:>4,.0f} ms"
            )

    def _engine(self, options: Any) -> None:
        loads = os.getloadavg()
        self.stdout.write(
            f"Python {platform.python_version()} on {platform.machine()}, {os.cpu_count()} cores; "
            f"load before: {', '.join(f'{load:.1f}' for load in loads)}"
        )
        self.stdout.write(f"Program: {sample.SAID}.")
        self._folds()
        self._what_if(max(1, options["orders"] // ORDERS_A_MEMBER), options["processes"])
        self._growth(options["longest"])
        self.stdout.write(
            "Left out: the database and decoding of rows into facts outside the what-if, parsing a payload into a "
            "fact, posting. All but the what-if is processor time. The what-if decodes every fact from its stored form and takes the live side as a ledger "
            f"would bring it; its members repeat {HISTORIES} histories. Figures move with whatever else runs here."
        )

    def _folds(self) -> None:
        """Members of ten orders, folded whole, in turns with reading a payload, so that both meet the same machine."""
        versions, as_of = sample.version_of(sample.DOCUMENT), sample.until(ORDERS_A_MEMBER)
        histories = [sample.history(member, ORDERS_A_MEMBER) for member in range(MEMBERS_A_ROUND)]
        body = sample.payload()
        orders = MEMBERS_A_ROUND * ORDERS_A_MEMBER
        folds, reads = [], []
        for _ in range(ROUNDS):
            # Nothing is kept: collecting what others hold is no cost of either.
            folds.append(_seconds(lambda: [fold(versions, facts, as_of).available for facts in histories]) / orders)
            reads.append(_seconds(lambda: [len(json.loads(body)) for _ in range(orders)]) / orders)
        one, read = min(folds), min(reads)
        self.stdout.write(
            f"Folds: {1 / (one * ORDERS_A_MEMBER):,.0f} a second on one core, members of {ORDERS_A_MEMBER} orders of "
            f"three lines: {one * 1e6:.0f} microseconds an order (best of {ROUNDS} rounds of {orders:,} orders; "
            f"worst {max(folds) * 1e6:.0f})."
        )
        self.stdout.write(
            f"One order folded costs {one / read:.1f} x json.loads of a payload of {len(body):,} bytes "
            f"({read * 1e6:.0f} microseconds). Target: 2."
        )

    def _what_if(self, members: int, processes: int) -> None:
        progress = Progress(sys.stderr, total=members, what="members")
        parts = [Part(first, min(PART, members - first)) for first in range(0, members, PART)]
        live = sample.version_of(sample.DOCUMENT)
        draft = as_draft(live, sample.draft())
        as_of = sample.until(ORDERS_A_MEMBER)
        whole = Comparison(live[-1].program, draft[-1].program, as_of, Assumptions())
        begun, spent = time.perf_counter(), _cpu_seconds()
        for comparison in each_of(simulated, parts, processes=processes):
            whole.merge(comparison)
            progress.advance(comparison.members)
        progress.end()
        seconds, spent = time.perf_counter() - begun, _cpu_seconds() - spent
        orders = members * ORDERS_A_MEMBER
        own, child = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        peak_mb = (own + child * (processes if processes > 1 else 0)) / 1024
        self.stdout.write(
            f"What-if: {orders:,} orders of {whole.members:,} members under a draft in {seconds:.1f} s on {processes} "
            f"processes ({orders / seconds:,.0f} orders a second; a million in {1e6 * seconds / orders:.0f} s, "
            f"target 60), with {spent:.1f} s of processor time ({spent * 1e6 / orders:.0f} microseconds an order), peak memory of all processes at most {peak_mb:.0f} MB (target 500). Points given: "
            f"{whole.live.total.given:,} live, {whole.draft.total.given:,} under the draft."
        )

    def _growth(self, longest: int) -> None:
        """One member with a long history: folded whole, and one more order from a checkpoint."""
        versions = sample.version_of(sample.DOCUMENT)
        for length in (each for each in LENGTHS if each <= longest):
            facts, as_of = sample.history(1, length), sample.until(length)
            whole = _seconds(partial(fold, versions, facts, as_of))
            mark, late = sample.last_of(facts)
            state = checkpoint(versions, facts, mark)
            appended = min(_seconds(partial(fold, versions, late, as_of, state)) for _ in range(ROUNDS))
            self.stdout.write(
                f"A history of {length:,} orders: {whole * 1e6 / length:.0f} microseconds an order, folded whole; "
                f"one more order from a checkpoint of {len(state) / 1024:,.0f} KB: {appended * 1e3:.2f} ms."
            )


def simulated(part: Part) -> Comparison:
    """One part of the what-if, in any process."""
    live = sample.version_of(sample.DOCUMENT)
    draft = as_draft(live, sample.draft())
    return simulate(_stream(part), live, draft, sample.until(ORDERS_A_MEMBER))


def _stream(part: Part) -> Iterator[Known]:
    for number in range(part.first, part.first + part.members):
        stored, live = _stored()[number % HISTORIES]
        yield Known(id=str(number), facts=[decode(raw) for raw in stored], live=live)


@lru_cache(maxsize=1)
def _stored() -> list[tuple[list[bytes], Outcome]]:
    """Facts as a database holds them, with what a ledger holds; made once a process."""
    versions, as_of = sample.version_of(sample.DOCUMENT), sample.until(ORDERS_A_MEMBER)
    found = []
    for member in range(HISTORIES):
        facts = sample.history(member, ORDERS_A_MEMBER)
        found.append(([encode(fact) for fact in facts], outcome_of(versions, facts, as_of)))
    return found


def _seconds(work: Callable[[], Any]) -> float:
    """Of the processor, so that a busy machine counts less."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _cpu_seconds() -> float:
    """Of this process and of those it started that have ended."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in both)
