"""A cache of the fold, which may be emptied at any time."""

from __future__ import annotations

from django.db import models

from loyalty.models.members import Member
from loyalty.models.shops import Shop
from loyalty.models.tenancy import ScopedManager


class Checkpoint(models.Model):
    """A member's state at `mark`, so that posting reads only the facts dated after it. Written under the member's
    lock; whoever changes what happened at or before the mark deletes it."""

    member = models.OneToOneField(Member, primary_key=True, on_delete=models.CASCADE, related_name="checkpoint")
    shop = models.ForeignKey(Shop, on_delete=models.CASCADE, related_name="checkpoints")
    mark = models.DateTimeField()
    engine = models.PositiveIntegerField(help_text="Another engine does not read it")
    versions = models.PositiveIntegerField(
        help_text="Program versions in force by the mark; with others it is worthless"
    )
    state = models.BinaryField()
    recent = models.BinaryField(default=b"", help_text="The latest lines up to the mark, to be shown")

    objects = ScopedManager()

    def __str__(self) -> str:
        return f"Member {self.member_id} at {self.mark}"
