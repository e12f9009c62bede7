"""Shops, their programs and the people who work for them."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin, TabularInline

from loyalty.admin.scoped import EVERYONE, ShopScoped, shops_of
from loyalty.admin.statements import BY_SHOP
from loyalty.models import HealedOrder, ProgramVersion, Reconciliation, Shop, StaffMembership
from loyalty.services.reconciliations import ask


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
    actions = ("compare",)
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
        "reconcile_due_at",
    )
    fields = readonly_fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing of the shop itself, only who works for it."""
        return bool(request.user.is_superuser)

    def shop_id_of(self, obj: Any) -> int:
        return int(obj.pk)

    @admin.action(description=_("Compare the last day's orders with the platform"), permissions=["mend"])
    def compare(self, request: HttpRequest, chosen: QuerySet[Shop]) -> None:
        """Leaves the questions to the worker; the answers are under "Reconciliations"."""
        shops = [shop for shop in chosen.filter(status=Shop.Status.ACTIVE) if self.has_mend_permission(request, shop)]
        for shop in shops:
            ask(shop=shop, asked_by=request.user.get_username(), at=timezone.now())
        text = ngettext("%(count)s shop is being compared.", "%(count)s shops are being compared.", len(shops))
        self.message_user(request, text % {"count": len(shops)}, messages.SUCCESS if shops else messages.WARNING)


class HealedInline(TabularInline):
    """The orders of one comparison, which nobody writes by hand."""

    model = HealedOrder
    fields = ("number", "order_id", "was_missing", "points", "healed_at")
    readonly_fields = fields
    extra = 0
    per_page = 50

    def get_queryset(self, request: HttpRequest) -> QuerySet[HealedOrder]:
        return HealedOrder.objects.across_shops().order_by(
            "pk"
        )  # those of one reconciliation, which is the person's to see

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _works_there(request, obj.shop if obj else None, EVERYONE)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_add_permission
    has_delete_permission = has_add_permission


@admin.register(Reconciliation)
class ReconciliationAdmin(ShopScoped):
    list_display = ("begun_at", "number", "asked_by", "looked_at", "finished_at", "failure", "shop")
    list_filter = BY_SHOP
    list_select_related = ("shop",)
    search_fields = ("=number",)
    ordering = ("-pk",)
    inlines = (HealedInline,)
    fields = ("shop", "number", "order_id", "asked_by", "begun_at", "since", "looked_at", "finished_at", "failure")
    readonly_fields = fields


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
