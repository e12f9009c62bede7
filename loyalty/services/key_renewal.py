"""Encrypting anew with the newest key what an older one encrypted, so that the older one can be taken away."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db.models import Exists, Model, OuterRef, QuerySet, TextField, Value
from django.db.models.functions import Cast

from loyalty.models import PartnerCode
from loyalty.models.crypto import EncryptedTextField, cipher
from loyalty.selectors.partner_codes import digests

CHUNK = 500
FACTOR_SECRETS = {"secret", "seed", "migrated_codes"}
"""What loyalty/admin/accounts.py encrypts of a second factor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """One chunk of one column. `unreadable` are the ids of rows that no key opens; they are left as they are."""

    table: str
    column: str
    seen: int
    renewed: int
    unreadable: tuple[int, ...]


def values_kept() -> int:
    """How many values `renew` looks at, empty ones included."""
    columns = sum(model._base_manager.count() for model, _ in _columns())
    return columns + PartnerCode._base_manager.count() + _factors().count()


def renew() -> Iterator[Renewed]:
    """Everything encrypted, chunk by chunk. What the newest key encrypted is passed over, so a run that was stopped
    goes on where it was; a value that somebody else writes meanwhile is left to them, for they use the newest key."""
    for model, column in _columns():
        yield from _renew_column(model, column)
    yield from _renew_digests()
    yield _renew_factors()


def _columns() -> list[tuple[type[Model], str]]:
    return [
        (model, field.attname)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, EncryptedTextField)
    ]


def _renew_column(model: type[Model], column: str) -> Iterator[Renewed]:
    stored = model._base_manager.annotate(stored=Cast(column, TextField()))
    last = 0
    while rows := list(stored.filter(pk__gt=last).order_by("pk").values_list("pk", "stored")[:CHUNK]):
        last = rows[-1][0]
        renewed, unreadable = 0, []
        for pk, text in rows:
            try:
                again = _again(text)
            except InvalidToken:
                unreadable.append(pk)
                continue
            if again != text:
                # As plain text: the field itself would encrypt what is encrypted already.
                changed = {column: Value(again, output_field=TextField())}
                renewed += stored.filter(pk=pk, stored=text).update(**changed)
        yield Renewed(
            table=model._meta.db_table, column=column, seen=len(rows), renewed=renewed, unreadable=tuple(unreadable)
        )


def _renew_digests() -> Iterator[Renewed]:
    """What a partner's code is known again by, from the code itself; one that no key opens was told of already."""
    stored = PartnerCode._base_manager.annotate(stored=Cast("code", TextField()))
    last = 0
    while rows := list(stored.filter(pk__gt=last).order_by("pk").values_list("pk", "stored", "digest")[:CHUNK]):
        last, renewed = rows[-1][0], 0
        for pk, text, before in rows:
            try:
                digest = digests(cipher().decrypt(text.encode()).decode())[0]
            except InvalidToken:
                continue
            if digest != before:
                # One that came twice, by two processes of which only one knew the new key, keeps its old one.
                twice = PartnerCode._base_manager.filter(shop=OuterRef("shop"), digest=digest)
                renewed += stored.filter(~Exists(twice), pk=pk).update(digest=digest)
        yield Renewed(table=PartnerCode._meta.db_table, column="digest", seen=len(rows), renewed=renewed, unreadable=())


def _factors() -> QuerySet[Authenticator]:
    found: QuerySet[Authenticator] = Authenticator.objects.exclude(type=Authenticator.Type.WEBAUTHN)
    return found


def _renew_factors() -> Renewed:
    """Second factors of staff, which allauth keeps inside a JSON column. They are few."""
    renewed, unreadable, seen = 0, [], 0
    for row in _factors().order_by("pk"):
        seen += 1
        try:
            again = {
                name: _again_inside(value) if name in FACTOR_SECRETS else value for name, value in row.data.items()
            }
        except InvalidToken:
            unreadable.append(row.pk)
            continue
        if again != row.data:
            renewed += Authenticator.objects.filter(pk=row.pk, data=row.data).update(data=again)
    return Renewed(
        table=Authenticator._meta.db_table, column="data", seen=seen, renewed=renewed, unreadable=tuple(unreadable)
    )


def _again_inside(value: str | list[str]) -> str | list[str]:
    return [_again(text) for text in value] if isinstance(value, list) else _again(value)


def _again(text: str) -> str:
    """The same, encrypted with the newest key. Raises InvalidToken where no key opens it."""
    if not text:
        return text
    try:
        Fernet(settings.FIELD_ENCRYPTION_KEYS[0]).decrypt(text.encode())
    except InvalidToken:
        return cipher().rotate(text.encode()).decode()
    return text
