"""What rewards need beside the redemption itself: another business's codes, the secret that signs what we ask a shop's
own server for, and how far a paying out has come."""

from __future__ import annotations

from django.db import models

from loyalty.models.crypto import EncryptedTextField
from loyalty.models.members import Redemption
from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class PartnerCode(models.Model):
    """One code of another business. Whoever got it has it for good, so it never returns to the stock."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="partner_codes")
    reward = models.CharField(max_length=64)
    code = EncryptedTextField()
    digest = models.CharField(max_length=64, help_text="Keyed; by it a code that is here already is known")
    usable_until = models.DateTimeField(null=True, blank=True, help_text="Past it the other business takes it no more")
    redemption = models.OneToOneField(
        Redemption, null=True, blank=True, on_delete=models.CASCADE, related_name="partner_code"
    )
    uploaded_at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "digest"], name="one_row_per_partner_code")]
        indexes = [
            models.Index(fields=["shop", "reward", "id"], name="partner_stock", condition=models.Q(redemption=None))
        ]

    def __str__(self) -> str:
        return f"Partner code {self.pk}"


class FulfilmentSecret(models.Model):
    """Signs what we ask of the shop's own server. Shown once, when it is made."""

    shop = models.OneToOneField(Shop, on_delete=models.CASCADE, related_name="fulfilment_secret")
    secret = EncryptedTextField()
    made_at = models.DateTimeField()

    objects = ScopedManager()

    def __str__(self) -> str:
        return f"Fulfilment secret of shop {self.shop_id}"


class Payout(models.Model):
    """One paying out of one reward: members up to `reached` have been looked at, each once."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="payouts")
    reward = models.CharField(max_length=64)
    period = models.CharField(max_length=7, help_text="2026-11, of the shop's calendar")
    reached = models.BigIntegerField(default=0, help_text="The last member who was looked at")
    paid = models.PositiveIntegerField(default=0, help_text="How many members got something")
    begun_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True, blank=True, help_text="Later than now where it has to wait")
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "reward", "period"], name="one_payout_per_period")]

    def __str__(self) -> str:
        return f"{self.reward} {self.period}"
