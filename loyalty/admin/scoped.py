"""Who sees what: superusers every shop, staff the shops they work for, nobody a row of another's."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from loyalty.models import StaffMembership

Role = StaffMembership.Role
EVERYONE = frozenset(Role.values)
MENDERS = frozenset({Role.OWNER, Role.MANAGER})
"""Support and analysts look; owners and managers also do."""


def shops_of(request: HttpRequest, roles: Iterable[str] = EVERYONE) -> list[int]:
    """The shops in which the person has one of these roles, asked once per request."""
    known: list[tuple[int, str]] | None = getattr(request, "_memberships", None)
    if known is None:
        rows = StaffMembership.objects.filter(user=request.user.pk)
        known = list(rows.values_list("shop_id", "role"))
        request._memberships = known  # type: ignore[attr-defined]
    return [shop_id for shop_id, role in known if role in roles]


class ShopScoped(ModelAdmin):
    """Read-only rows of the shops the person works for. `shop_path` leads from the row to its shop."""

    shop_path = "shop"
    show_full_result_count = False
    list_per_page = 50

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        rows = self.model._default_manager.get_queryset()
        if request.user.is_superuser:
            across = getattr(rows, "across_shops", rows.all)
            rows = across()
        else:
            rows = rows.filter(**{f"{self.shop_path}__in": shops_of(request)})
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser or bool(shops_of(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self._may(request, obj, EVERYONE)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_mend_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """For actions that do something: the permission "mend"."""
        return self._may(request, obj, MENDERS)

    def shop_id_of(self, obj: Any) -> int:
        shop_id: int = obj.shop_id
        return shop_id

    def _may(self, request: HttpRequest, obj: Any, roles: Iterable[str]) -> bool:
        if not request.user.is_authenticated or not request.user.is_active:
            return False
        if request.user.is_superuser:
            return True
        shops = shops_of(request, roles)
        return bool(shops) if obj is None else self.shop_id_of(obj) in shops
