"""The stand-in's schema is a part of the official one: nothing in it that Shopify does not have."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

import pytest
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    build_client_schema,
    build_schema,
    parse,
    validate,
)

ROOT = Path(__file__).parents[3]
OFFICIAL = ROOT / "node_modules" / "@shopify" / "dev-mcp" / "dist" / "data" / "admin_2026-10.json.gz"
SENT = sorted((ROOT / "loyalty" / "platforms" / "shopify").rglob("*.graphql"))
SUBSET = ROOT / "loyalty" / "sandbox" / "shopify" / "admin.graphql"

pytestmark = pytest.mark.needs_npm


@cache
def official() -> GraphQLSchema:
    if not OFFICIAL.is_file():
        pytest.fail(
            "Shopify's schema is not here: run 'npm install' in the project's folder, it brings @shopify/dev-mcp."
        )
    # Its deprecated fields of interfaces do not pass graphql-core's own check of a schema.
    return build_client_schema(json.loads(gzip.decompress(OFFICIAL.read_bytes()))["data"], assume_valid=True)


@cache
def subset() -> GraphQLSchema:
    return build_schema(SUBSET.read_text())


def own_types() -> list[str]:
    return sorted(name for name in subset().type_map if not name.startswith("__"))


@pytest.mark.parametrize("name", own_types())
def test_every_type_field_and_argument_is_shopifys(name: str) -> None:
    ours, theirs = subset().type_map[name], official().type_map.get(name)
    assert theirs is not None, f"Shopify has no type {name}"
    assert type(ours) is type(theirs)
    if isinstance(ours, GraphQLEnumType) and isinstance(theirs, GraphQLEnumType):
        assert set(ours.values) <= set(theirs.values)
    if isinstance(ours, GraphQLUnionType) and isinstance(theirs, GraphQLUnionType):
        assert {each.name for each in ours.types} <= {each.name for each in theirs.types}
    if isinstance(ours, GraphQLInputObjectType) and isinstance(theirs, GraphQLInputObjectType):
        for field, given in ours.fields.items():
            assert str(given.type) == str(theirs.fields[field].type), field
        required = {field for field, given in theirs.fields.items() if str(given.type).endswith("!")}
        assert required <= set(ours.fields)
    if isinstance(ours, GraphQLObjectType | GraphQLInterfaceType):
        assert isinstance(theirs, GraphQLObjectType | GraphQLInterfaceType)
        for field, offered in ours.fields.items():
            assert field in theirs.fields, f"Shopify's {name} has no {field}"
            assert str(offered.type) == str(theirs.fields[field].type), field
            for argument, taken in offered.args.items():
                assert str(taken.type) == str(theirs.fields[field].args[argument].type), f"{field}({argument})"
        assert {each.name for each in ours.interfaces} <= {each.name for each in theirs.interfaces}


def test_the_check_sees_a_field_that_shopify_does_not_have() -> None:
    assert validate(official(), parse("{shop {loyaltyPoints}}"))
    assert not validate(official(), parse("{shop {name}}"))


@pytest.mark.parametrize("document", SENT, ids=lambda path: path.name)
def test_every_document_that_the_app_sends_is_shopifys_and_answered_here(document: Path) -> None:
    parsed = parse(document.read_text())
    assert [problem.message for problem in validate(official(), parsed)] == []
    assert [problem.message for problem in validate(subset(), parsed)] == []


def test_the_app_keeps_its_documents_where_they_are_checked() -> None:
    assert SENT
