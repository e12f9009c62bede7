"""A friend brought on either platform: the code in the cart, the order, the decision, the thanks for both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from loyalty.engine.referrals import ReferralRule
from loyalty.models import Member, Referral
from loyalty.selectors.programs import versions_of
from loyalty.services.programs import publish
from loyalty.worker import outbox
from tests.platforms.stores import NOW, Store, sandbox_url, shipping_minor, stores

__all__ = ["sandbox_url", "shipping_minor", "stores"]

pytestmark = pytest.mark.django_db(transaction=True)
FRIEND = "bo@example.com"
CARRIED = {"shopify": ("attributes", "_regulars_ref"), "ecwid": ("extra_fields", "regulars_ref")}


def test_a_friend_who_orders_with_the_code_thanks_both_on_either_platform(stores: list[Store]) -> None:
    for store in stores:
        program = versions_of(store.shop)[-1].program
        rules = (*program.rules, ReferralRule(id="friends", referrer_points=200, friend_points=50))
        publish(shop=store.shop, program=msgspec.structs.replace(program, rules=rules), at=NOW - timedelta(minutes=110))
        store.order(("Lamp", "10.00"), at=100)
        store.hear()
        where, name = CARRIED[store.platform]
        store.order(("Lamp", "20.00"), at=50, email=FRIEND, **{where: {name: store.member.referral_code}})
        store.hear()
        outbox.drain_messages(now=datetime.now(UTC))
        friend = Member.objects.get(shop=store.shop, email=FRIEND, merged_into=None)
        row = Referral.objects.get(shop=store.shop)
        assert (row.referrer_id, row.friend_id, row.state) == (store.member.pk, friend.pk, "confirmed")
        assert (store.member.available, friend.available) == (210, 70)
        store.hear()
        outbox.drain_messages(now=datetime.now(UTC))
        assert Referral.objects.filter(shop=store.shop).count() == 1
