"""Operations on prices, rewards and money."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from loyalty.engine.errors import Refused
from loyalty.engine.facts import Import, ImportLot
from loyalty.engine.liability import contract_liability_minor
from loyalty.engine.pricing import (
    after_percents_minor,
    enough_to_use,
    free_product_points,
    free_units,
    points_for,
    quote,
    whole_steps,
    worth_minor,
)
from loyalty.engine.rewards import accept
from tests.conformance.builders import BEGIN, END, folded, program

Data = dict[str, Any]


def reward_eligibility(given: Data, policy: Data) -> Data:
    reward = {
        "id": "reward",
        "name": "Reward",
        "kind": "custom",
        "points": given["cost"],
        "limit_total": given.get("limit_total"),
        "limit_per_member": given.get("limit_per_customer"),
        "stock": given.get("coupon_pool"),
    }
    document = program(rewards=[reward])
    start = Import(id="start", at=BEGIN, lots=(ImportLot(points=given["balance"], at=BEGIN),))
    statement = folded(document, *([start] if given["balance"] else []))
    names = {"limit_per_member": "limit_per_customer", "out_of_stock": "no_coupons_left"}
    try:
        accept(
            statement,
            document,
            "reward",
            as_of=END,
            taken_by_member=given.get("used_by_customer", 0),
            taken_in_total=given.get("used_total", 0),
        )
    except Refused as refused:
        return {"allowed": False, "reason": names.get(refused.code, refused.code)}
    return {"allowed": True}


def redeem_quote(given: Data, policy: Data) -> Data:
    points = quote(
        given["requested"],
        given["balance"],
        given["order_total_minor"],
        conversion_points=given["conversion_points"],
        conversion_minor=given["conversion_minor"],
        minimum_points=given.get("min_points", 0),
        maximum_percent=given.get("max_percent", 100),
    )
    return {"applied_points": points}


def points_to_money(given: Data, policy: Data) -> Data:
    return {"amount_minor": worth_minor(given["points"], given["conversion_points"], given["conversion_minor"])}


def points_for_money_ceil(given: Data, policy: Data) -> Data:
    return {"points": points_for(given["amount_minor"], given["rate_minor_per_point"])}


def min_points_to_use(given: Data, policy: Data) -> Data:
    return {"satisfied": enough_to_use(given["balance"], given["minimum"])}


def max_multiple(given: Data, policy: Data) -> Data:
    return {"points_cost": whole_steps(given["available"], given["required_points"])}


def free_product_cost(given: Data, policy: Data) -> Data:
    return {"points_cost": free_product_points(given["qty"], given["reward_qty"], given["required_points"])}


def buy_x_get_y(given: Data, policy: Data) -> Data:
    free = free_units(given["paid_qty"], given["points_per_unit"], given["required_points"], given.get("min_qty", 0))
    return {"free_qty": free}


def stacked_percent(given: Data, policy: Data) -> Data:
    return {"totals_minor": after_percents_minor(given["total_minor"], given["percents"])}


def ifrs15_allocation(given: Data, policy: Data) -> Data:
    owed_minor = contract_liability_minor(
        given["sale_minor"], given["points"], given["point_value_minor"], given["expected_redemption_percent"]
    )
    return {"contract_liability_minor": owed_minor}


def concurrent_earn(given: Data, policy: Data) -> Data:
    """Each thread's grant is a fact of its own; whatever order they arrive in, the fold sees them all."""
    facts = [
        Import(
            id=str(index), at=datetime(2026, 1, 1, tzinfo=UTC), lots=(ImportLot(points=given["points_each"], at=BEGIN),)
        )
        for index in range(given["threads"])
    ]
    return {"balance": folded(program(), *facts).available}


OPERATIONS = {
    "reward_eligibility": reward_eligibility,
    "redeem_quote": redeem_quote,
    "points_to_money": points_to_money,
    "points_for_money_ceil": points_for_money_ceil,
    "min_points_to_use": min_points_to_use,
    "max_multiple": max_multiple,
    "free_product_cost": free_product_cost,
    "buy_x_get_y": buy_x_get_y,
    "stacked_percent": stacked_percent,
    "ifrs15_allocation": ifrs15_allocation,
    "concurrent_earn": concurrent_earn,
}
