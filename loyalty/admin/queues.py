"""What came in and what must go out, with the one verb that mends: try again."""

from __future__ import annotations

import json
from datetime import datetime

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from loyalty.admin.scoped import ShopScoped
from loyalty.admin.statements import BY_SHOP
from loyalty.models import InboxDelivery, OutboxMessage, VerifyFault
from loyalty.services.replaying import can_be_tried, replay_message
from loyalty.worker.inbox import replay

SHOWN_BYTES = 20_000


@admin.register(InboxDelivery)
class InboxDeliveryAdmin(ShopScoped):
    list_display = ("topic", "delivery_id", "state", "attempts", "received_at", "outcome", "shop")
    list_filter = ("state", "topic", *BY_SHOP)
    list_select_related = ("shop",)
    search_fields = ("=delivery_id",)
    ordering = ("-pk",)
    actions = ("try_again",)
    fields = (
        "shop",
        "topic",
        "delivery_id",
        "state",
        "outcome",
        "attempts",
        "received_at",
        "due_at",
        "done_at",
        "meta",
        "content",
    )
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[InboxDelivery]:
        return super().get_queryset(request).defer("body")

    @admin.action(description=_("Try again"), permissions=["mend"])
    def try_again(self, request: HttpRequest, chosen: QuerySet[InboxDelivery]) -> None:
        """Only what needed a look, and only in shops where the person may."""
        now = timezone.now()
        rows = [row for row in chosen.select_related("shop") if self.has_mend_permission(request, row)]
        count = sum(replay(shop=row.shop, delivery_pk=row.pk, now=now) for row in rows)
        text = ngettext("%(count)s delivery is in line again.", "%(count)s deliveries are in line again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS if count else messages.WARNING)

    @admin.display(description=_("Content"))
    def content(self, delivery: InboxDelivery) -> str:
        raw = bytes(delivery.body)[:SHOWN_BYTES]
        try:
            shown = json.dumps(json.loads(raw), indent=2, ensure_ascii=False)
        except ValueError:
            shown = raw.decode(errors="replace")
        return format_html("<pre>{}</pre>", shown)


@admin.register(OutboxMessage)
class OutboxMessageAdmin(ShopScoped):
    """Without its secret: a mail holds a person's address and perhaps a code."""

    list_display = ("kind", "subject", "state", "attempts", "created_at", "due_at", "outcome", "shop")
    list_filter = ("state", "kind", *BY_SHOP)
    list_select_related = ("shop",)
    search_fields = ("=subject",)
    ordering = ("-pk",)
    actions = ("try_again",)
    fields = ("shop", "kind", "subject", "state", "outcome", "attempts", "created_at", "due_at", "done_at", "payload")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutboxMessage]:
        return super().get_queryset(request).defer("secret")

    @admin.action(description=_("Try again"), permissions=["mend"])
    def try_again(self, request: HttpRequest, chosen: QuerySet[OutboxMessage]) -> None:
        """Only what was given up and can still be of use, and only in shops where the person may."""
        now = timezone.now()
        rows = [row for row in chosen.select_related("shop") if self.has_mend_permission(request, row)]
        count = sum(replay_message(shop=row.shop, message_id=row.pk, now=now) for row in rows if can_be_tried(row))
        text = ngettext("%(count)s message is in line again.", "%(count)s messages are in line again.", count)
        self.message_user(request, text % {"count": count}, messages.SUCCESS if count else messages.WARNING)


@admin.register(VerifyFault)
class VerifyFaultAdmin(ShopScoped):
    """What the last runs over the ledger found wrong, and with whom."""

    list_display = ("member", "says", "found_at", "shop")
    list_filter = BY_SHOP
    list_select_related = ("shop", "member", "run")
    ordering = ("-pk",)
    fields = ("shop", "member", "found_at", "says")
    readonly_fields = fields

    @admin.display(description=_("Found"), ordering="run__started_at")
    def found_at(self, fault: VerifyFault) -> datetime:
        return fault.run.started_at
