"""Which hosts do not answer for which shop."""

from __future__ import annotations

from django.db import models

from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class Circuit(models.Model):
    """Calls for one shop to one host that failed one after the other; no row where the last one went through. From
    `open_until` on one caller may try."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="circuits")
    host = models.CharField(max_length=255)
    failures = models.PositiveIntegerField(default=0)
    failed_at = models.DateTimeField()
    open_until = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "host"], name="one_circuit_per_host")]

    def __str__(self) -> str:
        return f"{self.host}: {self.failures} failures"
