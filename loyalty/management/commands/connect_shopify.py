"""Connecting a store on Shopify without a browser: for an app of the store's own, or of the same organization."""

from __future__ import annotations

import getpass
import re
import sys
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from shopify.utils.shop_url import sanitize_shop_domain

from loyalty.engine.errors import LoyaltyError, Unauthorized
from loyalty.platforms.shopify import oauth
from loyalty.platforms.shopify.shop_names import shop_domain

_TOKEN = re.compile(r"[!-~]{8,512}")


class Command(BaseCommand):
    help = (
        "Connects a store on Shopify whose app is your own. Without --token the app's id and secret are used, which "
        "Shopify takes for stores of the organization that the app belongs to, once the app is installed there. With "
        "--token an admin API access token of the store's own custom app is asked for, or read from standard input. "
        "Run again it connects the same store again, with its members and points."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("store", help="its permanent domain, such as halfmoon.myshopify.com")
        parser.add_argument("--token", action="store_true", help="ask for an access token")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (settings.SHOPIFY_API_KEY and settings.SHOPIFY_API_SECRET):
            raise CommandError(
                "Set SHOPIFY_API_KEY and SHOPIFY_API_SECRET to the app's: its webhooks are signed by them."
            )
        try:
            # People type "halfmoon" or paste an address; Shopify's library knows what they mean, and our check is stricter.
            domain = shop_domain(sanitize_shop_domain(options["store"]) or "")
        except Unauthorized:
            raise CommandError(
                "Give the store's permanent domain, such as halfmoon.myshopify.com; the admin shows it under Domains."
            ) from None
        try:
            shop = oauth.connect(domain, self._asked_token() if options["token"] else "", datetime.now(UTC))
        except LoyaltyError as error:
            raise CommandError(error.message) from None
        self.stdout.write(f"{shop.name} is connected as shop {shop.pk}. Its history is read by the worker now.")

    def _asked_token(self) -> str:
        """Never an argument: those stand in the shell's history and in the list of processes."""
        said = getpass.getpass("Access token: ") if sys.stdin.isatty() else sys.stdin.readline()
        if not _TOKEN.fullmatch(said.strip()):
            raise CommandError("That is no access token. Copy it from the app's API credentials.")
        return said.strip()
