"""Whatever colour a merchant chooses, what stands on it and in it can be read. The judge is its own arithmetic."""

import random

import pytest

from loyalty.selectors.widget_look import look_of

LIGHT_BG, DARK_BG, LIGHT_MUTED, DARK_MUTED = "#ffffff", "#181a24", "#5b5f6e", "#adb1c1"
FIXED = ["#000000", "#ffffff", "#808080", "#777777", "#757575", "#ffff00", "#00ff00", "#ff0000", "#0000ff", "#ff00ff"]
DRAWN = random.Random(9)
COLOURS = FIXED + [f"#{DRAWN.randrange(1 << 24):06x}" for _ in range(600)]


def ratio(one: str, other: str) -> float:
    """From WCAG's own definition, in the order it is written there."""

    def luminance(colour: str) -> float:
        channels = []
        for start in (1, 3, 5):
            share = int(colour[start : start + 2], 16) / 255
            channels.append(share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4)
        return channels[0] * 0.2126 + channels[1] * 0.7152 + channels[2] * 0.0722

    values = sorted([luminance(one) + 0.05, luminance(other) + 0.05])
    return values[1] / values[0]


def sheen(card: str) -> str:
    """The card under one of its rings: white at five percent."""
    return "#" + "".join(f"{round(int(card[start : start + 2], 16) * 0.95 + 255 * 0.05):02x}" for start in (1, 3, 5))


def test_every_text_holds_its_contrast_in_light_and_dark() -> None:
    weak = []
    for colour in COLOURS:
        look = look_of(colour)
        for shown, bg, muted in ((look.light, LIGHT_BG, LIGHT_MUTED), (look.dark, DARK_BG, DARK_MUTED)):
            accent, soft, card = shown["--rg-accent"], shown["--rg-soft"], shown["--rg-card"]
            pairs = [(accent, bg), (accent, soft), (accent, shown["--rg-on-accent"]), (muted, soft)]
            pairs += [(shown["--rg-on-card"], card), (shown["--rg-on-card"], sheen(card))]
            weak += [(colour, pair, ratio(*pair)) for pair in pairs if ratio(*pair) < 4.5]
    assert weak == []


def test_a_colour_that_can_be_read_is_kept_and_one_that_cannot_is_said() -> None:
    kept = look_of("#2b3263")
    assert (kept.light["--rg-accent"], kept.light["--rg-card"]) == ("#2b3263", "#2b3263")
    assert [each.theme for each in kept.moved] == ["dark"]
    yellow = look_of("#ffcc00")
    assert yellow.light["--rg-card"] == "#ffcc00"
    [moved] = yellow.moved
    assert (moved.theme, moved.name, moved.wanted) == ("light", "accent", "#ffcc00")
    assert moved.shown == yellow.light["--rg-accent"]


@pytest.mark.parametrize("colour", ["#ffcc00", "#00a86b", "#c71585"])
def test_a_moved_colour_keeps_its_hue(colour: str) -> None:
    def order(text: str) -> list[int]:
        channels = [int(text[start : start + 2], 16) for start in (1, 3, 5)]
        return sorted(range(3), key=lambda index: channels[index])

    assert order(look_of(colour).light["--rg-accent"]) == order(colour)


def test_without_a_colour_the_widgets_own_stand() -> None:
    assert (look_of("").light, look_of("").dark, look_of("").moved) == ({}, {}, ())
