"""Shops, their programs and the people who work for them."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from loyalty.admin.scoped import EVERYONE, ShopScoped, shops_of
from loyalty.models import ProgramVersion, Shop, StaffMembership


class StaffInline(TabularInline):
    """Owners say who works for their shop; everybody there may see it."""

    model = StaffMembership
    extra = 0
    autocomplete_fields = ("user",)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _works_there(request, obj, EVERYONE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_add_permission = has_change_permission
    has_delete_permission = has_change_permission


def _works_there(request: HttpRequest, shop: Shop | None, roles: frozenset[str]) -> bool:
    if request.user.is_superuser:
        return True
    shops = shops_of(request, roles)
    return bool(shops) if shop is None else shop.pk in shops


@admin.register(Shop)
class ShopAdmin(ShopScoped):
    shop_path = "pk"
    list_display = ("name", "platform", "external_id", "status", "currency", "installed_at")
    list_filter = ("platform", "status")
    search_fields = ("name", "external_id", "email")
    ordering = ("name",)
    inlines = (StaffInline,)
    readonly_fields = (
        "platform",
        "external_id",
        "name",
        "email",
        "currency",
        "exponent",
        "time_zone",
        "locale",
        "storefront_url",
        "status",
        "installed_at",
        "uninstalled_at",
        "orders_cursor",
    )
    fields = readonly_fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing of the shop itself, only who works for it."""
        return bool(request.user.is_superuser)

    def shop_id_of(self, obj: Any) -> int:
        return int(obj.pk)


@admin.register(ProgramVersion)
class ProgramVersionAdmin(ShopScoped):
    list_display = ("shop", "number", "in_force_from", "published_at")
    list_filter = (("shop", admin.RelatedOnlyFieldListFilter),)
    list_select_related = ("shop",)
    ordering = ("shop", "-number")
    fields = ("shop", "number", "in_force_from", "published_at", "program")
    readonly_fields = fields

    @admin.display(description=_("Program"))
    def program(self, version: ProgramVersion) -> str:
        return format_html("<pre>{}</pre>", json.dumps(version.document, indent=2, ensure_ascii=False))


@admin.register(StaffMembership)
class StaffMembershipAdmin(ModelAdmin):
    """The same list across shops, for those who run the installation."""

    list_display = ("user", "shop", "role")
    list_filter = ("role",)
    search_fields = ("user__email", "user__username", "shop__name")
    autocomplete_fields = ("user", "shop")
    list_select_related = ("user", "shop")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_superuser)

    has_change_permission = has_view_permission
    has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)
