"""The form of a checkpoint: a head that every fold reads, and shelves that are read only where something old is touched.

The head holds what any next event may need: sums, open lots, what waits, what still counts for the tier. Everything
settled stands on shelves, in parts that are packed once and carried along as they are.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from loyalty.engine.books import OpenLot
from loyalty.engine.explain import Reason
from loyalty.engine.facts import EARLIEST, Import, Redemption
from loyalty.engine.movement import Gift

Id = int | str
Span = int | tuple[int, int]
"""Seconds; with microseconds where there are any."""


class FrozenLot(msgspec.Struct, array_like=True, gc=False):
    """`source` is empty for an emptied lot of an order: the award knows it. `serial` counts from the lot before,
    `opened` from its opening, `expires` from its own."""

    source: Id
    points: int
    left: int
    opened: Span
    expires: Span | None
    serial: int
    expired: int
    fixed: bool


class FrozenAward(msgspec.Struct, array_like=True, gc=False):
    """`source` and `part` are empty where they follow from the order, and `until` and `reason` once it is open. `lot`
    is a serial number. Weights too large for the encoding are written as text."""

    points: int
    lines: list[Id]
    weights: list[int | str]
    taken: int = 0
    lot: int = 0
    source: str = ""
    part: str = ""
    until: datetime | None = None
    reason: Reason | None = None
    before: dict[str, str] = {}
    gifts: list[str] = []


class FrozenOrder(msgspec.Struct, array_like=True, gc=False):
    id: Id
    awards: list[FrozenAward]
    given: int
    number: str = ""
    returned: dict[str, int] = {}
    refunded_minor: int = 0
    money: tuple[str, int] = ("", 2)


class FrozenRedemption(msgspec.Struct, array_like=True, gc=False):
    id: str
    at: datetime
    points: int
    reward: str
    reward_name: str
    code: str
    value_minor: int
    order_id: str
    taken: int
    debt: int
    parts: list[tuple[int, int]]
    used: bool


class FrozenEntry(msgspec.Struct, array_like=True, gc=False):
    """`key` is the place of the order among the settled ones, or what else was measured."""

    key: Id
    at: datetime
    spend: int
    points: int
    orders: int


class Part(msgspec.Struct, array_like=True, gc=False):
    """What settled between two checkpoints (or more): orders in the order of their places."""

    orders: list[FrozenOrder]
    redemptions: list[FrozenRedemption]
    lots: list[FrozenLot]
    entries: list[FrozenEntry]
    bought: tuple[list[int], list[str]]

    def __bool__(self) -> bool:
        return bool(self.orders or self.redemptions or self.lots or self.entries or self.bought[0])


class Shelf(msgspec.Struct, array_like=True, gc=False):
    """What settled redemptions hold together, how many orders are settled, what entries that never stop counting add
    to the tier measures, and `codes`: a hash of each code and order that a settled redemption names."""

    reserved: int = 0
    spent: int = 0
    orders: int = 0
    measured: tuple[int, int, int] = (0, 0, 0)
    codes: bytes = b""
    parts: list[bytes] = []

    def may_name(self, word: str) -> bool:
        """Could a settled redemption name this code or order? Now and then it says yes though none does."""
        return _hash(word) in self.codes

    def add_names(self, redemptions: Iterable[Redemption]) -> None:
        words = [word for each in redemptions for word in (each.code.casefold(), each.order_id) if word]
        self.codes += b"".join(map(_hash, words))

    def put(self, part: Part) -> None:
        """Parts of about one size are packed together, so that there are few, and each is packed a few times at most."""
        if not part:
            return
        raw = _packed(part)
        while self.parts and len(self.parts[-1]) < 2 * len(raw):
            part = _joined([_unpacked(self.parts.pop()), part])
            raw = _packed(part)
        self.parts.append(raw)

    def everything(self) -> Part:
        parts = [_unpacked(raw) for raw in self.parts]
        return parts[0] if len(parts) == 1 else _joined(parts)


class FrozenPlan(msgspec.Struct, array_like=True, gc=False):
    began_at: datetime
    charged_at: datetime | None
    ends_at: datetime | None
    purchases: dict[str, tuple[datetime, int]]


class FrozenPresence(msgspec.Struct, array_like=True, gc=False):
    enrolled: bool | None
    customer_id: str
    ordered_at: datetime | None
    order_id: str
    won_back: dict[str, str]


class FrozenStanding(msgspec.Struct, array_like=True, gc=False):
    tier: str
    since: datetime | None
    below_since: datetime | None
    kept_until: datetime | None
    grace_until: datetime | None
    grants: list[tuple[str, datetime | None]]
    entered: set[str]
    next_review: datetime | None
    entries: list[FrozenEntry]


class Head(msgspec.Struct, array_like=True, gc=False):
    engine: int
    mark: datetime
    lots: list[FrozenLot]
    opened: int
    debtors: list[tuple[str, int]]
    available: int
    forgiven: int
    totals: dict[str, int]
    orders: list[FrozenOrder]
    redemptions: list[FrozenRedemption]
    imports: list[tuple[Import, int, str]]
    standing: FrozenStanding
    used_caps: list[tuple[str, str, str, int, int]]
    memory: dict[str, tuple[str, int]]
    tallies: dict[str, tuple[int, int, bool, bool]]
    gifts: list[Gift]
    names: list[set[str]]
    plans: dict[str, FrozenPlan]
    presence: FrozenPresence
    birthday: tuple[str, datetime | None, int]
    activity: tuple[datetime | None, datetime | None, int]
    ordinal: int
    joined: bool
    imported_until: datetime | None


_encoder = msgspec.msgpack.Encoder(order="deterministic")
_whole = msgspec.msgpack.Decoder(tuple[bytes, Shelf])
_head = msgspec.msgpack.Decoder(Head)
_part = msgspec.msgpack.Decoder(Part)


def written(head: Head, shelf: Shelf) -> bytes:
    return _encoder.encode((zlib.compress(_encoder.encode(head), 9), shelf))


def read(raw: bytes) -> tuple[Head, Shelf] | None:
    """None for what is no checkpoint, or one of another form."""
    try:
        head, shelf = _whole.decode(raw)
        return _head.decode(zlib.decompress(head)), shelf
    except (zlib.error, msgspec.DecodeError):
        return None


def frozen_lots(lots: Iterable[OpenLot], sources: bool) -> list[FrozenLot]:
    """In the order of their serial numbers."""
    found: list[FrozenLot] = []
    serial, since = 0, EARLIEST
    for lot in sorted(lots, key=lambda each: each.serial):
        source = _short_source(lot.source) if sources or not lot.source.startswith("order:") else ""
        expires = None if lot.expires_at is None else _span(lot.expires_at - lot.opened_at)
        opened = _span(lot.opened_at - since)
        found.append(
            FrozenLot(source, lot.points, lot.left, opened, expires, lot.serial - serial, lot.expired, lot.fixed)
        )
        serial, since = lot.serial, lot.opened_at
    return found


def thawed_lots(frozen: Iterable[FrozenLot]) -> Iterator[OpenLot]:
    serial, since = 0, EARLIEST
    for each in frozen:
        serial, since = serial + each.serial, since + _delta(each.opened)
        source = f"order:{each.source}" if isinstance(each.source, int) else each.source
        expires_at = None if each.expires is None else since + _delta(each.expires)
        lot = OpenLot(source, each.points, since, expires_at, each.fixed, serial)
        lot.expired, lot.left = each.expired, each.left
        yield lot


def short(name: str) -> Id:
    """A platform's numeric id as a number, which takes half the room."""
    fits = name.isascii() and name.isdecimal() and len(name) < 19 and (name == "0" or name[0] != "0")
    return int(name) if fits else name


def _short_source(source: str) -> Id:
    name = short(source.removeprefix("order:"))
    return name if isinstance(name, int) and source.startswith("order:") else source


def _joined(parts: Sequence[Part]) -> Part:
    return Part(
        [order for part in parts for order in part.orders],
        [redemption for part in parts for redemption in part.redemptions],
        frozen_lots((lot for part in parts for lot in thawed_lots(part.lots)), sources=False),
        [entry for part in parts for entry in part.entries],
        ([each for part in parts for each in part.bought[0]], [each for part in parts for each in part.bought[1]]),
    )


def _packed(part: Part) -> bytes:
    return zlib.compress(_encoder.encode(part), 9)


def _unpacked(raw: bytes) -> Part:
    return _part.decode(zlib.decompress(raw))


def _hash(word: str) -> bytes:
    return zlib.crc32(word.encode()).to_bytes(4, "little")


def _span(delta: timedelta) -> Span:
    seconds = delta.days * 86_400 + delta.seconds
    return (seconds, delta.microseconds) if delta.microseconds else seconds


def _delta(span: Span) -> timedelta:
    return timedelta(seconds=span) if isinstance(span, int) else timedelta(seconds=span[0], microseconds=span[1])
