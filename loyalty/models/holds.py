"""Orders whose points wait for their day, so that a list can tell them from those that earned nothing."""

from __future__ import annotations

from django.db import models

from loyalty.models.members import StoredFact
from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class HeldAward(models.Model):
    """The last fold said that this order's points are on hold until `until`. The fold is the truth; posting keeps these
    rows beside it, and a row that is over says nothing any more."""

    fact = models.OneToOneField(StoredFact, primary_key=True, on_delete=models.CASCADE, related_name="held_award")
    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="held_awards")
    until = models.DateTimeField()

    objects = ScopedManager()

    def __str__(self) -> str:
        return f"Order {self.fact_id} until {self.until}"
