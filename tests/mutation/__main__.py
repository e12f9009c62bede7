"""`python3 manage.py test --mutants 1000`: judges a random sample and prints the score and what survived."""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import pytest

from loyalty.management.progress import Progress
from tests.mutation.judging import Judge, Outcome, Verdict
from tests.mutation.mutants import Mutant, mutants_of

ENGINE = Path("loyalty/engine")
TESTS = (
    "tests/engine",
    "tests/conformance",
    "tests/properties/test_laws.py",
    "tests/properties/test_oracle.py",
    "tests/properties/test_explanations.py",
    "tests/properties/test_checkpoints.py",
)
WANTED_PERCENT = 90
BELOW, NOT_JUDGED = 1, 2


def main(arguments: list[str]) -> int:
    chosen = _parse(arguments)
    started = time.monotonic()
    known = mutants_of(chosen.package)
    seed = random.SystemRandom().randrange(10**6) if chosen.seed is None else chosen.seed
    sample = drawn(known, chosen.mutants, seed)
    print(f"{len(sample):,} of {len(known):,} mutants of {chosen.package}, drawn with --seed {seed}", flush=True)
    progress = Progress(sys.stderr, total=len(sample), what="mutants judged")
    until = started + 60 * chosen.minutes
    judge = Judge(chosen.package, sample, workers=chosen.workers, until=until, advance=progress.advance)
    options = ["-qq", "-s", "--tb=native", "-p", "no:randomly", "-p", "no:cacheprovider"]
    pytest.main([*options, *chosen.tests], plugins=[judge])
    progress.end()
    if judge.outcome.problem:
        print(judge.outcome.problem)
        return NOT_JUDGED
    code = report(judge.outcome, asked=len(sample))
    print(f"{judge.outcome.cpu_seconds:,.0f} s of CPU time in {time.monotonic() - started:,.0f} s", flush=True)
    return code


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="manage.py test --mutants", description=__doc__)
    parser.add_argument("--mutants", type=int, default=1000, metavar="N", help="how many are drawn (default 1000)")
    parser.add_argument("--seed", type=int, help="draws the same ones again; otherwise a new seed is printed")
    parser.add_argument("--minutes", type=float, default=38, help="no mutant is begun after so long (default 38)")
    parser.add_argument("--workers", type=int, default=2, help="mutants judged at a time (default 2)")
    parser.add_argument("--package", type=Path, default=ENGINE, help=f"what is mutated (default {ENGINE})")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="who judges (default: the engine's tests and laws)")
    return parser.parse_args(arguments)


def drawn(known: Sequence[Mutant], count: int, seed: int) -> list[Mutant]:
    return random.Random(seed).sample(known, min(count, len(known)))


def report(outcome: Outcome, *, asked: int) -> int:
    """Prints what survived, a line for each module and the score; 0 if enough was killed of all that was asked."""
    by_module: defaultdict[str, Counter[Verdict]] = defaultdict(Counter)
    for mutant, verdict in outcome.verdicts:
        by_module[str(mutant.path)][verdict] += 1
        by_module["all"][verdict] += 1
    for verdict in (Verdict.SURVIVED, Verdict.NO_TESTS, Verdict.TIMEOUT):
        for mutant in _by_place(outcome, verdict):
            print(f"\n=== {verdict.value}: {mutant.diff()}")
    width = max(map(len, by_module), default=0)
    print(f"\n{'':<{width}}  score " + " ".join(f"{verdict.value:>8}" for verdict in Verdict))
    for module, counts in sorted(by_module.items(), key=lambda each: (each[0] == "all", each[0])):
        print(f"{module:<{width}} {_percent(counts):5.1f}% " + " ".join(f"{counts[verdict]:>8}" for verdict in Verdict))
    total = by_module["all"]
    strict = 100 * total[Verdict.KILLED] / max(total.total(), 1)
    print(
        f"\n{_percent(total):.1f}% killed (at least {WANTED_PERCENT}% wanted); {strict:.1f}% if timeouts count as survivors"
    )
    if total.total() < asked:
        print(
            f"Time was up: only {total.total():,} of {asked:,} were judged. Give more --minutes or a quieter machine."
        )
        return BELOW
    return 0 if _percent(total) >= WANTED_PERCENT else BELOW


def _percent(counts: Counter[Verdict]) -> float:
    """Timeouts apart: nobody knows whether a test would have failed."""
    killed = counts[Verdict.KILLED]
    decided = killed + counts[Verdict.SURVIVED] + counts[Verdict.NO_TESTS]
    return 100 * killed / decided if decided else 0.0


def _by_place(outcome: Outcome, wanted: Verdict) -> list[Mutant]:
    found = [mutant for mutant, verdict in outcome.verdicts if verdict is wanted]
    return sorted(found, key=lambda mutant: (mutant.path, mutant.line))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
