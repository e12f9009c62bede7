"""What the goods on a page would earn."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from loyalty.engine.facts import Line
from loyalty.selectors.estimates import Buyer, estimate_of
from loyalty.selectors.programs import kept_versions, published
from storefront_widget.bodies import CART_BYTES, EstimateBody, GoodsBody, read_body
from storefront_widget.doors import Caller
from storefront_widget.views import answer


def estimate(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Changes nothing: what a page says of its goods is believed for the asking, and points come from orders only.
    `points` is null where nothing can be promised; `least` says that it may become more."""
    body = read_body(request, EstimateBody, at_most=CART_BYTES)
    found = estimate_of(
        shop=caller.shop,
        buyer=Buyer(member=caller.member, customer_id=caller.customer_id),
        versions=kept_versions(published(caller.shop)),
        lines=[(_line(str(number), goods), goods.collections is not None) for number, goods in enumerate(body.lines)],
        discount_minor=body.off_minor,
        at=caller.at,
    )
    return answer({"points": found and found.points, "least": found is not None and found.least})


def _line(number: str, goods: GoodsBody) -> Line:
    return Line(
        id=number,
        quantity=goods.quantity,
        unit_price_minor=goods.price_minor,
        discount_minor=goods.off_minor,
        product_id=goods.product,
        variant_id=goods.variant,
        vendor=goods.vendor,
        gift_card=goods.gift_card,
        collection_ids=goods.collections or (),
    )
