"""What a rule means for an order is what the engine gives for it, limits and all."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import msgspec
from babel import Locale

from loyalty.dashboard.formatting import Format
from loyalty.dashboard.program_examples import rule_example
from loyalty.engine.caps import Cap
from loyalty.engine.earning import PerAmount
from loyalty.engine.program import default_program

FMT = Format(Locale("en"), ZoneInfo("Europe/Riga"), "EUR", 2)
PLAIN = default_program("EUR", 2, "Europe/Riga", "P")
RULE = PerAmount(id="one", points=1, per_minor=100)


def test_an_example_says_what_the_order_earns() -> None:
    assert rule_example(RULE, PLAIN, FMT).startswith("An order of €50 that it counts for earns 50 points")


def test_an_example_does_not_promise_more_than_the_rule_is_limited_to() -> None:
    limited = msgspec.structs.replace(RULE, caps=(Cap(per="order", points=7),))
    assert rule_example(limited, PLAIN, FMT).startswith("An order of €50 that it counts for earns 7 points")
    assert rule_example(msgspec.structs.replace(RULE, caps=(Cap(per="order", points=0),)), PLAIN, FMT) == ""
