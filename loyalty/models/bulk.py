"""What a platform gathers for us at our request, and how far we have read it."""

from __future__ import annotations

from django.db import models

from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class BulkRead(models.Model):
    """One part of a store's history: asked for as a whole, gathered by the platform in its own time, read from a file.
    Gone when all is read; a reader that dies leaves where to go on."""

    class State(models.TextChoices):
        GATHERING = "gathering", "Being gathered"
        READING = "reading", "Being read"
        PAGED = "paged", "Read page by page instead"

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="bulk_reads")
    part = models.CharField(max_length=16, help_text="customers or orders")
    operation = models.CharField(max_length=255, blank=True, help_text="What the platform calls its gathering")
    state = models.CharField(max_length=12, choices=State.choices, default=State.GATHERING)
    total = models.PositiveIntegerField(default=0, help_text="How many there are, as far as the platform has counted")
    seen = models.PositiveIntegerField(default=0)
    stored = models.PositiveIntegerField(default=0, help_text="From here the next reader goes on")
    begun_at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "part"], name="one_bulk_read_per_part")]

    def __str__(self) -> str:
        return f"{self.part}: {self.seen} of {self.total}"
