"""Customers and their groups, in the shape of Ecwid's REST API."""

from __future__ import annotations

from datetime import datetime

from loyalty.sandbox.ecwid.dates import stamp
from loyalty.sandbox.ecwid.orders_store import sales_of
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.store import Document, Store

CUSTOMER = "ecwid.customer"
GROUP = "ecwid.group"
GENERAL_GROUP = {"id": 0, "name": "General"}
MAX_EMAIL_CHARACTERS = 254


def clean_email(value: object) -> str:
    """The address as typed, without spaces around it; SandboxError when it cannot be one."""
    email = str(value or "").strip()
    if "@" not in email[1:-1] or len(email) > MAX_EMAIL_CHARACTERS or any(ch.isspace() for ch in email):
        raise SandboxError(f"not an e-mail address: {email[:60]!r}")
    return email


def find_by_email(store: Store, shop: Document, email: str) -> Document | None:
    """Ecwid keeps one customer per address."""
    found = store.find(CUSTOMER, str(shop["id"]), email.casefold())
    return found[0] if found else None


def get_customer(store: Store, shop: Document, customer_id: str | int) -> Document | None:
    return store.get(CUSTOMER, str(shop["id"]), customer_id)


def save_customer(store: Store, shop: Document, customer: Document) -> None:
    store.put(CUSTOMER, str(shop["id"]), customer["id"], customer, key=str(customer["email"]).casefold())


def create_customer(store: Store, shop: Document, email: str, name: str, at: datetime, **more: object) -> Document:
    """A new customer; SandboxError (409) when the address belongs to one already."""
    email = clean_email(email)
    with store.transaction():
        if find_by_email(store, shop, email):
            raise SandboxError(f"store {shop['id']} has a customer {email} already", 409)
        number = store.next("ecwid.customer", start=270900001)
        first, _, last = name.partition(" ")
        customer: Document = {
            "id": number,
            "name": name,
            "email": email,
            "registered": stamp(at),
            "updated": stamp(at),
            "customerGroupId": 0,
            "customerGroupName": "General",
            "billingPerson": {"name": name, "firstName": first, "lastName": last},
            "shippingAddresses": [],
            "contacts": [
                {
                    "id": number + 1_000_000,
                    "contact": email,
                    "type": "EMAIL",
                    "default": True,
                    "orderBy": 0,
                    "timestamp": stamp(at),
                }
            ],
            "taxExempt": False,
            "taxId": "",
            "taxIdValid": True,
            "b2b_b2c": "b2c",
            "acceptMarketing": bool(more.get("accept_marketing", False)),
            "lang": shop["locale"],
            "privateAdminNotes": "",
            "favorites": [],
        }
        save_customer(store, shop, customer)
    return customer


def presented(store: Store, shop: Document, customer: Document) -> Document:
    """The customer as the API sends it, with the figures that follow from the orders."""
    sales = sales_of(store, shop, customer["email"])
    return customer | {"stats": sales, "totalOrderCount": sales["numberOfOrders"]}


def groups(store: Store, shop: Document) -> list[Document]:
    return [dict(GENERAL_GROUP), *store.all(GROUP, str(shop["id"]))]


def group_name(store: Store, shop: Document, group_id: int) -> str | None:
    """The group's name, or None when there is no such group."""
    if group_id == 0:
        return "General"
    found = store.get(GROUP, str(shop["id"]), group_id)
    return str(found["name"]) if found else None
