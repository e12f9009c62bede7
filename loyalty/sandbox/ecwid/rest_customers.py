"""REST: customers and their groups."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from loyalty.sandbox.clock import now
from loyalty.sandbox.ecwid import customers
from loyalty.sandbox.ecwid.dates import parse_when, stamp
from loyalty.sandbox.ecwid.events import emit
from loyalty.sandbox.ecwid.rest_guard import ApiError, Guard, answer, json_object, listing, page_bounds
from loyalty.sandbox.platform import Sandbox
from loyalty.sandbox.store import Document

WRITABLE = "email customerGroupId billingPerson shippingAddresses acceptMarketing lang privateAdminNotes taxId".split()
MAX_GROUP_NAME = 255


def customer_routes(api: Blueprint, guard: Guard) -> None:
    """`/customers`."""
    sandbox = guard.sandbox

    @api.get("/customers")
    @guard.needs("read_customers")
    def search_customers(shop: Document) -> Response:
        offset, limit = page_bounds()
        found = _matching(sandbox, shop)
        page = [customers.presented(sandbox.store, shop, customer) for customer in found[offset : offset + limit]]
        everybody = sandbox.store.count(customers.CUSTOMER, str(shop["id"]))
        return listing(len(found), page, offset, limit, allCustomerCount=everybody)

    @api.get("/customers/<customer_id>")
    @guard.needs("read_customers")
    def get_customer(shop: Document, customer_id: str) -> Response:
        return answer(customers.presented(sandbox.store, shop, _customer(sandbox, shop, customer_id)))

    @api.post("/customers")
    @guard.needs("create_customers")
    def create_customer(shop: Document) -> Response:
        body = json_object()
        person = body.get("billingPerson") or {}
        name = str(person.get("name") or "") if isinstance(person, dict) else ""
        created = customers.create_customer(sandbox.store, shop, str(body.get("email") or ""), name, now())
        emit(sandbox, shop, "customer.created", created["id"], {"customerEmail": created["email"]})
        return jsonify(id=created["id"])

    @api.put("/customers/<customer_id>")
    @guard.needs("update_customers")
    def update_customer(shop: Document, customer_id: str) -> Response:
        change_customer(sandbox, shop, customer_id, json_object())
        return jsonify(updateCount=1)

    @api.delete("/customers/<customer_id>")
    @guard.needs("update_customers")
    def remove_customer(shop: Document, customer_id: str) -> Response:
        delete_customer(sandbox, shop, customer_id)
        return jsonify(deleteCount=1)


def change_customer(sandbox: Sandbox, shop: Document, customer_id: str, body: Document) -> Document:
    """Writes the named fields and fires customer.updated; ApiError for an unknown customer, group or taken address."""
    with sandbox.store.transaction():
        customer = _customer(sandbox, shop, customer_id)
        known = {name: body[name] for name in WRITABLE if name in body}
        if "customerGroupId" in known:
            name = customers.group_name(sandbox.store, shop, _whole(known["customerGroupId"]))
            if name is None:
                raise ApiError(400, "WRONG_PARAMETER", "there is no such customer group")
            known["customerGroupName"] = name
        if "email" in known:
            known["email"] = customers.clean_email(known["email"])
            other = customers.find_by_email(sandbox.store, shop, known["email"])
            if other and other["id"] != customer["id"]:
                raise ApiError(409, "CONSTRAINT_VIOLATION", "another customer has this address")
        changed = customer | known | {"updated": stamp(now())}
        customers.save_customer(sandbox.store, shop, changed)
        emit(sandbox, shop, "customer.updated", changed["id"], {"customerEmail": changed["email"]})
    return changed


def delete_customer(sandbox: Sandbox, shop: Document, customer_id: str) -> None:
    """The customer goes; the orders stay."""
    with sandbox.store.transaction():
        customer = _customer(sandbox, shop, customer_id)
        sandbox.store.delete(customers.CUSTOMER, str(shop["id"]), customer["id"])
        emit(sandbox, shop, "customer.deleted", customer["id"], {"customerEmail": customer["email"]})


def _customer(sandbox: Sandbox, shop: Document, customer_id: str) -> Document:
    customer = customers.get_customer(sandbox.store, shop, customer_id)
    if customer is None:
        raise ApiError(404, "CUSTOMER_NOT_FOUND", "Customer not found")
    return customer


def _matching(sandbox: Sandbox, shop: Document) -> list[Document]:
    args = request.args
    everyone = sandbox.store.all(customers.CUSTOMER, str(shop["id"]))
    email = args.get("email", "").casefold()
    exact = args.get("useExactEmailMatch", "").lower() == "true"
    if email and exact:
        found = customers.find_by_email(sandbox.store, shop, email)
        everyone = [found] if found else []
    elif email:
        # Without useExactEmailMatch the address is only a search term.
        everyone = [customer for customer in everyone if email in customer["email"].casefold()]
    keyword = (args.get("keyword") or args.get("name") or "").casefold()
    if keyword:
        everyone = [c for c in everyone if keyword in c["name"].casefold() or keyword in c["email"].casefold()]
    if args.get("customerGroupIds"):
        groups = set(args["customerGroupIds"].split(","))
        everyone = [customer for customer in everyone if str(customer["customerGroupId"]) in groups]
    return _in_time(everyone)


def _in_time(found: list[Document]) -> list[Document]:
    for name, field in (("created", "registered"), ("updated", "updated")):
        for end in ("From", "To"):
            text = request.args.get(name + end, "")
            if text:
                try:
                    bound = parse_when(text)
                except ValueError as error:
                    raise ApiError(400, "WRONG_PARAMETER", f"{name}{end}: {error}") from None
                found = [
                    customer
                    for customer in found
                    if (parse_when(customer[field]) >= bound if end == "From" else parse_when(customer[field]) <= bound)
                ]
    return found


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ApiError(400, "WRONG_PARAMETER", "customerGroupId must be a number")
    return value


def group_routes(api: Blueprint, guard: Guard) -> None:
    """`/customer_groups`."""
    store = guard.sandbox.store

    @api.get("/customer_groups")
    @guard.needs("read_customers")
    def search_groups(shop: Document) -> Response:
        offset, limit = page_bounds()
        found = customers.groups(store, shop)
        return listing(len(found), found[offset : offset + limit], offset, limit)

    @api.get("/customer_groups/<int:group_id>")
    @guard.needs("read_customers")
    def get_group(shop: Document, group_id: int) -> Response:
        return answer(_group(guard, shop, group_id))

    @api.post("/customer_groups")
    @guard.needs("create_customers")
    def create_group(shop: Document) -> Response:
        group = {"id": store.next("ecwid.group", start=9367001), **_group_fields(guard, shop, json_object())}
        store.put(customers.GROUP, str(shop["id"]), group["id"], group)
        emit(guard.sandbox, shop, "customer_group.created", group["id"])
        return jsonify(id=group["id"])

    @api.put("/customer_groups/<int:group_id>")
    @guard.needs("update_customers")
    def update_group(shop: Document, group_id: int) -> Response:
        group = _group(guard, shop, group_id) | _group_fields(guard, shop, json_object())
        store.put(customers.GROUP, str(shop["id"]), group_id, group)
        emit(guard.sandbox, shop, "customer_group.updated", group_id)
        return jsonify(updateCount=1)

    @api.delete("/customer_groups/<int:group_id>")
    @guard.needs("update_customers")
    def delete_group(shop: Document, group_id: int) -> Response:
        if group_id == 0:
            raise ApiError(400, "WRONG_PARAMETER", "the General group cannot be deleted")
        count = store.delete(customers.GROUP, str(shop["id"]), group_id)
        for customer in store.all(customers.CUSTOMER, str(shop["id"])):
            if customer["customerGroupId"] == group_id:
                moved = customer | {"customerGroupId": 0, "customerGroupName": "General"}
                customers.save_customer(store, shop, moved)
        if count:
            emit(guard.sandbox, shop, "customer_group.deleted", group_id)
        return jsonify(deleteCount=count)


def _group(guard: Guard, shop: Document, group_id: int) -> Document:
    if group_id == 0:
        return dict(customers.GENERAL_GROUP)
    group = guard.sandbox.store.get(customers.GROUP, str(shop["id"]), group_id)
    if group is None:
        raise ApiError(404, "CUSTOMER_GROUP_NOT_FOUND", "Customer group not found")
    return group


def _group_fields(guard: Guard, shop: Document, body: Document) -> Document:
    if "CUSTOMER_GROUPS" not in shop["features"]:
        raise ApiError(403, "CUSTOMER_GROUPS_FEATURE_NOT_AVAILABLE", "Customer groups are not available")
    name = body.get("name")
    if not isinstance(name, str) or not 0 < len(name) <= MAX_GROUP_NAME:
        raise ApiError(400, "WRONG_PARAMETER", "name is required")
    known: Document = {"name": name}
    if isinstance(body.get("externalReferenceId"), str):
        known["externalReferenceId"] = body["externalReferenceId"]
    return known
