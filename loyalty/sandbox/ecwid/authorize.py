"""OAuth in the browser: `my.ecwid.localhost/api/oauth/authorize`, begun by the app."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, redirect, render_template, request, session
from werkzeug.wrappers import Response as AnyResponse

from loyalty.sandbox.ecwid import installing, shops
from loyalty.sandbox.ecwid.switches import switches
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.store import Document

NEEDED = ("client_id", "redirect_uri", "response_type", "scope")
MAX_STATE_CHARACTERS = 1000


def authorize_routes(app: Flask, sandbox: Sandbox) -> None:
    """The consent page and what follows from it."""

    @app.get("/api/oauth/authorize")
    def authorize() -> str:
        asked = _checked(sandbox, request.args.to_dict())
        return render_template(
            "ecwid/authorize.html",
            asked=asked,
            app=installing.needed_app(sandbox),
            scopes=asked["scope"].split(),
            shops=shops.all_shops(sandbox.store),
            signed_in=session.get("store"),
        )

    @app.post("/api/oauth/authorize")
    def decide() -> AnyResponse:
        asked = _checked(sandbox, request.form.to_dict())
        state = {}
        if asked["state"] and switches(sandbox.store)["state_echo"]:
            state = {"state": asked["state"]}
        if request.form.get("decision") != "allow":
            return redirect(installing.with_query(asked["redirect_uri"], error="access_denied", **state), 303)
        shop = shops.get_shop(sandbox.store, request.form.get("store", ""))
        session["store"] = shop["id"]
        code = installing.grant(sandbox, shop, asked["scope"].split(), asked["redirect_uri"])
        values = {"code": code, "store_id": str(shop["id"]), **state}
        return redirect(installing.with_query(asked["redirect_uri"], **values), 303)


def _checked(sandbox: Sandbox, asked: dict[str, str]) -> Document:
    """The request, or a SandboxError page: nothing is sent to an address that is not the app's own."""
    app = installing.needed_app(sandbox)
    missing = [name for name in NEEDED if not asked.get(name)]
    if missing:
        raise SandboxError(f"The request lacks {', '.join(missing)}.")
    if asked["client_id"] != app["client_id"]:
        raise SandboxError("There is no app with this client_id.")
    if asked["response_type"] != "code":
        raise SandboxError("response_type must be code.")
    if not _below(asked["redirect_uri"], app["redirect_url"]):
        raise SandboxError("redirect_uri is not registered for this app.")
    refused = sorted(set(asked["scope"].split()) - set(app["scopes"]))
    if refused:
        raise SandboxError(f"These scopes are not enabled for the app: {', '.join(refused)}.")
    return {**{name: asked[name] for name in NEEDED}, "state": asked.get("state", "")[:MAX_STATE_CHARACTERS]}


def _below(url: str, registered: str) -> bool:
    """Whether the address has the registered scheme and host and lies at or below its path."""
    here, there = urlsplit(url), urlsplit(registered)
    same_place = (here.scheme, here.netloc) == (there.scheme, there.netloc)
    return same_place and (here.path == there.path or here.path.startswith(there.path.rstrip("/") + "/"))
