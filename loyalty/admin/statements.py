"""Members, what is known of them, and the ledger: all of it to read, nothing to write."""

from __future__ import annotations

import json

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from loyalty.admin.scoped import ShopScoped
from loyalty.engine.explain import from_data, full_text
from loyalty.models import LedgerEntry, Member, Redemption, StoredFact

BY_SHOP = (("shop", admin.RelatedOnlyFieldListFilter),)


@admin.register(Member)
class MemberAdmin(ShopScoped):
    list_display = ("__str__", "email", "external_id", "available", "pending", "shop", "enrolled_at")
    list_filter = BY_SHOP
    list_select_related = ("shop",)
    search_fields = ("name", "email", "external_id")
    ordering = ("-pk",)
    fields = (
        "shop",
        "external_id",
        "name",
        "email",
        "locale",
        "enrolled_at",
        "merged_into",
        "available",
        "pending",
        "posted",
        "tier",
        "as_of",
        "next_due",
    )
    readonly_fields = fields


@admin.register(StoredFact)
class StoredFactAdmin(ShopScoped):
    list_display = ("kind", "external_id", "member", "at", "shop", "stored_at")
    list_filter = ("kind", *BY_SHOP)
    list_select_related = ("shop", "member")
    search_fields = ("=external_id",)
    ordering = ("-pk",)
    fields = ("shop", "member", "kind", "external_id", "at", "stored_at", "rank", "content")
    readonly_fields = fields

    @admin.display(description=_("Content"))
    def content(self, fact: StoredFact) -> str:
        return format_html("<pre>{}</pre>", json.dumps(json.loads(fact.body), indent=2, ensure_ascii=False))


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ShopScoped):
    list_display = ("kind", "source", "member", "points", "balance_after", "effective_at", "revision", "shop")
    list_filter = ("kind", *BY_SHOP)
    list_select_related = ("shop", "member")
    search_fields = ("=source", "=order_id")
    ordering = ("-pk",)
    fields = (
        "shop",
        "member",
        "kind",
        "source",
        "part",
        "revision",
        "points",
        "balance_after",
        "effective_at",
        "posted_at",
        "order_id",
        "why",
    )
    readonly_fields = fields

    @admin.display(description=_("Why"))
    def why(self, entry: LedgerEntry) -> str:
        return format_html("<pre>{}</pre>", full_text(from_data(entry.reason)))


@admin.register(Redemption)
class RedemptionAdmin(ShopScoped):
    list_display = ("code", "reward", "points", "state", "member", "shop", "accepted_at")
    list_filter = ("state", *BY_SHOP)
    list_select_related = ("shop", "member")
    search_fields = ("=code", "=number", "=order_id")
    ordering = ("-pk",)
    fields = (
        "shop",
        "member",
        "number",
        "reward",
        "points",
        "value_minor",
        "code",
        "state",
        "failure",
        "accepted_at",
        "ready_at",
        "expires_at",
        "closed_at",
        "order_id",
        "external_id",
    )
    readonly_fields = fields
