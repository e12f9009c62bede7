"""Who is really calling, behind as many proxies as the operator says there are."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest

TOLD_HOPS = 2
"""The shopper and one machine behind which all of them may stand."""


def client_address(request: HttpRequest) -> str:
    """The address to count by. Each trusted proxy appends the address it saw to X-Forwarded-For, so the client's stands
    TRUSTED_PROXIES places from the end; what stands before it is the client's own invention. An IPv6 client counts by
    its /64, which is one connection's, not one computer's."""
    seen = str(request.META.get("REMOTE_ADDR", ""))
    hops = _hops(request)
    if 0 < settings.TRUSTED_PROXIES <= len(hops):
        seen = hops[-settings.TRUSTED_PROXIES]
    return _counted(seen)


def told_address(request: HttpRequest) -> str:
    """Of a request that came signed through the platform: what the platform says of the addresses before its own, the
    last of them; empty where it says nothing. That the shopper's is among them is documented, and whether it is the last
    or a machine of the platform's comes after it is not (unverified): together they name one shopper either way. What a
    shopper puts in front is their own invention, so whoever counts by this counts the whole platform's address too."""
    hops = _hops(request)
    told = hops[: -settings.TRUSTED_PROXIES] if settings.TRUSTED_PROXIES > 0 else hops
    return " ".join(_counted(hop) for hop in told[-TOLD_HOPS:])


def _hops(request: HttpRequest) -> list[str]:
    said = str(request.META.get("HTTP_X_FORWARDED_FOR", ""))
    return [hop.strip() for hop in said.split(",") if hop.strip()]


def _counted(seen: str) -> str:
    try:
        address = ip_address(seen)
    except ValueError:
        return "unknown"
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ip_network((address, 64), strict=False))
    return str(address)
