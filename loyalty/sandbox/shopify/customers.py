"""Customers of a shop, with or without an account."""

from __future__ import annotations

from typing import Any

from werkzeug.security import check_password_hash, generate_password_hash

from loyalty.sandbox.clock import iso, now, parse_time
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.shopify.shops import new_id
from loyalty.sandbox.store import Document, Store

MAX_TEXT = 200


def create_customer(store: Store, shop: Document, body: Document) -> Document:
    """{"email", "name"?, "password"?, "at"?, "tags"?}: with a password it is an account. E-mails are unique in a shop."""
    email = str(body.get("email", "")).strip().lower()
    if "@" not in email or len(email) > MAX_TEXT:
        raise SandboxError("a customer needs an e-mail address")
    first, _, last = str(body.get("name", ""))[:MAX_TEXT].strip().partition(" ")
    at = iso(parse_time(body.get("at")))
    password = str(body.get("password", ""))
    with store.transaction():
        if by_email(store, shop, email):
            raise SandboxError(f"there is a customer {email} already", 409)
        customer: Document = {
            "id": new_id(store),
            "email": email,
            "first_name": first or None,
            "last_name": last or None,
            "state": "enabled" if password or body.get("account") else "disabled",
            "verified_email": bool(body.get("verified_email", True)),
            "password": _hash(password),
            "tags": list(body.get("tags", [])),
            "metafields": {},
            "created_at": at,
            "updated_at": at,
        }
        save(store, shop, customer)
    return customer


def save(store: Store, shop: Document, customer: Document) -> None:
    key = str(customer["email"] or "")
    store.put("shopify.customer", shop["domain"], customer["id"], customer, key=key, at=customer["created_at"])


def by_id(store: Store, shop: Document, customer_id: Any) -> Document | None:
    return store.get("shopify.customer", shop["domain"], str(customer_id))


def by_email(store: Store, shop: Document, email: str) -> Document | None:
    found = store.find("shopify.customer", shop["domain"], email.strip().lower()) if email else []
    return found[0] if found else None


def find_or_create(store: Store, shop: Document, email: str, name: str, at: str) -> tuple[Document | None, bool]:
    """The customer a checkout belongs to, and whether the checkout made it; None where no e-mail was given."""
    if not email:
        return None, False
    known = by_email(store, shop, email)
    if known:
        return known, False
    return create_customer(store, shop, {"email": email, "name": name, "at": at}), True


def open_account(store: Store, shop: Document, email: str, name: str, password: str) -> tuple[Document, bool]:
    """An account for an e-mail, and whether the customer is new; one who bought as a guest keeps the same customer."""
    if len(password) < 5:
        raise SandboxError("choose a password of at least 5 characters")
    with store.transaction():
        known = by_email(store, shop, email)
        if known is None:
            return create_customer(store, shop, {"email": email, "name": name, "password": password}), True
        if known["state"] == "enabled":
            raise SandboxError("there is an account with this e-mail already; log in instead", 409)
        known |= {"state": "enabled", "password": _hash(password), "updated_at": iso(now())}
        save(store, shop, known)
    return known, False


def log_in(store: Store, shop: Document, email: str, password: str) -> Document:
    """The account's customer; SandboxError 403 where e-mail and password do not belong together."""
    customer = by_email(store, shop, email)
    if customer is None or customer["state"] != "enabled" or not _matches(customer["password"], password):
        raise SandboxError("this e-mail and password do not belong together", 403)
    return customer


def most_frequent(store: Store, shop: Document, limit: int) -> list[tuple[Document, int]]:
    """Customers with an account who order most, with how often: the sandbox lets anybody be one of them."""
    found = [
        (by_id(store, shop, number), count)
        for number, count in store.keys_by_count("shopify.order", shop["domain"], limit)
    ]
    return [(customer, count) for customer, count in found if customer and customer["state"] == "enabled"]


def full_name(customer: Document) -> str:
    return " ".join(part for part in (customer["first_name"], customer["last_name"]) if part)


def _hash(password: str) -> str:
    # Few rounds: these are nobody's passwords, and a history makes hundreds of accounts.
    return generate_password_hash(password, method="pbkdf2:sha256:1000") if password else ""


def _matches(kept: str, password: str) -> bool:
    return bool(kept) and check_password_hash(kept, password)
