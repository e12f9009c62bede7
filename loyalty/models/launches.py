"""A shop on its way to its first program: what the merchant wants of it, and what was answered outside the draft."""

from __future__ import annotations

from django.db import models

from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class Launch(models.Model):
    """`goal` is the figure that Home follows from `launched_at` on. The answers about earning, rewards and policies are
    the draft of the program; `step` is the question that the merchant has reached."""

    class Goal(models.TextChoices):
        SECOND_ORDERS = "second_orders", "More second orders"
        LARGER_ORDERS = "larger_orders", "Larger orders"
        KEPT_CUSTOMERS = "kept_customers", "Fewer lost customers"
        NEW_CUSTOMERS = "new_customers", "New customers"

    shop = models.OneToOneField(Shop, on_delete=models.CASCADE, related_name="launch")
    goal = models.CharField(max_length=16, choices=Goal.choices)
    preset = models.CharField(max_length=32)
    step = models.CharField(max_length=16)
    margin_percent = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="What is left of 100 of sales after the goods, as the merchant says"
    )
    launched_at = models.DateTimeField(null=True, blank=True, help_text="When the first program came into force")

    objects = ScopedManager()

    class Meta:
        verbose_name_plural = "launches"

    def __str__(self) -> str:
        return f"{self.goal} of shop {self.shop_id}"
