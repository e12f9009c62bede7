"""What a browser may send: small JSON objects of known form. Whoever the shopper is, no body ever says it."""

from __future__ import annotations

import re
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, TypeVar

import msgspec
from django.http import HttpRequest

from loyalty.engine.errors import Invalid
from storefront_widget.problems import Forbidden, WrongForm

MAX_BYTES = 4096
CART_BYTES = 65_536
"""A cart may be long."""

_KEY = re.compile(r"[A-Za-z0-9_-]{8,128}")

Text = Annotated[str, msgspec.Meta(max_length=400)]


class RedeemBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    reward: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    points: Annotated[int, msgspec.Meta(gt=0, le=10**12)] | None = None


class CodeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    email: Text


class SessionBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    challenge: Text
    code: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}\Z")]


class DeviceBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    device: Text


class NoBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """{}: what is asked stands in the address."""


class ClaimBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    claim: Text


class BirthdayBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    birthday: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{2}-[0-9]{2}\Z")]


class NoticeBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    on: bool


class ActivityBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule by its id, a code that was typed, or both."""

    rule: Annotated[str, msgspec.Meta(max_length=64)] = ""
    code: Annotated[str, msgspec.Meta(max_length=64)] = ""


class FriendBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


Line = Annotated[str, msgspec.Meta(max_length=255, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*\Z")]


class SignedBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the shop's own server has signed; its form stands in docs/widget.md."""

    customer: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:@-]{1,64}\Z")]
    at: Annotated[int, msgspec.Meta(ge=0, le=10**11)]
    signature: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}\Z")]
    email: Line = ""
    name: Line = ""
    nonce: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{0,64}\Z")] = ""


Name = Annotated[str, msgspec.Meta(max_length=255)]
Minor = Annotated[int, msgspec.Meta(ge=0, le=10**12)]


class GoodsBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many of one article, as the page shows it. `price_minor` is one unit's, `off_minor` what all of them together
    are cheaper; collections are null where the page can't tell them."""

    price_minor: Minor
    quantity: Annotated[int, msgspec.Meta(gt=0, le=1_000_000)] = 1
    off_minor: Minor = 0
    product: Name = ""
    variant: Name = ""
    vendor: Name = ""
    gift_card: bool = False
    collections: Annotated[tuple[Name, ...], msgspec.Meta(max_length=250)] | None = None


class EstimateBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    lines: Annotated[tuple[GoodsBody, ...], msgspec.Meta(min_length=1, max_length=200)]
    off_minor: Minor = 0


Amount = Annotated[float, msgspec.Meta(ge=0, le=10**12)]
"""As the platform's pages have it, 29.9; read by its decimals (engine/money.py), never reckoned with."""


class BoughtBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many of one article in an order: what they cost together, in `currency`, with discounts of the order not yet
    off. Whether what is not shipped is a gift card, the page can't tell."""

    price: Amount
    quantity: Annotated[int, msgspec.Meta(gt=0, le=1_000_000)] = 1
    product: Name = ""
    variant: Name = ""
    vendor: Name = ""
    shipped: bool = True


class OrderBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order as its buyer's page shows it; `order` is the platform's number, empty before there is one, and `placed_at`
    is left out by the page that comes right after the checkout."""

    order: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{0,20}\Z")] = ""
    placed_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    currency: Annotated[str, msgspec.Meta(max_length=3)] = ""
    lines: Annotated[tuple[BoughtBody, ...], msgspec.Meta(max_length=500)] = ()
    off: Amount = 0


B = TypeVar("B", bound=msgspec.Struct)

# Made while there is one thread: two requests that are the first to bring a form could crash the process (engine/program.py).
for _form in (
    RedeemBody,
    CodeBody,
    SessionBody,
    DeviceBody,
    NoBody,
    ClaimBody,
    BirthdayBody,
    NoticeBody,
    ActivityBody,
    FriendBody,
    SignedBody,
    EstimateBody,
    OrderBody,
):
    msgspec.json.Decoder(_form)


def read_body(request: HttpRequest, form: type[B], *, at_most: int = MAX_BYTES) -> B:
    """Raises WrongForm (not JSON, too large), Forbidden (sent by a form of another site) or Invalid (with the place).
    A cross-site form can send neither this content type nor this header; the platform's proxy signs the query only, so
    these two are what stands between another site and a member's points."""
    if request.content_type != "application/json":
        raise WrongForm("Send JSON, as application/json.", status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    if request.headers.get("X-Regulars") != "1":
        raise Forbidden("Send the header X-Regulars: 1.", code="cross_site")
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isdigit() or int(length) > at_most:
        raise WrongForm(f"Send at most {at_most} bytes.", status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = request.read(at_most)
    if b"\\u0000" in body:  # JSON can write it in no other way, and PostgreSQL takes it not even in a query
        raise Invalid("A text holds the character NUL, which cannot be stored; take it out.", place="$")
    try:
        return msgspec.json.decode(body, type=form)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        message, _, place = str(error).partition(" - at ")
        raise Invalid(f"{message}.", place=place.strip("`") or "$") from error


def idempotency_key(request: HttpRequest) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        raise Invalid("Send an Idempotency-Key of 8 to 128 letters, digits, - or _, a new one for each redemption.")
    return key
