"""Referrals: who brought a friend, and the friend. Confirmed by services; the fact says which side the member is."""

from __future__ import annotations

from loyalty.engine.errors import Invalid
from loyalty.engine.rule import RuleShape


class ReferralRule(RuleShape, frozen=True, kw_only=True, tag="referral"):
    """`referrer_points` for who brought a friend, `friend_points` for the friend."""

    referrer_points: int = 0
    friend_points: int = 0

    def check(self, place: str) -> None:
        super().check(place)
        if not 0 <= self.referrer_points <= 10**9 or not 0 <= self.friend_points <= 10**9:
            raise Invalid("Give between 0 and 1,000,000,000 points.", place=place)
        if not (self.referrer_points or self.friend_points):
            raise Invalid("Give points to at least one side.", place=place)

    def points_for(self, role: str) -> int:
        """Zero for a role that is neither referrer nor friend."""
        return {"referrer": self.referrer_points, "friend": self.friend_points}.get(role, 0)
