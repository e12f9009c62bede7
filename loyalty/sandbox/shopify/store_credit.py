"""Store credit: one account per customer in the shop's currency, credited by the app, spent at the checkout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loyalty.sandbox.clock import iso, now
from loyalty.sandbox.shopify import customers
from loyalty.sandbox.shopify.connections import Node, connection, matches
from loyalty.sandbox.shopify.money import to_minor
from loyalty.sandbox.shopify.shops import gid, new_id, number_of
from loyalty.sandbox.store import Document, Store

if TYPE_CHECKING:
    from loyalty.sandbox.shopify.nodes import Api

WRITE = "write_store_credit_account_transactions"


def balance_minor(store: Store, shop: Document, customer_id: int) -> int:
    return sum(row["amount_minor"] for row in _rows(store, shop, customer_id))


def spend(store: Store, shop: Document, customer_id: int, owed_minor: int) -> int:
    """Takes up to what is owed from the customer's credit; what was taken."""
    taken = min(balance_minor(store, shop, customer_id), owed_minor)
    if taken:
        _book(store, shop, customer_id, -taken)
    return taken


def store_credit_account_credit(api: Api, id: str, creditInput: Node) -> Node:
    api.need(WRITE, "storeCreditAccountCredit")
    return _move(api, id, creditInput["creditAmount"], 1)


def store_credit_account_debit(api: Api, id: str, debitInput: Node) -> Node:
    api.need(WRITE, "storeCreditAccountDebit")
    return _move(api, id, debitInput["debitAmount"], -1)


def _move(api: Api, id: str, money: Node, sign: int) -> Node:
    """`id` is a customer or an account; accounts have their customer's number here."""
    with api.store.transaction():
        number = number_of(id, "Customer") or number_of(id, "StoreCreditAccount") or 0
        if not customers.by_id(api.store, api.shop, number):
            code = "OWNER_NOT_FOUND" if sign > 0 else "ACCOUNT_NOT_FOUND"
            return _refused(["id"], code, "The owner does not exist.")
        if money["currencyCode"] != api.shop["currency"]:
            return _refused(["amount", "currencyCode"], "MISMATCHING_CURRENCY", "The currency is not the account's.")
        amount = to_minor(str(money["amount"]), api.shop["currency"])
        if amount <= 0:
            return _refused(["amount"], "NEGATIVE_OR_ZERO_AMOUNT", "The amount must be greater than zero.")
        if sign < 0 and amount > balance_minor(api.store, api.shop, number):
            return _refused(["amount"], "INSUFFICIENT_FUNDS", "The account has not enough credit.")
        row = _book(api.store, api.shop, number, sign * amount)
    return {"storeCreditAccountTransaction": _transaction_node(api, row), "userErrors": []}


def _refused(field: list[str], code: str, message: str) -> Node:
    return {
        "storeCreditAccountTransaction": None,
        "userErrors": [{"field": field, "code": code, "message": message}],
    }


def _book(store: Store, shop: Document, customer_id: int, amount_minor: int) -> Document:
    row: Document = {
        "id": new_id(store),
        "customer_id": customer_id,
        "amount_minor": amount_minor,
        "balance_minor": balance_minor(store, shop, customer_id) + amount_minor,
        "created_at": iso(now()),
    }
    store.put("shopify.credit", shop["domain"], row["id"], row, key=str(customer_id), at=row["created_at"])
    return row


def _rows(store: Store, shop: Document, customer_id: int) -> list[Document]:
    return store.find("shopify.credit", shop["domain"], str(customer_id))


def accounts_connection(api: Api, customer: Document, query: str | None = None, **page: Any) -> Node:
    """A customer who was never credited has no account."""
    api.need("read_store_credit_accounts", "storeCreditAccounts")
    found = [customer] if _rows(api.store, api.shop, customer["id"]) else []
    return connection(
        found, lambda row: _account_node(api, row["id"]), key=lambda row: (row["id"],), everything=api.bulk, **page
    )


def _account_node(api: Api, customer_id: int) -> Node:
    return {
        "__typename": "StoreCreditAccount",
        "id": gid("StoreCreditAccount", customer_id),
        "balance": api.amount(balance_minor(api.store, api.shop, customer_id)),
        "transactions": lambda info, **page: _transactions(api, customer_id, **page),
    }


def _transactions(
    api: Api, customer_id: int, query: str | None = None, sortKey: str = "CREATED_AT", **page: Any
) -> Node:
    api.need("read_store_credit_account_transactions", "transactions")
    keep = matches(query, {"type": lambda row: "credit" if row["amount_minor"] > 0 else "debit"}.__getitem__)
    rows = [row for row in _rows(api.store, api.shop, customer_id) if keep(row)]
    return connection(
        rows, lambda row: _transaction_node(api, row), key=lambda row: (row["id"],), everything=api.bulk, **page
    )


def _transaction_node(api: Api, row: Document) -> Node:
    credit = row["amount_minor"] > 0
    return {
        "__typename": "StoreCreditAccountCreditTransaction" if credit else "StoreCreditAccountDebitTransaction",
        "id": gid("StoreCreditAccountCreditTransaction" if credit else "StoreCreditAccountDebitTransaction", row["id"]),
        "amount": api.amount(row["amount_minor"]),
        "balanceAfterTransaction": api.amount(row["balance_minor"]),
        "createdAt": row["created_at"],
        "account": lambda info: _account_node(api, row["customer_id"]),
        **({"expiresAt": None, "remainingAmount": api.amount(row["amount_minor"])} if credit else {}),
    }
