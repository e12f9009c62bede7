"""The browser's side: my. (admin and OAuth), <store>. (storefront), app. and cdn. (scripts)."""

from __future__ import annotations

import re

from loyalty.sandbox.ecwid.admin import admin_app
from loyalty.sandbox.ecwid.scripts import app_host_app, cdn_app
from loyalty.sandbox.ecwid.storefront import storefront_app
from loyalty.sandbox.platform import Origin, Sandbox


def origins(sandbox: Sandbox) -> list[Origin]:
    """One Flask app per origin, so that none sees another's cookies."""
    return [
        Origin(re.compile(r"my\.ecwid\.localhost"), admin_app(sandbox)),
        Origin(re.compile(r"app\.ecwid\.localhost"), app_host_app(sandbox)),
        Origin(re.compile(r"cdn\.ecwid\.localhost"), cdn_app(sandbox)),
        Origin(re.compile(r"(?P<store>[0-9]+)\.ecwid\.localhost"), storefront_app(sandbox)),
    ]
