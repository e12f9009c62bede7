"""What holds for every preset: it runs in any shop's money, and says what it needs."""

from __future__ import annotations

import pytest

from loyalty.engine.errors import Invalid, NotFound
from loyalty.engine.exchange import from_yaml, to_yaml
from loyalty.engine.presets import PRESETS, Preset, Setting, offered, preset

CURRENCIES = [("EUR", 2, 100), ("JPY", 0, 100), ("KWD", 3, 1000)]


def setting(currency: str = "EUR", exponent: int = 2) -> Setting:
    return Setting(currency=currency, exponent=exponent, time_zone="Asia/Tokyo")


def inputs_of(chosen: Preset) -> dict[str, str]:
    return {each.id: f"my-{each.kind}" for each in chosen.inputs}


@pytest.mark.parametrize(("currency", "exponent", "unit"), CURRENCIES)
@pytest.mark.parametrize("chosen", PRESETS, ids=lambda each: each.id)
def test_every_preset_is_a_document_in_the_shops_own_money(
    chosen: Preset, currency: str, exponent: int, unit: int
) -> None:
    program = chosen.program(setting(currency, exponent), inputs_of(chosen))
    assert (program.currency, program.exponent, program.time_zone) == (currency, exponent, "Asia/Tokyo")
    assert from_yaml(to_yaml(program)) == program
    amounts = [reward.value_minor for reward in program.rewards] + [
        rule.per_minor for rule in program.rules if hasattr(rule, "per_minor")
    ]
    assert all(amount % unit == 0 for amount in amounts)
    assert "{" not in chosen.said(setting(currency, exponent))


def test_a_sentence_speaks_the_shops_money() -> None:
    assert "€60.00 for €250.00 spent" in preset("spend-offers").said(setting())
    assert "¥6,000 for ¥25,000 spent" in preset("spend-offers").said(setting("JPY", 0))


def test_names_are_unique() -> None:
    assert len({each.id for each in PRESETS}) == len({each.name for each in PRESETS}) == len(PRESETS)


@pytest.mark.parametrize("chosen", [each for each in PRESETS if each.inputs], ids=lambda each: each.id)
def test_an_input_that_is_missing_blank_or_too_long_is_asked_for(chosen: Preset) -> None:
    wanted = chosen.inputs[0]
    for given in ({}, {wanted.id: "  "}, {wanted.id: "x" * 65}):
        with pytest.raises(Invalid) as refused:
            chosen.program(setting(), given)
        assert refused.value.place == wanted.id
        assert wanted.sentence in refused.value.message


def test_an_input_that_nobody_asked_for_is_refused() -> None:
    with pytest.raises(Invalid, match=r"^Points does not ask for 'product'; leave it out\.$") as refused:
        preset("points").program(setting(), {"product": "1"})
    assert refused.value.place == "product"


@pytest.mark.parametrize("chosen", [each for each in PRESETS if each.inputs], ids=lambda each: each.id)
def test_an_input_of_one_character_and_of_sixty_four_is_enough(chosen: Preset) -> None:
    for given in ("x", "x" * 64):
        assert chosen.program(setting(), {**inputs_of(chosen), chosen.inputs[0].id: given})


def test_only_what_can_run_is_offered() -> None:
    bare = {each.id for each in offered(())}
    assert bare == {"vip-spend", "cashback", "low-price-cashback", "stars", "spend-offers", "milestones"}
    assert {each.id for each in offered({"sign_up"})} - bare == {"points", "personal"}
    assert preset("paid-membership").missing(set()) == ["birthday"]


def test_a_preset_nobody_wrote_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"^There is no preset 'lottery'; choose one of points, vip-spend, "):
        preset("lottery")
