"""The worker without Celery."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand

from loyalty.worker import schedule


class Command(BaseCommand):
    help = (
        "Works off what came in and what must go out, until it is stopped: webhooks become points, codes are made, "
        "mails leave, points expire. Run as many as you like; on SIGTERM each ends its batch and stops."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        self.stdout.write("Working. Ctrl-C stops.")
        schedule.run(stop)
