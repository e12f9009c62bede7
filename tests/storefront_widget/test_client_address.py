"""Whom a rate limit counts."""

import pytest
from django.conf import settings
from django.test import RequestFactory

from storefront_widget.client_address import client_address, told_address


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "expected"),
    [
        (0, "203.0.113.7", "1.2.3.4", "203.0.113.7"),
        (1, "10.0.0.1", "1.2.3.4, 203.0.113.7", "203.0.113.7"),
        (2, "10.0.0.1", "1.2.3.4, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        (2, "10.0.0.1", "203.0.113.7", "10.0.0.1"),
        (1, "10.0.0.1", "", "10.0.0.1"),
        (1, "10.0.0.1", "nonsense", "unknown"),
        (0, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        (0, "::ffff:203.0.113.7", "", "203.0.113.7"),
        (0, "", "", "unknown"),
    ],
)
def test_the_address_is_the_one_that_the_last_trusted_proxy_saw(
    monkeypatch: pytest.MonkeyPatch, proxies: int, peer: str, forwarded: str, expected: str
) -> None:
    monkeypatch.setattr(settings, "TRUSTED_PROXIES", proxies)
    request = RequestFactory().get("/", REMOTE_ADDR=peer, headers={"X-Forwarded-For": forwarded})
    assert client_address(request) == expected


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.7", "203.0.113.7"),
        (0, "203.0.113.7, 23.227.38.1", "203.0.113.7 23.227.38.1"),
        (1, "203.0.113.7, 23.227.38.1", "203.0.113.7"),
        (1, "203.0.113.7, 23.227.38.9, 23.227.38.1", "203.0.113.7 23.227.38.9"),
        (2, "203.0.113.7, 23.227.38.1, 10.0.0.2", "203.0.113.7"),
        (0, "1.1.1.1, 2.2.2.2, 203.0.113.7, 23.227.38.9", "203.0.113.7 23.227.38.9"),
        (0, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        (1, "23.227.38.1", ""),
        (2, "23.227.38.1", ""),
        (0, "", ""),
        (0, "nonsense", "unknown"),
    ],
)
def test_behind_the_platforms_proxy_the_shopper_is_among_what_it_tells(
    monkeypatch: pytest.MonkeyPatch, proxies: int, forwarded: str, expected: str
) -> None:
    monkeypatch.setattr(settings, "TRUSTED_PROXIES", proxies)
    request = RequestFactory().get("/", REMOTE_ADDR="10.0.0.1", headers={"X-Forwarded-For": forwarded})
    assert told_address(request) == expected
