"""What a shop lets us do, read when it is first asked for and once: a page asks about every reward of a program."""

from __future__ import annotations

from functools import cached_property

from loyalty.models import Credential, FulfilmentSecret, Shop


class Permits:
    """For one look; the next one asks anew."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    @cached_property
    def scopes(self) -> frozenset[str]:
        """The platform's words for what its merchant granted."""
        scopes = Credential.objects.filter(shop=self._shop).values_list("scopes", flat=True).first()
        return frozenset((scopes or "").split())

    @cached_property
    def has_secret(self) -> bool:
        """Whether the shop's own server has one to know our questions by."""
        return FulfilmentSecret.objects.filter(shop=self._shop).exists()
