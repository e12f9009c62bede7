"""Referrals: who brought a friend, and the friend. Confirmed by services; the fact says which side the member is."""

from __future__ import annotations

from loyalty.engine.errors import Invalid
from loyalty.engine.rule import MAX_GIFTS, RuleShape


class ReferralRule(RuleShape, frozen=True, kw_only=True, tag="referral"):
    """Points and gifts for who brought a friend, and for the friend. A cap of `times` in a month is how many friends
    bring something in it."""

    referrer_points: int = 0
    friend_points: int = 0
    referrer_rewards: tuple[str, ...] = ()
    friend_rewards: tuple[str, ...] = ()

    def check(self, place: str) -> None:
        super().check(place)
        if not 0 <= self.referrer_points <= 10**9 or not 0 <= self.friend_points <= 10**9:
            raise Invalid("Give between 0 and 1,000,000,000 points.", place=place)
        if max(len(self.referrer_rewards), len(self.friend_rewards)) > MAX_GIFTS:
            raise Invalid("Give at most {most} gifts at once.", place=place, params={"most": MAX_GIFTS})
        if not (self.referrer_points or self.friend_points or self.referrer_rewards or self.friend_rewards):
            raise Invalid("Give something to at least one side.", place=place)

    def for_role(self, role: str) -> tuple[int, tuple[str, ...]]:
        """Points and gifts; nothing for a role that is neither referrer nor friend."""
        if role == "referrer":
            return self.referrer_points, self.referrer_rewards
        return (self.friend_points, self.friend_rewards) if role == "friend" else (0, ())
