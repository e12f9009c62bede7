"""Lots and the clock: the date a lot gets, what happens on it, and what a new version does to open lots."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from loyalty.engine.basis import Params
from loyalty.engine.books import OpenLot
from loyalty.engine.calendar import said
from loyalty.engine.document import Prepared
from loyalty.engine.expiry import inactive_at
from loyalty.engine.explain import Reason
from loyalty.engine.walk import Rank, Walk


def open_lot(
    walk: Walk,
    source: str,
    points: int,
    at: datetime,
    *,
    opened_at: datetime | None = None,
    fixed: datetime | None = None,
) -> OpenLot:
    """A lot opens and gets its date: `fixed` if it brings one, else the program's. Whatever gives points is activity:
    a gift by hand would otherwise expire in the hand."""
    expires_at = fixed
    if fixed is None and walk.now is not None:
        expires_at = walk.now.policies.lot_expires_at(at, walk.now.zone)
    lot = walk.books.open(source, points, opened_at or at, expires_at, fixed=fixed is not None)
    watch_lot(walk, at, lot)
    touch(walk, at)
    return lot


def expire_lot(walk: Walk, at: datetime, payload: tuple[OpenLot, datetime]) -> None:
    lot, _ = payload
    _expire(walk, at, lot, at.date().isoformat())


def expire_refilled(walk: Walk, at: datetime, lots: list[OpenLot], part: str) -> None:
    """Points that came back to a lot whose date has passed go again: the original date holds."""
    for lot in lots:
        if lot.left and ((lot.expires_at is not None and lot.expires_at <= at) or lot.serial <= walk.lapsed):
            _expire(walk, at, lot, part)


def touch(walk: Walk, at: datetime) -> None:
    """The member did something, or got something: inactivity begins anew."""
    walk.active_at = at
    watch_inactivity(walk, at)


def deadline(walk: Walk) -> datetime | None:
    """When everything expires if the member does nothing; None if the program has no such rule."""
    rules = walk.now
    if rules is None or rules.policies.expiry != "inactivity" or walk.expiry_since is None:
        return None
    policies = rules.policies
    return inactive_at(walk.active_at, walk.expiry_since, policies.expiry_days, policies.expiry_months, rules.zone)


def watch_inactivity(walk: Walk, at: datetime) -> None:
    due = deadline(walk)
    if due is not None and walk.books.opened > walk.lapsed:
        walk.at_clock(max(due, at), Rank.EXPIRY, "inactivity", lapse, due, lambda day: day == deadline(walk))


def lapse(walk: Walk, at: datetime, due: datetime) -> None:
    """The member did nothing for too long: the whole balance expires, in one movement."""
    books = walk.books
    gone = sum(books.expire(lot) for lot in books.open_lots())
    walk.lapsed = books.opened
    params: Params = {"points": gone, "active_at": said(walk.active_at or at, _zone(walk))}
    reason = Reason(message="expired.inactivity", params=params)
    walk.move("expired", "inactivity", -gone, at, reason, part=at.date().isoformat())


def change_version(walk: Walk, at: datetime, rules: Prepared) -> None:
    """From now on the member lives under this version. Switching expiry on dates the open lots from today, switching
    it off takes their dates away; dates that have passed stay passed."""
    before = walk.now.policies.expiry if walk.now is not None else "never"
    walk.now = rules
    expiry = rules.policies.expiry
    if expiry == before:
        watch_inactivity(walk, at)
        return
    walk.expiry_since = at
    for lot in walk.books.lots.values():
        if lot.fixed or (lot.expires_at is not None and lot.expires_at <= at):
            continue
        dated = rules.policies.lot_expires_at(at, rules.zone)
        if dated != lot.expires_at:
            walk.books.date(lot, dated)
            watch_lot(walk, at, lot)
    watch_inactivity(walk, at)


def watch_lot(walk: Walk, at: datetime, lot: OpenLot) -> None:
    date = lot.expires_at
    if date is not None:
        walk.at_clock(max(at, date), Rank.EXPIRY, f"lot:{lot.source}", expire_lot, (lot, date), _dated)


def _zone(walk: Walk) -> ZoneInfo | None:
    return walk.now.zone if walk.now is not None else None


def _dated(payload: tuple[OpenLot, datetime]) -> bool:
    """Does the lot still have that date, and anything left?"""
    lot, date = payload
    return lot.left > 0 and lot.expires_at == date


def _expire(walk: Walk, at: datetime, lot: OpenLot, part: str) -> None:
    gone = walk.books.expire(lot)
    params: Params = {"points": gone, "opened_at": said(lot.opened_at, _zone(walk))}
    walk.move("expired", f"lot:{lot.source}", -gone, at, Reason(message="expired.lot", params=params), part=part)
