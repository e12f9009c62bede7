"""What the rest of the house asks of a platform. Every method may use the network and must not run in a transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from loyalty.engine.errors import Unavailable
from loyalty.engine.program import Reward
from loyalty.models import Redemption, Shop
from loyalty.platforms.permits import Permits
from loyalty.services.observations import Found, Observation, OrderSeen, Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A webhook whose signature held. `store` is the platform's name for the shop; it and the rest are not covered by
    every platform's signature and are checked again where they decide something. `told_store` and `told_number` are
    what the signed bytes themselves say of the store, empty where they do not."""

    store: str
    delivery_id: str
    topic: str
    meta: dict[str, str]
    told_store: str = ""
    told_number: str = ""

    def is_of(self, number: str) -> bool:
        """Whether the bytes were signed for the shop with this number. Numbers are for good; a name is asked only where
        one of the two is not known."""
        if self.told_number and number:
            return self.told_number == number
        return not self.told_store or self.told_store == self.store


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One stored delivery on its way to the parser."""

    delivery_id: str
    topic: str
    body: bytes
    meta: Mapping[str, str]
    received_at: datetime


Catalogue = Literal["products", "collections"]
CATALOGUES: tuple[Catalogue, ...] = ("products", "collections")


class Goods(NamedTuple):
    """A product, or a collection (a category), by the id that a program names it by."""

    id: str
    title: str


class NotYet(Unavailable):
    """The platform is at it and nothing failed: ask again after `retry_after_seconds`, as often as it takes."""

    code = "not_yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a shop's own pages may show of a member; `tier` is its id in the program, empty for none."""

    customer_id: str
    available: int
    tier: str
    tier_name: str


class Platform(Protocol):
    """One e-commerce platform. Errors: `Unavailable` (try again later), `Refused` (the platform said no for good),
    `Unauthorized` (the shop must open the app once), `Invalid` (the data cannot be used; the message says why)."""

    name: str

    def read_webhook(self, *, headers: Mapping[str, str], query: Mapping[str, str], body: bytes) -> Signed:
        """Checks the signature over the raw bytes in constant time. No network; one query at most, and only where the
        app's own secret does not fit and a store's may. Header names come in lower case. Raises Unauthorized for
        anything that was not signed by the platform with our secret."""
        ...

    def parse(self, shop: Shop, delivery: Delivery) -> list[Observation]:
        """Raises Invalid for what was signed but cannot be used, with a sentence for the merchant."""
        ...

    def orders_changed(self, shop: Shop, *, since: datetime) -> Iterator[OrderSeen | Unreadable]:
        """Orders whose updated_at is at or after `since`, oldest change first, for the reconciler."""
        ...

    def order_numbered(self, shop: Shop, number: str) -> OrderSeen | Unreadable | None:
        """The order that people call `number` ("#1042", "K8XTQ"), with or without its sign; None where the store has
        none. `number` holds no control characters, quotes or backslashes."""
        ...

    def history(self, shop: Shop) -> Iterator[Found]:
        """Everything the store has, for the import: customers first, then orders. Raises NotYet where the platform is
        still gathering; asked again after that or after a crash, it may leave out what was handed out before."""
        ...

    def issue(self, shop: Shop, redemption: Redemption) -> str:
        """Makes what the redemption promised - a code, a gift card with redemption.code, store credit - and returns the
        platform's id of it. Asked twice, the second call finds what the first one made and adopts it if it is ours.
        Raises Refused for what `cannot_carry` names, so that the points return."""
        ...

    def revoke(self, shop: Shop, redemption: Redemption) -> None:
        """Makes unusable what `issue` made, or takes it back. Revoking what is not there succeeds."""
        ...

    def cannot_carry(self, permits: Permits, reward: Reward) -> str:
        """Why this reward can't be offered in the shop of `permits`, as a sentence for the merchant that says what to
        do; empty where it can. Such a reward is shown to no shopper. Asked of every reward at every look at the panel:
        no network, and no query but those of `permits`."""
        ...

    def show_members(self, shop: Shop, shown: Sequence[Shown]) -> None:
        """Keeps balance and tier beside each customer, at most `outbox.SHOWN_AT_ONCE` of them. Writes what differs
        only, so that it may be asked again; a customer who is gone is passed over."""
        ...

    def apply_code_url(self, shop: Shop, redemption: Redemption) -> str:
        """A storefront address that puts the code into the cart; empty where shoppers must copy it, and where there is
        nothing to put (a gift card is a payment, store credit is there by itself)."""
        ...

    def goods_named(self, shop: Shop, part: Catalogue, typed: str) -> Sequence[Goods] | None:
        """A few whose titles have words that begin with those typed; None where the app may not ask the catalogue."""
        ...

    def keep_access(self, shop: Shop) -> None:
        """Renews what dies when it is not used, though nothing runs out yet; asked once a week."""
        ...

    def carry_tiers(self, *, now: datetime) -> int:
        """Tells every store of this platform, where its merchant wants that, in which tiers its members are; gives how
        many it was told of. Comes again and again; what fails is told later."""
        ...

    def browser_origins(self, shop: Shop) -> list[str]:
        """Origins of the shop's storefront, for CORS."""
        ...
