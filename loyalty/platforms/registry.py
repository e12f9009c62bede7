"""Which platforms there are. A new one is a folder beside these and a line here."""

from __future__ import annotations

from loyalty.engine.errors import NotFound
from loyalty.engine.program import Program, Reward
from loyalty.models import Shop
from loyalty.platforms.base import Platform
from loyalty.platforms.ecwid.platform import EcwidPlatform
from loyalty.platforms.permits import Permits
from loyalty.platforms.shopify.platform import ShopifyPlatform

_ALL: tuple[Platform, ...] = (ShopifyPlatform(), EcwidPlatform())
_PLATFORMS = {platform.name: platform for platform in _ALL}


def platform_named(name: str) -> Platform:
    """Raises NotFound."""
    try:
        return _PLATFORMS[name]
    except KeyError:
        raise NotFound("There is no platform called {name!r}.", params={"name": name[:32]}) from None


def every_platform() -> tuple[Platform, ...]:
    return _ALL


def platform_of(shop: Shop) -> Platform:
    return platform_named(shop.platform)


def carried(shop: Shop, program: Program) -> list[Reward]:
    """What is offered here: the program's rewards without those that are switched off or that the platform can't carry."""
    platform, permits = platform_of(shop), Permits(shop)
    return [reward for reward in program.rewards if reward.enabled and not platform.cannot_carry(permits, reward)]
