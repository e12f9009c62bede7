"""What a store pays for the app, where whoever runs it asks for money through the platform."""

from __future__ import annotations

from django.db import models

from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class Subscription(models.Model):
    """The last word that the platform had on it. Nothing in the product asks for this row."""

    shop = models.OneToOneField(Shop, on_delete=models.CASCADE, related_name="subscription")
    plan = models.CharField(max_length=64, blank=True)
    external_id = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=16, blank=True, help_text="Empty while there is none")
    checked_at = models.DateTimeField()

    objects = ScopedManager()

    def __str__(self) -> str:
        return f"{self.plan} {self.status}"
