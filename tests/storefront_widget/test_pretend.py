"""The answers that the browser tests pretend have the form of the real ones."""

import pytest
from django.utils import timezone

from loyalty.models import Redemption, Shop
from storefront_widget.answers import config_answer, member_answer
from tests.factories import ALICE, make_member
from tests.storefront_widget.conftest import Proxied
from tests.storefront_widget.pretend import CONFIG, MADE, MEMBER

pytestmark = pytest.mark.django_db


def form(data: object) -> object:
    """Keys all the way down; of a list only the first."""
    if isinstance(data, dict):
        return {key: form(value) for key, value in data.items() if key != "params"}
    return [form(data[0])] if isinstance(data, list) and data else None


def test_config_member_and_redemption_look_as_the_browser_tests_believe(shopify: Shop) -> None:
    alice = make_member(shopify, points=520)
    now = timezone.now()
    assert form(config_answer(shop=shopify, at=now)["shop"]) == form(CONFIG["shop"])
    assert form(config_answer(shop=shopify, at=now)["rewards"]) == form(CONFIG["rewards"])
    real = member_answer(shop=shopify, member=alice, at=now)
    assert real.keys() == MEMBER.keys()
    for name in ("member", "rewards", "history"):
        assert form(real[name]) == form(MEMBER[name])
    assert form(Proxied(shopify, ALICE.external_id).redeem().json()) == form(MADE)
    assert Redemption.objects.filter(shop=shopify).count() == 1
