"""A member, what is known to have happened to them, and what the ledger says of it."""

from __future__ import annotations

import secrets

from django.db import models

from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager

CODE_ALPHABET = "ABCDEFGHJKMNPQRTUVWXYZ2346789"
"""No 0/O, 1/I/L, 5/S: a code is read aloud and typed."""
REFERRAL_LETTERS = 10


def new_referral_code() -> str:
    """29^10: it names one member among all that there will be, and nobody finds another by trying."""
    return "".join(secrets.choice(CODE_ALPHABET) for _ in range(REFERRAL_LETTERS))


class Member(models.Model):
    """A shopper of one shop. `external_id` is the platform's customer id; a guest has only an e-mail. The balances are
    the last fold's, kept for lists; the ledger and the fold are the truth."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="members")
    external_id = models.CharField(max_length=64, null=True, blank=True)
    email = models.CharField(max_length=320, blank=True, db_index=False)
    name = models.CharField(max_length=255, blank=True)
    locale = models.CharField(max_length=16, blank=True)
    said_at = models.DateTimeField(
        null=True, blank=True, help_text="Of the newest word on name, address and language; older ones change nothing"
    )
    enrolled_at = models.DateTimeField()
    merged_into = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="merged_from")
    as_of = models.DateTimeField(null=True, blank=True, help_text="The instant of the last fold; it never goes back")
    next_due = models.DateTimeField(null=True, blank=True, help_text="When the clock alone changes something")
    available = models.BigIntegerField(default=0)
    pending = models.BigIntegerField(default=0)
    posted = models.BigIntegerField(default=0, help_text="balance_after of the last ledger row")
    tier = models.CharField(max_length=64, blank=True)
    carried_tier = models.CharField(
        max_length=64,
        blank=True,
        help_text="The tier that the platform was last told of, where it has a place for tiers",
    )
    referral_code = models.CharField(max_length=16, default=new_referral_code, editable=False)
    notified_of = models.JSONField(default=list, blank=True, help_text="What they asked to be written to about")
    letter_due_at = models.DateTimeField(
        null=True, blank=True, help_text="When to look whether there is something to write; empty: they did not ask"
    )
    letters_said = models.JSONField(default=list, blank=True, help_text="What the latest letters told, by its id")
    engine = models.PositiveIntegerField(
        default=0, help_text="The engine of the last fold; an older one leaves them alone"
    )
    forgotten_at = models.DateTimeField(
        null=True, blank=True, help_text="Since then nothing that names the person may be written here"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ScopedManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "external_id"], name="one_member_per_customer"),
            models.UniqueConstraint(
                fields=["shop", "email"],
                condition=models.Q(external_id__isnull=True) & ~models.Q(email=""),
                name="one_guest_per_email",
            ),
            models.UniqueConstraint(fields=["shop", "referral_code"], name="one_member_per_referral_code"),
        ]
        indexes = [
            models.Index(fields=["shop", "email"], name="member_email"),
            models.Index(fields=["next_due"], name="member_due", condition=models.Q(next_due__isnull=False)),
            models.Index(
                fields=["letter_due_at"], name="member_letter", condition=models.Q(letter_due_at__isnull=False)
            ),
            models.Index(fields=["shop", "-available"], name="member_available"),
            models.Index(
                fields=["shop", "id"], name="member_tier_to_carry", condition=~models.Q(tier=models.F("carried_tier"))
            ),
        ]

    def __str__(self) -> str:
        return self.name or f"Member {self.pk}"


class StoredFact(models.Model):
    """One fact as engine/facts.py encodes it. An order is one row, replaced by a greater snapshot; everything else is
    written once (a redemption is closed once). `member` is empty for an order that belongs to nobody."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="facts")
    member = models.ForeignKey(Member, null=True, blank=True, on_delete=models.PROTECT, related_name="facts")
    kind = models.CharField(max_length=16)
    external_id = models.CharField(max_length=128)
    about = models.CharField(max_length=128, blank=True, help_text="The order that a refund on its own belongs to")
    number = models.CharField(max_length=128, blank=True, help_text="What people call an order, to find it by")
    at = models.DateTimeField()
    last_at = models.DateTimeField(
        help_text="The last instant at which it changes anything; of an order and the refunds that came alone, together"
    )
    rank = models.CharField(
        max_length=160, blank=True, help_text="Orders two snapshots of the same thing: the greatest is kept"
    )
    body = models.TextField()
    stored_at = models.DateTimeField(auto_now_add=True)

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "kind", "external_id"], name="one_fact_per_source")]
        indexes = [
            models.Index(fields=["shop", "member", "last_at"], name="fact_member_last"),
            models.Index(fields=["shop", "about"], name="fact_about", condition=~models.Q(about="")),
            models.Index(fields=["shop", "number"], name="fact_number", condition=~models.Q(number="")),
            models.Index(fields=["shop", "-at", "-id"], name="fact_orders", condition=models.Q(kind="order")),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"


class LedgerEntry(models.Model):
    """One movement between a member and a program account; append-only, guarded by triggers. Rows of one key are
    summed: revision 0 is the first, later ones are corrections."""

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="ledger")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="ledger")
    kind = models.CharField(max_length=16)
    source = models.CharField(max_length=160)
    part = models.CharField(max_length=160, blank=True)
    revision = models.PositiveIntegerField(default=0)
    points = models.BigIntegerField()
    balance_after = models.BigIntegerField()
    effective_at = models.DateTimeField()
    posted_at = models.DateTimeField()
    order_id = models.CharField(max_length=128, blank=True)
    reason = models.JSONField()

    objects = ScopedManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["shop", "member", "kind", "source", "part", "revision"], name="one_row_per_key_and_revision"
            ),
            models.CheckConstraint(condition=~models.Q(points=0), name="a_movement_moves_points"),
        ]
        indexes = [
            models.Index(fields=["shop", "order_id"], name="ledger_order"),
            models.Index(fields=["shop", "member", "effective_at"], name="ledger_member_date"),
            models.Index(fields=["shop", "effective_at"], include=["kind", "points"], name="ledger_date"),
        ]
        verbose_name_plural = "ledger entries"

    def __str__(self) -> str:
        return f"{self.points:+d} {self.kind} {self.source}"


class Redemption(models.Model):
    """The life of one redemption. The fold sees only its decision (a StoredFact with the same `number`)."""

    class State(models.TextChoices):
        RESERVED = "reserved", "Reserved"
        ISSUING = "issuing", "Being made"
        READY = "ready", "Ready"
        USED = "used", "Used"
        RETURNED = "returned", "Given back"
        EXPIRED = "expired", "Expired"
        FAILED = "failed", "Failed"

    shop = models.ForeignKey(Shop, on_delete=models.PROTECT, related_name="redemptions")
    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="redemptions")
    number = models.UUIDField(unique=True)
    request_key = models.CharField(max_length=128, help_text="The caller's idempotency key")
    request_digest = models.CharField(max_length=64)
    reward = models.CharField(max_length=64)
    reward_data = models.JSONField(help_text="The reward as it was when it was redeemed")
    points = models.PositiveBigIntegerField()
    value_minor = models.BigIntegerField()
    code = models.CharField(max_length=64)
    external_id = models.CharField(max_length=255, blank=True, help_text="What the platform calls the discount")
    state = models.CharField(max_length=16, choices=State.choices, default=State.RESERVED)
    failure = models.CharField(max_length=500, blank=True)
    note = models.CharField(max_length=500, blank=True, help_text="What whoever fulfilled it tells the member")
    accepted_at = models.DateTimeField()
    ready_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    order_id = models.CharField(max_length=128, blank=True)

    objects = ScopedManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["shop", "code"], name="one_redemption_per_code"),
            models.UniqueConstraint(fields=["shop", "member", "request_key"], name="one_redemption_per_request"),
        ]
        indexes = [
            models.Index(fields=["shop", "member", "-accepted_at"], name="redemption_member"),
            models.Index(
                fields=["accepted_at"],
                name="redemption_unsettled",
                condition=models.Q(state__in=["reserved", "issuing"]),
            ),
            models.Index(fields=["expires_at"], name="redemption_ends", condition=models.Q(state="ready")),
        ]

    def __str__(self) -> str:
        return f"{self.reward} for {self.points}"
