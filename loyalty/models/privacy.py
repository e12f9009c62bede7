"""What people asked about their own data, and whom we must not come to know again."""

from __future__ import annotations

from django.db import models

from loyalty.models.crypto import EncryptedTextField
from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class PrivacyRequest(models.Model):
    """One request that the platform passed on for one person. It names them by the platform's number alone."""

    class Kind(models.TextChoices):
        EXPORT = "export", "Copy of the data"
        REDACT = "redact", "To be forgotten"

    class State(models.TextChoices):
        WAITING = "waiting", "Being prepared"
        DONE = "done", "Done"

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="privacy_requests")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    request_id = models.CharField(max_length=128, help_text="The platform's own, or the delivery that brought it")
    customer_id = models.CharField(max_length=64, blank=True, help_text="Empty for a guest")
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)
    asked_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    document = EncryptedTextField(
        blank=True, default="", help_text="The copy, until it is too old or the person is forgotten"
    )

    objects = ScopedManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "kind", "request_id"], name="one_row_per_privacy_request")
        ]
        indexes = [models.Index(fields=["shop", "-asked_at"], name="privacy_request_latest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.request_id}"


class Forgotten(models.Model):
    """A customer, order or address whose person was forgotten at `at`, so that a late message brings nobody back. `key`
    is "id:" with the platform's number, "order:" with an order's, or "email:" with a keyed hash of the address."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="forgotten")
    key = models.CharField(max_length=140)
    at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "key"], name="forgotten_once")]
        verbose_name_plural = "forgotten"

    def __str__(self) -> str:
        return self.key
