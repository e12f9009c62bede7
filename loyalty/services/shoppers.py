"""Who the shopper is, where the platform does not say: a code by e-mail, then our own tokens.

Nothing here depends on whether an address is known until the right code has come back: a request for a code runs the
same statements, leaves the same kind of rows and gives the same answer for any address.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core import signing
from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac

from loyalty.engine.errors import Invalid, Unauthorized
from loyalty.engine.phrases import Phrase
from loyalty.languages import Voice
from loyalty.models import EmailCode, Member, OutboxMessage, QueueState, Shop, ShopperDevice
from loyalty.selectors.voices import voice_for

CODE_LIFE = timedelta(minutes=10)
CODE_TRIES = 5
TOKEN_LIFE = timedelta(minutes=15)
DEVICE_LIFE = timedelta(days=30)
EMAIL_CHARACTERS = 320
TOKEN_CHARACTERS = 1000

_WRONG_CODE = Phrase("This code is not right, or it has expired. Ask for a new one if it does not work.")
_CODE_OVER = Phrase("This code does not work any more. Have a new one sent.")
_SIGN_IN = Phrase("You have been signed out. Sign in again with a code by e-mail.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """What a device holds: `token` proves the member for TOKEN_LIFE, `device_token` gets the next pair, once."""

    token: str
    device_token: str


def normal_email(text: str) -> str:
    """The address as members' addresses are stored. Raises Invalid for what can be none."""
    email = text.strip().lower()
    name, _, domain = email.rpartition("@")
    if not name or "." not in domain or len(email) > EMAIL_CHARACTERS or not email.isprintable() or " " in email:
        raise Invalid("Enter your e-mail address, such as marta@example.com.", code="email")
    return email


def fingerprint(text: str) -> str:
    """Stands for personal data in keys of counters: the same text gives the same 32 characters on this installation."""
    return salted_hmac("shopper-fingerprint", text, algorithm="sha256").hexdigest()[:32]


@transaction.atomic
def request_code(*, shop: Shop, email: str, at: datetime) -> str:
    """Leaves a mail with a six-digit code for the outbox, if a member of the shop has this address. Gives a challenge
    that comes back with the code, so that nobody else's request spoils this one. The caller counts requests first."""
    code = f"{secrets.randbelow(1_000_000):06d}"
    row = EmailCode.objects.create(
        shop=shop, email=email, code_hash=_code_hash(shop, email, code), created_at=at, expires_at=at + CODE_LIFE
    )
    member = _member_with(shop, email)
    known = member is not None
    letter = json.dumps({"to": email, **_letter(shop, code, voice_for(shop, [member.locale if member else ""]))})
    OutboxMessage.objects.create(
        shop=shop,
        kind="mail",
        subject=f"code:{row.pk}",
        # An unknown address gets the same row with an empty letter, never sent: neither the answer nor its time tells.
        secret=letter if known else " " * len(letter),
        state=QueueState.WAITING if known else QueueState.DONE,
        outcome="" if known else "No member has this address",
        due_at=at,
        created_at=at,
        done_at=None if known else at,
    )
    return signing.Signer(salt="shopper-challenge").sign_object(row.pk)


def start_session(*, shop: Shop, challenge: str, code: str, at: datetime) -> Session:
    """Raises Unauthorized: wrong_code, or code_over for one that no code can open any more - it was used, has expired, or
    was tried CODE_TRIES times, this try included. A try is counted before it is judged, in a statement of its own, so
    that parallel guesses get no more tries than others."""
    try:
        number = signing.Signer(salt="shopper-challenge").unsign_object(challenge)
    except signing.BadSignature:
        raise Unauthorized(_WRONG_CODE, code="wrong_code") from None
    live = EmailCode.objects.filter(shop=shop, pk=number, used_at=None, expires_at__gt=at)
    if not live.filter(tries__lt=CODE_TRIES).update(tries=F("tries") + 1):
        raise Unauthorized(_CODE_OVER, code="code_over")
    row = EmailCode.objects.get(shop=shop, pk=number)
    right = constant_time_compare(row.code_hash, _code_hash(shop, row.email, code))
    member = _member_with(shop, row.email)
    with transaction.atomic():
        if not right or member is None or not live.update(used_at=at):
            over = row.tries >= CODE_TRIES
            raise Unauthorized(_CODE_OVER if over else _WRONG_CODE, code="code_over" if over else "wrong_code")
        return new_device(shop=shop, member=member, at=at)


def renew_session(*, shop: Shop, device_token: str, at: datetime) -> Session:
    """Changes a device token for the next pair. A device token that was used before ends the device: one of two
    holders stole it. So does another e-mail address of the member. Raises Unauthorized."""
    device, secret = _device(shop, device_token)
    live = ShopperDevice.objects.filter(shop=shop, pk=device.pk, ended_at=None, expires_at__gt=at)
    if not constant_time_compare(device.token_hash, _device_hash(secret, device.member)):
        was_last = device.previous_hash and constant_time_compare(
            device.previous_hash, _device_hash(secret, device.member)
        )
        if was_last or _is_ours(secret, device.member):
            live.update(ended_at=at)
        raise Unauthorized(_SIGN_IN, code="signed_out")
    next_secret = _new_secret(device.member)
    moved = live.filter(token_hash=device.token_hash).update(
        token_hash=_device_hash(next_secret, device.member), previous_hash=device.token_hash
    )
    if not moved or device.member.merged_into_id is not None:
        raise Unauthorized(_SIGN_IN, code="signed_out")
    return _session(device=device, secret=next_secret, at=at)


def end_session(*, shop: Shop, device_token: str, at: datetime) -> None:
    """Signs this device out, its short token too. A token that is not ours ends nothing and says nothing."""
    try:
        device, secret = _device(shop, device_token)
    except Unauthorized:
        return
    if constant_time_compare(device.token_hash, _device_hash(secret, device.member)):
        ShopperDevice.objects.filter(shop=shop, pk=device.pk, ended_at=None).update(ended_at=at)


def end_all(*, shop: Shop, external_id: str, at: datetime) -> int:
    """Signs a customer out of every device; gives how many there were."""
    devices = ShopperDevice.objects.filter(shop=shop, member__external_id=external_id, ended_at=None)
    return devices.update(ended_at=at)


def device_of(*, token: str, at: datetime) -> tuple[int, str]:
    """The device that a short token was made for, and the fingerprint of its member's address at that time. No question
    to the database: whether the device is still signed in is for the caller. Raises Unauthorized."""
    try:
        claims = signing.Signer(salt="shopper-token").unsign_object(token)
    except signing.BadSignature:
        raise Unauthorized(_SIGN_IN, code="signed_out") from None
    if claims["x"] <= at.timestamp():
        raise Unauthorized(_SIGN_IN, code="signed_out")
    return claims["d"], claims["e"]


def member_of(*, shop: Shop, token: str, at: datetime) -> Member:
    """The member a short token speaks for. Raises Unauthorized: forged, of another shop, expired, signed out, or the
    member's address has changed since."""
    device_id, address = device_of(token=token, at=at)
    devices = ShopperDevice.objects.filter(shop=shop, pk=device_id, ended_at=None, member__merged_into=None)
    device = devices.select_related("member").first()
    if device is None or not constant_time_compare(address, fingerprint(device.member.email)):
        raise Unauthorized(_SIGN_IN, code="signed_out")
    return device.member


def forget(*, before: datetime) -> int:
    """Deletes codes and devices that ended before `before`; gives how many. For the schedule."""
    codes, _ = EmailCode.objects.across_shops().filter(expires_at__lt=before).delete()
    devices, _ = ShopperDevice.objects.across_shops().filter(expires_at__lt=before).delete()
    return codes + devices


def _member_with(shop: Shop, email: str) -> Member | None:
    """Guests wait for an account: they have no points yet that a sign-in could show."""
    members = Member.objects.filter(shop=shop, email=email, external_id__isnull=False, merged_into=None)
    return members.order_by("pk").first()


def new_device(*, shop: Shop, member: Member, at: datetime) -> Session:
    """For a member who has just been proven, by whatever way."""
    secret = _new_secret(member)
    device = ShopperDevice.objects.create(
        shop=shop,
        member=member,
        token_hash=_device_hash(secret, member),
        created_at=at,
        expires_at=at + DEVICE_LIFE,
    )
    return _session(device=device, secret=secret, at=at)


def _session(*, device: ShopperDevice, secret: str, at: datetime) -> Session:
    expires_at = int((at + TOKEN_LIFE).timestamp())
    claims = {"d": device.pk, "e": fingerprint(device.member.email), "x": expires_at}
    token = signing.Signer(salt="shopper-token").sign_object(claims)
    return Session(token=token, device_token=f"{device.pk}.{secret}")


def _device(shop: Shop, device_token: str) -> tuple[ShopperDevice, str]:
    number, _, secret = device_token.partition(".")
    if not number.isascii() or not number.isdigit() or len(number) > 18 or not secret:
        raise Unauthorized(_SIGN_IN, code="signed_out")
    device = ShopperDevice.objects.filter(shop=shop, pk=int(number)).select_related("member").first()
    if device is None:
        raise Unauthorized(_SIGN_IN, code="signed_out")
    return device, secret


def _new_secret(member: Member) -> str:
    """Signed, so that one that was used long ago is told from one that somebody made up: whoever renewed many times
    since then may be the thief, and a made-up one must sign nobody out."""
    return signing.Signer(salt=f"shopper-device/{member.pk}").sign(secrets.token_urlsafe(32))


def _is_ours(secret: str, member: Member) -> bool:
    try:
        signing.Signer(salt=f"shopper-device/{member.pk}").unsign(secret)
    except signing.BadSignature:
        return False
    return True


def _device_hash(secret: str, member: Member) -> str:
    """The address is part of it: when it changes, every device of the member is signed out without being told."""
    return hashlib.sha256(f"{secret}\n{fingerprint(member.email)}".encode()).hexdigest()


def _code_hash(shop: Shop, email: str, code: str) -> str:
    return salted_hmac("shopper-code", f"{shop.pk}\n{email}\n{code}", algorithm="sha256").hexdigest()


def _letter(shop: Shop, code: str, voice: Voice) -> dict[str, str]:
    name = _one_line(shop.name)
    enter = voice.say("mails", "code.text", {"shop": name, "n": int(CODE_LIFE.total_seconds() // 60)})
    return {
        "subject": voice.say("mails", "code.subject", {"code": code, "shop": name}),
        "text": f"{code}\n\n{enter}\n\n{voice.say('mails', 'code.ignore', {})}\n",
    }


def _one_line(name: str) -> str:
    """A shop's name is the merchant's text: it must not break a mail's header."""
    return " ".join(name.split())[:100]
