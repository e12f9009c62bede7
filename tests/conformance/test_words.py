"""Words that none of the stored cases uses: each is played at least once, with numbers worked out here."""

from __future__ import annotations

import json

import pytest

from tests.conformance.runner import OPERATIONS, WORDS, answer


def sequence(*steps, **more):
    return {"op": "ledger_sequence", "input": {"steps": list(steps), **more}, "policy": {}}


def case(op, policy=None, **given):
    return {"op": op, "input": given, "policy": policy or {}}


EARN = {"op": "earn", "id": "o", "points": 100}
LINES = [
    {"id": "1", "sku": "A", "labels": {"color": ["red", "blue"]}, "qty": 2, "gross_minor": 1000, "kind": "product"},
    {"id": "2", "sku": "B", "labels": {}, "qty": 1, "gross_minor": 500, "kind": "product"},
    {"id": "3", "sku": "S", "labels": {}, "qty": 1, "gross_minor": 300, "kind": "shipping"},
]
SHOP = [
    {"id": "1", "sku": "a", "categories": ["x"], "gross_minor": 2000, "refunded_minor": 500, "payment": "money"},
    {"id": "2", "sku": "b", "categories": ["y"], "gross_minor": 1000, "payment": "money"},
]
LEVELS = [{"code": "a", "min": 0}, {"code": "b", "min": 100}]

CASES = {
    "reserve and capture": (
        sequence(EARN, {"op": "reserve", "id": "r", "points": 30}, {"op": "capture_reservation", "reservation": "r"}),
        {"balance": 70, "reserved": 0, "spent": 30},
    ),
    "resolved twice": (
        sequence(
            EARN,
            {"op": "reserve", "id": "r", "points": 30},
            {"op": "capture_reservation", "reservation": "r"},
            {"op": "cancel_reservation", "reservation": "r"},
        ),
        {"error": "already_resolved", "error_at_step": 3, "balance": 70},
    ),
    "rolled back once": (
        sequence(
            {**EARN, "at": "2026-01-01", "expires_at": "2026-06-01"},
            {"op": "redeem", "id": "r", "points": 40, "at": "2026-02-01"},
            {"op": "rollback_redeem", "redeem": "r", "key": "k", "at": "2026-03-01"},
            {"op": "rollback_redeem", "redeem": "r", "key": "k", "at": "2026-03-02"},
            {"op": "expire_due", "at": "2026-06-01"},
        ),
        {"balance": 0, "entries": 4, "last_entry": -100},
    ),
    "the same redemption twice": (
        sequence(EARN, {"op": "redeem", "key": "k", "points": 30}, {"op": "redeem", "key": "k", "points": 30}),
        {"balance": 70, "entries": 2},
    ),
    "a deficit": (
        sequence(EARN, {"op": "redeem", "points": 130, "allow_deficit": True}, {"op": "earn", "id": "p", "points": 50}),
        {"balance": 20, "deficit": 0, "lots": {"o": 0, "p": 20}},
    ),
    "a strict clawback": (
        sequence(
            EARN,
            {"op": "clawback", "lot": "o", "points": 60},
            {"op": "clawback", "lot": "o", "points": 60, "strict": True},
        ),
        {"error": "reversal_exceeds_award", "error_at_step": 2, "balance": 40, "reversed": 60},
    ),
    "a clamped clawback": (
        sequence(
            EARN, {"op": "redeem", "points": 80}, {"op": "clawback", "lot": "o", "points": 100, "mode": "clamp_to_zero"}
        ),
        {"balance": 0, "deficit": 0, "reversed": 20},
    ),
    "a clawback takes its own lot first": (
        sequence(
            {"op": "earn", "id": "old", "points": 100, "at": "2026-01-01"},
            {"op": "earn", "id": "new", "points": 100, "at": "2026-01-02"},
            {"op": "reverse", "lot": "new", "points": 100},
        ),
        {"lots": {"old": 100, "new": 0}},
    ),
    "adjusted below zero and not": (
        sequence(
            {"op": "adjust", "points": -10, "mode": "clamp_to_zero"},
            {"op": "adjust", "points": -10, "mode": "allow_negative"},
        ),
        {"balance": -10, "deficit": 10},
    ),
    "pending, then expired after its release": (
        sequence(
            {**EARN, "state": "pending", "at": "2026-01-01"},
            {"op": "release", "lot": "o", "at": "2026-01-10", "expires_at": "2026-02-01"},
            {"op": "expire_lot", "lot": "o", "at": "2026-02-01"},
        ),
        {"balance": 0, "pending": 0, "entries": 2},
    ),
    "a checkpoint that is wrong is told": (
        sequence(EARN, checkpoints=[{"after_step": 0, "lots": {"o": 99}}]),
        {"checkpoint": "after step 0 o holds 100, not 99"},
    ),
    "labels, skus and minimums": (
        case(
            "earn_order",
            order={"lines": LINES},
            rounding="floor",
            rules=[
                {"type": "rate", "points_per_major": 1, "exclude_shipping": True},
                {"type": "line_multiplier", "multiplier": 3, "labels": {"color": "blue"}},
                {"type": "product_bonus", "points": 7, "skus": ["A"], "min_order_minor": 1800},
                {"type": "rate", "points_per_major": 100, "exclude_skus": ["A", "B"], "min_order_minor": 1801},
            ],
        ),
        {"points": 77},
    ),
    "a refund before the award": (
        case(
            "earn_order_override",
            order={"lines": SHOP, "at": "2026-08-12"},
            base_points_per_major=1,
            rules=[{"id": "r", "type": "rate_override", "points_per_major": 2, "categories": ["x"], "priority": 1}],
            exclude_payments=[],
            exclude_shipping=False,
            rounding="floor_once",
        ),
        {"points": 40, "eligible_minor": 2500, "applied": {"1": "r", "2": "base"}},
    ),
    "a capped base": (
        case(
            "earn_order_v2",
            order={"lines": SHOP, "shipping_minor": 400, "shipping_refunded_minor": 100},
            base_points_per_major=1,
            base_cap=20,
            exclusions={"shipping": False},
            rules=[{"id": "b", "type": "bonus", "points": 5}],
        ),
        {"points": 25, "eligible_minor": 2800, "contributions": {"base": 20, "b": 5}},
    ),
    "a fixed rule that is switched off": (
        case(
            "earn_basis",
            basis_minor=1000,
            rounding="half_up",
            at="2026-06-01",
            rules=[
                {"id": "f", "type": "fixed", "points": 5, "enabled": False},
                {"id": "r", "type": "rate", "points_per_major": 2},
                {"id": "l", "type": "fixed", "points": 9, "starts_at": "2026-07-01"},
                {"id": "n", "type": "per_amount", "points": 1, "per_minor": 0},
            ],
        ),
        {"points": 20, "breakdown": {"r": 20}},
    ),
    "an event below its cap": (
        case(
            "earn_event",
            event="review",
            used_this_period=80,
            rules=[{"type": "event_bonus", "event": "review", "points": 30, "member_cap": 100}],
        ),
        {"points": 20},
    ),
    "a code that was used": (
        case("earn_event", event="order", code_applied=True, rules=[{"type": "code_bonus", "code": "X", "points": 10}]),
        {"points": 10},
    ),
    "an account switched off": (
        case("earn_identity", customer="c", account_enabled=False, rule_points=5),
        {"points": 0},
    ),
    "store credit is money": (
        case(
            "earn_net",
            {"store_credit_is_payment": True},
            items_minor=5000,
            paid_by_store_credit_minor=2000,
            rate_points_per_major=1,
        ),
        {"points": 50},
    ),
    "a discount that is not allocated": (
        case(
            "earn_scoped",
            {"order_discount_allocated_to_lines": False},
            lines=[{"cat": "f", "net_minor": 10000}, {"cat": "o", "net_minor": 5000}],
            order_discount={"percent": 10, "scope": "order"},
            rule_categories=["f"],
            rate_points_per_major=1,
        ),
        {"points": 100, "order_total_minor": 13500},
    ),
    "the whole order's basis": (
        case(
            "earning_basis",
            basis="order_total",
            include_tax=False,
            order={
                "items_total_minor": 5000,
                "items_tax_minor": 800,
                "order_total_minor": 6000,
                "order_tax_minor": 1000,
            },
        ),
        {"basis_minor": 5000},
    ),
    "a window is half open": (
        case(
            "rule_condition",
            {"window": "half_open"},
            condition={"type": "date_window", "from": "2026-01-01", "to": "2026-02-01"},
            context={"at": "2026-02-01"},
        ),
        {"satisfied": False},
    ),
    "spend with tax": (
        case(
            "min_spend",
            lines=[{"net_minor": 10000, "qty": 10, "tax_percent": 15}],
            minimum_minor=115000,
            tax_mode="incl",
        ),
        {"satisfied": True},
    ),
    "a refund of earned and spent": (
        case(
            "refund_earn_and_spend",
            start=200,
            earned=60,
            spent=100,
            refund_fraction=[1, 2],
            return_spent_on_partial=True,
        ),
        {"balance_before_refund": 160, "earned_removed": 30, "spent_returned": 50, "balance": 180},
    ),
    "a rule that was deleted": (
        case(
            "refund_after_rule_change",
            original_spend_minor=5000,
            rate_at_order=1,
            rate_at_refund="deleted",
            refund_minor=2500,
        ),
        {"reversed": 25},
    ),
    "upgraded and kept": (
        case(
            "tier_review",
            tiers=LEVELS,
            current="a",
            qualifying_amount=100,
            at="2026-07-15",
            below_since=None,
            grace_days=9,
            manual=None,
        ),
        {"tier": "b", "qualified": "b", "transition": "upgrade"},
    ),
    "a manual tier": (
        case(
            "tier_review",
            tiers=LEVELS,
            current="a",
            qualifying_amount=5,
            at="2026-07-15",
            below_since=None,
            grace_days=9,
            manual="b",
        ),
        {"tier": "b", "qualified": "a", "transition": "manual"},
    ),
    "orders of a month": (
        case(
            "tier_metric",
            facts=[
                {"at": "2026-08-31T23:00:00Z", "orders": 1},
                {"at": "2026-09-01", "orders": 2},
                {"at": "2026-10-01", "orders": 4},
            ],
            period={"kind": "calendar_month"},
            metric="orders",
            at="2026-09-30",
        ),
        {"value": 2},
    ),
    "the year and the next": (
        case("tier_until", entered="2019-03-03", mode="calendar_year_plus_next"),
        {"until": "2020-12-31"},
    ),
    "inactivity switched on late": (
        case("inactivity_expiry", activity=["2020-01-01"], balance=5, period_months=6, policy_enabled_on="2021-01-01"),
        {"expires_on": "2021-07-01"},
    ),
    "no fee before its time": (
        case("membership_fee", points=200, fee_points=25, period_seconds=2592000, seconds_since_last_charge=2591999),
        {"charged": False, "points": 200},
    ),
    "how many and how much": (
        case(
            "segment",
            transactions=[
                {"customer": "a", "amount": 5},
                {"customer": "a", "amount": 15},
                {"customer": "b", "amount": 10},
            ],
            criterion={"transaction_count": [2, 9], "any_transaction_amount": [15, 20]},
        ),
        {"customers": ["a"]},
    ),
    "no codes left": (
        case("reward_eligibility", cost=1, balance=5, coupon_pool=1, used_total=1, limit_total=None),
        {"allowed": False, "reason": "no_coupons_left"},
    ),
    "once a customer": (
        case("reward_eligibility", cost=1, balance=5, limit_per_customer=1, used_by_customer=1),
        {"allowed": False, "reason": "limit_per_customer"},
    ),
    "a tier's own rate for a collection": (
        case("rate_precedence", {"precedence": "gameball"}, default=1, tier=4, tier_collections=[2]),
        {"points_per_major": 2},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_played_and_right(name):
    played, expected = CASES[name]
    got = answer(json.loads(json.dumps(played)))
    assert {key: got.get(key) for key in expected} == expected


def test_every_operation_of_the_vocabulary_is_there():
    assert set(WORDS["operations"]) == set(OPERATIONS)
