"""A store for the state machine of redemptions, and the shop's own server: what really works there, and how they answer
when they are asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from loyalty.engine.errors import Refused, Unauthorized, Unavailable
from loyalty.engine.facts import Order
from loyalty.engine.program import Reward
from loyalty.models import Redemption, Shop
from loyalty.platforms.base import NotYet
from loyalty.platforms.circuit import Resting
from loyalty.platforms.permits import Permits
from tests.factories import make_order, refund_of
from tests.simulator.processes import Killed, Machine

BEFORE = ("away", "resting", "refuses", "locked", "taken")
"""Moods in which nothing is done."""
AFTER = ("lost", "rubbish", "deadly", "deadly")
"""Moods in which it is done, and we are not told; in the last whoever asked is killed before the answer."""
MOODS = ("calm", *BEFORE, *AFTER)
OFF_MINOR = 200


@dataclass
class Code:
    """A discount, a gift card, a booking of store credit, or what the server did; `owner` is the redemption it was made
    for, empty for somebody else's."""

    owner: str
    ends_at: datetime | None
    kind: str = "amount_off"
    is_on: bool = True
    used_by: str = ""

    def works(self, now: datetime) -> bool:
        return self.is_on and not self.used_by and (self.ends_at is None or now < self.ends_at)


@dataclass
class Sale:
    """An order of two lines, as it really is."""

    number: str
    at: datetime
    price_minor: int
    code: str
    changed_at: datetime
    back: list[tuple[datetime, int]] = field(default_factory=list)
    """Refunds of the first line: when, and how much."""
    cancelled_at: datetime | None = None

    def order(self) -> Order:
        prices, off = (self.price_minor, 1000), OFF_MINOR if self.code else 0
        more = {"codes": (self.code.lower(),) if self.code else (), "discount": off}
        plain = make_order(self.number, at=self.at, prices=prices, **more)  # type: ignore[arg-type]
        refunds = tuple(
            refund_of(plain, 0, minor, at=at, refund_id=f"{self.number}-{index}")
            for index, (at, minor) in enumerate(self.back)
        )
        return make_order(
            self.number,
            at=self.at,
            prices=prices,
            refunds=refunds,
            updated_at=self.changed_at,
            cancelled_at=self.cancelled_at,
            **more,  # type: ignore[arg-type]
        )


class Store:
    """Asked for the same code twice it finds its own. `moods` are those of the next calls, calm after them."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.moods: list[str] = []
        self.codes: dict[str, Code] = {}

    def cannot_carry(self, permits: Permits, reward: Reward) -> str:
        return ""

    def issue(self, shop: Shop, redemption: Redemption) -> str:
        mood, kind = self._mood(), redemption.reward_data["kind"]
        self._before("away" if (mood, kind) == ("taken", "store_credit") else mood, redemption)
        number = str(redemption.number)
        made = self.machine.call(
            lambda: self.codes.setdefault(redemption.code, Code(number, redemption.expires_at, kind)),
        )
        if made.owner != number:
            raise Refused("The code belongs to another coupon of the store.", code="code_taken")
        self._after(mood)
        return f"discount-{number}"

    def revoke(self, shop: Shop, redemption: Redemption) -> None:
        mood = self._mood()
        self._before(mood if mood != "taken" else "away", redemption)
        self.machine.call(lambda: self._end(redemption))
        self._after(mood)

    def ask(self, shop: Shop, redemption: Redemption, *, at: datetime) -> str:
        """The shop's own server; what it did once it does not do again."""
        mood = self._mood()
        if mood == "taken":
            raise NotYet("The shop's server is at it.", retry_after_seconds=30)
        self._before(mood, redemption)
        done = Code(str(redemption.number), None, "custom")
        self.machine.call(lambda: self.codes.setdefault(redemption.code, done))
        self._after(mood)
        return "Done."

    def withdraw(self, shop: Shop, redemption: Redemption, *, at: datetime) -> None:
        self.revoke(shop, redemption)

    def _mood(self) -> str:
        return self.moods.pop(0) if self.moods else "calm"

    def _before(self, mood: str, redemption: Redemption) -> None:
        if mood == "away":
            raise Unavailable("No answer.")
        if mood == "resting":
            raise Resting("It did not answer several times.", retry_after_seconds=30)
        if mood == "refuses":
            raise Refused("The store does not want this.")
        if mood == "locked":
            raise Unauthorized("The store must open the app.")
        if mood == "taken":
            self.codes.setdefault(redemption.code, Code("", None))

    def _after(self, mood: str) -> None:
        if mood == "lost":
            raise Unavailable("The answer got lost.", retry_after_seconds=5)
        if mood == "rubbish":
            raise ValueError("No answer that anybody could read.")
        if mood == "deadly":
            raise Killed

    def _end(self, redemption: Redemption) -> None:
        code = self.codes.get(redemption.code)
        if code is not None and code.owner == str(redemption.number):
            code.is_on = False
