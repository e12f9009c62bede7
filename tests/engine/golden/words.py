"""What several golden lives share: a ladder of tiers, rewards, and facts as plain data."""

from __future__ import annotations

from tests.engine.golden.corpus import day

TIERS = [
    {"id": "member", "name": "Member"},
    {"id": "silver", "name": "Silver", "minimum": 10000, "entry_points": 25, "entry_rewards": ["coffee"]},
    {"id": "gold", "name": "Gold", "minimum": 30000, "entry_points": 100},
    {"id": "circle", "name": "Circle", "minimum": 30001, "by_invitation": True, "entry_rewards": ["coffee"]},
]
REWARDS = [
    {"id": "coffee", "name": "Free coffee", "kind": "free_product", "points": 150},
    {"id": "five", "name": "5.00 off", "kind": "amount_off", "points": 500, "value_minor": 500},
    {"id": "hidden", "name": "Hidden", "kind": "custom", "points": 200, "enabled": False},
    {"id": "slide", "name": "Slider", "kind": "points_slider", "points": 10, "value_minor": 10, "minimum_points": 400},
]


def fact(tag, name, at, **more):
    return {"type": tag, "id": name, "at": day(at), **more}


def activity(name, at, kind, **more):
    return fact("activity", name, at, kind=kind, **more)


def adjusted(name, at, points):
    return fact("adjustment", name, at, points=points, actor="Dana", reason="a kindness")
