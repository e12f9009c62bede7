"""Programs to begin with. Each is a document that runs as it stands and says what it needs; a merchant changes the
rest. An installation offers those whose sources it has."""

from __future__ import annotations

from collections.abc import Collection

from loyalty.engine.errors import NotFound
from loyalty.engine.presets.belonging import BELONGING
from loyalty.engine.presets.shape import Input, InputKind, Preset, Setting, Source
from loyalty.engine.presets.spending import SPENDING

__all__ = ["PRESETS", "Input", "InputKind", "Preset", "Setting", "Source", "offered", "preset"]

PRESETS: tuple[Preset, ...] = (*SPENDING, *BELONGING)


def offered(sources: Collection[str]) -> list[Preset]:
    """The presets that can run where these facts come in."""
    return [each for each in PRESETS if not each.missing(sources)]


def preset(preset_id: str) -> Preset:
    """Raises errors.NotFound."""
    found = next((each for each in PRESETS if each.id == preset_id), None)
    if found is None:
        known = ", ".join(each.id for each in PRESETS)
        raise NotFound("There is no preset {id!r}; choose one of {known}.", params={"id": preset_id, "known": known})
    return found
