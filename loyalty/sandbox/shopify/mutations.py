"""Mutations of the Admin GraphQL: what is wrong with the input is a userError in an answer of status 200."""

from __future__ import annotations

import re
from collections.abc import Callable

from loyalty.sandbox.clock import iso, now, parse_time
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.shopify import customers, discounts
from loyalty.sandbox.shopify.connections import Node
from loyalty.sandbox.shopify.discount_nodes import discount_node
from loyalty.sandbox.shopify.events import Events
from loyalty.sandbox.shopify.money import to_minor
from loyalty.sandbox.shopify.nodes import (
    Api,
    app_namespace,
    customer_node,
    digest_of,
    metafield_node,
)
from loyalty.sandbox.shopify.shops import new_id, number_of, products
from loyalty.sandbox.store import Document

MAX_CODE = 255
MAX_METAFIELDS = 25
MAX_TAGS = 250


class Invalid(Exception):
    """One userError: the field's path, the code, the message."""

    def __init__(self, field: list[str], code: str | None, message: str) -> None:
        super().__init__(message)
        self.error = {"field": field, "code": code, "message": message, "extraInfo": None, "elementIndex": None}


def discount_code_basic_create(api: Api, basicCodeDiscount: Node) -> Node:
    return _create(api, "discountCodeBasicCreate", "basicCodeDiscount", basicCodeDiscount)


def discount_code_free_shipping_create(api: Api, freeShippingCodeDiscount: Node) -> Node:
    return _create(api, "discountCodeFreeShippingCreate", "freeShippingCodeDiscount", freeShippingCodeDiscount)


def _create(api: Api, field: str, root: str, given: Node) -> Node:
    api.need("write_discounts", field)
    with api.store.transaction():
        try:
            made = _new_discount(api, root, given)
        except Invalid as invalid:
            return {"codeDiscountNode": None, "userErrors": [invalid.error]}
        discounts.save(api.store, api.shop, made)
    return {"codeDiscountNode": discount_node(api, made), "userErrors": []}


def _new_discount(api: Api, input_name: str, given: Node) -> Document:
    root, shipping = [input_name], input_name == "freeShippingCodeDiscount"
    for name in ("code", "title", "startsAt", "context", *(() if shipping else ("customerGets",))):
        if not given.get(name):
            raise Invalid([*root, name], "BLANK", f"{name} can't be blank")
    code = str(given["code"]).strip()
    if len(code) > MAX_CODE:
        raise Invalid([*root, "code"], "TOO_LONG", f"Code is too long (maximum is {MAX_CODE} characters)")
    if discounts.by_code(api.store, api.shop, code):
        raise Invalid([*root, "code"], "TAKEN", "Code must be unique. Please try a different code.")
    starts_at, ends_at = iso(parse_time(given["startsAt"])), given.get("endsAt") and iso(parse_time(given["endsAt"]))
    if ends_at and ends_at <= starts_at:
        raise Invalid([*root, "endsAt"], "END_DATE_BEFORE_START_DATE", "Ends at needs to be after starts at")
    limit = given.get("usageLimit")
    if limit is not None and limit < 1:
        raise Invalid([*root, "usageLimit"], "GREATER_THAN", "Usage limit must be greater than 0")
    percent, amount = (None, 0) if shipping else _value(api, given["customerGets"])
    combines = given.get("combinesWith") or {}
    minimum = given.get("minimumRequirement") or {}
    if shipping and combines.get("shippingDiscounts"):
        field, code = [*root, "combinesWith"], "INVALID_COMBINES_WITH_FOR_DISCOUNT_CLASS"
        raise Invalid(field, code, "The combinesWith settings are not valid for the discount class.")
    return {
        "shipping": shipping,
        "id": new_id(api.store),
        "code": code,
        "title": str(given["title"])[:255],
        "starts_at": starts_at,
        "ends_at": ends_at or "",
        "created_at": iso(now()),
        "usage_limit": limit,
        "once_per_customer": bool(given.get("appliesOncePerCustomer")),
        "customer_ids": _context(api, given["context"]),
        "percent_of_million": percent,
        "amount_minor": amount,
        "products": None if shipping else _items(api, given["customerGets"].get("items") or {}),
        "minimum_subtotal_minor": _minimum(api, minimum),
        "minimum_quantity": int((minimum.get("quantity") or {}).get("greaterThanOrEqualToQuantity") or 0),
        "combines_with": {
            name: bool(combines.get(name)) for name in ("orderDiscounts", "productDiscounts", "shippingDiscounts")
        },
        "used": 0,
        "used_by": [],
    }


def _value(api: Api, gets: Node) -> tuple[int | None, int]:
    """(millionths, 0) for a share, (None, minor units) for an amount."""
    field = ["basicCodeDiscount", "customerGets", "value"]
    value = gets.get("value") or {}
    if (value.get("percentage") is None) == (value.get("discountAmount") is None):
        raise Invalid(field, "INVALID", "Specify either a percentage or an amount")
    if value.get("percentage") is not None:
        if not 0 < value["percentage"] <= 1:
            raise Invalid([*field, "percentage"], "VALUE_OUTSIDE_RANGE", "Value must be between 0.0 and 1.0")
        return round(value["percentage"] * 1_000_000), 0
    amount = value["discountAmount"]
    try:
        minor = to_minor(amount.get("amount"), api.shop["currency"])
    except SandboxError:
        minor = 0
    if minor <= 0:
        raise Invalid([*field, "discountAmount", "amount"], "GREATER_THAN", "Value must be greater than 0")
    return None, minor


def _context(api: Api, context: Node) -> list[int] | None:
    """The customers a code is for; None for everybody."""
    wanted = (context.get("customers") or {}).get("add")
    field = ["basicCodeDiscount", "context"]
    if (wanted is None) == (context.get("all") is None):
        raise Invalid(field, "INVALID", "Specify either all or customers")
    if wanted is None:
        return None
    numbers = [number_of(each, "Customer") for each in wanted]
    found = [number for number in numbers if number and customers.by_id(api.store, api.shop, number)]
    if not wanted or len(found) != len(wanted):
        raise Invalid([*field, "customers", "add"], "INVALID", "Customer selection contains invalid customers")
    return found


def _items(api: Api, items: Node) -> list[int] | None:
    """The products a code is for; None for all."""
    field = ["basicCodeDiscount", "customerGets", "items"]
    wanted = [
        *((items.get("products") or {}).get("productsToAdd") or []),
        *((items.get("collections") or {}).get("add") or []),
    ]
    if bool(items.get("all")) == bool(wanted):
        raise Invalid(field, "APPLIES_ON_NOTHING" if not wanted else "CONFLICT", "Items must be all or some")
    if not wanted:
        return None
    chosen = {number_of(each, "Product") for each in wanted} | {number_of(each, "Collection") for each in wanted}
    known = products(api.store, api.shop)
    found = [row["id"] for row in known if row["id"] in chosen or chosen & set(row["collections"])]
    if not found:
        raise Invalid(field, "INVALID", "Entitled products or collections do not exist")
    return found


def _minimum(api: Api, minimum: Node) -> int:
    if minimum.get("subtotal") and minimum.get("quantity"):
        field = ["basicCodeDiscount", "minimumRequirement"]
        message = "Only one of subtotal and quantity can be present"
        raise Invalid(field, "MINIMUM_SUBTOTAL_AND_QUANTITY_RANGE_BOTH_PRESENT", message)
    amount = (minimum.get("subtotal") or {}).get("greaterThanOrEqualToSubtotal")
    return to_minor(amount, api.shop["currency"]) if amount else 0


def discount_code_deactivate(api: Api, id: str) -> Node:
    api.need("write_discounts", "discountCodeDeactivate")
    with api.store.transaction():
        found = discounts.by_id(api.store, api.shop, number_of(id, "DiscountCodeNode") or 0)
        if found is None:
            return {"codeDiscountNode": None, "userErrors": [_missing_discount()]}
        discounts.deactivate(api.store, api.shop, found)
    return {"codeDiscountNode": discount_node(api, found), "userErrors": []}


def discount_code_delete(api: Api, id: str) -> Node:
    api.need("write_discounts", "discountCodeDelete")
    number = number_of(id, "DiscountCodeNode") or 0
    if not api.store.delete("shopify.discount", api.shop["domain"], number):
        return {"deletedCodeDiscountId": None, "userErrors": [_missing_discount()]}
    return {"deletedCodeDiscountId": id, "userErrors": []}


def _missing_discount() -> Node:
    return Invalid(["id"], "INVALID", "Code discount does not exist.").error


def metafields_set(api: Api, metafields: list[Node]) -> Node:
    """Up to 25, all or none; `compareDigest` guards against overwriting what somebody else wrote."""
    api.need("write_customers", "metafieldsSet")
    with api.store.transaction():
        try:
            owners = [_checked_owner(api, place, given) for place, given in enumerate(metafields)]
            if len(metafields) > MAX_METAFIELDS:
                raise Invalid(["metafields"], "LESS_THAN_OR_EQUAL_TO", f"Exceeded the maximum of {MAX_METAFIELDS}")
        except Invalid as invalid:
            return {"metafields": None, "userErrors": [invalid.error]}
        written = []
        for owner, given in zip(owners, metafields, strict=True):
            fresh = customers.by_id(api.store, api.shop, owner["id"]) or owner
            namespace = app_namespace(api, given.get("namespace") or "$app")
            place = f"{namespace}/{given['key']}"
            kept = fresh["metafields"].get(place, {"id": new_id(api.store), "type": "single_line_text_field"})
            kept |= {"value": given["value"], "updated_at": iso(now()), "type": given.get("type") or kept["type"]}
            fresh["metafields"][place] = kept
            customers.save(api.store, api.shop, fresh)
            written.append(metafield_node(api, fresh, namespace, given["key"]))
        # Whether a metafield alone is an update of the customer is not documented (unverified); the louder outcome.
        for number in dict.fromkeys(owner["id"] for owner in owners):
            Events(api.sandbox, api.shop).customer(_touched(api, number), "customers/update")
    return {"metafields": written, "userErrors": []}


def metafields_delete(api: Api, metafields: list[Node]) -> Node:
    """What is not there is passed over, as null."""
    api.need("write_customers", "metafieldsDelete")
    deleted: list[Node | None] = []
    with api.store.transaction():
        for given in metafields:
            owner = customers.by_id(api.store, api.shop, number_of(given["ownerId"], "Customer") or 0)
            place = f"{app_namespace(api, given.get('namespace') or '$app')}/{given['key']}"
            gone = owner["metafields"].pop(place, None) if owner else None
            if owner and gone:
                customers.save(api.store, api.shop, owner)
            named = {"key": given["key"], "namespace": place.rpartition("/")[0], "ownerId": given["ownerId"]}
            deleted.append(named if gone else None)
    return {"deletedMetafields": deleted, "userErrors": []}


def _touched(api: Api, customer_id: int) -> Document:
    customer = customers.by_id(api.store, api.shop, customer_id) or {}
    customer["updated_at"] = iso(now())
    customers.save(api.store, api.shop, customer)
    return customer


def _checked_owner(api: Api, place: int, given: Node) -> Document:
    field = ["metafields", str(place)]
    owner = customers.by_id(api.store, api.shop, number_of(given["ownerId"], "Customer") or 0)
    if owner is None:
        raise Invalid([*field, "ownerId"], "INVALID", "Owner does not exist.")
    if not re.fullmatch(r"[A-Za-z0-9_-]{2,64}", given["key"]):
        raise Invalid([*field, "key"], "INVALID", "Key is invalid")
    kept = owner["metafields"].get(f"{app_namespace(api, given.get('namespace') or '$app')}/{given['key']}")
    if kept is None and not given.get("type"):
        raise Invalid([*field, "type"], "BLANK", "Type can't be blank")
    if given.get("type") == "number_integer" and not re.fullmatch(r"-?[0-9]{1,16}", given["value"]):
        raise Invalid([*field, "value"], "INVALID_VALUE", "Value must be an integer.")
    if "compareDigest" in given:
        current = digest_of(kept["value"]) if kept else None
        if given["compareDigest"] != current:
            raise Invalid(field, "STALE_OBJECT", "The resource has been updated since it was loaded.")
    return owner


def tags_add(api: Api, id: str, tags: list[str]) -> Node:
    return _change_tags(api, "tagsAdd", id, lambda kept: [*kept, *(tag for tag in tags if tag not in kept)])


def tags_remove(api: Api, id: str, tags: list[str]) -> Node:
    return _change_tags(api, "tagsRemove", id, lambda kept: [tag for tag in kept if tag not in tags])


def _change_tags(api: Api, field: str, id: str, change: Callable[[list[str]], list[str]]) -> Node:
    api.need("write_customers", field)
    with api.store.transaction():
        found = customers.by_id(api.store, api.shop, number_of(id, "Customer") or 0)
        if found is None:
            return {"node": None, "userErrors": [{"field": ["id"], "message": "Customer does not exist"}]}
        changed = change(found["tags"])
        if len(changed) > MAX_TAGS:
            return {"node": None, "userErrors": [{"field": ["tags"], "message": "Too many tags"}]}
        found |= {"tags": changed, "updated_at": iso(now())}
        customers.save(api.store, api.shop, found)
        Events(api.sandbox, api.shop).customer(found, "customers/update")
    return {"node": customer_node(api, found), "userErrors": []}
