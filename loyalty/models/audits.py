"""When the ledger was last compared with the fold, and what came of it."""

from __future__ import annotations

from django.db import models

from loyalty.models.members import Member
from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class VerifyRun(models.Model):
    """One run over the ledger. `shop` is empty for a run over all shops; `finished_at` for one that was stopped;
    `night` for one that somebody asked for."""

    shop = models.ForeignKey(Shop, null=True, blank=True, on_delete=models.CASCADE, related_name="verify_runs")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    night = models.DateField(null=True, blank=True, unique=True, help_text="The night whose run this is")
    members = models.PositiveBigIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    faults = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["-finished_at"], name="verify_latest")]

    def __str__(self) -> str:
        return f"{self.rows} rows, {self.faults} faults"


class VerifyFault(models.Model):
    """What a run found, in words, for staff: of the first faults each."""

    run = models.ForeignKey(VerifyRun, on_delete=models.CASCADE, related_name="found")
    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="verify_faults")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="verify_faults")
    says = models.CharField(max_length=500)

    objects = ScopedManager()

    def __str__(self) -> str:
        return self.says
