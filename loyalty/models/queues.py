"""What came in and what must go out. The tables are the truth; Celery or a loop only wakes the workers."""

from __future__ import annotations

from django.db import models

from loyalty.models.crypto import EncryptedTextField
from loyalty.models.members import Member
from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class QueueState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    DONE = "done", "Done"
    DEAD = "dead", "Needs a look"


class InboxDelivery(models.Model):
    """One signed delivery as it came, raw bytes and all. Unique by the platform's own delivery id."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="deliveries")
    delivery_id = models.CharField(max_length=128)
    topic = models.CharField(max_length=64)
    body = models.BinaryField()
    meta = models.JSONField(default=dict, help_text="The headers that matter")
    state = models.CharField(max_length=8, choices=QueueState.choices, default=QueueState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    deaths = models.PositiveSmallIntegerField(
        default=0, help_text="Attempts on it alone whose worker was not heard of again"
    )
    due_at = models.DateTimeField()
    received_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=500, blank=True, help_text="What became of it, for the merchant")

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "delivery_id", "topic"], name="one_row_per_delivery")]
        indexes = [
            models.Index(fields=["due_at", "id"], name="inbox_waiting", condition=models.Q(state="waiting")),
            models.Index(fields=["shop", "state", "-received_at"], name="inbox_shop_state"),
            models.Index(fields=["done_at"], name="inbox_done", condition=models.Q(state="done")),
        ]
        verbose_name_plural = "inbox deliveries"

    def __str__(self) -> str:
        return f"{self.topic} {self.delivery_id}"


class OutboxMessage(models.Model):
    """One thing that needs the network, left by the transaction that decided it."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="outbox")
    kind = models.CharField(max_length=32)
    subject = models.CharField(max_length=160, help_text="What it is about; one waiting message per kind and subject")
    payload = models.JSONField(default=dict)
    secret = EncryptedTextField(blank=True, default="", help_text="What the payload must not say in the clear: a mail")
    state = models.CharField(max_length=8, choices=QueueState.choices, default=QueueState.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    deaths = models.PositiveSmallIntegerField(
        default=0, help_text="Attempts on it alone whose worker was not heard of again"
    )
    due_at = models.DateTimeField()
    created_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=500, blank=True)

    objects = ScopedManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "kind", "subject"], condition=models.Q(state="waiting"), name="one_waiting_message"
            )
        ]
        indexes = [
            models.Index(fields=["due_at", "id"], name="outbox_waiting", condition=models.Q(state="waiting")),
            models.Index(fields=["done_at"], name="outbox_done", condition=models.Q(state="done")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject}"


class RateCounter(models.Model):
    """An exact counter per key and window; one conditional update counts and refuses."""

    key = models.CharField(max_length=200)
    window_start = models.DateTimeField()
    hits = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["key", "window_start"], name="one_counter_per_window")]

    def __str__(self) -> str:
        return self.key


class EmailCode(models.Model):
    """A six-digit code that proves an address. Only its keyed hash is kept."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="email_codes")
    email = models.CharField(max_length=320)
    code_hash = models.CharField(max_length=64)
    tries = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        indexes = [models.Index(fields=["shop", "email", "-created_at"], name="email_code_latest")]

    def __str__(self) -> str:
        return f"Code {self.pk}"


class ShopperDevice(models.Model):
    """A device on which a shopper proved who they are; renews short tokens by a rotating second token."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="devices")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="devices")
    token_hash = models.CharField(max_length=64, unique=True)
    previous_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    def __str__(self) -> str:
        return f"Device {self.pk}"
