"""Friends who were brought: claimed by a code, confirmed once by the friend's first order that earned."""

from __future__ import annotations

from django.db import models

from loyalty.models.members import Member
from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class Referral(models.Model):
    """Who brought whom. A friend is brought once; what a confirmed one gives are facts of both."""

    class State(models.TextChoices):
        CLAIMED = "claimed", "Waits for an order"
        CONFIRMED = "confirmed", "Confirmed"
        REFUSED = "refused", "Refused"
        HELD = "held", "Waits for a look"

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="referrals")
    referrer = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="friends_brought")
    friend = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="brought_by")
    state = models.CharField(max_length=16, choices=State.choices, default=State.CLAIMED)
    claimed_at = models.DateTimeField(help_text="When the code was typed, or its order placed")
    order_id = models.CharField(max_length=128, blank=True, help_text="The order that confirmed it")
    why = models.CharField(max_length=32, blank=True, help_text="Why it was refused or is held, in a word")
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "friend"], name="one_referral_per_friend")]
        indexes = [
            models.Index(fields=["shop", "referrer", "state"], name="referral_referrer"),
            models.Index(fields=["claimed_at"], name="referral_waiting", condition=models.Q(state="claimed")),
        ]

    def __str__(self) -> str:
        return f"{self.friend_id} brought by {self.referrer_id}"


class HouseholdMark(models.Model):
    """By which two members are seen to share an address and surname, or a phone; never what it is."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="household_marks")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="household_marks")
    kind = models.CharField(max_length=8, help_text="home or phone")
    digest = models.CharField(max_length=64, help_text="Keyed")
    seen_at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "member", "digest"], name="one_mark_per_member")]
        indexes = [models.Index(fields=["seen_at"], name="household_mark_age")]

    def __str__(self) -> str:
        return f"{self.kind} of {self.member_id}"
