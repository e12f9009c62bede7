"""Only a body is signed: every sample under every other topic. Refused at the door where the body tells what it is, else
kept and read with suspicion: nobody is forgotten or made up, no store leaves, and no point is made of what is no
order."""

from __future__ import annotations

import pytest

from loyalty.models import InboxDelivery, LedgerEntry, Member, PrivacyRequest, QueueState, Shop
from loyalty.platforms.shopify import parse, privacy
from tests.factories import make_shop
from tests.platforms.shopify import payloads as p
from tests.platforms.shopify.test_samples import sample
from tests.platforms.shopify.test_through_the_door import points, send, work

pytestmark = [pytest.mark.needs_npm, pytest.mark.django_db(transaction=True)]

PEOPLE = ("customers/create", "customers/update", "customers/enable", "customers/disable")
FAMILIES = (parse.ORDER_TOPICS, PEOPLE, ("refunds/create",), *((topic,) for topic in sorted(privacy.TOPICS)))
"""Topics of one family have one shape, and mean the same."""
TOPICS = [family[0] for family in FAMILIES]
QUIET = sorted(parse.QUIET)


@pytest.mark.parametrize("topic", TOPICS)
def test_what_was_signed_for_another_topic_does_no_harm(topic: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loyalty.platforms.shopify.platform._still_welcome", lambda shop: True)
    shop = make_shop(currency="USD")
    send(shop, p.order(p.line(1, "45.00", currency="USD"), currency="USD"))
    work(shop)
    rows = LedgerEntry.objects.filter(shop=shop).count()
    for other in (*TOPICS, *QUIET):
        if other != topic:
            assert send(shop, sample(other, shop), topic) in (200, 401)
    work(shop)
    shop.refresh_from_db()
    assert shop.status == Shop.Status.ACTIVE
    assert points(shop) == 45
    assert LedgerEntry.objects.filter(shop=shop).count() == rows
    assert Member.objects.get(shop=shop).name == "Alma Berg"
    assert not PrivacyRequest.objects.filter(shop=shop).exists()
    crossed = InboxDelivery.objects.filter(shop=shop, topic=topic)
    assert {row.state for row in crossed} <= {QueueState.DEAD, QueueState.DONE}
    assert not [row.outcome for row in crossed if "We could not read this" in row.outcome]
