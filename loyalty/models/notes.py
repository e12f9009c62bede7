"""What staff write down about a member for each other."""

from __future__ import annotations

from django.db import models

from loyalty.models.members import Member
from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class StaffNote(models.Model):
    """No fact: it moves nothing, and goes when it is deleted or the person is forgotten."""

    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="staff_notes")
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="staff_notes")
    key = models.CharField(max_length=64, help_text="The form's own, so that a second press adds nothing")
    text = models.CharField(max_length=1000)
    actor = models.CharField(max_length=100)
    at = models.DateTimeField()

    objects = ScopedManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["shop", "key"], name="one_note_per_form")]

    def __str__(self) -> str:
        return f"Note {self.pk}"
