"""What a comparison with the platform found that its webhooks had not told."""

from __future__ import annotations

from django.db import models

from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class Reconciliation(models.Model):
    """One comparison that somebody asked for, or one of the schedule's that healed something. With `number` it is about
    one order, `order_id` then says which; without, about every order changed since `since`, which moves on as it is
    worked. `failure` says why there is no answer yet, or, once it is finished, why there will be none."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="reconciliations")
    number = models.CharField(max_length=64, blank=True, help_text="The order's number as it was asked for")
    order_id = models.CharField(max_length=128, blank=True, help_text="The order that has this number")
    asked_by = models.CharField(max_length=64, blank=True, help_text="Empty for the schedule")
    begun_at = models.DateTimeField()
    since = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    looked_at = models.PositiveBigIntegerField(default=0, help_text="Orders that the platform named")
    failure = models.CharField(max_length=500, blank=True)

    objects = ScopedManager()

    class Meta:
        indexes = [models.Index(fields=["shop", "-id"], name="reconciliation_latest")]

    def __str__(self) -> str:
        return self.number or f"Reconciliation {self.pk}"


class HealedOrder(models.Model):
    """An order that we did not know, or not as it is. `points` is what the ledger gained or lost for it then."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="healed_orders")
    reconciliation = models.ForeignKey(Reconciliation, on_delete=models.CASCADE, related_name="healed")
    order_id = models.CharField(max_length=128)
    number = models.CharField(max_length=64, blank=True)
    was_missing = models.BooleanField()
    points = models.BigIntegerField()
    healed_at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        indexes = [models.Index(fields=["shop", "-healed_at"], name="healed_latest")]

    def __str__(self) -> str:
        return self.number or self.order_id
