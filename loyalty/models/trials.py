"""Drafts tried on a shop's own history."""

from __future__ import annotations

from django.db import models

from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class Trial(models.Model):
    """One what-if: `document` under the shop's history until `as_of`, worked member by member from `next_member` on.
    `result` are the sums so far, as engine/simulate.py writes them."""

    class State(models.TextChoices):
        WAITING = "waiting", "Next in line"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="trials")
    number = models.PositiveIntegerField(help_text="Of the draft")
    revision = models.PositiveIntegerField(help_text="Of the draft when it was tried")
    live_number = models.PositiveIntegerField(help_text="The version it is compared with")
    document = models.JSONField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    asked_by = models.CharField(max_length=64, blank=True)
    as_of = models.DateTimeField()
    members = models.PositiveIntegerField(help_text="To be folded, when it began")
    done = models.PositiveIntegerField(default=0)
    next_member = models.PositiveBigIntegerField(default=0)
    result = models.JSONField(default=dict)
    split = models.JSONField(default=dict, help_text="The sums of each change, as engine/split.py writes them")
    failure = models.CharField(max_length=500, blank=True)
    worked_ms = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        indexes = [models.Index(fields=["shop", "-id"], name="trial_latest")]

    def __str__(self) -> str:
        return f"Trial of draft {self.number}"
