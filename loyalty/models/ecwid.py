"""What one platform's stores need beyond the rest."""

from __future__ import annotations

from django.db import models

from loyalty.models.crypto import EncryptedTextField
from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class EcwidStore(models.Model):
    """What a merchant has chosen for a store on Ecwid, and what we have made there and must know again."""

    shop = models.OneToOneField(Shop, on_delete=models.CASCADE, related_name="on_ecwid")
    paid_statuses = models.JSONField(default=list, help_text="Custom payment statuses that mean that money has come")
    tier_groups = models.BooleanField(default=False, help_text="Tiers are customer groups of the store")
    perks = models.JSONField(default=dict, help_text="Percent off every order, by tier")
    groups = models.JSONField(default=dict, help_text="The number of the group that we made, by tier")
    promotions = models.JSONField(default=dict, help_text="Number and percent of the promotion that we made, by tier")
    cart_discounts = models.BooleanField(default=False, help_text="Points are taken off in the cart, without a code")
    callback_secret = EncryptedTextField(blank=True, default="", help_text="Comes back with every question of a cart")

    objects = ScopedManager()

    def __str__(self) -> str:
        return f"Choices of shop {self.shop_id}"


class CartProof(models.Model):
    """The platform's own word that whoever holds this nonce's secret is signed in as this customer."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="cart_proofs")
    nonce = models.CharField(max_length=64)
    customer_id = models.CharField(max_length=64)
    expires_at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "nonce"], name="one_customer_per_nonce")]

    def __str__(self) -> str:
        return f"Proof {self.pk}"
