"""Presets that reward taking part: memberships, visits, milestones, personal perks."""

from __future__ import annotations

from collections.abc import Mapping

from loyalty.engine.presets.shape import Input, Parts, Preset, Setting
from loyalty.engine.presets.spending import activity, amount_off, one_per_whole

ONCE = [{"per": "lifetime", "times": 1}]


def _paid_membership(shop: Setting, inputs: Mapping[str, str]) -> Parts:
    product = inputs["membership_product"]
    members = {"plans": ["membership"]}
    return {
        "rules": [
            one_per_whole(shop),
            {"kind": "multiplier", "id": "members-rate", "name": "Members earn double", "times": "2", "scope": members},
            {"kind": "birthday", "id": "birthday", "points": 500, "scope": members},
        ],
        "plans": [{"id": "membership", "name": "Membership", "products": [product], "months": 12}],
        "exclusions": {"products": [product]},
        "rewards": [amount_off(shop, 500, 5), {**_shipping(), "points": 0, **members}],
    }


def _shipping() -> Parts:
    return {"id": "shipping", "name": "Free shipping", "kind": "free_shipping"}


def _milestones(shop: Setting, inputs: Mapping[str, str]) -> Parts:
    return {
        "rules": [
            {
                "kind": "milestone",
                "id": "orders",
                "name": "Orders with us",
                "steps": [{"orders": 4, "points": 400}, {"orders": 10, "points": 1500}],
                "scope": {"minimum_order_minor": shop.money(10)},
            },
            {
                "kind": "per_order",
                "id": "surprise",
                "name": "Surprise",
                "points": 100,
                "scope": {"minimum_order_minor": shop.money(10), "draw_percent": 25},
            },
        ],
        "rewards": [amount_off(shop, 400, 5), amount_off(shop, 1500, 25)],
    }


def _club(shop: Setting, inputs: Mapping[str, str]) -> Parts:
    daily = [{"per": "day", "times": 1}]
    return {
        "rules": [
            activity("sign_up", 50, caps=ONCE),
            activity("profile_completed", 50, caps=ONCE),
            activity("event_attended", 100, caps=daily),
        ],
        "rewards": [
            {"id": "workshop", "name": "A place at a workshop", "kind": "custom", "points": 150},
            {"id": "evening", "name": "Members' evening", "kind": "access", "points": 300},
            {
                "id": "day-out",
                "name": "A day behind the scenes",
                "kind": "custom",
                "points": 600,
                "limit_per_member": 1,
            },
        ],
        "policies": {"enrolment": "on_request"},
    }


def _activities(shop: Setting, inputs: Mapping[str, str]) -> Parts:
    visits = [{"per": "day", "times": 1}, {"per": "month", "points": 50}]
    return {
        "rules": [
            one_per_whole(shop),
            activity("event_attended", 100, caps=[{"per": "month", "times": 4}]),
            activity("visit", 10, caps=visits),
            activity("app_installed", 150, caps=ONCE),
        ],
        "rewards": [amount_off(shop, 250, 5)],
    }


def _personal(shop: Setting, inputs: Mapping[str, str]) -> Parts:
    return {
        "rules": [one_per_whole(shop), activity("sign_up", 100, caps=ONCE)],
        "tiers": [
            {"id": "one", "name": "Level 1", "perks": ["Points for every order"]},
            {"id": "two", "name": "Level 2", "minimum": 500, "perks": ["First to hear of new things"]},
            {"id": "three", "name": "Level 3", "minimum": 1500, "perks": ["Your name on what you buy"]},
        ],
        "rewards": [
            amount_off(shop, 500, 5),
            {
                "id": "personal",
                "name": "Your name on it",
                "kind": "custom",
                "points": 0,
                "tiers": ["three"],
                "limit_per_member": 4,
            },
        ],
        "policies": {"tier_measure": "points", "tier_period": "rolling", "tier_period_days": 365},
    }


def _invited(shop: Setting, inputs: Mapping[str, str]) -> Parts:
    top = {"tiers": ["private"]}
    return {
        "rules": [
            one_per_whole(shop),
            {"kind": "multiplier", "id": "private-rate", "name": "Private", "times": "2", "scope": top},
        ],
        "tiers": [
            {"id": "member", "name": "Member"},
            {"id": "gold", "name": "Gold", "minimum": shop.money(500), "perks": ["Returns without a receipt"]},
            {
                "id": "private",
                "name": "Private",
                "minimum": shop.money(500) + 1,
                "by_invitation": True,
                "perks": ["A stylist of your own"],
                "entry_points": 1000,
            },
        ],
        "rewards": [
            amount_off(shop, 500, 5),
            {"id": "fitting", "name": "A private fitting", "kind": "custom", "points": 0, "tiers": ["private"]},
        ],
    }


def _early_access(shop: Setting, inputs: Mapping[str, str]) -> Parts:
    grown = ["of-age"]
    return {
        "rules": [{**one_per_whole(shop), "scope": {"segments": grown}}],
        "segments": [{"id": "of-age", "name": "Old enough", "minimum_age": 18}],
        "rewards": [
            {
                "id": "welcome-gift",
                "name": "Welcome gift",
                "kind": "custom",
                "points": 0,
                "segments": grown,
                "limit_per_member": 1,
            },
            {"id": "early", "name": "Early access", "kind": "access", "points": 0, "segments": grown},
            {**amount_off(shop, 500, 5), "segments": grown},
        ],
        "policies": {"enrolment": "on_request"},
    }


BELONGING = (
    Preset(
        id="paid-membership",
        name="Paid membership",
        sentence="Whoever buys the membership earns double for a year, orders without shipping and gets points for their birthday. A refund ends it.",
        parts=_paid_membership,
        inputs=(Input(id="membership_product", kind="product", sentence="Which product is the membership?"),),
        sources=("birthday",),
    ),
    Preset(
        id="milestones",
        name="Milestones",
        sentence="A gift with the 4th order, a larger one with the 10th, and a surprise now and then; orders from {10} count.",
        parts=_milestones,
    ),
    Preset(
        id="club",
        name="Club",
        sentence="No points for spending: members collect them at events and spend them on experiences.",
        parts=_club,
        sources=("sign_up", "profile_completed", "event_attended"),
    ),
    Preset(
        id="activities",
        name="Points for taking part",
        sentence="Points for orders, events, check-ins and for installing the app, each within limits.",
        parts=_activities,
        sources=("event_attended", "visit", "app_installed"),
    ),
    Preset(
        id="personal",
        name="Personal perks",
        sentence="Three levels by points collected in a year; the third has its name put on what it buys, four times.",
        parts=_personal,
        sources=("sign_up",),
    ),
    Preset(
        id="invited",
        name="By invitation",
        sentence="Two tiers by spending in a year, and one above them that only you can open, for as long as you say.",
        parts=_invited,
        sources=("invitation",),
    ),
    Preset(
        id="early-access",
        name="Early access",
        sentence="Who registers and is 18 or older gets a gift, is let in before everybody else, and earns points.",
        parts=_early_access,
        sources=("birthday",),
    ),
)
