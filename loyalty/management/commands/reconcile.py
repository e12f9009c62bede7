"""Comparing with the platform now, for whoever runs the server."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Count, Q, Sum

from loyalty.engine.errors import Invalid, LoyaltyError
from loyalty.models import HealedOrder, Reconciliation, Shop
from loyalty.services.reconciliations import begin, give_up
from loyalty.worker.reconciliation import look_up, work


class Command(BaseCommand):
    help = (
        "Asks the platform which orders changed in the last day, or for one order by its number, stores and posts what "
        "its webhooks did not tell, and says what that was. The worker does the same every hour by itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shop", type=int, metavar="ID", help="only this shop (default: all that have the app)")
        parser.add_argument("--order", default="", metavar="NUMBER", help="one order, as the customer knows it: #1042")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["order"] and not options["shop"]:
            raise CommandError("Say with --shop whose order it is; the staff admin lists the shops with their numbers.")
        shops = Shop.objects.filter(status=Shop.Status.ACTIVE).order_by("pk")
        if options["shop"]:
            shops = shops.filter(pk=options["shop"])
            if not shops:
                raise CommandError(f"There is no shop {options['shop']}, or it must open the app once.")
        failed = sum(not self._compare(shop, options["order"]) for shop in shops)
        if failed:
            raise CommandError(f"{failed} of {len(shops)} shops could not be asked.")

    def _compare(self, shop: Shop, number: str) -> bool:
        try:
            asked = begin(shop=shop, number=number, asked_by="reconcile", at=datetime.now(UTC))
        except Invalid as error:
            raise CommandError(error.message) from None
        try:
            if number:
                look_up(reconciliation=asked, now=datetime.now(UTC))
            else:
                while not work(reconciliation=asked, now=datetime.now(UTC)):
                    asked.refresh_from_db()
        except LoyaltyError as error:
            give_up(shop=shop, reconciliation_id=asked.pk, why=error.message, at=datetime.now(UTC))
            self.stderr.write(f"{shop.name} ({shop.pk}): {error.message}")
            return False
        asked.refresh_from_db()
        self.stdout.write(f"{shop.name} ({shop.pk}): {_said(asked)}")
        return True


def _said(asked: Reconciliation) -> str:
    if asked.failure:
        return asked.failure
    if asked.number and not asked.order_id:
        return f"the store does not know {asked.number}."
    rows = HealedOrder.objects.filter(shop=asked.shop_id, reconciliation=asked)
    counted = rows.aggregate(
        missing=Count("pk", filter=Q(was_missing=True)), changed=Count("pk", filter=Q(was_missing=False))
    )
    points = rows.aggregate(points=Sum("points"))["points"] or 0
    return (
        f"{asked.looked_at:,} orders compared, {counted['missing']:,} were missing, {counted['changed']:,} had changed; "
        f"{points:,} points."
    )
