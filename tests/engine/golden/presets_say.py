"""Every preset in the words and numbers a merchant gets: what it asks, what it needs, and its document."""

from __future__ import annotations

from loyalty.engine.exchange import to_yaml
from loyalty.engine.presets import PRESETS, Preset, Setting

SHOPS = (
    Setting(currency="EUR", exponent=2, time_zone="Europe/Berlin"),
    Setting(currency="JPY", exponent=0, time_zone="Asia/Tokyo"),
)


def told(preset: Preset) -> str:
    asked = {each.id: f"my-{each.kind}" for each in preset.inputs}
    lines = [f"# {preset.id}: {preset.name}", *(preset.said(shop) for shop in SHOPS), f"needs: {preset.sources}"]
    lines += [f"asks: {each.id} ({each.kind}) {each.sentence}" for each in preset.inputs]
    return "\n".join([*lines, to_yaml(preset.program(SHOPS[0], asked))])


def everything() -> str:
    return "\n".join(map(told, PRESETS))
