"""Signing in where the shop's own server knows who the shopper is: it signs who, when and for which shop, the shopper's
browser brings it to us, and we give our own token for it. See docs/widget.md."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from loyalty.engine.errors import NotFound, TooMany, Unauthorized
from loyalty.models import Member, Shop
from loyalty.selectors.members import member_by_customer
from loyalty.selectors.widget_settings import signing_secret_of
from loyalty.services import limits
from loyalty.services.intake import record
from loyalty.services.observations import Person, PersonSeen
from loyalty.services.shoppers import Session, fingerprint, new_device, normal_email

FRESH = timedelta(minutes=5)
"""How far the shop's clock may be from ours, to either side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIdentity:
    """As the shop's server wrote it; `at` is Unix seconds, empty fields are those it left out."""

    customer: str
    email: str
    name: str
    nonce: str
    at: int
    signature: str


def canonical(*, shop: Shop, identity: SignedIdentity) -> str:
    """What is signed: seven lines. No field can hold a line's end, so no two identities are one text."""
    lines = ("regulars-identity-v1", f"{shop.platform}:{shop.external_id}", identity.customer, identity.email)
    return "\n".join((*lines, identity.name, identity.nonce, str(identity.at)))


def start_session(*, shop: Shop, identity: SignedIdentity, at: datetime) -> Session:
    """Once for each signature. A customer whom we have not met becomes a member, by the shop's word. Raises NotFound
    where the shop has no secret, Unauthorized for a signature that is wrong (wrong_signature), too old or from the
    future (stale_signature) or was used before (used_signature)."""
    secret = signing_secret_of(shop)
    if not secret:
        raise NotFound("This store does not sign anybody in in this way.", code="not_offered")
    right = hmac.new(secret.encode(), canonical(shop=shop, identity=identity).encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(right.encode(), identity.signature.encode()):
        raise Unauthorized("The signature does not fit what was signed.", code="wrong_signature")
    if abs(identity.at - at.timestamp()) > FRESH.total_seconds():
        raise Unauthorized("The signature is older than 5 minutes. Reload the page.", code="stale_signature")
    _use_up(shop, right, datetime.fromtimestamp(identity.at, tz=UTC))
    return new_device(shop=shop, member=_member(shop, identity, at), at=at)


def _use_up(shop: Shop, signature: str, signed_at: datetime) -> None:
    """A counter that takes one. It stands at the second that was signed, so that it is the same one whenever the
    signature comes; counters are kept for a day, and a signature is good for minutes."""
    try:
        limits.hit(f"signed/{shop.pk}/{fingerprint(signature)}", limit=1, window_seconds=1, at=signed_at)
    except TooMany:
        raise Unauthorized("This signature was used before. Reload the page.", code="used_signature") from None


def _member(shop: Shop, identity: SignedIdentity, at: datetime) -> Member:
    known = member_by_customer(shop=shop, external_id=identity.customer)
    if known is not None:
        return known
    email = normal_email(identity.email) if identity.email else ""
    person = Person(external_id=identity.customer, email=email, name=identity.name)
    record(shop=shop, observations=[PersonSeen(person=person, at=at)], at=at)
    met = member_by_customer(shop=shop, external_id=identity.customer)
    if met is None:
        raise Unauthorized("This customer was forgotten by their own wish.", code="forgotten")
    return met
