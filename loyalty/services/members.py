"""Whose facts these are: members found, enrolled at their first order, and guests who get an account."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from operator import attrgetter, itemgetter
from typing import NamedTuple

from django.db import connection

from loyalty.models import Member, Shop, StaffNote, StoredFact
from loyalty.services.observations import Person

Key = tuple[str, str]
"""("id", customer id) for an account, ("email", address in lower case) for a guest."""


class Word(NamedTuple):
    """What was said of a person and when: by the customer's own record, or by an order."""

    person: Person
    said_at: datetime
    is_record: bool


def key_of(person: Person) -> Key | None:
    """None where nobody can be told: a walk-in without id and e-mail."""
    if person.external_id:
        return ("id", person.external_id)
    email = person.email.strip().lower()
    return ("email", email) if email else None


def find_or_enrol(*, shop: Shop, people: Iterable[Person], at: datetime) -> dict[Key, Member]:
    """The member of each person, made where there is none. A guest whose e-mail belongs to an account is that account.
    Five queries at most, whatever the number of people. Must run in a transaction."""
    wanted = {key: person for person in people if (key := key_of(person))}
    found = _find(shop, wanted.keys())
    strange = {
        email for key, person in wanted.items() if (email := _email(person)) and not _is_known(found, key, email)
    }
    if strange:
        _meet(shop, strange)
        found = _find(shop, wanted.keys())
    # In the order of their keys: whoever inserts the same people meanwhile waits for us, or we for them.
    missing = [
        Member(
            shop=shop,
            external_id=person.external_id or None,
            email=_email(person),
            name=person.name[:255],
            locale=person.locale[:16],
            enrolled_at=at,
        )
        for key, person in sorted(wanted.items(), key=itemgetter(0))
        if key not in found
    ]
    if missing:
        Member.objects.bulk_create(missing, ignore_conflicts=True)
        found = _find(shop, wanted.keys())
    return found


def _email(person: Person) -> str:
    return person.email.strip().lower()[:320]


def _is_known(found: Mapping[Key, Member], key: Key, email: str) -> bool:
    return key in found and found[key].email == email


def _meet(shop: Shop, emails: Iterable[str]) -> None:
    """Two transactions, one making a guest and one giving the same address to an account, would not see each other's
    row, and the guest's orders would belong to nobody. They meet here: the second waits until the first has ended.
    SQLite has one writer at a time anyway."""
    if connection.vendor != "postgresql":
        return
    names = (f"{shop.pk} {email}".encode() for email in emails)
    places = sorted(int.from_bytes(hashlib.blake2b(name, digest_size=8).digest(), signed=True) for name in names)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(place) FROM unnest(%s::bigint[]) AS place", [places])


def _find(shop: Shop, keys: Iterable[Key]) -> dict[Key, Member]:
    ids = [value for kind, value in keys if kind == "id"]
    emails = [value for kind, value in keys if kind == "email"]
    found: dict[Key, Member] = {}
    if emails:
        accounts: dict[str, set[Member]] = defaultdict(set)
        for row in Member.objects.filter(shop=shop, email__in=emails).select_related("merged_into"):
            if row.external_id is None:
                found[("email", row.email)] = row.merged_into or row
            else:
                accounts[row.email].add(row.merged_into or row)
        # An address of several accounts is nobody's: the guest stays one, until a customer record tells.
        found |= {
            ("email", email): next(iter(found_ones)) for email, found_ones in accounts.items() if len(found_ones) == 1
        }
    if ids:
        for member in Member.objects.filter(shop=shop, external_id__in=ids).select_related("merged_into"):
            found[("id", member.external_id or "")] = member.merged_into or member
    return found


def without_typed_addresses(people: Iterable[Person], owners: Mapping[Key, Member]) -> list[Person]:
    """An order holds the address that somebody typed for it. It names an account that has none yet; it changes nobody's
    own, signs no device out and brings no guest's orders. That an account's address changed, its own notice says."""
    return [
        replace(person, email="")
        if person.external_id and owners[("id", person.external_id)].email not in ("", _email(person))
        else person
        for person in people
    ]


def guests_to_adopt(*, shop: Shop, people: Iterable[Person]) -> dict[int, Key]:
    """Guests whose e-mail now has an account: their id, and the account's key. Only a customer record's own address
    brings a guest's orders: anybody may type one. An address of several accounts brings them to nobody."""
    accounts: dict[str, set[str]] = defaultdict(set)
    for person in people:
        if person.external_id and person.email.strip() and not person.email_is_typed:
            accounts[_email(person)].add(person.external_id)
    if not accounts:
        return {}
    guests: dict[str, int] = {}
    rows = Member.objects.filter(shop=shop, merged_into__isnull=True, email__in=list(accounts))
    for pk, email, external_id in rows.values_list("pk", "email", "external_id"):
        if external_id is None:
            guests[email] = pk
        else:
            accounts[email].add(external_id)
    return {pk: ("id", min(accounts[email])) for email, pk in guests.items() if len(accounts[email]) == 1}


def adopt_guest(*, shop: Shop, guest: Member, account: Member) -> None:
    """The guest's facts, and what staff wrote about them, become the account's. Both are locked; the account is folded
    afterwards by the caller. A guest has no ledger rows: guests are never folded."""
    StoredFact.objects.filter(shop=shop, member=guest).update(member=account)
    StaffNote.objects.filter(shop=shop, member=guest).update(member=account)
    guest.merged_into = account
    guest.email = guest.name = ""
    guest.save(update_fields=["merged_into", "email", "name"])


def update_people(*, members: Mapping[Key, Member], words: Iterable[Word], at: datetime) -> None:
    """Names, e-mails and languages follow the platform's newest word; what comes late changes nothing. An empty
    value says nothing."""
    changed: dict[int, Member] = {}
    for person, said_at, is_record in sorted(words, key=attrgetter("said_at")):
        key = key_of(person)
        member = members.get(key) if key else None
        if member is None or (member.external_id is not None and member.external_id != person.external_id):
            continue  # anybody may order as a guest under the address of an account; late words of whom it merged with
        if member.said_at is not None and said_at < member.said_at:
            continue
        new = {
            "email": _email(person),
            "name": person.name[:255],
            "locale": person.locale[:16],
        }
        is_new = any(value and getattr(member, field) != value for field, value in new.items())
        if is_new or is_record:
            member.said_at = min(said_at, at)  # a clock that runs ahead must not silence what follows
            for field, value in new.items():
                setattr(member, field, value or getattr(member, field))
            changed[member.pk] = member
    Member.objects.across_shops().bulk_update(list(changed.values()), ["email", "name", "locale", "said_at"])
