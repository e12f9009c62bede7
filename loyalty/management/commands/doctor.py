"""One page that says what is wrong and what to do."""

from __future__ import annotations

import textwrap
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loyalty.management.checkup import Finding, examine

MARKS = {"ok": "ok   ", "note": "note ", "wrong": "WRONG"}
WIDTH = 100
INDENT = " " * 19


class Command(BaseCommand):
    help = (
        "Looks at the settings, the database, the broker, the queues, shops that must open the app again, the clocks, "
        "the last verify_ledger and whether APP_URL answers, and says what to do. Changes nothing. Exits with 1 where "
        "something is wrong."
    )
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        wrong = 0
        for finding in examine(lambda: datetime.now(UTC)):
            self._show(finding)
            wrong += finding.level == "wrong"
        if wrong:
            raise CommandError(f"{wrong} thing{'s are' if wrong > 1 else ' is'} wrong. See docs/runbook.md.")
        self.stdout.write("Nothing is wrong.")

    def _show(self, finding: Finding) -> None:
        style = {"ok": self.style.SUCCESS, "note": self.style.WARNING, "wrong": self.style.ERROR}[finding.level]
        head = f"{style(MARKS[finding.level])}  {finding.subject:<10}  "
        self.stdout.write(head + _wrapped(finding.says))
        if finding.todo:
            self.stdout.write(f"{INDENT}-> {_wrapped(finding.todo)}")
        if finding.level == "wrong":
            self.stdout.write(f"{INDENT}   docs/runbook.md: {finding.entry}")


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH - len(INDENT), subsequent_indent=INDENT)
