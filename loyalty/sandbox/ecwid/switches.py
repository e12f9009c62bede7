"""What is unknown of the real platform, or set by its people: switches, so that both outcomes can be tried."""

from __future__ import annotations

from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.store import Document, Store

DEFAULTS: Document = {
    "state_echo": True,  # OAuth gives `state` back (unverified)
    "code_ttl_seconds": 300,  # "a few minutes"
    "payload_mode": "encrypted",  # or "hex": which of them a new app gets is (unverified)
    "event_spelling": "camel",  # or "snake": application.subscription_status_changed (unverified)
    "webhook_method": "POST",  # or "PUT", as one example of the documentation shows (unverified)
    "rate_limit_per_minute": 600,
    "bare_auth_errors": True,  # a refused token is answered by 403 without a body, else by the documented JSON
    "coupon_by_code": True,  # /discount_coupons/{code} works like /discount_coupons/{id} (unverified)
    "coupon_returns_on_cancel": False,  # a cancelled order gives a SINGLE coupon back (unverified)
    "public_config_as_object": False,  # getAppPublicConfig gives {key, value} instead of the text (unverified)
    "deleted_order_id": True,  # /orders/deleted names an order by its id, not by the inner number alone (unverified)
    "private_keys_in_carts": True,  # a cart's question to the app brings the private keys of its storage (unverified)
    "guests_in_carts": False,  # a guest's cart names the customer whose address was typed (unverified)
    "discount_words": True,  # an order keeps the description of an app's discount (unverified)
    "session_token": True,  # the storefront's undocumented session token can be traded for the customer
}
CHOICES = {
    "payload_mode": ("encrypted", "hex"),
    "event_spelling": ("camel", "snake"),
    "webhook_method": ("POST", "PUT"),
}


def switches(store: Store) -> Document:
    return DEFAULTS | (store.get("ecwid.switches", "", "all") or {})


def set_switches(store: Store, body: Document) -> Document:
    """Changes the named switches; SandboxError for one that does not exist or a value it cannot take."""
    for name, value in body.items():
        if name not in DEFAULTS:
            raise SandboxError(f"unknown switch {name}; known are {', '.join(DEFAULTS)}")
        if name in CHOICES and value not in CHOICES[name]:
            raise SandboxError(f"{name} is one of {', '.join(CHOICES[name])}")
        if type(value) is not type(DEFAULTS[name]):
            raise SandboxError(f"{name} must be like {DEFAULTS[name]!r}")
    with store.transaction():
        store.put("ecwid.switches", "", "all", switches(store) | body)
    return switches(store)
