"""Installing and uninstalling as the merchant does it: the grant, the events, the addresses the app is opened by."""

from __future__ import annotations

import secrets
from urllib.parse import quote, urlencode

from loyalty.sandbox.clock import now
from loyalty.sandbox.ecwid import apps
from loyalty.sandbox.ecwid.events import emit
from loyalty.sandbox.ecwid.payload import encrypted, hex_fragment
from loyalty.sandbox.ecwid.switches import switches
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.store import Document


def needed_app(sandbox: Sandbox) -> Document:
    """The registered app; SandboxError when there is none yet."""
    app = sandbox.app(apps.APP)
    if not app:
        raise SandboxError("register the app first: PUT /_sandbox/ecwid/app", 409)
    return app


def grant(sandbox: Sandbox, shop: Document, scopes: list[str], redirect_uri: str) -> str:
    """The merchant allows it: installs, tells the app, and returns a one-use code for the redirect."""
    app = needed_app(sandbox)
    with sandbox.store.transaction():
        new = apps.installation(sandbox.store, shop) is None
        apps.install(sandbox.store, shop, app, scopes, now())
        code = apps.new_code(sandbox.store, shop, redirect_uri, now())
        if new:
            emit(sandbox, shop, "application.installed", str(shop["id"]))
    return code


def market_redirect(sandbox: Sandbox, shop: Document) -> str:
    """Where an installation that began at the market ends: the app's redirect address, with no state."""
    app = needed_app(sandbox)
    code = grant(sandbox, shop, app["scopes"], app["redirect_url"])
    return with_query(app["redirect_url"], code=code, store_id=str(shop["id"]))


def uninstall(sandbox: Sandbox, shop: Document) -> None:
    """Revokes the token and tells the app, whose webhook carries none."""
    with sandbox.store.transaction():
        gone = apps.uninstall(sandbox.store, shop)
        emit(sandbox, shop, "application.uninstalled", str(shop["id"]), scopes=tuple(gone["scopes"]))


def open_url(sandbox: Sandbox, shop: Document, app_state: str = "", view_mode: str = "PAGE") -> str:
    """What the admin's frame loads. SandboxError when the app is not installed or may not have a tab."""
    app, granted = needed_app(sandbox), apps.installation(sandbox.store, shop)
    if granted is None:
        raise SandboxError(f"the app is not installed in store {shop['id']}", 409)
    if "add_to_cp" not in granted["scopes"]:
        raise SandboxError("the app was not granted add_to_cp, so it has no page in the admin", 403)
    plain: Document = {
        "store_id": shop["id"],
        "lang": shop["locale"],
        "access_token": granted["token"],
        "view_mode": view_mode,
    }
    if "public_token" in granted:
        plain["public_token"] = granted["public_token"]
    if switches(sandbox.store)["payload_mode"] == "hex":
        state = {"app_state": quote(app_state)} if app_state else {}
        return f"{app['iframe_url']}#{hex_fragment(plain | state)}"
    extra = {"app_state": app_state} if app_state else {}
    sealed = encrypted(plain, app["client_secret"])
    return with_query(app["iframe_url"], payload=sealed, **extra, **{"cache-killer": secrets.token_hex(4)})


def with_query(url: str, **values: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(values)}"
