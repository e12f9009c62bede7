"""Of the member's answer what they can do besides ordering: ways to earn, friends, profile, letters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

from loyalty.engine.program import Version
from loyalty.engine.taking_part import NOTICES, Way
from loyalty.engine.walk import prepared
from loyalty.models import Member, Shop
from loyalty.selectors.ways_in import Told, friends_of, told_by, ways_to_earn_of
from storefront_widget.config import Data

REFERRAL_PARAMETER = "ref"


def taking_part(
    *, shop: Shop, member: Member | None, versions: Sequence[Version], at: datetime
) -> tuple[Data, list[datetime | None]]:
    """Beside it the instants at which the clock alone changes it."""
    version = next((each for each in reversed(versions) if each.in_force_from <= at), None)
    if member is None or version is None:
        nothing: Data = {"earn": {}, "referral": None, "notifications": []}
        return {**nothing, "profile": {"birthday": None, "locked": False}}, []
    rules = prepared(version)
    asks = rules.activities or rules.birthdays
    told = told_by(shop=shop, member=member, at=at) if asks else Told(facts=(), at=at)
    ways = ways_to_earn_of(shop=shop, member=member, rules=rules, told=told)
    data: Data = {
        "earn": {rule: _way(way) for rule, way in ways.items()},
        "referral": _referral(shop, member) if rules.referrals else None,
        "profile": {"birthday": told.birthday or None, "locked": told.is_locked},
        "notifications": [{"id": name, "on": name in member.notified_of} for name in NOTICES],
    }
    return data, [way.at for way in ways.values() if way.state == "waiting"]


def referral_url(shop: Shop, code: str) -> str:
    """The shop's storefront with a member's code; empty where we do not know the storefront."""
    if not shop.storefront_url:
        return ""
    parts = urlsplit(shop.storefront_url)
    query = urlencode([*parse_qsl(parts.query), (REFERRAL_PARAMETER, code)])
    return parts._replace(query=query, path=parts.path or "/").geturl()


def _way(way: Way) -> Data:
    return {"state": way.state, "at": way.at.isoformat() if way.at else None}


def _referral(shop: Shop, member: Member) -> Data:
    friends = friends_of(shop=shop, member=member)
    return {
        "code": friends.code,
        "url": referral_url(shop, friends.code),
        "confirmed": friends.confirmed,
        "waiting": friends.waiting,
        "may_claim": friends.may_claim,
    }
