"""Who is asking through the app proxy: a store, and the customer whom Shopify itself says is logged in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from loyalty.engine.errors import Unauthorized
from loyalty.platforms.shopify.shop_names import shop_domain
from loyalty.platforms.shopify.signatures import check_proxy_query


@dataclass(frozen=True, slots=True)
class ProxyCaller:
    """`customer_id` is digits, or "" for a visitor who is not logged in."""

    shop_domain: str
    customer_id: str
    path_prefix: str


def verify_proxy(raw_query: str, now: datetime) -> ProxyCaller:
    """Reads `request.META["QUERY_STRING"]` of a proxied request. Raises Unauthorized for a wrong signature, one older
    than 90 seconds, or a repeated key.

    The signature covers the query alone, not method or body: a request that changes something needs its own defence
    against other sites (a JSON content type, a custom header)."""
    query = check_proxy_query(raw_query, now)
    customer_id = query["logged_in_customer_id"]
    if not re.fullmatch(r"[0-9]{0,20}", customer_id):
        raise Unauthorized("The customer's id is not a number.", code="bad_customer")
    return ProxyCaller(
        shop_domain=shop_domain(query["shop"]), customer_id=customer_id, path_prefix=query["path_prefix"]
    )
