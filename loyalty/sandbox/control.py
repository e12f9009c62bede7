"""The control API of the package's docstring, on the bare host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request

from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.mailbox import Mailbox
from loyalty.sandbox.platform import Platform, Sandbox
from loyalty.sandbox.store import Document

MAX_LIST = 1_000


def control_blueprint(sandbox: Sandbox, mailbox: Mailbox, platforms: Mapping[str, Platform]) -> Blueprint:
    """All of /_sandbox except the platforms' own controls."""
    control = Blueprint("control", __name__, url_prefix="/_sandbox")

    @control.get("/state")
    def state() -> Response:
        return jsonify(
            port=sandbox.port,
            smtp_port=sandbox.smtp_port,
            deliveries=sandbox.deliveries.counts(),
            mails=sandbox.store.count("mail", ""),
            platforms={
                name: {"app": _without_secrets(sandbox.app(name)), "shops": platform.shops()}
                for name, platform in platforms.items()
            },
        )

    @control.get("/mail")
    def mail() -> Response:
        return jsonify(mailbox.messages(request.args.get("to", ""), limit()))

    @control.delete("/mail")
    def empty_mailbox() -> Response:
        return jsonify(deleted=sandbox.store.delete("mail", ""))

    _delivery_routes(control, sandbox)
    _shop_routes(control, platforms)
    _order_routes(control, platforms)
    return control


def json_body() -> Document:
    """The request's JSON object; empty where no body was sent."""
    if not request.get_data():
        return {}
    body = request.get_json(force=True, silent=True)
    if not isinstance(body, dict):
        raise SandboxError("send a JSON object")
    return body


def limit() -> int:
    """`?limit=`, 1 to MAX_LIST."""
    text = request.args.get("limit", "100")
    if not text.isascii() or not text.isdigit():
        raise SandboxError("limit must be a whole number")
    return max(1, min(int(text), MAX_LIST))


def _without_secrets(app: Document) -> Document:
    return {name: value for name, value in app.items() if "secret" not in name}


def _delivery_routes(control: Blueprint, sandbox: Sandbox) -> None:
    queue = sandbox.deliveries

    @control.get("/deliveries")
    def deliveries() -> Response:
        wanted = {name: request.args.get(name, "") for name in ("platform", "shop", "topic", "state")}
        return jsonify(queue.deliveries(**wanted, limit=limit()))

    @control.post("/deliveries/now")
    def deliver_now() -> Response:
        body = json_body()
        return jsonify(due=queue.deliver_now(str(body.get("platform", "")), str(body.get("shop", ""))))

    @control.post("/deliveries/drain")
    def drain() -> tuple[Response, int]:
        done = queue.drain(float(json_body().get("timeout_seconds", 30)))
        return jsonify(drained=done, deliveries=queue.counts()), 200 if done else 504

    @control.post("/deliveries/<int:delivery_id>/redeliver")
    def redeliver(delivery_id: int) -> Response:
        times = max(1, min(int(json_body().get("times", 1)), 100))
        queue.redeliver(delivery_id, times)
        return jsonify(sent=times)

    @control.put("/faults")
    def set_faults() -> Response:
        return jsonify(queue.set_faults(json_body()))

    @control.get("/faults")
    def faults() -> Response:
        return jsonify(faults=sandbox.store.all("faults", ""), time_scale=queue.time_scale)

    @control.delete("/faults")
    def clear_faults() -> Response:
        queue.clear_faults()
        return jsonify(faults=[])


def _named(platforms: Mapping[str, Platform], name: str) -> Platform:
    if name not in platforms:
        raise SandboxError(f"there is no platform {name!r}; there are {', '.join(platforms)}", 404)
    return platforms[name]


def _shop_routes(control: Blueprint, platforms: Mapping[str, Platform]) -> None:
    @control.put("/<platform>/app")
    def register_app(platform: str) -> Response:
        return jsonify(_named(platforms, platform).register_app(json_body()))

    @control.get("/<platform>/shops")
    def shops(platform: str) -> Response:
        return jsonify(_named(platforms, platform).shops())

    @control.post("/<platform>/shops")
    def create_shop(platform: str) -> tuple[Response, int]:
        return jsonify(_named(platforms, platform).create_shop(json_body())), 201

    @control.post("/<platform>/shops/<shop>/install")
    def install(platform: str, shop: str) -> Response:
        return jsonify(_named(platforms, platform).install(shop))

    @control.post("/<platform>/shops/<shop>/uninstall")
    def uninstall(platform: str, shop: str) -> Response:
        return jsonify(_named(platforms, platform).uninstall(shop))

    @control.get("/<platform>/shops/<shop>/products")
    def products(platform: str, shop: str) -> Response:
        return jsonify(_named(platforms, platform).products(shop))

    @control.get("/<platform>/shops/<shop>/customers")
    def customers(platform: str, shop: str) -> Response:
        return jsonify(_named(platforms, platform).customers(shop))

    @control.post("/<platform>/shops/<shop>/customers")
    def create_customer(platform: str, shop: str) -> tuple[Response, int]:
        return jsonify(_named(platforms, platform).create_customer(shop, json_body())), 201


def _order_routes(control: Blueprint, platforms: Mapping[str, Platform]) -> None:
    @control.get("/<platform>/shops/<shop>/orders")
    def orders(platform: str, shop: str) -> Response:
        return jsonify(_named(platforms, platform).orders(shop, limit()))

    @control.post("/<platform>/shops/<shop>/orders")
    def place_order(platform: str, shop: str) -> tuple[Response, int]:
        return jsonify(_named(platforms, platform).place_order(shop, json_body())), 201

    @control.get("/<platform>/shops/<shop>/orders/<order_id>")
    def order(platform: str, shop: str, order_id: str) -> Response:
        return jsonify(_named(platforms, platform).order(shop, order_id))

    @control.post("/<platform>/shops/<shop>/orders/<order_id>/<verb>")
    def change_order(platform: str, shop: str, order_id: str, verb: str) -> Response:
        named = _named(platforms, platform)
        verbs: dict[str, Any] = {"pay": named.pay, "refund": named.refund, "cancel": named.cancel}
        if verb not in verbs:
            raise SandboxError(f"orders can be paid, refunded and cancelled here, not {verb!r}", 404)
        return jsonify(verbs[verb](shop, order_id, json_body()))

    @control.post("/<platform>/shops/<shop>/history")
    def history(platform: str, shop: str) -> Response:
        return jsonify(_named(platforms, platform).history(shop, json_body()))
