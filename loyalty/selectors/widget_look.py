"""The widget's colours from the merchant's one: custom properties for light and dark, moved until text can be read.

Contrast is WCAG 2's: relative luminance of sRGB, 4.5:1 for text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache

Rgb = tuple[int, int, int]

READABLE = 4.5
WHITE: Rgb = (255, 255, 255)
BLACK: Rgb = (0, 0, 0)
LIGHT_PAGE = WHITE
DARK_PAGE: Rgb = (24, 26, 36)
DARK_MUTED: Rgb = (173, 177, 193)
LIGHT_MUTED: Rgb = (91, 95, 110)
"""As the widget's own styles have them (--rg-bg and --rg-muted)."""

CARD_SHEEN = 0.05
"""The card carries rings of white at this opacity; its text must be read on them too."""


@dataclass(frozen=True, slots=True)
class Moved:
    """In `theme` the merchant's colour would have been hard to read as `name`, so it is shown as `shown`."""

    theme: str
    name: str
    wanted: str
    shown: str


@dataclass(frozen=True, slots=True)
class Look:
    """Custom properties by theme, and what had to be moved."""

    light: dict[str, str]
    dark: dict[str, str]
    moved: tuple[Moved, ...]


OURS = Look({}, {}, ())


@lru_cache(maxsize=512)
def look_of(colour: str) -> Look:
    """`colour` is "#rrggbb", empty for our own. The merchant's colour is kept wherever it can be read."""
    if not colour:
        return OURS
    brand = _parsed(colour)
    light = _light(brand)
    dark = _dark(brand)
    moved = [
        Moved(theme, name, colour, _written(shown))
        for theme, shown_by_name in (("light", light), ("dark", dark))
        for name in ("accent", "card")
        if (shown := shown_by_name[name]) != brand
    ]
    return Look(_properties(light), _properties(dark), tuple(moved))


def contrast(one: Rgb, other: Rgb) -> float:
    """From 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _light(brand: Rgb) -> dict[str, Rgb]:
    soft = _until(_mixed(brand, LIGHT_PAGE, 0.08), WHITE, lambda tried: contrast(tried, LIGHT_MUTED) >= READABLE)
    accent = _until(brand, BLACK, lambda tried: _least(tried, (LIGHT_PAGE, soft)) >= READABLE)
    return {"accent": accent, "on-accent": WHITE, "soft": soft, **_card(brand)}


def _dark(brand: Rgb) -> dict[str, Rgb]:
    soft = _until(_mixed(brand, DARK_PAGE, 0.14), BLACK, lambda tried: contrast(tried, DARK_MUTED) >= READABLE)
    accent = _until(brand, WHITE, lambda tried: _least(tried, (DARK_PAGE, soft)) >= READABLE)
    on_accent = _until(_mixed(brand, BLACK, 0.2), BLACK, lambda tried: contrast(tried, accent) >= READABLE)
    return {"accent": accent, "on-accent": on_accent, "soft": soft, **_card(brand)}


def _card(brand: Rgb) -> dict[str, Rgb]:
    """The merchant's colour itself where white or black can be read on it and on its rings, else a little darker."""
    for text in (WHITE, BLACK):
        if _least(text, _card_grounds(brand)) >= READABLE:
            return {"card": brand, "on-card": text}
    card = _until(brand, BLACK, lambda tried: _least(WHITE, _card_grounds(tried)) >= READABLE)
    return {"card": card, "on-card": WHITE}


def _card_grounds(card: Rgb) -> tuple[Rgb, Rgb]:
    return (card, _mixed(WHITE, card, CARD_SHEEN))


def _least(text: Rgb, grounds: Iterable[Rgb]) -> float:
    return min(contrast(text, ground) for ground in grounds)


def _until(colour: Rgb, towards: Rgb, holds: Callable[[Rgb], bool]) -> Rgb:
    """The nearest to `colour` on the way to `towards` for which it holds."""
    tries = (_mixed(towards, colour, step / 100) for step in range(101))
    return next((tried for tried in tries if holds(tried)), towards)


def _mixed(one: Rgb, other: Rgb, part: float) -> Rgb:
    """`part` of the one, the rest of the other."""
    red, green, blue = (round(a * part + b * (1 - part)) for a, b in zip(one, other, strict=True))
    return (red, green, blue)


def _luminance(colour: Rgb) -> float:
    red, green, blue = (
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parsed(colour: str) -> Rgb:
    red, green, blue = bytes.fromhex(colour[1:])
    return (red, green, blue)


def _written(colour: Rgb) -> str:
    return "#" + bytes(colour).hex()


def _properties(colours: dict[str, Rgb]) -> dict[str, str]:
    return {f"--rg-{name}": _written(colour) for name, colour in colours.items()}
