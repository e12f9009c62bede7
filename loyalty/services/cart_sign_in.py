"""Signing in without a mail, where a platform's own server tells who a cart belongs to: the browser puts a nonce into its
cart, the platform repeats it beside the customer, and whoever holds the nonce's secret is that customer."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction

from loyalty.engine.errors import NotFound, Unauthorized
from loyalty.models import CartProof, Member, Shop
from loyalty.services.shoppers import Session, fingerprint, new_device

LIFE = timedelta(minutes=10)


def begin(*, shop: Shop, at: datetime) -> tuple[str, str]:
    """What the browser keeps, and the nonce for its cart. The nonce alone is worth nothing: carts and orders are read by
    many. No row is written."""
    secret = secrets.token_urlsafe(24)
    claims = {"s": shop.pk, "n": secret, "x": int((at + LIFE).timestamp())}
    return signing.Signer(salt="cart-claim").sign_object(claims), _nonce(shop, secret)


def prove(*, shop: Shop, nonce: str, customer_id: str, at: datetime) -> None:
    """The platform's word; the first one counts. The caller has made sure that it is the platform's."""
    proof = CartProof(shop=shop, nonce=nonce, customer_id=customer_id, expires_at=at + LIFE)
    CartProof.objects.bulk_create([proof], ignore_conflicts=True)


@transaction.atomic
def start_session(*, shop: Shop, claim: str, at: datetime) -> Session:
    """Once. Raises Unauthorized for a claim that is forged, old, of another shop, or not proven (yet), NotFound for a
    customer without points."""
    refusal = Unauthorized("The store has not said yet who is signed in.", code="not_proven")
    try:
        claims = signing.Signer(salt="cart-claim").unsign_object(claim)
    except signing.BadSignature:
        raise refusal from None
    if claims["s"] != shop.pk or claims["x"] <= at.timestamp():
        raise refusal
    proof = CartProof.objects.filter(shop=shop, nonce=_nonce(shop, claims["n"]), expires_at__gt=at).first()
    if proof is None or not CartProof.objects.filter(shop=shop, pk=proof.pk).delete()[0]:
        raise refusal
    member = Member.objects.filter(shop=shop, external_id=proof.customer_id, merged_into=None).first()
    if member is None:
        raise NotFound("You have no points yet. They begin with your first order.", code="no_member")
    return new_device(shop=shop, member=member, at=at)


def forget(*, before: datetime) -> int:
    """Deletes proofs that ended before `before`; for the schedule."""
    count, _ = CartProof.objects.across_shops().filter(expires_at__lt=before).delete()
    return count


def _nonce(shop: Shop, secret: str) -> str:
    return fingerprint(f"cart/{shop.pk}/{secret}")
