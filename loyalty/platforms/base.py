"""What the rest of the house asks of a platform. Every method may use the network and must not run in a transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from loyalty.models import Redemption, Shop
from loyalty.services.observations import Found, Observation, OrderSeen, Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A webhook whose signature held. `store` is the platform's name for the shop; the rest is not covered by every
    platform's signature and is checked again where it decides something."""

    store: str
    delivery_id: str
    topic: str
    meta: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One stored delivery on its way to the parser."""

    delivery_id: str
    topic: str
    body: bytes
    meta: Mapping[str, str]
    received_at: datetime


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

    def history(self, shop: Shop) -> Iterator[Found]:
        """Everything the store has, for the import: customers first, then orders."""
        ...

    def issue(self, shop: Shop, redemption: Redemption) -> str:
        """Creates redemption.code on the platform and returns the platform's id of it. Asked twice, the second call
        finds the code taken, looks it up and adopts it if it is ours."""
        ...

    def revoke(self, shop: Shop, redemption: Redemption) -> None:
        """Makes redemption.code unusable. Revoking what is not there succeeds."""
        ...

    def cannot_carry(self, reward_kind: str) -> str:
        """Why a reward of this kind can't be offered here, as a sentence; empty where it can."""
        ...

    def apply_code_url(self, shop: Shop, code: str) -> str:
        """A storefront address that puts the code into the cart; empty where shoppers must copy it."""
        ...

    def browser_origins(self, shop: Shop) -> list[str]:
        """Origins of the shop's storefront, for CORS."""
        ...
