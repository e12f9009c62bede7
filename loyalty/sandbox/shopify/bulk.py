"""Bulk operations: a query over everything, run aside, its result a JSONL file with __parentId."""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from typing import Any

from graphql import DocumentNode, FieldNode, GraphQLError, OperationDefinitionNode, parse
from graphql.language import SelectionSetNode

from loyalty.sandbox.clock import iso, now
from loyalty.sandbox.shopify.connections import Node
from loyalty.sandbox.shopify.events import Events
from loyalty.sandbox.shopify.nodes import Api
from loyalty.sandbox.shopify.shops import gid, new_id, number_of
from loyalty.sandbox.store import Document

MAX_AT_ONCE = 5
MAX_CONNECTIONS = 5
MAX_DEPTH = 2

Execute = Callable[[Api, DocumentNode], Node]


def bulk_operation_run_query(api: Api, query: str, group_objects: bool, execute: Execute) -> Node:
    """Accepts the query and runs it in a thread of its own; what is wrong with it is a userError."""
    problem = _problem(query)
    if problem:
        return {"bulkOperation": None, "userErrors": [{"field": ["query"], "message": problem, "code": "INVALID"}]}
    with api.store.transaction():
        running = [
            row for row in api.store.all("shopify.bulk", api.shop["domain"]) if row["status"] in ("CREATED", "RUNNING")
        ]
        if len(running) >= MAX_AT_ONCE:
            message = f"A bulk query operation for this app and shop is already in progress: {running[0]['id']}."
            error = {"field": None, "message": message, "code": "OPERATION_IN_PROGRESS"}
            return {"bulkOperation": None, "userErrors": [error]}
        operation: Document = {
            "id": new_id(api.store),
            "status": "CREATED",
            "query": query,
            "created_at": iso(now()),
            "completed_at": "",
            "error_code": None,
            "file": secrets.token_urlsafe(24),
            "objects": 0,
            "root_objects": 0,
            "bytes": 0,
        }
        _save(api, operation)
    worker = Api(api.sandbox, api.shop, api.scopes, bulk=True)
    threading.Thread(target=_run, args=(worker, operation, group_objects, execute), daemon=True).start()
    return {"bulkOperation": _node(api, operation), "userErrors": []}


def bulk_operation_node(api: Api, id: str) -> Node | None:
    found = api.store.get("shopify.bulk", api.shop["domain"], number_of(id, "BulkOperation") or 0)
    return _node(api, found) if found else None


def bulk_operation_cancel(api: Api, id: str) -> Node:
    with api.store.transaction():
        found = api.store.get("shopify.bulk", api.shop["domain"], number_of(id, "BulkOperation") or 0)
        if found is None or found["status"] not in ("CREATED", "RUNNING"):
            error = {"field": ["id"], "message": "A bulk operation cannot be canceled when it is completed"}
            return {"bulkOperation": _node(api, found) if found else None, "userErrors": [error]}
        found["status"] = "CANCELING"
        _save(api, found)
    return {"bulkOperation": _node(api, found), "userErrors": []}


def fail_left_over(store: Any) -> None:
    """What ran when the last process ended will not finish."""
    for shop in store.all("shopify.shop", ""):
        for row in store.all("shopify.bulk", shop["domain"]):
            if row["status"] in ("CREATED", "RUNNING", "CANCELING"):
                row |= {"status": "FAILED", "error_code": "INTERNAL_SERVER_ERROR", "completed_at": iso(now())}
                store.put("shopify.bulk", shop["domain"], row["id"], row)


def _save(api: Api, operation: Document) -> None:
    api.store.put("shopify.bulk", api.shop["domain"], operation["id"], operation, at=operation["created_at"])


def _run(api: Api, operation: Document, group_objects: bool, execute: Execute) -> None:
    operation["status"] = "RUNNING"
    _save(api, operation)
    faults = api.store.get("shopify.faults", "", api.shop["domain"]) or {}
    try:
        if faults.get("bulk_fail"):
            raise GraphQLError("failed on demand", extensions={"code": "INTERNAL_SERVER_ERROR"})
        data = execute(api, parse(operation["query"]))
    except GraphQLError as error:
        code = str((error.extensions or {}).get("code", "INTERNAL_SERVER_ERROR"))
        _finish(
            api,
            operation,
            {"status": "FAILED", "error_code": code if code == "ACCESS_DENIED" else "INTERNAL_SERVER_ERROR"},
        )
        return
    lines, roots = [], 0
    for value in data.values():
        for node in _nodes(value):
            roots += 1
            lines += list(_flatten(node, None))
    if not group_objects:
        # Children follow their parent only where grouping was asked for; without it no order is promised.
        lines = [line for line in lines if "__parentId" not in line] + [line for line in lines if "__parentId" in line]
    text = "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)
    api.store.put("shopify.file", "", operation["file"], {"text": text})
    done = {"status": "COMPLETED", "objects": len(lines), "root_objects": roots, "bytes": len(text.encode())}
    _finish(api, operation, done)


def _finish(api: Api, operation: Document, result: Node) -> None:
    with api.store.transaction():
        kept = api.store.get("shopify.bulk", api.shop["domain"], operation["id"]) or operation
        if kept["status"] == "CANCELING":
            result = {"status": "CANCELED"}
        kept |= result | {"completed_at": iso(now())}
        _save(api, kept)
        body = {
            "admin_graphql_api_id": gid("BulkOperation", kept["id"]),
            "completed_at": kept["completed_at"],
            "created_at": kept["created_at"],
            "error_code": kept["error_code"].lower() if kept["error_code"] else None,
            "status": kept["status"].lower(),
            "type": "query",
        }
        Events(api.sandbox, api.shop).send("bulk_operations/finish", body)


def _node(api: Api, operation: Document) -> Node:
    done = operation["status"] == "COMPLETED"
    # An empty result has no file.
    url = api.sandbox.server_url(f"/shopify/_files/{operation['file']}.jsonl") if done and operation["bytes"] else None
    return {
        "__typename": "BulkOperation",
        "id": gid("BulkOperation", operation["id"]),
        "status": operation["status"],
        "errorCode": operation["error_code"],
        "createdAt": operation["created_at"],
        "completedAt": operation["completed_at"] or None,
        "objectCount": str(operation["objects"]),
        "rootObjectCount": str(operation["root_objects"]),
        "fileSize": str(operation["bytes"]) if done else None,
        "url": url,
        "partialDataUrl": None,
        "query": operation["query"],
        "type": "QUERY",
    }


def _problem(query: str) -> str:
    try:
        document = parse(query, max_tokens=5_000)
    except GraphQLError as error:
        return f"Invalid bulk query: {error.message}"
    operations = [part for part in document.definitions if isinstance(part, OperationDefinitionNode)]
    if len(operations) != 1 or operations[0].operation.value != "query" or operations[0].variable_definitions:
        return "Bulk operations take one query without variables."
    count, depth = _connections(operations[0].selection_set, 0)
    if count == 0:
        return "Bulk queries must contain at least one connection."
    if count > MAX_CONNECTIONS or depth > MAX_DEPTH:
        return f"Queries that have more than {MAX_CONNECTIONS} connections or nest deeper than {MAX_DEPTH} are not supported."
    return ""


def _connections(selection: SelectionSetNode | None, depth: int) -> tuple[int, int]:
    """How many connections a query has, and how deep they nest; a connection is a field with edges or nodes."""
    count, deepest = 0, depth
    for part in selection.selections if selection else ():
        inner = getattr(part, "selection_set", None)
        names = {each.name.value for each in inner.selections if isinstance(each, FieldNode)} if inner else set()
        here = 1 if names & {"edges", "nodes"} else 0
        below, depth_below = _connections(inner, depth + here)
        count, deepest = count + here + below, max(deepest, depth_below)
    return count, deepest


def _nodes(value: Any) -> list[Node]:
    if isinstance(value, dict) and "edges" in value:
        return [edge["node"] for edge in value["edges"]]
    if isinstance(value, dict) and "nodes" in value:
        return list(value["nodes"])
    return []


def _flatten(node: Node, parent: str | None) -> Iterator[Node]:
    """The object without its connections, then each of their objects with the parent's id."""
    children = {
        name: value for name, value in node.items() if isinstance(value, dict) and {"edges", "nodes"} & set(value)
    }
    line = {name: value for name, value in node.items() if name not in children}
    yield line | ({"__parentId": parent} if parent else {})
    for value in children.values():
        for child in _nodes(value):
            yield from _flatten(child, node.get("id"))
