"""What happened, in words no platform owns.

Observations are what a platform says (an order, an activity); decisions are what we promised (a redemption, an
adjustment). Both are frozen. Money is integer minor units of `currency`, whose number of decimals is `exponent`
(JPY 0, EUR 2, KWD 3). Points are integers. Times are aware and in UTC. Ids are the platform's own, as text.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from loyalty.engine.errors import Invalid
from loyalty.engine.money import MAX_MINOR


class Line(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
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
    paid_by: str = ""
    """"gift_card" or "store_credit" where the platform says it of this line alone."""
    added_at: datetime | None = None
    """When the line joined the order, where the platform says; otherwise the payment."""


class RefundLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Units of one line given back; `amount_minor` is what they cost after every discount, without tax and shipping."""

    line_id: str
    quantity: int
    amount_minor: int


class Refund(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One refund of an order. `amount_minor` is goods only, after discounts; `shipping_minor` and `tax_minor` stand
    beside it. `money_moved` is False for a restock, or for returned goods that were never paid."""

    id: str
    at: datetime
    amount_minor: int
    lines: tuple[RefundLine, ...] = ()
    shipping_minor: int = 0
    tax_minor: int = 0
    fee_minor: int = 0
    money_moved: bool = True


class Order(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="order"):
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
    fee_minor: int = 0
    """Handling and payment fees."""
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


class Activity(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="activity"):
    """Something a shopper did that is no order: `kind` is sign_up, birthday, newsletter, review, social_follow,
    social_share, profile_completed, referral_completed, event_attended, app_installed, visit or custom."""

    id: str
    at: datetime
    kind: str
    code: str = ""
    """Which one: the custom code, the product reviewed, the event attended."""
    customer_id: str = ""
    """Where it is known, for pilot and holdout audiences."""


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="profile"):
    """One value that became known at `at` ("birthday" = "1990-05-17", "consent" = "yes")."""

    id: str
    at: datetime
    field: str
    value: str


class Membership(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="membership"):
    """A paid plan: `event` is bought, renewed or ended."""

    id: str
    at: datetime
    plan: str
    event: str


class Redemption(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="redemption"):
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


class Issued(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="issued"):
    """A gift or code we handed out, by the key of what was given ("birthday:2026")."""

    id: str
    at: datetime
    gift: str


class Adjustment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="adjustment"):
    """Points given (positive) or taken (negative) by hand, with who and why."""

    id: str
    at: datetime
    points: int
    actor: str
    reason: str


class TierGrant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="tier_grant"):
    id: str
    at: datetime
    tier: str
    actor: str
    reason: str = ""
    ends_at: datetime | None = None


class Referral(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="referral"):
    """Confirmed: `role` is referrer or friend; `other` is the other member's id."""

    id: str
    at: datetime
    role: str
    other: str


class Segment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="segment"):
    """The member joined (`inside`) or left a segment at `at`."""

    id: str
    at: datetime
    segment: str
    inside: bool = True


class ImportLot(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """`at` is when the points were earned over there. With `available_at` they are pending until then; with
    `order_id` they are what that order earned, so that its refunds take them back."""

    points: int
    at: datetime
    expires_at: datetime | None = None
    available_at: datetime | None = None
    order_id: str = ""


class Import(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False, tag="import"):
    """Balances brought from another program. Orders placed before `at` count for tiers and earn nothing."""

    id: str
    at: datetime
    lots: tuple[ImportLot, ...]
    source: str = ""


Fact = (
    Order | Activity | Profile | Membership | Redemption | Issued | Adjustment | TierGrant | Referral | Segment | Import
)

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder: msgspec.json.Decoder[Fact] = msgspec.json.Decoder(Fact)


def encode(fact: Fact) -> bytes:
    """The stored form; equal facts give equal bytes."""
    return _encoder.encode(fact)


def decode(raw: bytes | str) -> Fact:
    """Raises msgspec.ValidationError on anything that is not a fact."""
    return _decoder.decode(raw)


def kind_of(fact: Fact) -> str:
    """The tag under which a fact is stored: "order", "redemption", ..."""
    return str(fact.__struct_config__.tag)


ACTIVITIES = (
    "sign_up",
    "birthday",
    "newsletter",
    "review",
    "social_follow",
    "social_share",
    "profile_completed",
    "referral_completed",
    "event_attended",
    "app_installed",
    "visit",
    "custom",
)

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
MAX_POINTS = 10**12
MAX_LINES = 5_000
MAX_REFUNDS = 5_000


def validate(fact: Fact) -> None:
    """Raises errors.Invalid, with the place, for a fact that no platform means: negative quantities or amounts, money
    of absurd size, times without a zone or outside 1990-2100. A refund larger than its order is a full refund, a
    refund of an unknown line is taken in proportion from the whole order: both are defined, so both pass."""
    if not fact.id or len(fact.id) > 200:
        raise Invalid("A fact needs an id of 1 to 200 characters.", place="id")
    _check_time(fact.placed_at if isinstance(fact, Order) else fact.at, "at")
    if isinstance(fact, Order):
        _check_order(fact)
    elif isinstance(fact, Redemption):
        if not 0 <= fact.points <= MAX_POINTS:
            raise Invalid("A redemption takes 0 points or more.", place="points")
        _check_time(fact.given_back_at, "given_back_at")
        _check_time(fact.used_at, "used_at")
    elif isinstance(fact, Adjustment):
        if not -MAX_POINTS <= fact.points <= MAX_POINTS or not fact.points:
            raise Invalid("An adjustment gives or takes between 1 and 1,000,000,000,000 points.", place="points")
    elif isinstance(fact, Import):
        _check_import(fact)
    _check_words(fact)


def _check_words(fact: Fact) -> None:
    """Fields that hold one of a few words."""
    said: tuple[tuple[str, str, tuple[str, ...]], ...] = ()
    if isinstance(fact, Activity):
        said = (("kind", fact.kind, ACTIVITIES),)
    elif isinstance(fact, Membership):
        said = (("event", fact.event, ("bought", "renewed", "ended")),)
    elif isinstance(fact, Referral):
        said = (("role", fact.role, ("referrer", "friend")),)
    elif isinstance(fact, Redemption):
        said = (("given_back_why", fact.given_back_why, ("", "failed", "cancelled", "expired")),)
    for place, word, known in said:
        if word not in known:
            words = ", ".join(known).lstrip(", ")
            raise Invalid("{word!r} is none of: {known}.", place=place, params={"word": word, "known": words})


def _check_order(order: Order) -> None:
    if not 0 <= order.exponent <= 4:
        raise Invalid("A currency has 0 to 4 decimals.", place="exponent")
    if len(order.lines) > MAX_LINES or len(order.refunds) > MAX_REFUNDS:
        raise Invalid(
            "An order has at most {lines:,} lines and {refunds:,} refunds.",
            place="lines",
            params={"lines": MAX_LINES, "refunds": MAX_REFUNDS},
        )
    for name in ("updated_at", "paid_at", "fulfilled_at", "cancelled_at"):
        _check_time(getattr(order, name), name)
    for name in (
        "order_discount_minor",
        "shipping_minor",
        "tax_minor",
        "fee_minor",
        "gift_card_minor",
        "store_credit_minor",
    ):
        _check_amount(getattr(order, name), name)
    if order.rate is not None and (min(order.rate) <= 0 or max(order.rate) > 10**12):
        raise Invalid("A rate is two positive numbers below 1,000,000,000,000.", place="rate")
    if len({line.id for line in order.lines}) < len(order.lines):
        raise Invalid("Each line of an order needs its own id.", place="lines")
    for index, line in enumerate(order.lines):
        place = f"lines[{index}]"
        if not 0 <= line.quantity <= 1_000_000:
            raise Invalid("A line has 0 to 1,000,000 units.", place=f"{place}.quantity")
        _check_amount(line.unit_price_minor, f"{place}.unit_price_minor")
        _check_amount(line.quantity * line.unit_price_minor, f"{place}.unit_price_minor")
        _check_amount(line.discount_minor, f"{place}.discount_minor")
        _check_amount(line.tax_minor, f"{place}.tax_minor")
        _check_time(line.added_at, f"{place}.added_at")
    _check_refunds(order)


def _check_refunds(order: Order) -> None:
    if len({refund.id for refund in order.refunds}) < len(order.refunds):
        raise Invalid("Each refund of an order needs its own id.", place="refunds")
    for index, refund in enumerate(order.refunds):
        place = f"refunds[{index}]"
        _check_time(refund.at, f"{place}.at")
        for name in ("amount_minor", "shipping_minor", "tax_minor", "fee_minor"):
            _check_amount(getattr(refund, name), f"{place}.{name}")
        for number, line in enumerate(refund.lines):
            if not 0 <= line.quantity <= 1_000_000:
                raise Invalid("A refund gives back 0 units or more.", place=f"{place}.lines[{number}].quantity")
            _check_amount(line.amount_minor, f"{place}.lines[{number}].amount_minor")


def _check_import(brought: Import) -> None:
    for index, lot in enumerate(brought.lots):
        if not 0 < lot.points <= MAX_POINTS:
            raise Invalid("An imported lot holds 1 point or more.", place=f"lots[{index}].points")
        _check_time(lot.at, f"lots[{index}].at")
        _check_time(lot.expires_at, f"lots[{index}].expires_at")
        _check_time(lot.available_at, f"lots[{index}].available_at")


def _check_amount(amount_minor: int, place: str) -> None:
    if not 0 <= amount_minor <= MAX_MINOR:
        raise Invalid("An amount is zero or more and below 1,000,000,000,000,000 minor units.", place=place)


def _check_time(at: datetime | None, place: str) -> None:
    if at is None:
        return
    if at.tzinfo is None:
        raise Invalid("A time needs its zone, such as 2026-11-21T10:00:00Z.", place=place)
    if not EARLIEST <= at <= LATEST:
        raise Invalid("A time lies between the years 1990 and 2100.", place=place)
