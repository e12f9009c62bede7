"""Requests about personal data, for shops whose merchant has no page of ours inside the platform's admin."""

from __future__ import annotations

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from loyalty.admin.scoped import ShopScoped
from loyalty.admin.statements import BY_SHOP
from loyalty.models import PrivacyRequest


@admin.register(PrivacyRequest)
class PrivacyRequestAdmin(ShopScoped):
    list_display = ("kind", "request_id", "customer_id", "state", "asked_at", "done_at", "shop")
    list_filter = ("kind", "state", *BY_SHOP)
    list_select_related = ("shop",)
    search_fields = ("=request_id", "=customer_id")
    ordering = ("-pk",)
    fields = ("shop", "kind", "request_id", "customer_id", "state", "asked_at", "done_at", "copy")
    readonly_fields = fields

    @admin.display(description=_("Copy of the data"))
    def copy(self, asked: PrivacyRequest) -> str:
        return format_html("<pre>{}</pre>", asked.document) if asked.document else "-"
