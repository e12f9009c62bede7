"""What the invented shop sells: paper, pens and ink. Prices are in hundredths of a currency with two decimals."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Ware:
    """One product of a new store; `price_cents` is scaled to the store's currency."""

    sku: str
    name: str
    price_cents: int
    category: str
    blurb: str
    tint: str
    gift_card: bool = False


WARES = (
    Ware("NB-DOT", "Field notebook, dotted", 2250, "Paper", "96 pages that lie flat, sewn not glued.", "#5b7c6b"),
    Ware("NB-PLAIN", "Field notebook, plain", 2250, "Paper", "The same notebook for people who draw.", "#7b6b5b"),
    Ware(
        "LT-SET",
        "Letter set, cotton",
        1800,
        "Paper",
        "Twelve sheets, twelve envelopes, one reason to write.",
        "#a2795a",
    ),
    Ware("CARDS-8", "Eight folded cards", 1400, "Paper", "Letterpress birds, blank inside.", "#8a5a6b"),
    Ware("PEN-BR", "Brass fountain pen", 6500, "Pens", "A steel nib in a body that will outlive us.", "#a98a3d"),
    Ware("PEN-RB", "Rollerball, walnut", 4800, "Pens", "Turned by hand, refilled anywhere.", "#6e4b34"),
    Ware("PCL-6", "Six cedar pencils", 900, "Pens", "Soft, medium and hard, two of each.", "#4d6a8a"),
    Ware("INK-SEA", "Ink, sea green", 1250, "Ink", "50 ml that dry a shade lighter than they pour.", "#2f7a72"),
    Ware("INK-SOOT", "Ink, soot", 1250, "Ink", "Black, and stays black.", "#3a3a42"),
    Ware("SEAL", "Wax seal kit", 3400, "Desk", "A spoon, a stamp, three sticks of wax.", "#8c3b3b"),
    Ware("FOLIO", "Leather folio, A5", 14500, "Desk", "Holds a notebook, a pen and the week.", "#7a4f35"),
    Ware("TYPEW", "Typewriter, restored", 52000, "Desk", "1961, portable, with a new ribbon.", "#4a6f7d"),
    Ware("GIFT-50", "Gift card", 5000, "Gift cards", "For someone who should choose for themselves.", "#64548a", True),
)

CATEGORIES = {"Paper": 8101, "Pens": 8102, "Ink": 8103, "Desk": 8104, "Gift cards": 8105}


def price_minor(price_cents: int, precision: int) -> int:
    """The same shelf in another currency: 22.50, 2250 without decimals, 22.500 with three."""
    return price_cents if precision == 0 else price_cents * 10 ** max(precision - 2, 0)


def products_of_new_store(precision: int) -> list[dict[str, Any]]:
    """Product documents of a store that was just created."""
    return [
        {
            "id": 690001000 + number,
            "sku": ware.sku,
            "name": ware.name,
            "price_minor": price_minor(ware.price_cents, precision),
            "category": ware.category,
            "category_id": CATEGORIES[ware.category],
            "blurb": ware.blurb,
            "tint": ware.tint,
            "gift_card": ware.gift_card,
        }
        for number, ware in enumerate(WARES, start=1)
    ]
