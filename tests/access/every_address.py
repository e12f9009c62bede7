"""Every address that the resolver knows, with a row of the shop in question wherever one can be named."""

from __future__ import annotations

import re
from collections.abc import Iterator

from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.urls import URLPattern, URLResolver, get_resolver

from loyalty.models import Shop

Route = str
"""The patterns of an address one after the other, as the resolver has them."""

_REGEX_PARTS = {
    r"^confirm-email/(?P<key>[-:\w]+)/$": "confirm-email/abc/",
    r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": "password/reset/key/1-abc/",
    r"^(?P<app_label>account|auth|loyalty)/$": "loyalty/",
    r"(?P<url>.*)$": "nothing-here",
}
_PARTS = {"uuid": "00000000-0000-4000-8000-000000000000", "int": "1", "str": "x", "path": "x"}


def routes(resolver: URLResolver | None = None, before: Route = "") -> Iterator[Route]:
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route
        else:
            yield from routes(pattern, route)


def address_of(route: Route, shop: Shop) -> str:
    """The route with something put in for each of its parts: a row of this shop where the route is a table's."""
    for regex, plain in _REGEX_PARTS.items():
        route = route.replace(regex, plain)
    table = re.match(r"admin/(\w+)/(\w+)/<(?:path:object_)?id>/", route)
    if table:
        route = re.sub(r"<(?:path:object_)?id>", str(_row(*table.groups(), shop)), route)
    if route.startswith("admin/r/"):
        kind = ContentType.objects.get_for_model(Shop).pk
        route = route.replace("<path:content_type_id>", str(kind)).replace("<path:object_id>", str(shop.pk))
    return "/" + re.sub(r"<(\w+):\w+>", lambda part: _PARTS[part.group(1)], route)


def _row(app: str, name: str, shop: Shop) -> int:
    model = apps.get_model(app, name)
    if model is Shop:
        return shop.pk
    fields = {field.name for field in model._meta.get_fields()}
    rows = model._default_manager.filter(shop=shop) if "shop" in fields else model._default_manager.all()
    return int(rows.values_list("pk", flat=True).first() or 1)
