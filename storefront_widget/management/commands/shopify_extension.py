"""Fills the theme app extension with today's modules, and writes the app's configuration where it is deployed from."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from pathlib import Path
from shutil import copytree, rmtree
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from storefront_widget.shopify_extension import (
    EXTENSION,
    EXTENSIONS,
    ORDER_NOTE,
    app_configuration,
    extension_assets,
    server_module,
)


class Command(BaseCommand):
    help = "Copies the widget's modules into the Shopify theme extension; with --config writes what is deployed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--config",
            type=Path,
            help="write shopify.app.toml and the extensions into this folder, which must be no part of the source",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wanted, folder = extension_assets(), EXTENSION / "assets"
        folder.mkdir(exist_ok=True)
        for old in folder.iterdir():
            if old.name not in wanted:
                old.unlink()
        for name, body in wanted.items():
            # What stands there already is left alone: somebody may be reading it.
            if not (folder / name).is_file() or (folder / name).read_bytes() != body:
                (folder / name).write_bytes(body)
        self.stdout.write(
            f"{len(wanted)} modules in {folder.relative_to(Path.cwd()) if folder.is_relative_to(Path.cwd()) else folder}"
        )
        if options["config"] is not None:
            self._write_configuration(options["config"])

    def _write_configuration(self, folder: Path) -> None:
        missing = [name for name in ("SHOPIFY_API_KEY", "APP_URL") if not getattr(settings, name)]
        if missing or not settings.APP_URL.startswith("https://"):
            raise CommandError(
                "Set SHOPIFY_API_KEY and an APP_URL that begins with https:// first; both stand in the file."
            )
        if not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        (folder / "shopify.app.toml").write_text(app_configuration(), encoding="utf-8")
        for extension in EXTENSIONS.iterdir():
            _renew(extension, folder / "extensions" / extension.name)
        (folder / "extensions" / ORDER_NOTE.name / "src" / "server.js").write_text(server_module(), encoding="utf-8")
        self.stdout.write(f"shopify.app.toml and the extensions in {folder}")


def _renew(extension: Path, deployed: Path) -> None:
    """Today's files and no others. The `uid` that Shopify's command line wrote at the first deploy stays
    (https://shopify.dev/docs/apps/build/dev-dashboard/migrate-app-extensions): without it the next would make another
    extension, and merchants would have to place that one anew."""
    described = deployed / "shopify.extension.toml"
    known = re.search(r"^uid *=.*$", described.read_text("utf-8"), re.M) if described.exists() else None
    rmtree(deployed, ignore_errors=True)
    copytree(extension, deployed)
    if known:
        text = described.read_text("utf-8")
        described.write_text(re.sub(r"^type *=.*$", lambda kind: f"{kind[0]}\n{known[0]}", text, count=1, flags=re.M))
