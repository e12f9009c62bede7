"""REST: coupons, the store's profile, the app's storage and status."""

from __future__ import annotations

from flask import Blueprint, Response, g, jsonify, request

from loyalty.sandbox.clock import now
from loyalty.sandbox.ecwid import apps, coupons, shops
from loyalty.sandbox.ecwid.cart_discounts import PROMOTION
from loyalty.sandbox.ecwid.dates import parse_when, stamp
from loyalty.sandbox.ecwid.events import emit
from loyalty.sandbox.ecwid.installing import uninstall
from loyalty.sandbox.ecwid.rest_guard import ApiError, Guard, answer, json_object, listing, page_bounds
from loyalty.sandbox.ecwid.switches import switches
from loyalty.sandbox.store import Document

MAX_PUBLIC_BYTES = 256 * 1024
MAX_PRIVATE_BYTES = 1024 * 1024
MAX_KEY_CHARACTERS = 128


def coupon_routes(api: Blueprint, guard: Guard) -> None:
    """`/discount_coupons`."""
    sandbox = guard.sandbox

    @api.get("/discount_coupons")
    @guard.needs("read_discount_coupons")
    def search_coupons(shop: Document) -> Response:
        offset, limit = page_bounds()
        found = _matching(guard, shop)
        return listing(len(found), found[offset : offset + limit], offset, limit)

    @api.get("/discount_coupons/<identifier>")
    @guard.needs("read_discount_coupons")
    def get_coupon(shop: Document, identifier: str) -> Response:
        return answer(coupons.presented(_coupon(guard, shop, identifier), now()))

    @api.post("/discount_coupons")
    @guard.needs("create_discount_coupons")
    def create_coupon(shop: Document) -> Response:
        _needs_feature(shop)
        try:
            coupon = coupons.create_coupon(sandbox.store, shop, json_object(), now())
        except ValueError as error:
            raise ApiError(400, "WRONG_PARAMETER", str(error)) from None
        emit(sandbox, shop, "discount_coupon.created", coupon["id"])
        return jsonify(id=coupon["id"], code=coupon["code"])

    @api.put("/discount_coupons/<identifier>")
    @guard.needs("update_discount_coupons")
    def update_coupon(shop: Document, identifier: str) -> Response:
        with sandbox.store.transaction():
            coupon = _coupon(guard, shop, identifier)
            try:
                known = coupons.validated(json_object(), shop["precision"], creating=False)
            except ValueError as error:
                raise ApiError(400, "WRONG_PARAMETER", str(error)) from None
            other = coupons.find_by_code(sandbox.store, shop, str(known.get("code", coupon["code"])))
            if other and other["id"] != coupon["id"]:
                raise ApiError(409, "CONSTRAINT_VIOLATION", "The coupon with the given code already exists")
            coupons.save_coupon(sandbox.store, shop, coupon | known | {"updateDate": stamp(now())})
        emit(sandbox, shop, "discount_coupon.updated", coupon["id"])
        return jsonify(updateCount=1)

    @api.delete("/discount_coupons/<identifier>")
    @guard.needs("update_discount_coupons")
    def delete_coupon(shop: Document, identifier: str) -> Response:
        coupon = _find(guard, shop, identifier)
        if coupon is None:
            return jsonify(deleteCount=0)
        sandbox.store.delete(coupons.COUPON, str(shop["id"]), coupon["id"])
        emit(sandbox, shop, "discount_coupon.deleted", coupon["id"])
        return jsonify(deleteCount=1)


def _needs_feature(shop: Document) -> None:
    if "DISCOUNT_COUPONS" not in shop["features"]:
        raise ApiError(403, "DISCOUNTS_FEATURE_NOT_AVAILABLE", "Discount coupons are not available in this store")


def _find(guard: Guard, shop: Document, identifier: str) -> Document | None:
    store = guard.sandbox.store
    coupon = store.get(coupons.COUPON, str(shop["id"]), identifier)
    if coupon is None and switches(store)["coupon_by_code"]:
        coupon = coupons.find_by_code(store, shop, identifier)
    return coupon


def _coupon(guard: Guard, shop: Document, identifier: str) -> Document:
    coupon = _find(guard, shop, identifier)
    if coupon is None:
        raise ApiError(404, "DISCOUNT_COUPON_NOT_FOUND", "Discount coupon not found")
    return coupon


def _matching(guard: Guard, shop: Document) -> list[Document]:
    """`code` is a search term: a part of the code matches too (unverified), so callers must compare."""
    args, moment = request.args, now()
    every = [coupons.presented(coupon, moment) for coupon in guard.sandbox.store.all(coupons.COUPON, str(shop["id"]))]
    if args.get("code"):
        every = [coupon for coupon in every if args["code"].casefold() in coupon["code"].casefold()]
    if args.get("discount_type"):
        every = [coupon for coupon in every if coupon["discountType"] == args["discount_type"]]
    if args.get("availability"):
        every = [coupon for coupon in every if coupon["status"] == args["availability"]]
    for name, field in (("createdFrom", "creationDate"), ("updatedFrom", "updateDate")):
        if args.get(name):
            try:
                bound = parse_when(args[name])
            except ValueError as error:
                raise ApiError(400, "WRONG_PARAMETER", f"{name}: {error}") from None
            every = [coupon for coupon in every if parse_when(coupon[field]) >= bound]
    return every


def promotion_routes(api: Blueprint, guard: Guard) -> None:
    """`/promotions`, as far as groups and percentages go."""
    store = guard.sandbox.store

    @api.get("/promotions")
    @guard.needs("read_promotion")
    def search_promotions(shop: Document) -> Response:
        offset, limit = page_bounds()
        found = store.all(PROMOTION, str(shop["id"]))
        return listing(len(found), found[offset : offset + limit], offset, limit)

    @api.post("/promotions")
    @guard.needs("create_promotion")
    def create_promotion(shop: Document) -> Response:
        promotion = {"id": store.next("ecwid.promotion", start=182001), **_promotion_fields(json_object())}
        store.put(PROMOTION, str(shop["id"]), promotion["id"], promotion)
        return jsonify(id=promotion["id"])

    @api.put("/promotions/<int:promotion_id>")
    @guard.needs("update_promotion")
    def update_promotion(shop: Document, promotion_id: int) -> Response:
        kept = store.get(PROMOTION, str(shop["id"]), promotion_id)
        if kept is None:
            raise ApiError(404, "PROMOTION_NOT_FOUND", "Promotion not found")
        store.put(PROMOTION, str(shop["id"]), promotion_id, kept | _promotion_fields(json_object()))
        return jsonify(updateCount=1)

    @api.delete("/promotions/<int:promotion_id>")
    @guard.needs("delete_promotion")
    def delete_promotion(shop: Document, promotion_id: int) -> Response:
        if not store.delete(PROMOTION, str(shop["id"]), promotion_id):
            raise ApiError(404, "PROMOTION_NOT_FOUND", "Promotion not found")
        return jsonify(deleteCount=1)


def _promotion_fields(body: Document) -> Document:
    if not body.get("name") or body.get("discountBase") not in ("ITEM", "SUBTOTAL", "SHIPPING"):
        raise ApiError(400, "WRONG_PARAMETER", "name and discountBase are required")
    if not isinstance(body.get("triggers"), dict) or not isinstance(body.get("amount"), int | float):
        raise ApiError(400, "WRONG_PARAMETER", "triggers and amount are required")
    return body


def profile_routes(api: Blueprint, guard: Guard) -> None:
    """`/profile` and `/application`."""
    sandbox = guard.sandbox

    @api.get("/profile")
    @guard.needs("read_store_profile")
    def get_profile(shop: Document) -> Response:
        return answer(shops.profile(shop, sandbox.url(f"{shop['id']}.ecwid.localhost", "")))

    @api.get("/application")
    @guard.needs()
    def get_application(shop: Document) -> Response:
        granted = apps.installation(sandbox.store, shop) or {"status": "ACTIVE", "installed": stamp(now())}
        subscription = {"startDate": granted["installed"], "status": granted["status"]}
        return answer({"subscription": subscription, "subscriptionStatus": granted["status"]})

    @api.delete("/application")
    @guard.needs("update_store_profile")
    def delete_application(shop: Document) -> Response:
        if request.args.get("namespace") != g.token["client_id"]:
            raise ApiError(400, "WRONG_PARAMETER", "namespace must be the app's client_id")
        uninstall(sandbox, shop)
        return jsonify(deleteCount=1)

    @api.get("/application/token")
    @guard.needs()
    def get_token(shop: Document) -> Response:
        return answer({"permissions": g.token["scopes"], "created": g.token["created"]})


def storage_routes(api: Blueprint, guard: Guard) -> None:
    """`/storage`: the body is the raw value; each app sees only its own keys."""
    sandbox = guard.sandbox

    @api.get("/storage")
    @guard.needs("read_store_profile")
    def all_values(shop: Document) -> Response:
        mine = sandbox.store.find(apps.STORAGE, str(shop["id"]), g.token["client_id"])
        return jsonify([{"key": entry["key"], "value": entry["value"]} for entry in mine])

    @api.get("/storage/<key>")
    @guard.needs("read_store_profile")
    def one_value(shop: Document, key: str) -> Response:
        kept = sandbox.store.get(apps.STORAGE, str(shop["id"]), f"{g.token['client_id']}:{key}")
        if kept is None:
            raise ApiError(404, "STORAGE_KEY_NOT_FOUND", "There is no such key")
        return jsonify(key=key, value=kept["value"])

    @api.route("/storage/<key>", methods=["POST", "PUT"])
    @guard.needs("update_store_profile")
    def write_value(shop: Document, key: str) -> Response:
        raw = request.get_data()
        limit = MAX_PUBLIC_BYTES if key == "public" else MAX_PRIVATE_BYTES
        if len(key) > MAX_KEY_CHARACTERS or len(raw) > limit:
            raise ApiError(413 if len(raw) > limit else 400, "WRONG_PARAMETER", f"at most {limit} bytes")
        try:
            value = raw.decode()
        except UnicodeDecodeError:
            raise ApiError(400, "WRONG_PARAMETER", "the value must be UTF-8 text") from None
        owner, client = str(shop["id"]), g.token["client_id"]
        sandbox.store.put(apps.STORAGE, owner, f"{client}:{key}", {"key": key, "value": value}, key=client)
        emit(sandbox, shop, "application.storageChanged", owner, {"key": key})
        return jsonify({"updateCount" if request.method == "PUT" else "createCount": 1})

    @api.delete("/storage/<key>")
    @guard.needs("update_store_profile")
    def delete_value(shop: Document, key: str) -> Response:
        count = sandbox.store.delete(apps.STORAGE, str(shop["id"]), f"{g.token['client_id']}:{key}")
        return jsonify(deleteCount=count)
