"""The store's platform as a worker meets it: it answers late, twice, wrongly or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from loyalty.engine.errors import Refused, Unauthorized, Unavailable
from loyalty.models import Redemption, Shop
from loyalty.platforms.base import Delivery, Shown
from loyalty.platforms.shopify.orders import read_order, read_person
from loyalty.platforms.shopify.parse import observations_of
from loyalty.platforms.shopify.platform import ShopifyPlatform
from loyalty.services.observations import Found, Observation, OrderSeen, PersonSeen
from tests.simulator.processes import Machine
from tests.simulator.world import Code, World


class Moody(ShopifyPlatform):
    """Reads as the real one reads; asks the `world` instead of the network."""

    def __init__(self, world: World, machine: Machine) -> None:
        self.world = world
        self.machine = machine
        self.is_calm = False

    def parse(self, shop: Shop, delivery: Delivery) -> list[Observation]:
        return observations_of(shop, delivery, lambda _: self.world.is_installed)

    def history(self, shop: Shop) -> Iterator[Found]:
        for record in self.world.people():
            yield PersonSeen(person=read_person(record), at=shop.installed_at)
        yield from self._orders(shop, None)

    def orders_changed(self, shop: Shop, *, since: datetime) -> Iterator[OrderSeen]:
        return self._orders(shop, since)

    def _orders(self, shop: Shop, since: datetime | None) -> Iterator[OrderSeen]:
        self._hears()
        for record in self.machine.call(lambda: list(self.world.snapshots(since))):
            yield read_order(record, shop.currency)

    def issue(self, shop: Shop, redemption: Redemption) -> str:
        """Asked twice it finds its own code; the answer to either may get lost."""
        self._hears()
        number = str(redemption.number)
        if self._chance(0.08) and redemption.code not in self.world.codes:
            raise Refused("This discount cannot be made.")
        made = self.machine.call(lambda: self.world.codes.setdefault(redemption.code, Code(number)))
        assert made.redemption == number
        self._answers()
        return f"gid://shopify/DiscountCodeNode/{number}"

    def revoke(self, shop: Shop, redemption: Redemption) -> None:
        self._hears()
        self.machine.call(lambda: self._end(redemption.code))
        self._answers()

    def show_members(self, shop: Shop, shown: Sequence[Shown]) -> None:
        self._hears()
        self._answers()

    def _end(self, code: str) -> None:
        if code in self.world.codes:
            self.world.codes[code].works = False

    def _chance(self, share: float) -> bool:
        return not self.is_calm and self.world.rng.random() < share

    def _hears(self) -> None:
        if not self.world.is_installed:
            raise Unauthorized("The store must open the app.")
        if self._chance(0.15):
            raise Unavailable("No answer.", retry_after_seconds=self.world.rng.choice([0, 30]))

    def _answers(self) -> None:
        if self._chance(0.15):
            raise Unavailable("The answer got lost.")
