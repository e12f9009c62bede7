"""cdn.shopify.localhost: the scripts Shopify serves, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from flask import Response, abort

from loyalty.sandbox.platform import Origin, Sandbox
from loyalty.sandbox.shopify.ui_extensions import add_modules
from loyalty.sandbox.site import new_app

HOST = re.compile(r"cdn\.shopify\.localhost")
SCRIPTS = frozenset({"app-bridge.js", "polaris.js", "ui-extensions.js"})
STATIC = Path(__file__).parent / "static"


def cdn_origin(sandbox: Sandbox) -> Origin:
    app = new_app(sandbox, "cdn.shopify.localhost", "loyalty.sandbox.shopify")

    @app.get("/shopifycloud/<name>")
    def script(name: str) -> Response:
        if name not in SCRIPTS:
            abort(404)
        answer = Response((STATIC / name).read_bytes(), mimetype="text/javascript")
        answer.headers["Access-Control-Allow-Origin"] = "*"
        answer.headers["Cache-Control"] = "public, max-age=60"
        return answer

    add_modules(app, sandbox)
    return Origin(HOST, app)
