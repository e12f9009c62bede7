"""Where a person is written down besides the member and the facts: messages as they came, and messages that leave."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from django.db.models import TextField
from django.db.models.functions import Cast

from loyalty.models import InboxDelivery, OutboxMessage, Shop

CHUNK = 200
_NUMBERS = re.compile(rb"[0-9]+")
_EMAILS = re.compile(rb"[^\s\"'<>:,;\\]{1,64}@[^\s\"'<>:,;\\]{1,255}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Marks:
    """What a text about the person holds: one of the numbers, whole, or one of the words in any case."""

    numbers: frozenset[bytes]
    words: tuple[bytes, ...] = field(repr=False)

    @classmethod
    def of(cls, *, numbers: Iterable[str], words: Iterable[str]) -> Marks:
        return cls(
            numbers=frozenset(number.encode() for number in numbers if number),
            words=tuple(sorted({word.strip().lower().encode() for word in words if word.strip()})),
        )

    def are_in(self, text: bytes) -> bool:
        lowered = text.lower()
        return any(word in lowered for word in self.words) or not self.numbers.isdisjoint(_NUMBERS.findall(text))


def names_in(text: bytes) -> tuple[set[str], set[str]]:
    """Every number and every e-mail address in a text."""
    numbers = {number.decode() for number in _NUMBERS.findall(text)}
    return numbers, {email.decode(errors="replace").lower() for email in _EMAILS.findall(text)}


def deliveries_with(*, shop: Shop, marks: Marks) -> Iterator[InboxDelivery]:
    """Kept messages of the shop that hold one of the marks, oldest first, in bounded memory. It reads them all: for
    the worker, not for a page."""
    last = 0
    rows = InboxDelivery.objects.filter(shop=shop).exclude(body=b"").order_by("pk")
    while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        yield from (row for row in chunk if marks.are_in(bytes(row.body)))


def messages_with(*, shop: Shop, marks: Marks, but: Collection[str]) -> Iterator[OutboxMessage]:
    """Messages of the outbox, sent or not, whose payload or letter holds one of the words; kinds in `but` left out. A
    number alone names nobody there, and may be anything."""
    last = 0
    held = OutboxMessage.objects.filter(shop=shop).exclude(payload={}, secret="").exclude(kind__in=but)
    rows = held.annotate(written=Cast("payload", TextField())).order_by("pk")
    while chunk := list(rows.filter(pk__gt=last)[:CHUNK]):
        last = chunk[-1].pk
        for row in chunk:
            said = f"{row.written} {row.secret}".lower().encode()
            if any(word in said for word in marks.words):
                yield row
