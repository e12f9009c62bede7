"""What the app's server calls, under /shopify on the bare host: token endpoint, Admin GraphQL, bulk results."""

from __future__ import annotations

import threading
from typing import Any

from flask import Blueprint, Response, jsonify, request

from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.shopify import tokens
from loyalty.sandbox.shopify.api import Bucket, run
from loyalty.sandbox.shopify.events import API_VERSION
from loyalty.sandbox.shopify.nodes import Api
from loyalty.sandbox.shopify.shops import shop_of
from loyalty.sandbox.store import Document

MAX_SLOW_SECONDS = 30.0

Answer = tuple[Response, int]


def server_blueprint(sandbox: Sandbox) -> Blueprint:
    server = Blueprint("shopify_server", __name__)
    faults = ApiFaults(sandbox)
    _token_route(server, sandbox, faults)
    _graphql_route(server, sandbox, faults)

    @server.get("/_files/<name>.jsonl")
    def bulk_file(name: str) -> Response:
        kept = sandbox.store.get("shopify.file", "", name)
        if kept is None:
            raise SandboxError("there is no such file", 404)
        return Response(kept["text"], mimetype="application/jsonl")

    return server


def _token_route(server: Blueprint, sandbox: Sandbox, faults: ApiFaults) -> None:
    @server.post("/<shop>/admin/oauth/access_token")
    def access_token(shop: str) -> Answer:
        found = shop_of(sandbox.store, shop)
        body = request.get_json(force=True, silent=True) if request.is_json else request.form.to_dict()
        if not isinstance(body, dict):
            return jsonify(error="invalid_request", error_description="Send JSON or a form."), 400
        if faults.spend(shop, "token_error"):
            return jsonify(error="temporarily_unavailable"), 503
        if faults.spend(shop, "token_throttle"):
            answer = jsonify(error="too_many_requests")
            answer.headers["Retry-After"] = "1"
            return answer, 429
        try:
            return jsonify(tokens.grant_token(sandbox, found, body)), 200
        except tokens.OAuthError as error:
            return jsonify(error=error.code, error_description=error.message), error.status


def _graphql_route(server: Blueprint, sandbox: Sandbox, faults: ApiFaults) -> None:
    buckets: dict[int, Bucket] = {}

    @server.post("/<shop>/admin/api/<version>/graphql.json")
    def graphql(shop: str, version: str) -> Answer:
        found = shop_of(sandbox.store, shop)
        if version != API_VERSION:
            return jsonify(errors="Not Found"), 404
        token = tokens.access(sandbox.store, found, request.headers.get("X-Shopify-Access-Token", ""))
        if token is None:
            message = "[API] Invalid API key or access token (unrecognized login or wrong password)"
            return jsonify(errors=message), 401
        if not token["expires_at"] and sandbox.app("shopify")["distribution"] == "public":
            return jsonify(errors="[API] Non-expiring access tokens are no longer accepted for the Admin API."), 403
        body = request.get_json(force=True, silent=True)
        if not isinstance(body, dict) or not isinstance(body.get("query"), str):
            return jsonify(errors={"query": "Required parameter missing or invalid"}), 400
        bucket = buckets.setdefault(found["id"], Bucket(found["plan"]))
        before = faults.before(shop, bucket)
        if before is not None:
            return before
        api = Api(sandbox, found, token["scopes"])
        answer = run(api, bucket, body["query"], body.get("variables"), body.get("operationName"))
        if faults.spend(shop, "lose_answer"):
            return jsonify(errors="Bad Gateway"), 502
        return jsonify(answer), 200


class ApiFaults:
    """Faults of one shop's API on demand; each count is used up by the next calls."""

    NAMES = ("throttle", "server_error", "lose_answer", "token_error", "token_throttle", "bulk_fail")

    def __init__(self, sandbox: Sandbox) -> None:
        self.store = sandbox.store

    def set(self, shop: Document, body: Document) -> Document:
        known = {*self.NAMES, "slow_seconds", "frozen"}
        if unknown := sorted(set(body) - known):
            raise SandboxError(f"unknown fault {', '.join(unknown)}; known are {', '.join(sorted(known))}")
        if any(isinstance(value, bool) or not isinstance(value, int | float) for value in body.values()):
            raise SandboxError("every fault is a number")
        self.store.put("shopify.faults", "", shop["domain"], body)
        return body

    def spend(self, shop: str, name: str) -> bool:
        with self.store.transaction():
            faults = self.store.get("shopify.faults", "", shop) or {}
            if int(faults.get(name, 0)) <= 0:
                return False
            faults[name] -= 1
            self.store.put("shopify.faults", "", shop, faults)
        return True

    def before(self, shop: str, bucket: Bucket) -> Answer | None:
        """Be slow, be throttled, or fail before anything is done."""
        faults: dict[str, Any] = self.store.get("shopify.faults", "", shop) or {}
        if faults.get("slow_seconds"):
            threading.Event().wait(min(float(faults["slow_seconds"]), MAX_SLOW_SECONDS))
        if faults.get("frozen"):
            # An unpaid shop: nothing works until the merchant pays (unverified: 402 here, 423 for a locked one).
            return jsonify(errors="Unavailable Shop"), 402
        if self.spend(shop, "throttle"):
            bucket.drain()
        if self.spend(shop, "server_error"):
            return jsonify(errors="Internal Server Error"), 500
        return None
