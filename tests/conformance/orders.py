"""Operations on one order: what counts, which rules apply, what refunds take back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from loyalty.engine.explain import find
from loyalty.engine.facts import Activity, Line, Redemption, Refund, RefundLine, Segment
from loyalty.engine.pricing import percent_of_minor, worth_minor
from loyalty.engine.statement import Statement, fold
from tests.conformance.builders import (
    BEGIN,
    counted_minor,
    earned,
    folded,
    line,
    moment,
    order,
    program,
    rated,
    reason_of,
    refund,
    version,
)

Data = dict[str, Any]
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
"""An instant before any order here is paid."""

ROUNDING = {"floor_once": "floor"}


def named(rule: Data, index: int) -> str:
    return str(rule.get("id", f"rule-{index}"))


def labelled(labels: dict[str, Any]) -> list[str]:
    """A label is a tag "name:value"; several values are several tags."""
    return [
        f"{name}:{value}"
        for name, values in labels.items()
        for value in (values if isinstance(values, list) else [values])
    ]


def earn_order(given: Data, policy: Data) -> Data:
    rules = []
    for index, rule in enumerate(given["rules"]):
        scope = {
            "products": rule.get("skus", []),
            "tags": labelled(rule.get("labels", {})),
            "without_products": rule.get("exclude_skus", []),
            "without_tags": labelled(rule.get("exclude_labels", {})),
            "without_extras": rule.get("exclude_shipping", False),
            "minimum_order_minor": rule.get("min_order_minor", 0),
        }
        ways = {
            "rate": {"kind": "per_amount", "points": rule.get("points_per_major"), "per_minor": 100},
            "product_bonus": {"kind": "per_item", "points": rule.get("points")},
            "line_multiplier": {"kind": "multiplier", "times": str(rule.get("multiplier")), "fixed_too": True},
        }
        rules.append({"id": named(rule, index), "scope": scope, **ways[rule["type"]]})
    goods = [each for each in given["order"]["lines"] if each.get("kind") != "shipping"]
    shipping = [each["gross_minor"] for each in given["order"]["lines"] if each.get("kind") == "shipping"]
    lines = [
        Line(
            id=each["id"],
            quantity=each.get("qty", 1),
            unit_price_minor=each["gross_minor"],
            product_id=each.get("sku", ""),
            tags=tuple(labelled(each.get("labels", {}))),
        )
        for each in goods
    ]
    policies = {"count_shipping": True, "rounding": given.get("rounding", "floor"), "multipliers": "compound"}
    bought = order(whole_lines(goods, lines), shipping_minor=sum(shipping))
    return {"points": earned(folded(program(rules=rules, policies=policies), bought))}


def whole_lines(goods: list[Data], lines: list[Line]) -> list[Line]:
    """A case gives the price of a whole line: one that has several units is that price once, and units for free."""
    found = []
    for each, made in zip(goods, lines, strict=True):
        units = each.get("qty", 1)
        if units == 1:
            found.append(made)
        else:
            off = sum([made.unit_price_minor for _ in range(1, units)])
            found.append(
                line(
                    made.unit_price_minor,
                    made.id,
                    quantity=units,
                    discount_minor=off,
                    product_id=made.product_id,
                    tags=made.tags,
                )
            )
    return found


def earn_basis(given: Data, policy: Data) -> Data:
    rules = []
    for index, rule in enumerate(given["rules"]):
        ways = {
            "fixed": {"kind": "per_order", "points": rule.get("points")},
            "per_amount": {
                "kind": "per_amount",
                "points": rule.get("points"),
                "per_minor": rule.get("per_minor"),
                "full_steps_only": True,
            },
            "rate": {"kind": "per_amount", "points": rule.get("points_per_major"), "per_minor": 100},
            "multiplier": {"kind": "multiplier", "times": rule.get("multiplier"), "fixed_too": True},
        }
        starts_at = rule.get("starts_at")
        rules.append(
            {
                "id": named(rule, index),
                "enabled": rule.get("enabled", True),
                "priority": rule.get("priority", 0),
                "exclusive": not rule.get("stackable", True),
                "scope": {"starts_at": moment(starts_at).isoformat()} if starts_at else {},
                **ways[rule["type"]],
            }
        )
    policies = {"rounding": given.get("rounding", "floor"), "stacking": "priority", "multipliers": "compound"}
    bought = order([line(given["basis_minor"])], moment(given.get("at")))
    statement = folded(program(rules=rules, policies=policies), bought)
    return {"points": earned(statement), "breakdown": contributions(statement)}


def contributions(statement: Statement) -> dict[str, Any]:
    given = find(reason_of(statement), "order.earned")
    lines = given.lines if given is not None else ()
    return {str(each.params["rule"]): each.params["whole_points"] for each in lines if "whole_points" in each.params}


def earn_event(given: Data, policy: Data) -> Data:
    """The cap's room is used up by an earlier activity under an earlier version of the same rule."""
    if given["event"] == "order":
        rules = [
            {
                "id": named(rule, index),
                "kind": "per_order",
                "points": rule["points"],
                "scope": {"codes": [rule["code"]]},
            }
            if rule["type"] == "code_bonus"
            else {"id": named(rule, index), "kind": "per_order", "points": rule["points"]}
            for index, rule in enumerate(given["rules"])
            if rule.get("event", "order") == "order"
        ]
        codes = [rule["code"] for rule in given["rules"] if rule["type"] == "code_bonus"]
        bought = order([line(1000)], discount_codes=tuple(codes if given.get("code_applied") else []))
        return {"points": earned(folded(program(rules=rules), bought))}
    used = given.get("used_this_period", 0)
    chosen = [rule for rule in given["rules"] if rule["type"] == "event_bonus" and rule["event"] == given["event"]]
    now = [activity_rule(rule, index, rule["points"], rule.get("member_cap")) for index, rule in enumerate(chosen)]
    before = [activity_rule(rule, index, used, used) for index, rule in enumerate(chosen)] if used else []
    facts = [
        Activity(id="before", at=BEFORE, kind="custom", code=given["event"]),
        Activity(id="now", at=moment(None), kind="custom", code=given["event"]),
    ]
    versions = [version(program(rules=before)), version(program(rules=now), datetime(2026, 2, 1, tzinfo=UTC), 2)]
    statement = fold(versions, facts, moment(None))
    return {"points": sum(each.points for each in statement.movements if each.source == "activity:now")}


def activity_rule(rule: Data, index: int, points: int, cap: int | None) -> Data:
    caps = [] if cap is None else [{"per": "year", "points": cap}]
    return {
        "kind": "activity",
        "id": named(rule, index),
        "activity": "custom",
        "code": rule["event"],
        "points": points,
        "caps": caps,
    }


def earn_identity(given: Data, policy: Data) -> Data:
    """A customer whose account is switched off is in a segment that earns nothing; a guest has no customer id."""
    document = program(
        rules=[{"id": "rule", "kind": "per_order", "points": given["rule_points"]}],
        policies={"guest_orders": "wait" if given.get("retroactive_guest_points", True) else "nothing"},
        exclusions={"segments": ["switched-off"]},
    )
    off = Segment(id="off", at=BEGIN, segment="switched-off", inside=not given.get("account_enabled", True))
    bought = order([line(1000)], customer_id=given["customer"] or "")
    return {"points": earned(folded(document, off, bought))}


def earn_net(given: Data, policy: Data) -> Data:
    policies = {
        "count_gift_card_part": policy.get("gift_card_is_payment", True),
        "count_store_credit_part": policy.get("store_credit_is_payment", True),
        "basis": "after_discounts" if policy.get("discount_reduces_basis", True) else "before_discounts",
        "paid_with_points": "full" if given.get("earn_when_paid_by_points", True) else "nothing",
    }
    rules = [{"id": "rate", "kind": "per_amount", "points": given["rate_points_per_major"], "per_minor": 100}]
    bought = order(
        [line(given["items_minor"])],
        order_discount_minor=given.get("order_discount_minor", 0),
        gift_card_minor=given.get("paid_by_gift_card_minor", 0),
        store_credit_minor=given.get("paid_by_store_credit_minor", 0),
    )
    facts = [Redemption(id="r", at=BEFORE, points=0, reward="slider", order_id="order")]
    return {
        "points": earned(
            folded(program(rules=rules, policies=policies), bought, *(facts if given.get("paid_by_points") else []))
        )
    }


def earn_after_redeem(given: Data, policy: Data) -> Data:
    value_minor = worth_minor(given["redeemed_points"], 1, given["point_value_minor"])
    policies = {"paid_with_points": "rest" if policy.get("points_payment_reduces_basis", True) else "full"}
    rules = [
        {"id": "rate", "kind": "per_amount", "points": 1, "per_minor": given["per_minor"], "full_steps_only": True}
    ]
    spent = Redemption(
        id="r", at=BEFORE, points=given["redeemed_points"], reward="slider", order_id="order", value_minor=value_minor
    )
    bought = order([line(given["order_minor"])], order_discount_minor=value_minor)
    return {"points": earned(folded(program(rules=rules, policies=policies), spent, bought))}


def shop_line(each: Data) -> Line:
    return line(
        each["gross_minor"],
        each["id"],
        product_id=each.get("sku", ""),
        collection_ids=(*each.get("categories", []), *(f"collection:{name}" for name in each.get("collections", []))),
        discount_minor=each.get("discount_minor", 0),
        paid_by="gift_card" if each.get("payment") == "gift_card" else "",
    )


def refunds_before(lines: list[Data], **extras: int) -> tuple[Refund, ...]:
    """What a case says was refunded already lies before the awarding moment."""
    back = [
        RefundLine(line_id=each["id"], quantity=0, amount_minor=each["refunded_minor"])
        for each in lines
        if each.get("refunded_minor")
    ]
    if not back and not any(extras.values()):
        return ()
    amount_minor = sum(each.amount_minor for each in back)
    return (refund("before", BEFORE, amount_minor, lines=tuple(back), **extras),)


def scoped(rule: Data) -> Data:
    names = [*rule.get("categories", []), *(f"collection:{name}" for name in rule.get("collections", []))]
    window = {name: moment(rule[name]).isoformat() for name in ("starts_at", "ends_at") if rule.get(name)}
    return {"collections": names, **window}


def earn_order_override(given: Data, policy: Data) -> Data:
    rules: list[Data] = [
        {
            "id": "base",
            "kind": "per_amount",
            "points": given["base_points_per_major"],
            "per_minor": 100,
            "priority": LAST,
        }
    ]
    for index, rule in enumerate(given["rules"]):
        base = {"id": named(rule, index), "priority": rule.get("priority", 0), "exclusive": True, "scope": scoped(rule)}
        rate = {"kind": "per_amount", "points": rule.get("points_per_major"), "per_minor": 100}
        rules.append({**base, **({"kind": "exclude"} if rule["type"] == "exclude" else rate)})
    payments = given.get("exclude_payments", [])
    policies = {
        "rounding": ROUNDING.get(given["rounding"], given["rounding"]),
        "stacking": "priority",
        "count_gift_card_part": "gift_card" not in payments,
        "count_store_credit_part": "store_credit" not in payments,
        "count_shipping": not given.get("exclude_shipping", False),
    }
    lines = given["order"]["lines"]
    goods = [each for each in lines if each.get("kind", "product") != "shipping"]
    shipping = [each for each in lines if each.get("kind") == "shipping"]
    bought = order(
        [shop_line(each) for each in goods],
        moment(given["order"].get("at")),
        shipping_minor=sum(each["gross_minor"] for each in shipping),
        refunds=refunds_before(goods, shipping_minor=sum(each.get("refunded_minor", 0) for each in shipping)),
    )
    statement = folded(program(rules=rules, policies=policies), bought)
    return {
        "points": earned(statement),
        "eligible_minor": counted_minor(statement),
        "applied": applied(statement, shipping),
    }


LAST = int("-1000000")
"""The priority of a base rate: below every rule a case names."""


def applied(statement: Statement, shipping: list[Data]) -> dict[str, str]:
    """Which rule, or which exclusion, settled each line."""
    found: dict[str, str] = {}
    reason = reason_of(statement)
    left_out = find(reason, "order.left_out")
    for each in left_out.lines if left_out is not None else ():
        names = {
            "left_out.rule": str(each.params.get("rule")),
            "left_out.paid_by_gift_card": "payment:gift_card",
            "left_out.paid_by_store_credit": "payment:store_credit",
            "left_out.shipping": "component:shipping",
        }
        ids = [one["id"] for one in shipping] if each.message == "left_out.shipping" else [str(each.params.get("line"))]
        if each.message in names:
            found.update(dict.fromkeys(ids, names[each.message]))
    points = find(reason, "order.earned")
    for each in points.lines if points is not None else ():
        for line_id in str(each.params.get("lines", "")).split():
            names_of = [one["id"] for one in shipping] if line_id == "+shipping" else [line_id]
            found.update(dict.fromkeys(names_of, str(each.params["rule"])))
    return found


def earn_order_v2(given: Data, policy: Data) -> Data:
    caps = [{"per": "order", "points": given["base_cap"]}] if "base_cap" in given else []
    rules: list[Data] = [
        {"id": "base", "kind": "per_amount", "points": given["base_points_per_major"], "per_minor": 100, "caps": caps}
    ]
    for index, rule in enumerate(given.get("rules", [])):
        base = {"id": named(rule, index), "priority": rule.get("priority", 0), "scope": scoped(rule)}
        bonus = {"kind": "per_order", "points": rule.get("points")}
        times = {"kind": "multiplier", "times": rule.get("multiplier"), "exclusive": True}
        rules.append({**base, **(bonus if rule["type"] == "bonus" else times)})
    exclusions = given.get("exclusions", {})
    payments = exclusions.get("payments", [])
    policies = {
        "stacking": "priority",
        "count_shipping": not exclusions.get("shipping", False),
        "count_tax": not exclusions.get("tax", False),
        "count_fees": not exclusions.get("fees", False),
        "count_gift_card_part": "gift_card" not in payments,
        "count_store_credit_part": "store_credit" not in payments,
    }
    bought = given["order"]
    lines = bought.get("lines", [])
    extras = {f"{name}_minor": bought.get(f"{name}_minor", 0) for name in ("shipping", "tax", "fee")}
    back = {f"{name}_minor": bought.get(f"{name}_refunded_minor", 0) for name in ("shipping", "tax", "fee")}
    fact = order([shop_line(each) for each in lines], refunds=refunds_before(lines, **back), **extras)
    document = program(rules=rules, policies=policies, exclusions={"collections": exclusions.get("categories", [])})
    statement = folded(document, fact)
    return {
        "points": earned(statement),
        "eligible_minor": counted_minor(statement),
        "contributions": contributions(statement),
    }


def earn_scoped(given: Data, policy: Data) -> Data:
    discount = given.get("order_discount", {})
    percent, scope = discount.get("percent", 0), discount.get("scope")
    lines = []
    for index, each in enumerate(given["lines"]):
        off = percent_of_minor(each["net_minor"], percent) if isinstance(scope, list) and each["cat"] in scope else 0
        lines.append(line(each["net_minor"], str(index), collection_ids=(each["cat"],), discount_minor=off))
    total_minor = sum(each["net_minor"] for each in given["lines"])
    order_discount_minor = 0 if isinstance(scope, list) else percent_of_minor(total_minor, percent)
    allocated = policy.get("order_discount_allocated_to_lines", True)
    document = program(
        rules=[
            {
                "id": "rate",
                "kind": "per_amount",
                "points": given["rate_points_per_major"],
                "per_minor": 100,
                "scope": {"collections": given.get("rule_categories", [])},
            }
        ],
        policies={"order_discount": "allocated" if allocated else "not_allocated"},
    )
    statement = folded(document, order(lines, order_discount_minor=order_discount_minor))
    return {"points": earned(statement), "order_total_minor": counted_minor(statement)}


def earning_basis(given: Data, policy: Data) -> Data:
    whole = given["order"]
    name = {"items_total": "items", "order_total": "order"}[given["basis"]]
    bought = order(
        [line(whole[f"{name}_total_minor"], tax_minor=whole[f"{name}_tax_minor"])],
        tax_included=True,
        tax_minor=whole[f"{name}_tax_minor"],
    )
    return {"basis_minor": counted_minor(folded(rated(1, count_tax=given["include_tax"]), bought))}


def per_amount(given: Data, policy: Data) -> Data:
    rule = {"id": "rate", "kind": "per_amount", "full_steps_only": True}
    document = program(rules=[{**rule, "points": given["points"], "per_minor": given["per_minor"]}])
    return {"points": earned(folded(document, order([line(given["basis_minor"])])))}


def fixed_per_unit(given: Data, policy: Data) -> Data:
    document = program(rules=[{"id": "each", "kind": "per_item", "points": given["points"]}])
    return {"points": earned(folded(document, order([line(100, quantity=given["units"])])))}


def min_spend(given: Data, policy: Data) -> Data:
    scope = {"minimum_order_minor": given["minimum_minor"]}
    document = program(
        rules=[{"id": "bonus", "kind": "per_order", "points": 1, "scope": scope}],
        policies={"count_tax": given["tax_mode"] == "incl"},
    )
    lines = [line(each["net_minor"], str(index), quantity=each["qty"]) for index, each in enumerate(given["lines"])]
    net_minor = [sum([each["net_minor"] for _ in range(each["qty"])]) for each in given["lines"]]
    tax_minor = sum(
        percent_of_minor(amount, each["tax_percent"]) for amount, each in zip(net_minor, given["lines"], strict=True)
    )
    return {"satisfied": bool(earned(folded(document, order(lines, tax_minor=tax_minor))))}


def rule_condition(given: Data, policy: Data) -> Data:
    condition, context = given["condition"], given["context"]
    starts, ends = condition.get("from"), condition.get("to")
    scopes: dict[str, Data] = {
        "order_total_at_least": {"minimum_order_minor": condition.get("amount_minor", 0)},
        "day_of_week": {"weekdays": condition.get("iso_days", [])},
        "date_range_closed": {
            name: moment(day).date().isoformat() for name, day in (("first_day", starts), ("last_day", ends)) if day
        },
        "date_window": {name: moment(at).isoformat() for name, at in (("starts_at", starts), ("ends_at", ends)) if at},
    }
    document = program(rules=[{"id": "rule", "kind": "per_order", "points": 1, "scope": scopes[condition["type"]]}])
    bought = order([line(context.get("order_total_minor", 100))], moment(context.get("at")))
    return {"satisfied": bool(earned(folded(document, bought)))}


def rate_precedence(given: Data, policy: Data) -> Data:
    """The rate of a collection goes before that of a tier, and that before the default; among collections the best."""
    tier = {"tiers": ["tier"]}
    both, plain = {**tier, "collections": ["c"]}, {"collections": ["c"]}
    rates = [
        ("default", given.get("default"), 0, {}),
        ("tier", given.get("tier"), 1, tier),
        *((f"both-{i}", rate, 2, both) for i, rate in enumerate(given.get("tier_collections", []))),
        *((f"collection-{i}", rate, 2, plain) for i, rate in enumerate(given.get("collections", []))),
    ]
    rules = [
        {
            "id": name,
            "kind": "per_amount",
            "points": rate,
            "per_minor": 100,
            "priority": priority,
            "exclusive": True,
            "scope": scope,
        }
        for name, rate, priority, scope in rates
        if rate is not None
    ]
    document = program(rules=rules, policies={"stacking": "priority"}, tiers=[{"id": "tier", "name": "Tier"}])
    return {"points_per_major": earned(folded(document, order([line(100, collection_ids=("c",))])))}


OPERATIONS = {
    "earn_order": earn_order,
    "earn_basis": earn_basis,
    "earn_event": earn_event,
    "earn_identity": earn_identity,
    "earn_net": earn_net,
    "earn_after_redeem": earn_after_redeem,
    "earn_order_override": earn_order_override,
    "earn_order_v2": earn_order_v2,
    "earn_scoped": earn_scoped,
    "earning_basis": earning_basis,
    "per_amount": per_amount,
    "fixed_per_unit": fixed_per_unit,
    "min_spend": min_spend,
    "rule_condition": rule_condition,
    "rate_precedence": rate_precedence,
}
