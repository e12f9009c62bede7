"""The app as Shopify knows it in these tests."""

from __future__ import annotations

import pytest
from pytest_django.fixtures import Settings

CLIENT_ID = "c0ffee00c0ffee00c0ffee00c0ffee00"
SECRET = "shpss_0123456789abcdef0123456789abcdef"


@pytest.fixture(autouse=True)
def shopify_app(settings: Settings) -> None:
    settings.SHOPIFY_API_KEY = CLIENT_ID
    settings.SHOPIFY_API_SECRET = SECRET
    settings.SHOPIFY_API_SECRET_OLD = ""
