"""Worker processes for these tests, and what must hold when they are gone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.concurrency.nursery import Nursery, environment_here
from tests.platforms.shopify.conftest import shopify_app, shopify_sandbox_url, stand_in

__all__ = ["nursery", "shopify_app", "shopify_sandbox_url", "stand_in"]


@pytest.fixture(scope="session")
def nursery(django_db_setup: None) -> Iterator[Nursery]:
    """Workers on the tests' own database."""
    with Nursery(environment_here()) as bears:
        yield bears
