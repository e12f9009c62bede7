"""The answers that the browser tests pretend have the form of the real ones."""

import pytest

from loyalty.models import Redemption, Shop
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
    """The real ones may say more: a widget that is older than the server reads past it."""
    make_member(shopify, points=520)
    alice = Proxied(shopify, ALICE.external_id)
    config, member = alice.get("config").json(), alice.get("member").json()
    assert CONFIG.keys() <= config.keys()
    assert MEMBER.keys() <= member.keys()
    for name in ("shop", "rewards", "look"):
        assert form(config[name]) == form(CONFIG[name])
    for name in ("member", "rewards", "history"):
        assert form(member[name]) == form(MEMBER[name])
    assert form(alice.redeem().json()) == form(MADE)
    assert Redemption.objects.filter(shop=shopify).count() == 1
