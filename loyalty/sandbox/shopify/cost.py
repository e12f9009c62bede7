"""What a query costs, before it runs: objects 1, connections 2 and their size, mutations 10.

Inner connections grow with the logarithm of their size (unverified: Shopify publishes no exact formula), so that a page
of orders with their lines fits, and a page of pages of pages does not.
"""

from __future__ import annotations

import math
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    VariableNode,
)

MUTATION_COST = 10
FREE = frozenset({"edges", "node", "nodes", "pageInfo"})


def query_cost(document: DocumentNode, variables: dict[str, Any]) -> int:
    """Points a valid document asks for; at least 1."""
    return _Counting(document, variables).total()


def actual_cost(answer: Any, requested: int) -> int:
    """Points for the objects that came back; what was asked for beyond them is returned to the bucket."""
    return max(1, min(requested, _objects(answer)))


def _objects(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + sum(_objects(each) for each in value.values())
    return sum(_objects(each) for each in value) if isinstance(value, list) else 0


class _Counting:
    def __init__(self, document: DocumentNode, variables: dict[str, Any]) -> None:
        self.document = document
        self.variables = variables
        self.fragments = {
            part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)
        }

    def total(self) -> int:
        points = 0.0
        for part in self.document.definitions:
            if isinstance(part, OperationDefinitionNode):
                points += MUTATION_COST if part.operation is OperationType.MUTATION else 0
                points += self.selection(part.selection_set, 0)
        return max(1, math.ceil(points))

    def selection(self, node: SelectionSetNode | None, depth: int) -> float:
        points = 0.0
        for part in node.selections if node else ():
            if isinstance(part, FieldNode):
                points += self.field(part, depth)
            elif isinstance(part, FragmentSpreadNode):
                points += self.selection(self.fragments[part.name.value].selection_set, depth)
            elif isinstance(part, InlineFragmentNode):
                points += self.selection(part.selection_set, depth)
        return points

    def field(self, part: FieldNode, depth: int) -> float:
        if part.selection_set is None:
            return 0.0
        size = self.size(part)
        if size is None:
            return (0.0 if part.name.value in FREE else 1.0) + self.selection(part.selection_set, depth)
        factor = size if depth == 0 else math.log2(size + 1)
        return 2 + factor * max(1.0, math.log2(1 + self.selection(part.selection_set, depth + 1)))

    def size(self, part: FieldNode) -> int | None:
        """`first` or `last`; None where the field is no connection."""
        for argument in part.arguments or ():
            if argument.name.value in ("first", "last"):
                if isinstance(argument.value, IntValueNode):
                    return int(argument.value.value)
                if isinstance(argument.value, VariableNode):
                    given = self.variables.get(argument.value.name.value)
                    return given if isinstance(given, int) else None
        return None
