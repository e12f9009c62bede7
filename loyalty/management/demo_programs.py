"""The programs of the demo's two stores: one of points, tiers and friends, one of points to pay with and milestones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from loyalty.engine.program import Program, parse_program
from loyalty.models import Shop


def demo_program(shop: Shop, now: datetime) -> Program:
    """`now` is the demo's today: a campaign lies a week behind it and another a week before."""
    parts = {"shopify": _halfmoon, "ecwid": _lindgren}[shop.platform]
    frame = {"currency": shop.currency, "exponent": shop.exponent, "time_zone": shop.time_zone}
    return parse_program({**frame, **parts(now.astimezone(ZoneInfo(shop.time_zone)))})


def demo_idea(program: Program) -> Program:
    """What somebody at the desk thinks of: half as many points again for every order. A draft, to be tried out."""
    base, *others = program.rules
    return msgspec.structs.replace(program, rules=(msgspec.structs.replace(base, points=3), *others))


def _halfmoon(now: datetime) -> dict[str, Any]:
    return {
        "name": "Halfmoon Rewards",
        "rules": [
            _per_whole(1),
            {
                "kind": "multiplier",
                "id": "regular",
                "name": "Regulars",
                "times": "1.25",
                "scope": {"tiers": ["regular"]},
            },
            {
                "kind": "multiplier",
                "id": "roaster",
                "name": "Roasters",
                "times": "1.5",
                "scope": {"tiers": ["roaster"]},
            },
            {"kind": "birthday", "id": "birthday", "name": "Birthday", "points": 200},
            {
                "kind": "referral",
                "id": "friends",
                "name": "Bring a friend",
                "friend_points": 250,
                "referrer_points": 500,
            },
            {"kind": "activity", "id": "follow", "name": "Follow us", "activity": "social_follow", "points": 25},
        ],
        "tiers": [
            {"id": "guest", "name": "Guest", "perks": ["Points for every order"]},
            {"id": "regular", "name": "Regular", "minimum": 120_000, "perks": ["A quarter more points"]},
            {
                "id": "roaster",
                "name": "Roaster",
                "minimum": 500_000,
                "perks": ["Half as many points again", "First to taste new lots"],
                "entry_points": 250,
            },
        ],
        "campaigns": [
            _double_weekend(now, "last", "Double points weekend", -9),
            _double_weekend(now, "next", "Harvest weekend", 7),
        ],
        "rewards": [
            {"id": "shipping", "name": "Free shipping", "kind": "free_shipping", "points": 250},
            _amount_off(500, 5, "$5 off"),
            _amount_off(1_200, 15, "$15 off"),
            {
                "id": "cupping",
                "name": "A cupping at the roastery",
                "kind": "custom",
                "points": 2_500,
                "value_minor": 2_000,
                "limit_per_member": 1,
            },
        ],
        "policies": {"expiry": "inactivity", "expiry_months": 12},
    }


def _lindgren(now: datetime) -> dict[str, Any]:
    return {
        "name": "Lindgren & friends",
        "rules": [
            _per_whole(2),
            {
                "kind": "milestone",
                "id": "orders",
                "name": "Orders with us",
                "steps": [{"orders": 3, "points": 200}, {"orders": 10, "points": 1_000}],
            },
        ],
        "rewards": [
            _amount_off(500, 5, "€5 off"),
            {
                "id": "pay",
                "name": "Pay with points",
                "kind": "points_slider",
                "points": 100,
                "value_minor": 100,
                "minimum_points": 300,
                "maximum_percent": 50,
            },
        ],
        "policies": {"hold_days": 14, "expiry": "lot", "expiry_months": 12},
    }


def _per_whole(points: int) -> dict[str, Any]:
    return {"kind": "per_amount", "id": "base", "name": "Orders", "points": points, "per_minor": 100}


def _amount_off(points: int, whole: int, name: str) -> dict[str, Any]:
    reward = {"id": f"off-{whole}", "name": name, "kind": "amount_off"}
    return {**reward, "points": points, "value_minor": whole * 100}


def _double_weekend(now: datetime, campaign: str, name: str, days: int) -> dict[str, Any]:
    saturday = now.date() + timedelta(days=days)
    saturday -= timedelta(days=(saturday.weekday() - 5) % 7)
    days_of = {"first_day": saturday.isoformat(), "last_day": (saturday + timedelta(days=1)).isoformat()}
    double = {"kind": "multiplier", "id": f"{campaign}-double", "name": name, "times": "2"}
    return {"id": f"{campaign}-weekend", "name": name, **days_of, "rules": [double]}
