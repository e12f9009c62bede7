"""Scripts that Ecwid serves: script.js for storefronts, the SDK for app pages."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask, Response, request

from loyalty.sandbox.ecwid import apps, shops
from loyalty.sandbox.ecwid.switches import switches
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.site import new_app
from loyalty.sandbox.store import Document

STATIC = Path(__file__).parent / "static"
SDK_VERSIONS = ("1.3.0", "1.3.1")
CSS_VERSION = "1.3.19"


def app_host_app(sandbox: Sandbox) -> Flask:
    """app.ecwid.localhost: `script.js?<store id>`."""
    app = new_app(sandbox, "app.ecwid.localhost", "loyalty.sandbox.ecwid")

    @app.get("/script.js")
    def script() -> Response:
        number = request.query_string.decode("ascii", "replace").partition("&")[0]
        shop = sandbox.store.get(shops.SHOP, "", number)
        if shop is None:
            return _script(f'console.error("There is no store {json.dumps(number[:20])[1:-1]}");')
        settings = json.dumps(_settings(sandbox, shop)).replace("<", "\\u003c")
        code = (STATIC / "storefront.js").read_text(encoding="utf-8")
        return _script(f"window.ecwidStandInSettings = {settings};\n{code}")

    return app


def _settings(sandbox: Sandbox, shop: Document) -> Document:
    """What the storefront knows of the store and of the apps that may customize it."""
    app, granted = sandbox.app(apps.APP), apps.installation(sandbox.store, shop)
    settings: Document = {
        "ownerId": shop["id"],
        "lang": shop["locale"],
        "formats": shops.formats(shop),
        "apps": {},
        "scripts": [],
        "sessionTokens": switches(sandbox.store)["session_token"],
    }
    if not granted or "customize_storefront" not in granted["scopes"] or not shop["paid_plan"]:
        return settings
    public = sandbox.store.get(apps.STORAGE, str(shop["id"]), f"{app['client_id']}:public")
    config: object = public["value"] if public else None
    if public and switches(sandbox.store)["public_config_as_object"]:
        config = {"key": "public", "value": public["value"]}
    settings["apps"][app["client_id"]] = {"config": config, "token": granted.get("public_token")}
    settings["scripts"] = [app["custom_js_url"]]
    return settings


def cdn_app(sandbox: Sandbox) -> Flask:
    """cdn.ecwid.localhost: the SDK's script and style sheet for pages inside the admin."""
    app = new_app(sandbox, "cdn.ecwid.localhost", "loyalty.sandbox.ecwid")

    @app.get("/ecwid-sdk/js/<version>/ecwid-app.js")
    def sdk(version: str) -> Response:
        if version not in SDK_VERSIONS:
            return Response("No such version.\n", 404, mimetype="text/plain")
        return _script((STATIC / "ecwid-app.js").read_text(encoding="utf-8"))

    @app.get(f"/ecwid-sdk/css/{CSS_VERSION}/ecwid-app-ui.css")
    def css() -> Response:
        return Response((STATIC / "ecwid-app-ui.css").read_text(encoding="utf-8"), mimetype="text/css")

    @app.get(f"/ecwid-sdk/css/{CSS_VERSION}/ecwid-app-ui.min.js")
    def ui_script() -> Response:
        return _script("")

    return app


def _script(code: str) -> Response:
    answer = Response(code, mimetype="text/javascript")
    answer.headers["Cache-Control"] = "no-store"
    return answer
