"""Gift cards: money under a code of 8 to 20 letters and digits, spent at the checkout until it is gone."""

from __future__ import annotations

import re
from typing import Any

from graphql import GraphQLError

from loyalty.sandbox.clock import iso, now
from loyalty.sandbox.errors import SandboxError
from loyalty.sandbox.shopify import customers
from loyalty.sandbox.shopify.connections import Node, connection
from loyalty.sandbox.shopify.money import to_minor
from loyalty.sandbox.shopify.nodes import Api, customer_node
from loyalty.sandbox.shopify.shops import gid, new_id, number_of
from loyalty.sandbox.store import Document, Store


def by_code(store: Store, shop: Document, code: str) -> Document | None:
    """Codes are the same in upper and lower case, with and without the spaces that people write."""
    plain = re.sub(r"[\s-]", "", code).casefold()
    found = store.find("shopify.gift_card", shop["domain"], plain) if plain else []
    return found[0] if found else None


def spend(store: Store, shop: Document, code: str, owed_minor: int) -> int:
    """Takes up to what is owed from the card; what was taken. SandboxError for a card that is none or is switched off."""
    card = by_code(store, shop, code)
    if card is None or card["deactivated_at"]:
        raise SandboxError("Enter a valid discount code or gift card")
    taken = min(int(card["balance_minor"]), owed_minor)
    card["balance_minor"] -= taken
    _save(store, shop, card)
    return taken


def gift_card_create(api: Api, input: Node) -> Node:
    api.need("write_gift_cards", "giftCardCreate")
    with api.store.transaction():
        problem = _problem(api, input)
        if problem:
            return {"giftCard": None, "giftCardCode": None, "userErrors": [problem]}
        amount = to_minor(str(input["initialAmount"]["amount"]), api.shop["currency"])
        card: Document = {
            "id": new_id(api.store),
            "code": str(input.get("code") or f"auto{new_id(api.store)}"),
            "initial_minor": amount,
            "balance_minor": amount,
            "customer_id": number_of(input.get("customerId"), "Customer"),
            "note": str(input.get("note") or "")[:5000] or None,
            "created_at": iso(now()),
            "deactivated_at": None,
        }
        _save(api.store, api.shop, card)
    return {"giftCard": _node(api, card), "giftCardCode": card["code"], "userErrors": []}


def _problem(api: Api, given: Node) -> Node | None:
    code, money = str(given.get("code") or ""), given.get("initialAmount")
    if not money:
        return _error("initialAmount", "MISSING_ARGUMENT", "Initial amount can't be blank")
    if money["currencyCode"] != api.shop["currency"] or to_minor(str(money["amount"]), api.shop["currency"]) <= 0:
        return _error("initialAmount", "GREATER_THAN", "Initial amount must be greater than 0 in the shop's currency")
    if code and not re.fullmatch(r"[A-Za-z0-9]+", code):
        return _error("code", "INVALID", "Code can only contain letters and numbers")
    if code and not 8 <= len(code) <= 20:
        short = len(code) < 8
        return _error("code", "TOO_SHORT" if short else "TOO_LONG", "Code must have 8 to 20 characters")
    if code and by_code(api.store, api.shop, code):
        return _error("code", "TAKEN", "Code has already been taken")
    wanted = given.get("customerId")
    if wanted:
        api.need("write_customers", "giftCardCreate")
        if not customers.by_id(api.store, api.shop, number_of(wanted, "Customer") or 0):
            return _error("customerId", "CUSTOMER_NOT_FOUND", "The customer could not be found.")
    return None


def gift_card_deactivate(api: Api, id: str) -> Node:
    api.need("write_gift_cards", "giftCardDeactivate")
    with api.store.transaction():
        card = api.store.get("shopify.gift_card", api.shop["domain"], number_of(id, "GiftCard") or 0)
        if card is None:
            error = {"field": ["id"], "code": "GIFT_CARD_NOT_FOUND", "message": "Gift card not found."}
            return {"giftCard": None, "userErrors": [error]}
        card["deactivated_at"] = card["deactivated_at"] or iso(now())
        _save(api.store, api.shop, card)
    return {"giftCard": _node(api, card), "userErrors": []}


def gift_cards_connection(api: Api, query: str | None = None, sortKey: str | None = None, **page: Any) -> Node:
    """`query` is a card's code; the real one searches several fields at once and finds other cards too."""
    api.need("read_gift_cards", "giftCards")
    if query and ":" in query:
        raise GraphQLError("the stand-in searches gift cards by their code alone")
    rows = [
        row
        for row in api.store.all("shopify.gift_card", api.shop["domain"])
        if not query or query.casefold() == row["code"].casefold()
    ]
    return connection(rows, lambda row: _node(api, row), key=lambda row: (row["id"],), everything=api.bulk, **page)


def _node(api: Api, card: Document) -> Node:
    customer = customers.by_id(api.store, api.shop, card["customer_id"]) if card["customer_id"] else None
    return {
        "__typename": "GiftCard",
        "id": gid("GiftCard", card["id"]),
        "balance": api.amount(card["balance_minor"]),
        "initialValue": api.amount(card["initial_minor"]),
        "createdAt": card["created_at"],
        "updatedAt": card["created_at"],
        "deactivatedAt": card["deactivated_at"],
        "enabled": not card["deactivated_at"],
        "expiresOn": None,
        "lastCharacters": card["code"][-4:].lower(),
        "maskedCode": f"•••• •••• •••• {card['code'][-4:].upper()}",
        "note": card["note"],
        "customer": lambda info: customer_node(api, customer) if customer else None,
    }


def _error(field: str, code: str, message: str) -> Node:
    return {"field": ["input", field], "code": code, "message": message}


def _save(store: Store, shop: Document, card: Document) -> None:
    store.put("shopify.gift_card", shop["domain"], card["id"], card, key=card["code"].casefold(), at=card["created_at"])
