"""Trying again what was given up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from loyalty.models import Shop
from loyalty.services.replaying import replay


class Command(BaseCommand):
    help = (
        "Puts back in line what needs a look: deliveries and messages that were given up, and reservations that "
        "nothing would settle. Mend the cause first. The worker does the rest; what fails again comes back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--shop", type=int, metavar="ID", help="only this shop (default: all)")

    def handle(self, *args: Any, **options: Any) -> None:
        shops = Shop.objects.order_by("pk")
        if options["shop"]:
            shops = shops.filter(pk=options["shop"])
            if not shops:
                raise CommandError(
                    f"There is no shop {options['shop']}. The staff admin lists them with their numbers."
                )
        for shop in shops:
            done = replay(shop=shop, now=datetime.now(UTC))
            if done.deliveries or done.messages or done.reservations:
                self.stdout.write(
                    f"{shop.name} ({shop.pk}): {done.deliveries:,} deliveries, {done.messages:,} messages, "
                    f"{done.reservations:,} reservations are in line again."
                )
