"""A request for a copy: told on Home, ready to be saved, and gone once it is handed over."""

from __future__ import annotations

import base64
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from loyalty.models import PrivacyRequest, Shop
from tests.dashboard.conftest import BEGAN, SCRIPT, Ask, words
from tests.factories import make_shop

pytestmark = pytest.mark.django_db


def asked(shop: Shop, **changes: object) -> PrivacyRequest:
    whole = {"kind": "export", "request_id": "1", "customer_id": "7001", "asked_at": timezone.now(), "state": "done"}
    return PrivacyRequest.objects.create(shop=shop, **{**whole, "document": f'{{"name": "{SCRIPT}"}}', **changes})


def test_a_copy_is_told_on_home_until_it_is_handed_over(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    assert "copy of their data" not in words(ask("/dashboard/", shop))
    row = asked(shop)
    assert "1 shopper asks for a copy of their data" in words(ask("/dashboard/", shop))
    after = ask(reverse("dashboard:privacy_handed", args=[row.pk]), shop, "post")
    assert "The copy is no longer here." in words(after)
    assert "copy of their data" not in words(ask("/dashboard/", shop))
    assert ask(reverse("dashboard:privacy_copy", args=[row.pk]), shop).status_code == 404


def test_the_file_is_the_document_and_the_page_shows_it_as_text(ask: Ask) -> None:
    row = asked(shop := make_shop(platform="ecwid", at=BEGAN))
    page = ask(reverse("dashboard:privacy_copy", args=[row.pk]), shop).content.decode()
    found = re.search(r'href="data:application/json;base64,([^"]+)" download="customer-7001.json"', page)
    assert found
    assert base64.b64decode(found[1]).decode() == row.document
    assert SCRIPT not in page


def test_each_request_says_how_far_it_is(ask: Ask) -> None:
    shop = make_shop(platform="ecwid", at=BEGAN)
    asked(shop, asked_at=timezone.now() - timedelta(days=1))
    asked(shop, request_id="2", state="waiting", document="")
    asked(shop, kind="redact", request_id="3", state="waiting", document="", customer_id="")
    asked(shop, kind="redact", request_id="4", document="")
    page = words(ask(reverse("dashboard:privacy"), shop))
    for sentence in (
        "Hand it over by",
        "We are putting it together.",
        "A guest is to be forgotten We are at it.",
        "Customer 7001 is to be forgotten Done.",
    ):
        assert sentence in page
