"""Every document that we send is one that Shopify's official schema of our version takes, variables included."""

from __future__ import annotations

import gzip
import json
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    DocumentNode,
    GraphQLSchema,
    OperationDefinitionNode,
    build_client_schema,
    build_schema,
    parse,
    validate,
)
from graphql.execution.values import get_variable_values

from loyalty.engine.program import Reward, RewardKind
from loyalty.models import Member, Redemption, Shop
from loyalty.platforms.base import Shown
from loyalty.platforms.shopify import billing, client, discounts, gift_cards, showing

ROOT = Path(__file__).parents[3]
FOLDER = Path(client.__file__).parent
DOCUMENTS = sorted(path.stem for path in FOLDER.glob("*.graphql"))
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


PLAN = billing.Plan(name="Starter", price=Decimal("9.00"), currency="USD", every="monthly", trial_days=14)
SHOWN = Shown(customer_id="1", available=520, tier="gold", tier_name="Gold")
SHOP = Shop(platform="shopify", external_id="a.myshopify.com", currency="EUR", exponent=2)


def redemption(customer: str = "7001") -> Redemption:
    return Redemption(
        shop=SHOP,
        member=Member(shop=SHOP, external_id=customer),
        number=uuid.UUID(int=7),
        reward="r",
        reward_data={"name": "5 off"},
        points=500,
        value_minor=500,
        code="R-1",
        accepted_at=NOW,
        expires_at=NOW + timedelta(days=30),
    )


def discount(kind: RewardKind = "amount_off", customer: str = "7001", **more: Any) -> dict[str, Any]:
    reward = Reward(id="r", name="5 off", kind=kind, points=500, value_minor=500, minimum_order_minor=1000, **more)
    return discounts.basic_input(SHOP, redemption(customer), reward, 500)


def free_shipping() -> dict[str, Any]:
    reward = Reward(id="r", name="Shipping", kind="free_shipping", points=500, combines=True)
    return discounts.shipping_input(SHOP, redemption(), reward)


VARIABLES: dict[str, list[dict[str, Any]]] = {
    "shop_profile": [{}],
    "app_scopes": [{}],
    "bulk_run": [{"query": client.document("bulk_orders")}],
    "bulk_state": [{"id": "gid://shopify/BulkOperation/1"}],
    "bulk_customers": [{}],
    "bulk_orders": [{}],
    "customers_page": [{"first": 100, "after": None}],
    "orders_page": [
        {"first": 20, "after": None, "query": "updated_at:>='2026-01-01T00:00:00+00:00'", "sortKey": "UPDATED_AT"},
        {"first": 20, "after": "abc", "query": None, "sortKey": "ID"},
    ],
    "order_lines": [{"id": "gid://shopify/Order/1", "after": "abc"}],
    "order_refunds": [{"id": "gid://shopify/Order/1", "first": 10}],
    "refund_lines": [{"id": "gid://shopify/Refund/1", "after": "abc"}],
    "discount_by_code": [{"code": "R-1"}],
    "discount_deactivate": [{"id": "gid://shopify/DiscountCodeNode/1"}],
    "discount_create": [
        {"discount": discount()},
        {"discount": discount(customer="")},
        {"discount": discount("percent_off", percent=10, combines=True)},
        {"discount": discount("free_product", products=("11", "12"))},
        {"discount": discount(collections=("21",))},
    ],
    "free_shipping_create": [{"discount": free_shipping()}],
    "app_subscriptions": [{}],
    "app_subscribe": [billing.subscription_input(SHOP, PLAN)],
    "product_collections": [{"ids": ["gid://shopify/Product/11"]}],
    "goods_named": [{"query": "title:house*", "products": asked} for asked in (True, False)],
    "product_prices": [{"ids": ["gid://shopify/Product/11"]}],
    "gift_card_create": [{"card": gift_cards.card_input(SHOP, redemption(customer))} for customer in ("7001", "")],
    "gift_cards_by_code": [{"code": "ABCDEFGH"}],
    "gift_card_deactivate": [{"id": "gid://shopify/GiftCard/1"}],
    "customers_shown": [{"ids": ["gid://shopify/Customer/1"]}],
    "metafields_set": [{"metafields": showing._to_write({"id": "gid://shopify/Customer/1"}, SHOWN)}],
    "metafields_delete": [{"metafields": [showing._identified("gid://shopify/Customer/1", "loyalty_tier")]}],
    "tier_tags": [
        {
            "customer": "gid://shopify/Customer/1",
            "add": ["rewards-tier:gold"],
            "remove": [],
            "adding": True,
            "removing": False,
        }
    ],
    "store_credit_of": [{"customer": "gid://shopify/Customer/1"}],
    "store_credit_add": [
        {
            "owner": "gid://shopify/Customer/1",
            "credit": {"creditAmount": {"amount": "5.00", "currencyCode": "EUR"}},
        }
    ],
    "store_credit_take": [
        {
            "account": "gid://shopify/StoreCreditAccount/1",
            "debit": {"debitAmount": {"amount": "5.00", "currencyCode": "EUR"}},
        }
    ],
}


@lru_cache(maxsize=1)
def official() -> GraphQLSchema:
    package = ROOT / "node_modules" / "@shopify" / "dev-mcp" / "dist" / "data"
    packed = (package / f"admin_{client.API_VERSION}.json.gz").read_bytes()
    # Shopify's schema deprecates fields of types whose interfaces do not, which graphql-core would refuse.
    return build_client_schema(json.loads(gzip.decompress(packed))["data"], assume_valid=True)


@lru_cache(maxsize=1)
def stand_in() -> GraphQLSchema:
    return build_schema((ROOT / "loyalty" / "sandbox" / "shopify" / "admin.graphql").read_text())


def complaints(schema: GraphQLSchema, name: str) -> list[str]:
    document: DocumentNode = parse(client.document(name))
    found = [error.message for error in validate(schema, document)]
    operation = next(node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    declared = operation.variable_definitions or ()
    for variables in VARIABLES[name]:
        coerced = get_variable_values(schema, declared, variables)
        found += [error.message for error in coerced] if isinstance(coerced, list) else []
        assert set(variables) <= {definition.variable.name.value for definition in declared}
    return found


def test_every_document_is_known_here() -> None:
    assert sorted(VARIABLES) == DOCUMENTS


@pytest.mark.needs_npm
@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_official_schema_takes_every_document(name: str) -> None:
    assert complaints(official(), name) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_stand_in_takes_every_document(name: str) -> None:
    assert complaints(stand_in(), name) == []


def test_a_wrong_document_and_wrong_variables_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VARIABLES, "discount_create", [{"discount": {"code": 7, "nosuch": 1}}])
    assert len(complaints(stand_in(), "discount_create")) == 2
    monkeypatch.setattr(client, "document", lambda name: "query ($code: String!) { shop { nosuch } }")
    assert complaints(stand_in(), "discount_by_code")
