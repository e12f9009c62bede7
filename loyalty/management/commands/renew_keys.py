"""Putting the newest encryption key into force everywhere."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from loyalty.management.progress import Progress
from loyalty.services.key_renewal import renew, values_kept


class Command(BaseCommand):
    help = (
        "Encrypts anew, with the first of FIELD_ENCRYPTION_KEYS, everything that an older key encrypted. Put the new "
        "key in front of the old one and restart every process first; take the old one away only when this has ended "
        "well. May be stopped and run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        progress = Progress(sys.stderr, total=values_kept(), what="values")
        renewed = unreadable = 0
        for chunk in renew():
            progress.advance(chunk.seen)
            renewed += chunk.renewed
            unreadable += len(chunk.unreadable)
            for pk in chunk.unreadable:
                self.stdout.write(f"No key opens {chunk.column} of row {pk} in {chunk.table}.")
        progress.end()
        self.stdout.write(f"{renewed:,} values now need only the newest key.")
        if unreadable:
            raise CommandError(
                f"{unreadable:,} values cannot be read. Add the key that wrote them to the end of FIELD_ENCRYPTION_KEYS "
                "and run this again; if it is lost, the shops concerned must open the app once."
            )
