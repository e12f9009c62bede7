"""In which language a shop writes to somebody, and with its own word for points."""

from __future__ import annotations

from collections.abc import Sequence

from loyalty.languages import Voice, best
from loyalty.models import Shop
from loyalty.selectors.widget_settings import choices_of


def voice_for(shop: Shop, locales: Sequence[str]) -> Voice:
    """The first of `locales` that we speak, then the shop's. One query."""
    language = best([*locales, shop.locale])
    words = choices_of(shop).point.get(language)
    return Voice(language, {str(category): word for category, word in words.items()} if words else None)
