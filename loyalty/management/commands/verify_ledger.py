"""The audit, for every night: fold again, compare, name what differs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty.ledger.verify import Fault
from loyalty.management.progress import Progress
from loyalty.models import Member, Shop
from loyalty.services.auditing import begin_run, verify

SHOWN = 200
"""Faults written out; more of them have one cause, and the count says so."""


class Command(BaseCommand):
    help = (
        "Folds every member from the start and compares the result with the ledger, key by key: amounts, missing, "
        "doubled and unexplained rows, reasons, running balances, reservations that nothing settles. Changes nothing. "
        "Exits with 1 and names the rows at fault if there are any. The shops may go on working meanwhile."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shop", type=int, metavar="ID", help="only this shop (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        only = Shop.objects.filter(pk=options["shop"]).first() if options["shop"] else None
        if options["shop"] and only is None:
            raise CommandError(f"There is no shop {options['shop']}. The staff admin lists them with their numbers.")
        faults, members, rows = self._run(only)
        if faults:
            raise CommandError(f"{faults:,} faults among {rows:,} rows of {members:,} members. See docs/runbook.md.")
        self.stdout.write(f"{rows:,} rows of {members:,} members say what the fold says.")

    def _run(self, only: Shop | None) -> tuple[int, int, int]:
        shops = [only] if only else list(Shop.objects.order_by("pk"))
        total = (Member.objects.filter(shop=only) if only else Member.objects.across_shops()).count()
        progress = Progress(sys.stderr, total=total, what="members")
        run = begin_run(shop=only, at=datetime.now(UTC))
        already = 0
        for part in verify(run=run, shops=shops, clock=lambda: datetime.now(UTC)):
            progress.advance(part.members)
            self._show(part.faults, already=already)
            already = run.faults
        progress.end()
        return run.faults, run.members, run.rows

    def _show(self, faults: Sequence[Fault], *, already: int) -> None:
        for fault in faults[: max(0, SHOWN - already)]:
            self.stdout.write(str(fault))
        if already < SHOWN < already + len(faults):
            self.stdout.write(f"More than {SHOWN}; the rest is counted only.")
