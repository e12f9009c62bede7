"""A shop, what lets us speak for it, and the programs it has published."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from loyalty.models.crypto import EncryptedTextField
from loyalty.models.tenancy import ScopedManager


class Shop(models.Model):
    """One store on one platform. `external_id` is what the platform calls it for good: Shopify's permanent domain,
    Ecwid's store id."""

    class Platform(models.TextChoices):
        SHOPIFY = "shopify", "Shopify"
        ECWID = "ecwid", "Ecwid"

    class Status(models.TextChoices):
        ACTIVE = "active", "Active"
        NEEDS_REOPEN = "needs_reopen", "Must open the app once"
        SUSPENDED = "suspended", "The platform lets nobody in for the moment"
        UNINSTALLED = "uninstalled", "Uninstalled"

    platform = models.CharField(max_length=16, choices=Platform.choices)
    external_id = models.CharField(max_length=255)
    number = models.CharField(
        max_length=32, blank=True, help_text="The platform's number of the store, where it has one beside external_id"
    )
    name = models.CharField(max_length=255)
    email = models.EmailField(max_length=320, blank=True)
    currency = models.CharField(max_length=3)
    exponent = models.PositiveSmallIntegerField(help_text="Decimals of the currency: JPY 0, EUR 2, KWD 3")
    time_zone = models.CharField(max_length=64, default="UTC")
    locale = models.CharField(max_length=16, default="en")
    storefront_url = models.URLField(max_length=500, blank=True)
    status = models.CharField(max_length=16, choices=Status.choices, default=Status.ACTIVE)
    installed_at = models.DateTimeField()
    uninstalled_at = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(
        max_length=300, blank=True, help_text="What the platform refuses us and what to do, for the merchant"
    )
    forgotten_at = models.DateTimeField(
        null=True, blank=True, help_text="All it was is gone; what stands in the ledger has no names to it"
    )
    orders_cursor = models.DateTimeField(null=True, blank=True, help_text="The reconciler has seen changes up to here")
    reconcile_due_at = models.DateTimeField(
        null=True, blank=True, help_text="When the reconciler comes again; empty until it has been here once"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform", "external_id"], name="one_shop_per_store")]
        indexes = [models.Index(fields=["reconcile_due_at"], name="shop_reconcile_due")]

    def __str__(self) -> str:
        return self.name


class Credential(models.Model):
    """The tokens a platform gave us for a shop, encrypted at rest. Replaced as a pair, under the row's lock."""

    shop = models.OneToOneField(Shop, on_delete=models.CASCADE, related_name="credential")
    access_token = EncryptedTextField()
    access_expires_at = models.DateTimeField(null=True, blank=True)
    refresh_token = EncryptedTextField(blank=True, default="")
    refresh_expires_at = models.DateTimeField(null=True, blank=True)
    public_token = EncryptedTextField(blank=True, default="")
    client_secret = EncryptedTextField(blank=True, default="", help_text="Of a custom app that belongs to this store")
    scopes = models.TextField(blank=True, default="")
    refreshing_until = models.DateTimeField(
        null=True, blank=True, help_text="One worker is fetching the next pair; the others wait until then"
    )
    updated_at = models.DateTimeField(auto_now=True)

    objects = ScopedManager()

    def __str__(self) -> str:
        return f"Credential of shop {self.shop_id}"


class ProgramVersion(models.Model):
    """A published version never changes; the draft (at most one, numbered as the next version) may. `document` is the
    program as engine/program.py reads it; `revision` counts the draft's changes, so that two people who change it at
    once learn of each other."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="program_versions")
    number = models.PositiveIntegerField()
    document = models.JSONField()
    in_force_from = models.DateTimeField(null=True, blank=True, help_text="Empty while it is a draft")
    published_at = models.DateTimeField(null=True, blank=True)
    revision = models.PositiveIntegerField(default=0)
    edited_at = models.DateTimeField(null=True, blank=True)
    edited_by = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ScopedManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "number"], name="one_program_version_per_number"),
            models.UniqueConstraint(
                fields=["shop"], condition=models.Q(in_force_from=None), name="one_program_draft_per_shop"
            ),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"


class StaffMembership(models.Model):
    """A person who works for a shop, and as what."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        MANAGER = "manager", "Manager"
        SUPPORT = "support", "Support"
        ANALYST = "analyst", "Analyst"

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="staff")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="shop_memberships")
    role = models.CharField(max_length=16, choices=Role.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "user"], name="one_role_per_shop_and_person")]

    def __str__(self) -> str:
        return f"{self.user} as {self.role}"


class OAuthState(models.Model):
    """A nonce we sent out with an install we began; used once, short-lived."""

    nonce = models.CharField(max_length=64, primary_key=True)
    platform = models.CharField(max_length=16)
    store = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.platform} install"
