"""The app proxy: a storefront path that is the app's, with Shopify's word on who is logged in, and no cookies."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

import requests
from flask import Flask, Response, abort, request

from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.shopify.shops import has_scope, installation
from loyalty.sandbox.shopify.signing import proxy_signature
from loyalty.sandbox.store import Document

# Timeout and size limit of the real one are not documented (unverified).
TIMEOUT_SECONDS = 10
MAX_ANSWER_BYTES = 1_000_000

OWN_PARAMETERS = frozenset({"shop", "logged_in_customer_id", "path_prefix", "timestamp", "signature"})
# All other headers of the shopper's request pass (unverified for custom ones); cookies never do.
WITHHELD = frozenset(
    {"cookie", "authorization", "host", "content-length", "accept-encoding", "connection", "keep-alive"}
)
DROPPED = frozenset(
    {"set-cookie", "connection", "transfer-encoding", "content-encoding", "content-length", "keep-alive"}
)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def add_proxy(
    app: Flask, sandbox: Sandbox, find: Callable[[], Document], customer: Callable[[], Document | None]
) -> None:
    """Mount /apps/<subpath>/... on a storefront's app."""

    @app.route("/apps/<subpath>", methods=METHODS)
    @app.route("/apps/<subpath>/", methods=METHODS)
    @app.route("/apps/<subpath>/<path:path>", methods=METHODS)
    def app_proxy(subpath: str, path: str = "") -> Response:
        shop = find()
        registered, installed = sandbox.app("shopify"), installation(sandbox.store, shop)
        if installed is None or subpath != registered["proxy_subpath"]:
            abort(404)
        if not has_scope(installed["scopes"], "write_app_proxy"):
            abort(404)
        return forward(shop, registered, path, customer())


def forward(shop: Document, registered: Document, path: str, customer: Document | None) -> Response:
    query = urlencode(signed_query(shop, registered, customer))
    target = f"{registered['proxy_url'].rstrip('/')}/{path}?{query}"
    headers = {
        name: value
        for name, value in request.headers.items()
        if name.lower() not in WITHHELD and not name.lower().startswith("x-forwarded-")
    } | {
        "X-Forwarded-Host": request.host,
        "X-Forwarded-For": request.remote_addr or "127.0.0.1",
        "X-Forwarded-Proto": request.scheme,
        "Accept-Encoding": "identity",
    }
    client = requests.Session()
    client.trust_env = False
    try:
        answer = client.request(
            request.method,
            target,
            data=request.get_data(),
            headers=headers,
            timeout=TIMEOUT_SECONDS,
            allow_redirects=False,
        )
    except requests.RequestException:
        return Response("There was an error in the third-party application.\n", 500, mimetype="text/plain")
    kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in DROPPED]
    return Response(answer.content[:MAX_ANSWER_BYTES], answer.status_code, kept)


def signed_query(shop: Document, registered: Document, customer: Document | None) -> list[tuple[str, str]]:
    """The shopper's parameters without those only Shopify may set, then Shopify's own, then the signature over all."""
    raw = request.query_string.decode("utf-8", "replace")
    pairs = [pair for pair in parse_qsl(raw, keep_blank_values=True) if pair[0] not in OWN_PARAMETERS]
    pairs += [
        ("shop", shop["domain"]),
        ("logged_in_customer_id", str(customer["id"]) if customer else ""),
        ("path_prefix", f"/apps/{registered['proxy_subpath']}"),
        ("timestamp", str(int(time.time()))),
    ]
    return [*pairs, ("signature", proxy_signature(registered["client_secret"], pairs))]
