"""What a platform's parser hands to the services: facts, and whose they are. No platform's words past this point."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from loyalty.engine.facts import Order, Refund


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A shopper as the platform names them. Without `external_id` it is a guest, known by e-mail only; an empty e-mail
    is no e-mail. E-mails are compared in lower case. `email_is_typed` says that the address is what somebody typed for
    an order, and not the account's own. `marks` are what an order says of their household (platforms/same_person.py);
    they are stored as digests only."""

    external_id: str = ""
    email: str = ""
    email_is_typed: bool = False
    name: str = ""
    locale: str = ""
    marks: tuple[str, ...] = field(default=(), repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderSeen:
    """One snapshot of an order. `person` is None where nobody can be told (a walk-in). `rank` orders snapshots of one
    order as text - the greatest is kept (see rank_of). `referral` is what the order carries as a friend's code; anybody
    may have written it."""

    order: Order
    person: Person | None
    rank: str
    referral: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundSeen:
    """A refund that came alone; it counts until a snapshot at least as new speaks for it."""

    order_id: str
    refund: Refund


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonSeen:
    """A customer was created or changed. `signed_up_at` is set where the platform says that an account was made,
    `subscribed_at` where it says that they want the shop's own letters: since when, or when that was first seen."""

    person: Person
    at: datetime
    signed_up_at: datetime | None = None
    subscribed_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """An order or customer that a history names and we cannot use; kept for the merchant, with why in a sentence."""

    what: str
    external_id: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopUninstalled:
    """The platform says that the shop removed the app at `at`."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryGathered:
    """The platform has put together what an import asked it for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Whom a request about personal data means, in the platform's words; each part may be missing. An account is meant
    by its id; an e-mail means the guests under it too, and without an id every account that has it."""

    customer_id: str = ""
    email: str = field(default="", repr=False)
    phone: str = field(default="", repr=False)
    order_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataAsked:
    """A person wants to know what we hold on them; the merchant hands it over. `request_id` is the platform's own, or
    the delivery that brought it."""

    subject: Subject
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonForgotten:
    """A person is to be forgotten, wherever we keep anything."""

    subject: Subject
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopForgotten:
    """The store left for good; everything of it goes, not before `not_before`."""

    not_before: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleMerged:
    """Two customers became one: `gone_id` is `kept_id` from now on."""

    kept_id: str
    gone_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NothingToDo:
    """Understood, and of no consequence here; `why` is shown beside the delivery."""

    why: str


Found = OrderSeen | PersonSeen | Unreadable
"""What a platform's history and its list of changes give."""
OneByOne = DataAsked | PersonForgotten | ShopForgotten | PeopleMerged
"""What is worked in a transaction of its own, after everything that came with it."""
Observation = OrderSeen | RefundSeen | PersonSeen | ShopUninstalled | HistoryGathered | OneByOne | NothingToDo


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreProfile:
    """What an install needs to know of a store, read from the platform with the token that was just granted."""

    external_id: str
    name: str
    email: str
    currency: str
    exponent: int
    time_zone: str
    locale: str = "en"
    storefront_url: str = ""
    number: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What a platform's install flow gave us: tokens in the clear, to be encrypted as they are stored."""

    access_token: str = field(repr=False)
    scopes: tuple[str, ...] = ()
    access_expires_at: datetime | None = None
    refresh_token: str = field(default="", repr=False)
    refresh_expires_at: datetime | None = None
    public_token: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)


def rank_of(order: Order, digest: str) -> str:
    """Text that sorts as (updated_at, refunded, cancelled, paid, fulfilled, digest) does; at most 160 characters.
    Platforms date to the second: what can happen to an order within one must tell the later snapshot by itself."""
    refunded = sum(refund.amount_minor + refund.shipping_minor + refund.tax_minor for refund in order.refunds)
    return "|".join(
        (
            order.updated_at.isoformat(timespec="microseconds"),
            f"{max(refunded, 0):018d}",
            "1" if order.cancelled_at else "0",
            "1" if order.paid_at else "0",
            "1" if order.fulfilled_at else "0",
            digest[:64],
        )
    )
