"""What a merchant has chosen for the widget."""

from __future__ import annotations

import msgspec

from loyalty.models import Shop, WidgetSettings
from loyalty.models.widget import WidgetChoices

NOTHING_CHOSEN = WidgetChoices()


def choices_of(shop: Shop) -> WidgetChoices:
    """As they are saved now; the defaults where the merchant never saved any."""
    found = WidgetSettings.objects.filter(shop=shop).values_list("choices", flat=True).first()
    return _read(found) if found else NOTHING_CHOSEN


def loaded_choices(shop: Shop) -> tuple[int, WidgetChoices]:
    """Revision and choices, as they came with the shop (`widget.shop_by_key`)."""
    row = getattr(shop, "widget_settings", None)
    return (row.revision, _read(row.choices)) if row else (0, NOTHING_CHOSEN)


def signing_secret_of(shop: Shop) -> str:
    """What the shop's own backend signs with; empty where there is none."""
    return WidgetSettings.objects.filter(shop=shop).values_list("signing_secret", flat=True).first() or ""


def _read(data: object) -> WidgetChoices:
    return msgspec.convert(data, WidgetChoices)
