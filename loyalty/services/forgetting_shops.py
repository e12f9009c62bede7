"""A store that left for good: everything goes but the movements of points, which then belong to nobody with a name."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import Exists, Model, OuterRef

from loyalty.models import LedgerEntry, Member, OAuthState, OutboxMessage, Shop
from loyalty.services.outbox import leave

log = structlog.get_logger("regulars.privacy")

FORGET_SHOP = "privacy.shop"
CHUNK = 2_000
NAME = "Forgotten store"


def ask_to_forget(*, shop: Shop, not_before: datetime, at: datetime) -> None:
    """Leaves it to the worker, not before `not_before`: until then the store may come back."""
    leave(shop=shop, kind=FORGET_SHOP, subject="shop", at=max(at, not_before))


def forget_shop(*, shop: Shop, at: datetime) -> bool:
    """Deletes all that the store was; its ledger, which nobody can delete, keeps nameless members and their sums. What
    was begun is ended when asked again. False where the store has come back meanwhile: then nothing happens."""
    with transaction.atomic():
        shop = Shop.objects.select_for_update().get(pk=shop.pk)
        if shop.status != Shop.Status.UNINSTALLED:
            return False
        if shop.forgotten_at is None:
            OAuthState.objects.filter(platform=shop.platform, store=shop.external_id).delete()
            # Should the store ever return, it is a new one.
            shop.external_id, shop.name = f"forgotten-{shop.pk}", NAME
            shop.email = shop.storefront_url = shop.number = shop.trouble = ""
            shop.orders_cursor, shop.forgotten_at = None, at
            shop.save()
    _forget_members(shop)
    for model in _of_shops():
        _delete(model, shop)
    _delete_nameless(shop)
    kinds = ContentType.objects.get_for_models(Shop)
    staff_log = LogEntry.objects.filter(content_type=kinds[Shop], object_id=str(shop.pk))
    staff_log.update(object_repr=NAME, change_message="")
    log.info("privacy.shop_forgotten", shop=shop.pk)
    return True


def _of_shops() -> list[type[Model]]:
    """Every table whose rows belong to a shop, those to come included. The ledger cannot be deleted, nor the members
    it speaks of; the outbox holds the message that is being worked."""
    kept = (LedgerEntry, Member, OutboxMessage)
    tenants = (model for model in apps.get_models() if model not in kept)
    return [model for model in tenants if any(field.related_model is Shop for field in model._meta.concrete_fields)]


def _delete(model: type[Model], shop: Shop) -> None:
    """In pieces, so that nothing else waits long."""
    rows = model._base_manager.filter(shop=shop).order_by("pk")
    while ids := list(rows.values_list("pk", flat=True)[:CHUNK]):
        model._base_manager.filter(pk__in=ids).delete()


def _forget_members(shop: Shop) -> None:
    members = Member.objects.filter(shop=shop)
    ids = [str(pk) for pk in members.values_list("pk", flat=True)]
    for start in range(0, len(ids), CHUNK):
        staff_log = LogEntry.objects.filter(
            content_type=ContentType.objects.get_for_model(Member), object_id__in=ids[start : start + CHUNK]
        )
        staff_log.update(object_repr=NAME, change_message="")
    members.update(
        external_id=None,
        email="",
        name="",
        locale="",
        merged_into=None,
        next_due=None,
        notified_of=[],
        letters_said=[],
        letter_due_at=None,
        forgotten_at=shop.forgotten_at,
    )
    OutboxMessage.objects.filter(shop=shop).exclude(kind=FORGET_SHOP).delete()


def _delete_nameless(shop: Shop) -> None:
    """Members of whom the ledger says nothing."""
    moved = LedgerEntry.objects.across_shops().filter(member=OuterRef("pk"))
    idle = Member.objects.filter(shop=shop).exclude(Exists(moved)).order_by("pk")
    while ids := list(idle.values_list("pk", flat=True)[:CHUNK]):
        Member.objects.filter(shop=shop, pk__in=ids).delete()
