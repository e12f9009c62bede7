"""Halfmoon Coffee's goods: what every new shop of the stand-in sells. Prices are in cents and follow the currency."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.sandbox.shopify.money import decimals

# Rough rates, so that a shop in yen does not sell coffee for ten.
UNITS_PER_DOLLAR = {"JPY": 150, "KRW": 1300, "ISK": 140, "CLP": 900, "VND": 25_000, "KWD": 0.31, "BHD": 0.38}


@dataclass(frozen=True)
class Good:
    handle: str
    title: str
    kicker: str
    text: str
    collection: str
    colour: str
    variants: tuple[tuple[str, int], ...]
    art: str = "bag"
    gift_card: bool = False


COLLECTIONS = {"coffee": "Coffee", "gear": "Gear", "gifts": "Gifts"}

GOODS = (
    Good(
        "kenya-gakuyu",
        "Kenya Gakuyu AA",
        "Nyeri, Kenya",
        "Blackcurrant, grapefruit, brown sugar. Washed and dried on raised beds, roasted light for filter.",
        "coffee",
        "#7c2f2a",
        (("8 oz", 1250), ("12 oz", 1750), ("2 lb", 4200)),
    ),
    Good(
        "house-blend",
        "House Blend",
        "For every morning",
        "Cocoa, hazelnut, a little cherry. Forgiving in any machine.",
        "coffee",
        "#27305a",
        (("8 oz", 950), ("12 oz", 1350), ("2 lb", 3200)),
    ),
    Good(
        "ethiopia-guji",
        "Ethiopia Guji",
        "Oromia, Ethiopia",
        "Jasmine, peach, black tea. A natural that stays clean.",
        "coffee",
        "#b5702a",
        (("8 oz", 1300), ("12 oz", 1825), ("2 lb", 4400)),
    ),
    Good(
        "decaf-huila",
        "Decaf Huila",
        "Huila, Colombia",
        "Caramel and red apple, without the caffeine. Sugar-cane process.",
        "coffee",
        "#46614f",
        (("8 oz", 1100), ("12 oz", 1550), ("2 lb", 3700)),
    ),
    Good(
        "tasting-box",
        "Tasting Box",
        "Four small bags",
        "One of each roast, enough for three cups apiece, with notes to taste along.",
        "gifts",
        "#8c6a4f",
        (("Four bags", 2250),),
        "box",
    ),
    Good(
        "stoneware-dripper",
        "Stoneware Dripper",
        "Glazed by hand",
        "A wide cone for one to three cups. Fits every paper of size 02.",
        "gear",
        "#5c6b77",
        (("Ash", 2250), ("Night", 2250)),
        "cup",
    ),
    Good(
        "hand-grinder",
        "Hand Grinder",
        "Steel burrs",
        "Even from espresso to press, quiet enough for a sleeping house.",
        "gear",
        "#3d4550",
        (("One size", 8900),),
        "cup",
    ),
    Good(
        "espresso-machine",
        "Home Espresso Machine",
        "Made to be repaired",
        "One boiler, one lever, every part to be had for twenty years.",
        "gear",
        "#2a2320",
        (("Black", 52000), ("Steel", 52000)),
        "cup",
    ),
    Good(
        "gift-card",
        "Gift Card",
        "For somebody else",
        "Arrives by mail and never expires.",
        "gifts",
        "#27305a",
        (("25", 2500), ("50", 5000)),
        "box",
        True,
    ),
)


def price_minor(cents: int, currency: str) -> int:
    """A price in dollars' cents as a price in the currency's minor units."""
    if currency not in UNITS_PER_DOLLAR:
        return int(cents * 10 ** decimals(currency) // 100)
    return int(cents * UNITS_PER_DOLLAR[currency] * 10 ** decimals(currency) / 100 + 0.5)
