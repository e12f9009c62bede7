"""When the ledger was last compared with the fold, and what came of it."""

from __future__ import annotations

from django.db import models

from loyalty.models.shops import Shop


class VerifyRun(models.Model):
    """One run of `manage.py verify_ledger`. `shop` is empty for a run over all shops; `finished_at` for one that was
    stopped."""

    shop = models.ForeignKey(Shop, null=True, blank=True, on_delete=models.CASCADE, related_name="verify_runs")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    members = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    faults = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["-finished_at"], name="verify_latest")]

    def __str__(self) -> str:
        return f"{self.rows} rows, {self.faults} faults"
