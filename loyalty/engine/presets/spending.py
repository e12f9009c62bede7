"""Presets that reward what is bought."""

from __future__ import annotations

from collections.abc import Mapping

from loyalty.engine.presets.shape import Input, Parts, Preset, Setting

OWN_CHANNELS = ["online", "pos", "other"]


def one_per_whole(shop: Setting) -> Parts:
    return {"kind": "per_amount", "id": "base", "points": 1, "per_minor": shop.money(1)}


def amount_off(shop: Setting, points: int, whole: int) -> Parts:
    return {
        "id": f"off-{whole}",
        "name": f"{shop.said(whole)} off",
        "kind": "amount_off",
        "points": points,
        "value_minor": shop.money(whole),
    }


def activity(kind: str, points: int, **more: object) -> Parts:
    """Without a name of its own: what it is, the widget says in the shopper's language."""
    return {"kind": "activity", "id": kind.replace("_", "-"), "activity": kind, "points": points, **more}


def _points(shop: Setting, inputs: Mapping[str, str]) -> Parts:
    return {
        "rules": [one_per_whole(shop), activity("sign_up", 50)],
        "rewards": [amount_off(shop, 500, 5), amount_off(shop, 1000, 12)],
        "policies": {"expiry": "lot", "expiry_months": 12},
    }


def _vip_spend(shop: Setting, inputs: Mapping[str, str]) -> Parts:
    return {
        "rules": [
            one_per_whole(shop),
            {
                "kind": "multiplier",
                "id": "silver-rate",
                "name": "Silver",
                "times": "1.25",
                "scope": {"tiers": ["silver"]},
            },
            {"kind": "multiplier", "id": "gold-rate", "name": "Gold", "times": "1.5", "scope": {"tiers": ["gold"]}},
        ],
        "tiers": [
            {"id": "member", "name": "Member", "perks": ["Points for every order"]},
            {"id": "silver", "name": "Silver", "minimum": shop.money(350), "perks": ["A quarter more points"]},
            {
                "id": "gold",
                "name": "Gold",
                "minimum": shop.money(1000),
                "perks": ["Half as many points again", "Returns without a receipt"],
                "entry_points": 500,
            },
        ],
        "rewards": [amount_off(shop, 500, 10)],
        "policies": {"tier_measure": "spend", "tier_period": "calendar_year", "tier_kept": "this_year_and_next"},
    }


def _cent(shop: Setting) -> int:
    """What a point of cashback is worth: the hundredth part of a unit."""
    return shop.money(1) // 100 or 1


def _slider(shop: Setting, least_whole: int) -> Parts:
    return {
        "id": "pay",
        "name": "Pay with cashback",
        "kind": "points_slider",
        "points": 100,
        "value_minor": 100 * _cent(shop),
        "minimum_points": least_whole * 100,
    }


def _cashback(shop: Setting, inputs: Mapping[str, str]) -> Parts:
    rule = {"kind": "cashback", "id": "back", "name": "5 % back", "percent": "5", "point_value_minor": _cent(shop)}
    return {"rules": [rule], "rewards": [_slider(shop, 1)], "policies": {"hold_days": 14}}


def _low_price_cashback(shop: Setting, inputs: Mapping[str, str]) -> Parts:
    worth = {"point_value_minor": _cent(shop)}
    tagged = {"tags": [inputs["offer_tag"]]}
    return {
        "rules": [
            {"kind": "cashback", "id": "back", "name": "1 % back", "percent": "1", **worth},
            {
                "kind": "cashback",
                "id": "offers",
                "name": "4 % more on offers",
                "percent": "4",
                "scope": tagged,
                **worth,
            },
        ],
        "caps": [{"per": "month", "points": 2000}],
        "rewards": [_slider(shop, 5)],
        "policies": {"hold_days": 14, "expiry": "inactivity", "expiry_months": 12},
    }


def _stars(shop: Setting, inputs: Mapping[str, str]) -> Parts:
    paid = {"payment_methods": [inputs["payment_method"]]}
    star = {"kind": "per_amount", "points": 1, "per_minor": shop.money(1)}
    return {
        "rules": [
            {**star, "id": "base", "name": "A star for every unit spent"},
            {**star, "id": "paid-well", "name": "One more for how it was paid", "scope": paid},
        ],
        "rewards": [amount_off(shop, 100, 5), amount_off(shop, 200, 12)],
        "policies": {"expiry": "lot", "expiry_months": 6},
    }


def _partner(shop: Setting, inputs: Mapping[str, str]) -> Parts:
    return {
        "rules": [
            {**one_per_whole(shop), "scope": {"channels": OWN_CHANNELS}},
            {
                "kind": "per_amount",
                "id": "partner",
                "name": "Points for orders at our partner",
                "points": 1,
                "per_minor": shop.money(2),
                "scope": {"channels": [inputs["partner_channel"]]},
            },
        ],
        "rewards": [amount_off(shop, 300, 5)],
        "policies": {"hold_days": 14},
    }


def _spend_offers(shop: Setting, inputs: Mapping[str, str]) -> Parts:
    """Each step is a level, so that a member sees how much is missing; its card is there to be taken once a year."""
    steps = (("first", "First gift card", 250, 60), ("second", "Second gift card", 500, 80))
    return {
        "tiers": [
            {"id": "start", "name": "On the way"},
            *({"id": key, "name": name, "minimum": shop.money(spend)} for key, name, spend, _ in steps),
        ],
        "rewards": [
            {
                "id": f"card-{key}",
                "name": name,
                "kind": "gift_card",
                "points": 0,
                "value_minor": shop.money(value),
                "tiers": [each[0] for each in steps[index:]],
                "limit_per_member": 1,
                "limit_period": "year",
            }
            for index, (key, name, _, value) in enumerate(steps)
        ],
        "policies": {"tier_measure": "spend", "tier_period": "calendar_year"},
    }


SPENDING = (
    Preset(
        id="points",
        name="Points",
        sentence="A point for every unit of money spent, some to begin with, and money off for them. Unused points expire after a year.",
        parts=_points,
        sources=("sign_up",),
    ),
    Preset(
        id="vip-spend",
        name="Tiers by spending",
        sentence="Members climb three tiers by what they spend in a calendar year, keep a tier until the end of the next, and earn more on higher ones.",
        parts=_vip_spend,
    ),
    Preset(
        id="cashback",
        name="Cashback",
        sentence="5 % of every order comes back two weeks later, to pay the next one with.",
        parts=_cashback,
    ),
    Preset(
        id="low-price-cashback",
        name="Cashback for low prices",
        sentence="1 % back on everything and 5 % on the offers you tag, at most {20} a month: for shops whose prices leave little room.",
        parts=_low_price_cashback,
        inputs=(Input(id="offer_tag", kind="tag", sentence="Which tag do products on offer carry?"),),
    ),
    Preset(
        id="stars",
        name="Stars",
        sentence="A star for every unit of money spent, and a second one when it is paid the way you prefer.",
        parts=_stars,
        inputs=(Input(id="payment_method", kind="payment_method", sentence="Which payment method brings the extra?"),),
    ),
    Preset(
        id="partner",
        name="Points at a partner",
        sentence="Orders at a second shop earn too, at half the rate.",
        parts=_partner,
        inputs=(
            Input(
                id="partner_channel", kind="channel", sentence="Under which channel do the partner's orders come in?"
            ),
        ),
        sources=("partner_orders",),
    ),
    Preset(
        id="spend-offers",
        name="Spend more, get a gift card",
        sentence="Members see how much is missing to the next gift card of the year: {60} for {250} spent, {80} more for {500}.",
        parts=_spend_offers,
    ),
)
