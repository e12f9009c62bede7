"""What happened, in words no platform owns.

Observations are what a platform says (an order, an activity); decisions are what we promised (a redemption, an
adjustment). Both are frozen. Money is integer minor units of `currency`, whose number of decimals is `exponent`
(JPY 0, EUR 2, KWD 3). Points are integers. Times are aware and in UTC. Ids are the platform's own, as text.
"""

from __future__ import annotations

from datetime import datetime

import msgspec


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of an order. `unit_price_minor` is before any discount; `discount_minor` is what this line alone got
    off (for all its units); an order-level discount stands on the order."""

    id: str
    quantity: int
    unit_price_minor: int
    title: str = ""
    product_id: str = ""
    variant_id: str = ""
    collection_ids: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    vendor: str = ""
    discount_minor: int = 0
    tax_minor: int = 0
    gift_card: bool = False
    on_sale: bool = False
    added_at: datetime | None = None
    """When the line joined the order, where the platform says; otherwise the payment."""


class RefundLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Units of one line given back; `amount_minor` is what they cost after every discount, without tax and shipping."""

    line_id: str
    quantity: int
    amount_minor: int


class Refund(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One refund of an order. `amount_minor` is goods only, after discounts; `shipping_minor` and `tax_minor` stand
    beside it. `money_moved` is False for a restock, or for returned goods that were never paid."""

    id: str
    at: datetime
    amount_minor: int
    lines: tuple[RefundLine, ...] = ()
    shipping_minor: int = 0
    tax_minor: int = 0
    money_moved: bool = True


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="order"):
    """One snapshot of an order, its refunds included."""

    id: str
    placed_at: datetime
    updated_at: datetime
    currency: str
    exponent: int
    lines: tuple[Line, ...]
    number: str = ""
    """What people call the order ("#1042", "K8XTQ")."""
    customer_id: str = ""
    paid_at: datetime | None = None
    fulfilled_at: datetime | None = None
    cancelled_at: datetime | None = None
    channel: str = "online"
    """online, pos or other."""
    payment_methods: tuple[str, ...] = ()
    test: bool = False
    discount_codes: tuple[str, ...] = ()
    order_discount_minor: int = 0
    """Discounts of the whole order (codes, promotions), not in any line's `discount_minor`."""
    shipping_minor: int = 0
    tax_minor: int = 0
    tax_included: bool = False
    gift_card_minor: int = 0
    """What was paid by gift card."""
    store_credit_minor: int = 0
    total_minor: int = 0
    """What the order came to, with shipping and tax, before refunds; shown to people, never earned from."""
    refunds: tuple[Refund, ...] = ()
    rate: tuple[int, int] | None = None
    """Frozen rate to the shop's currency as numerator, denominator, where the order's currency is another."""

    @property
    def at(self) -> datetime:
        return self.placed_at


class Activity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="activity"):
    """Something a shopper did that is no order: `kind` is sign_up, birthday, newsletter, review, social_follow,
    social_share, profile_completed, referral_completed, event_attended, app_installed, visit or custom."""

    id: str
    at: datetime
    kind: str
    code: str = ""
    """Which one: the custom code, the product reviewed, the event attended."""


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="profile"):
    """One value that became known at `at` ("birthday" = "1990-05-17", "consent" = "yes")."""

    id: str
    at: datetime
    field: str
    value: str


class Membership(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="membership"):
    """A paid plan: `event` is bought, renewed or ended."""

    id: str
    at: datetime
    plan: str
    event: str


class Redemption(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="redemption"):
    """A decision: `points` were promised for `reward` at `at`. The order that used its code is found by `code` in the
    order's discount codes, or named in `order_id`. `given_back_at` is set once, when an unused code failed, was
    cancelled or expired."""

    id: str
    at: datetime
    points: int
    reward: str
    reward_name: str = ""
    code: str = ""
    value_minor: int = 0
    order_id: str = ""
    used_at: datetime | None = None
    given_back_at: datetime | None = None
    given_back_why: str = ""
    """failed, cancelled or expired."""


class Issued(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="issued"):
    """A gift or code we handed out, by the key of what was given ("birthday:2026")."""

    id: str
    at: datetime
    gift: str


class Adjustment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="adjustment"):
    """Points given (positive) or taken (negative) by hand, with who and why."""

    id: str
    at: datetime
    points: int
    actor: str
    reason: str


class TierGrant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="tier_grant"):
    id: str
    at: datetime
    tier: str
    actor: str
    reason: str = ""
    ends_at: datetime | None = None


class Referral(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="referral"):
    """Confirmed: `role` is referrer or friend; `other` is the other member's id."""

    id: str
    at: datetime
    role: str
    other: str


class Segment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="segment"):
    """The member joined (`inside`) or left a segment at `at`."""

    id: str
    at: datetime
    segment: str
    inside: bool = True


class ImportLot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    points: int
    at: datetime
    expires_at: datetime | None = None


class Import(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="import"):
    """Balances brought from another program. Orders placed before `at` count for tiers and earn nothing."""

    id: str
    at: datetime
    lots: tuple[ImportLot, ...]
    source: str = ""


Fact = (
    Order
    | Activity
    | Profile
    | Membership
    | Redemption
    | Issued
    | Adjustment
    | TierGrant
    | Referral
    | Segment
    | Import
)

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(Fact)


def encode(fact: Fact) -> bytes:
    """The stored form; equal facts give equal bytes."""
    return _encoder.encode(fact)


def decode(raw: bytes | str) -> Fact:
    """Raises msgspec.ValidationError on anything that is not a fact."""
    return _decoder.decode(raw)


def kind_of(fact: Fact) -> str:
    """The tag under which a fact is stored: "order", "redemption", ..."""
    return str(fact.__struct_config__.tag)
