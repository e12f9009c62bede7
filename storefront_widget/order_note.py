"""What stands beside an order that was just placed, on pages of the platform's own: what it brings and from when it can be
spent; to a guest, what they would have of it. All of it in words, for the extension there has none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse

from loyalty.engine.explain import Reason
from loyalty.engine.facts import Line
from loyalty.engine.money import parse_minor
from loyalty.engine.program import Version
from loyalty.languages import Voice, formats
from loyalty.models import Member
from loyalty.selectors.estimates import Buyer, Estimate, estimate_of
from loyalty.selectors.members import standing_of
from loyalty.selectors.own_orders import brought_by
from loyalty.selectors.programs import in_force_at, kept_versions, published
from loyalty.selectors.widget_settings import loaded_choices
from storefront_widget.bodies import CART_BYTES, BoughtBody, OrderBody, read_body
from storefront_widget.config import Data
from storefront_widget.doors import Caller
from storefront_widget.languages import voice_of
from storefront_widget.views import answer

AGAIN_SECONDS = 5
"""The platform tells us of an order within seconds."""
EXPECTED_FOR = timedelta(days=1)
"""The platform keeps an order in the account for years; one that nobody has told us of by then is from before our time."""
NOTHING: Data = {"heading": "", "text": "", "lines": [], "link": "", "again_seconds": 0}


def order_note(request: HttpRequest, caller: Caller) -> HttpResponse:
    """Changes nothing, so a token that is sent twice says the same twice. An order that is another's is answered as one
    of which nobody has heard: by what the page itself says of it."""
    body = read_body(request, OrderBody, at_most=CART_BYTES)
    voice = voice_of(request, loaded_choices(caller.shop)[1])
    versions = kept_versions(published(caller.shop))
    live = in_force_at(versions, caller.at)
    if live is None:
        return answer(NOTHING)
    if caller.member is not None:
        return answer(_to_member(caller, caller.member, live, versions, body, voice))
    if not _is_expected(live, body, caller.at):
        return answer(NOTHING)
    found = _estimate(caller, versions, body) if caller.signed_in or _is_kept_for_guests(live) else None
    if caller.signed_in:
        return answer(_to_a_stranger(voice, live, found))
    return answer({**NOTHING, "heading": _to_guest(voice, found), "link": voice.say("blocks", "page.join", {})})


def _is_expected(live: Version, body: OrderBody, at: datetime) -> bool:
    """Whether an order that has brought nothing yet may do so."""
    return not live.program.paused.earning and (body.placed_at is None or at - body.placed_at < EXPECTED_FOR)


def _is_kept_for_guests(live: Version) -> bool:
    """Whether somebody who joins later has what they ordered before."""
    policies = live.program.policies
    return policies.guest_orders == "wait" and policies.enrolment == "automatic"


def _to_member(
    caller: Caller, member: Member, live: Version, versions: Sequence[Version], body: OrderBody, voice: Voice
) -> Data:
    shop = caller.shop
    statement = standing_of(shop=shop, member=member, as_of=caller.at, versions=versions)
    if not statement.enrolled:
        return _invitation(voice) if _is_expected(live, body, caller.at) else NOTHING
    have = _line(voice, voice.say("blocks", "order.have", {}), statement.available)
    brought = brought_by(shop=shop, member=member, order_id=body.order, statement=statement, versions=versions)
    waits = _sentence(voice, brought.waits_for) if brought is not None and brought.waits_for is not None else ""
    if brought is None or waits:
        expected = _is_expected(live, body, caller.at)
        found = _estimate(caller, versions, body) if expected else None
        told = _coming(voice, found, [have]) if expected else {**NOTHING, "link": voice.say("blocks", "page.open", {})}
        if found is None:
            told |= {"heading": voice.say("blocks", "page.have", {"points": statement.available}), "lines": []}
        return told | {"text": waits or told["text"]}
    lines = [have]
    if brought.until is not None:
        day = formats.day(brought.until.astimezone(ZoneInfo(shop.time_zone)).isoformat(), voice.language)
        lines.insert(0, _line(voice, voice.say("blocks", "order.from", {"date": day}), brought.held))
    if brought.points <= 0:
        return NOTHING
    heading = voice.say("order", "brings", {"points": brought.points})
    return {**NOTHING, "heading": heading, "lines": lines, "link": voice.say("blocks", "page.open", {})}


def _to_a_stranger(voice: Voice, live: Version, found: Estimate | None) -> Data:
    """To a customer of the shop whom we have not met. They are signed in, so nothing asks them to be; where their goods
    promise nothing, nothing is said until the platform has told us of the order."""
    if found is not None:
        return _coming(voice, found, [])
    if live.program.policies.enrolment == "on_request":
        return _invitation(voice)
    return {**NOTHING, "again_seconds": AGAIN_SECONDS}


def _invitation(voice: Voice) -> Data:
    """To whoever takes no part, because they left or have not joined: that they may. Only beside an order of today."""
    return {**NOTHING, "heading": voice.say("panel", "join.text", {}), "link": voice.say("panel", "join", {})}


def _sentence(voice: Voice, reason: Reason) -> str:
    """Reasons stand in lists elsewhere, and have no full stop of their own."""
    return formats.sentence(voice.text(reason), voice.language)


def _coming(voice: Voice, found: Estimate | None, lines: list[Data]) -> Data:
    """Until the platform has told us of the order."""
    heading = voice.say("order", "brings.least" if found.least else "brings", {"points": found.points}) if found else ""
    return {
        "heading": heading,
        "text": voice.say("blocks", "order.soon", {}),
        "lines": lines,
        "link": voice.say("blocks", "page.open", {}),
        "again_seconds": AGAIN_SECONDS,
    }


def _to_guest(voice: Voice, found: Estimate | None) -> str:
    if found is None:
        return voice.say("blocks", "order.guest", {})
    return voice.say("order", "guest.least" if found.least else "guest", {"points": found.points})


def _line(voice: Voice, name: str, points: int) -> Data:
    return {"name": name, "value": formats.number(points, voice.language)}


def _estimate(caller: Caller, versions: Sequence[Version], body: OrderBody) -> Estimate | None:
    """None where the page's goods promise nothing. What is not shipped may be a gift card, which most programs give
    nothing for: it is taken for one."""
    shop = caller.shop
    if not body.lines or body.currency != shop.currency:
        return None
    found = estimate_of(
        shop=shop,
        buyer=Buyer(member=caller.member, customer_id=caller.customer_id),
        versions=versions,
        lines=[(_bought(str(number), bought, shop.exponent), False) for number, bought in enumerate(body.lines)],
        discount_minor=parse_minor(body.off, shop.exponent),
        at=caller.at,
    )
    if found is None or not found.points:
        return None
    return replace(found, least=found.least or not all(bought.shipped for bought in body.lines))


def _bought(number: str, bought: BoughtBody, exponent: int) -> Line:
    """The platform says what they cost together; where that can't be divided evenly, a discount makes up for it."""
    total = parse_minor(bought.price, exponent)
    each = -(-total // bought.quantity)
    return Line(
        id=number,
        quantity=bought.quantity,
        unit_price_minor=each,
        discount_minor=each * bought.quantity - total,
        product_id=bought.product,
        variant_id=bought.variant,
        vendor=bought.vendor,
        gift_card=not bought.shipped,
    )
