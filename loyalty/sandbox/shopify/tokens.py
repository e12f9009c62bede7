"""Access tokens: token exchange, refresh with rotation, authorization codes, and what each of them refuses."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from loyalty.sandbox.clock import iso, now
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.shopify.shops import installation
from loyalty.sandbox.shopify.signing import read_session_token
from loyalty.sandbox.store import Document, Store

EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
OFFLINE = "urn:shopify:params:oauth:token-type:offline-access-token"
ONLINE = "urn:shopify:params:oauth:token-type:online-access-token"

ACCESS_SECONDS = 3_600
ONLINE_SECONDS = DAY_SECONDS = 86_400
REFRESH_SECONDS = 7_776_000
RETRY_DAYS = 30
CODE_SECONDS = 60


class OAuthError(Exception):
    """A refusal of the token endpoint: `{"error": code, "error_description": message}`."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status


def grant_token(sandbox: Sandbox, shop: Document, body: Document) -> Document:
    """POST /admin/oauth/access_token; raises OAuthError."""
    app = sandbox.app("shopify")
    secrets_in_force = [secret for secret in (app.get("client_secret"), app.get("client_secret_old")) if secret]
    known = any(
        secrets.compare_digest(str(body.get("client_secret", "")).encode(), s.encode()) for s in secrets_in_force
    )
    if not app or body.get("client_id") != app["client_id"] or not known:
        raise OAuthError("invalid_client", "The client id or secret is wrong.")
    grants: dict[str | None, Callable[[Sandbox, Document, Document], Document]] = {
        EXCHANGE: _exchange,
        "refresh_token": _refresh,
        None: _code,
        "authorization_code": _code,
        "client_credentials": _own_organization,
    }
    grant = grants.get(body.get("grant_type"))
    if grant is None:
        raise OAuthError("unsupported_grant_type", "This grant type is not supported.")
    with sandbox.store.transaction():
        return grant(sandbox, shop, body)


def access(store: Store, shop: Document, token: str) -> Document | None:
    """The living access token of this shop's installation, or None."""
    found = store.get("shopify.token", shop["domain"], token)
    if found is None or installation(store, shop) is None or _over(found):
        return None
    return found


def revoke_all(store: Store, shop: Document) -> None:
    """Uninstalling ends every token at once."""
    for kind in ("shopify.token", "shopify.refresh", "shopify.code"):
        store.delete(kind, shop["domain"])


def expire_access(store: Store, shop: Document) -> int:
    """Let all access tokens of a shop expire now; refresh tokens stay. Says how many."""
    tokens = [token for token in store.all("shopify.token", shop["domain"]) if token["expires_at"]]
    for token in tokens:
        store.put("shopify.token", shop["domain"], token["token"], token | {"expires_at": iso(now())})
    return len(tokens)


def new_code(store: Store, shop: Document, redirect_uri: str) -> str:
    code = secrets.token_hex(16)
    body = {"redirect_uri": redirect_uri, "expires_at": iso(now() + timedelta(seconds=CODE_SECONDS))}
    store.put("shopify.code", shop["domain"], code, body)
    return code


def _over(document: Document) -> bool:
    return bool(document["expires_at"]) and document["expires_at"] <= iso(now())


def _expiring(body: Document) -> bool:
    """JSON libraries send "1" or 1; left out means a token that never expires."""
    return str(body.get("expiring", "0")) in ("1", "True", "true")


def _exchange(sandbox: Sandbox, shop: Document, body: Document) -> Document:
    requested = body.get("requested_token_type")
    if body.get("subject_token_type") == OFFLINE and requested == OFFLINE:
        return _migrate(sandbox, shop, body)
    if body.get("subject_token_type") != ID_TOKEN or requested not in (OFFLINE, ONLINE):
        raise OAuthError("invalid_request", "subject_token_type or requested_token_type is wrong.")
    claims = read_session_token(sandbox.app("shopify"), shop["domain"], body.get("subject_token"))
    if claims is None:
        raise OAuthError("invalid_subject_token", "The session token is expired, of another shop or not ours.")
    installed = installation(sandbox.store, shop)
    if installed is None:
        raise OAuthError("invalid_client", "The app is not installed in this shop.")
    if requested == ONLINE:
        return _online(sandbox.store, shop, installed, claims)
    return _offline(sandbox.store, shop, installed, expiring=_expiring(body))


def _migrate(sandbox: Sandbox, shop: Document, body: Document) -> Document:
    old = access(sandbox.store, shop, str(body.get("subject_token", "")))
    installed = installation(sandbox.store, shop)
    if old is None or installed is None or old["expires_at"]:
        raise OAuthError("invalid_subject_token", "Only a living token that never expires can be migrated.")
    if not _expiring(body):
        raise OAuthError("invalid_request", "A migration asks for expiring=1.")
    sandbox.store.delete("shopify.token", shop["domain"], old["token"])
    return _offline(sandbox.store, shop, installed, expiring=True)


def _refresh(sandbox: Sandbox, shop: Document, body: Document) -> Document:
    """Each refresh gives a new refresh token; the old one may be tried again until a successor was used."""
    store = sandbox.store
    installed = installation(store, shop)
    used = store.get("shopify.refresh", shop["domain"], str(body.get("refresh_token", "")))
    if installed is None or used is None or _over(used) or used["dead"]:
        raise OAuthError("invalid_grant", "This refresh token is expired, replaced or unknown.")
    first_used_at = datetime.fromisoformat(used["first_used_at"]) if used["first_used_at"] else now()
    if now() - first_used_at > timedelta(days=RETRY_DAYS):
        raise OAuthError("invalid_grant", "This refresh token was replaced too long ago.")
    if used["parent"]:
        parent = store.get("shopify.refresh", shop["domain"], used["parent"])
        if parent:
            store.put("shopify.refresh", shop["domain"], used["parent"], parent | {"dead": True})
    store.put("shopify.refresh", shop["domain"], used["token"], used | {"first_used_at": iso(first_used_at)})
    if sandbox.app("shopify")["revoke_on_refresh"]:
        store.delete("shopify.token", shop["domain"])
    return _offline(store, shop, installed, expiring=True, parent=used["token"])


def _own_organization(sandbox: Sandbox, shop: Document, body: Document) -> Document:
    """For stores of the organization that the app belongs to alone: here those of a custom app. A day, and no refresh
    token. Which error other stores get is (unverified)."""
    installed = installation(sandbox.store, shop)
    if installed is None or sandbox.app("shopify")["distribution"] != "custom":
        raise OAuthError("shop_not_permitted", "Client credentials cannot be used for this shop.")
    return _kept_token(sandbox.store, shop, installed, seconds=DAY_SECONDS) | {"expires_in": DAY_SECONDS - 1}


def _code(sandbox: Sandbox, shop: Document, body: Document) -> Document:
    store, code = sandbox.store, str(body.get("code", ""))
    kept = store.get("shopify.code", shop["domain"], code)
    store.delete("shopify.code", shop["domain"], code)
    installed = installation(store, shop)
    if kept is None or _over(kept) or installed is None:
        raise OAuthError("invalid_request", "The authorization code was not found or was already used")
    return _offline(store, shop, installed, expiring=_expiring(body))


def _offline(store: Store, shop: Document, installed: Document, *, expiring: bool, parent: str = "") -> Document:
    answer = _kept_token(store, shop, installed, seconds=ACCESS_SECONDS if expiring else 0)
    if not expiring:
        return answer
    refresh = f"shprt_{secrets.token_hex(16)}"
    refresh_until = iso(now() + timedelta(seconds=REFRESH_SECONDS))
    body: Document = {
        "token": refresh,
        "expires_at": refresh_until,
        "parent": parent,
        "first_used_at": "",
        "dead": False,
    }
    store.put("shopify.refresh", shop["domain"], refresh, body)
    return answer | {
        "expires_in": ACCESS_SECONDS,
        "refresh_token": refresh,
        "refresh_token_expires_in": REFRESH_SECONDS,
    }


def _kept_token(store: Store, shop: Document, installed: Document, *, seconds: int) -> Document:
    """A new offline token; of 0 seconds means without an end."""
    token = f"shpat_{secrets.token_hex(16)}"
    expires_at = iso(now() + timedelta(seconds=seconds)) if seconds else ""
    kept: Document = {"token": token, "kind": "offline", "scopes": installed["scopes"], "expires_at": expires_at}
    store.put("shopify.token", shop["domain"], token, kept)
    return {"access_token": token, "scope": ",".join(installed["scopes"])}


def _online(store: Store, shop: Document, installed: Document, claims: dict[str, Any]) -> Document:
    token = f"shpua_{secrets.token_hex(16)}"
    expires_at = iso(now() + timedelta(seconds=ONLINE_SECONDS))
    kept: Document = {"token": token, "kind": "online", "scopes": installed["scopes"], "expires_at": expires_at}
    store.put("shopify.token", shop["domain"], token, kept)
    scope = ",".join(installed["scopes"])
    user = {
        "id": int(claims["sub"]),
        "first_name": shop["owner"].partition(" ")[0],
        "last_name": shop["owner"].partition(" ")[2],
        "email": shop["email"],
        "account_owner": True,
        "locale": shop["locale"],
        "collaborator": False,
        "email_verified": True,
    }
    return {
        "access_token": token,
        "scope": scope,
        "expires_in": ONLINE_SECONDS,
        "associated_user_scope": scope,
        "associated_user": user,
    }
