"""Support with a customer on the phone: the list of redemptions is searched by code and by who has it."""

from __future__ import annotations

import pytest
from django.utils import timezone

from loyalty.models import PartnerCode, Redemption, Shop
from loyalty.selectors.partner_codes import digests
from tests.dashboard.conftest import BEGAN, Ask, Seen, fill, words
from tests.factories import make_shop

pytestmark = pytest.mark.django_db


def found(ask: Ask, shop: Shop, search: str) -> list[int]:
    return [row.id for row in ask("/dashboard/redemptions/", shop, q=search).context["rows"]]


@pytest.fixture
def seen() -> Seen:
    return fill(make_shop(platform="ecwid", at=BEGAN), members=3)


def test_a_code_is_found_however_it_was_written_down(ask: Ask, seen: Seen) -> None:
    row = seen.redemption
    letters = row.code.replace("-", "")
    for typed in (
        row.code,
        row.code.lower(),
        f"  {row.code} ",
        letters,
        " ".join(letters.lower()),
        letters[:-1] + " " + letters[-1],
    ):
        assert found(ask, seen.shop, typed) == [row.pk], typed
    assert found(ask, seen.shop, row.code[:-1]) == []


def test_a_gift_cards_code_has_no_dashes(ask: Ask, seen: Seen) -> None:
    Redemption.objects.filter(shop=seen.shop, pk=seen.redemption.pk).update(code="ABCDEFGHJKMNPQRT")
    assert found(ask, seen.shop, "abcd efgh jkmn pqrt") == [seen.redemption.pk]


def test_a_partners_code_is_found_by_its_digest_and_not_shown(ask: Ask, seen: Seen) -> None:
    PartnerCode.objects.create(
        shop=seen.shop,
        reward="cinema",
        code="Kino-77",
        digest=digests("Kino-77")[0],
        redemption=seen.promised,
        uploaded_at=timezone.now(),
    )
    assert found(ask, seen.shop, "KINO-77 ") == [seen.promised.pk]
    assert found(ask, seen.shop, "Kino77") == []


def test_who_has_it_is_found_by_name_e_mail_and_customer_number(ask: Ask, seen: Seen) -> None:
    own = sorted(Redemption.objects.filter(shop=seen.shop, member__external_id="c1").values_list("pk", flat=True))
    for typed in ("shopper 1", "c1@shop", "c1"):
        assert sorted(found(ask, seen.shop, typed)) == own, typed


def test_nothing_found_says_so_and_other_shops_codes_are_none_of_ours(ask: Ask, seen: Seen) -> None:
    theirs = fill(make_shop(platform="shopify", at=BEGAN))
    page = ask("/dashboard/redemptions/", seen.shop, q=theirs.redemption.code)
    assert "No such code, and nobody by that name" in words(page)
    assert theirs.redemption.code in page.content.decode(), "what was typed is still there"
    for odd in ("100%", "\x00", "-", "x" * 5_000, "' OR 1=1"):
        assert ask("/dashboard/redemptions/", seen.shop, q=odd).status_code == 200


def test_pages_of_what_was_found_follow_each_other(ask: Ask) -> None:
    shop = fill(make_shop(platform="ecwid", at=BEGAN), members=20).shop
    first = ask("/dashboard/redemptions/", shop, q="shopper")
    second = ask(f"/dashboard/redemptions/{first.context['next']}", shop)
    ids = [row.id for page in (first, second) for row in page.context["rows"]]
    assert len(ids) == len(set(ids)) == 40
    assert second.context["search"] == "shopper"
