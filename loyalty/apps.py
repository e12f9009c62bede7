from django.apps import AppConfig
from django.core.checks import register

from config import checks


class LoyaltyConfig(AppConfig):
    name = "loyalty"
    verbose_name = "Regulars"

    def ready(self) -> None:
        for check in (checks.keys, checks.address, checks.sandbox):
            register(check)
