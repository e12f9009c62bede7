"""The sandbox's Shopify, driven over its control API."""

from __future__ import annotations

import http.client
import itertools
import json
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from loyalty.models import Shop
from loyalty.platforms.shopify import oauth
from loyalty.platforms.shopify.session import decode_session_token
from loyalty.services.launching import launch

_names = itertools.count(1)


class StandIn:
    def __init__(self, url: str) -> None:
        self.url = url
        self.address = urlsplit(url)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection(self.address.hostname or "", self.address.port, timeout=60)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, body=sent, headers={"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read() or b"null")
        finally:
            connection.close()
        assert response.status < 400, f"{method} {path}: {answer}"
        return answer

    def store(self, **settings: Any) -> str:
        """A new store; its domain."""
        name = f"lamps-{next(_names)}"
        self.ask("POST", "/_sandbox/shopify/shops", {"name": name, "email": f"{name}@owner.test", **settings})
        return f"{name}.myshopify.com"

    def of(self, domain: str, method: str, path: str, body: Any = None) -> Any:
        return self.ask(method, f"/_sandbox/shopify/shops/{domain}/{path}", body)

    def install(self, domain: str) -> str:
        """The merchant installs; what the admin's frame then loads."""
        return str(self.of(domain, "POST", "install", {})["open_url"])

    def session_token(self, domain: str) -> str:
        return str(self.of(domain, "POST", "session-token", {})["token"])

    def open(self, domain: str) -> Shop:
        """The merchant opens the app: what App Home does with the session token."""
        now = timezone.now()
        return oauth.open_shop(decode_session_token(self.session_token(domain), now), now)

    def installed(self, **settings: Any) -> Shop:
        domain = self.store(**settings)
        self.install(domain)
        shop = self.open(domain)
        launch(shop=shop, at=shop.installed_at)
        return shop
