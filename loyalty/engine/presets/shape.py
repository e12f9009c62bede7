"""What a preset is: a sentence for merchants, what it needs to run, and the document it becomes in a shop's money."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

import msgspec

from loyalty.engine.document import Program
from loyalty.engine.errors import Invalid
from loyalty.engine.money import format_minor
from loyalty.engine.program import parse_program

Source = Literal[
    "sign_up",
    "birthday",
    "newsletter",
    "profile_completed",
    "event_attended",
    "visit",
    "app_installed",
    "invitation",
    "partner_orders",
]
"""Facts beside orders and redemptions that something has to bring in."""

InputKind = Literal["product", "payment_method", "tag", "channel"]

MAX_INPUT = 64


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """Something only the merchant knows: the id of a product, the name of a payment method, of a partner's channel."""

    id: str
    kind: InputKind
    sentence: str


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """The shop: its currency with its number of decimals, and its time zone."""

    currency: str
    exponent: int
    time_zone: str

    def money(self, whole: int) -> int:
        """Minor units of so many whole units; in a currency without decimals one unit stands for 100 of it."""
        return whole * (10**self.exponent if self.exponent else 100)

    def said(self, whole: int) -> str:
        """The same amount in words: "€60.00"."""
        return format_minor(self.money(whole), self.currency, self.exponent)


Parts = dict[str, Any]
"""A program document without its frame: rules, rewards, tiers, policies ... as plain data."""


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """`inputs` are asked of the merchant, `sources` of the installation: a preset can run where all of them deliver.
    `{60}` in the sentence is 60 units of the shop's money."""

    id: str
    name: str
    sentence: str
    parts: Callable[[Setting, Mapping[str, str]], Parts]
    inputs: tuple[Input, ...] = ()
    sources: tuple[Source, ...] = ()

    def said(self, setting: Setting) -> str:
        """What it does, with the shop's amounts."""
        return re.sub(r"\{(\d+)\}", lambda amount: setting.said(int(amount[1])), self.sentence)

    def missing(self, sources: Collection[str]) -> list[str]:
        """The sources that it needs and that are not there; empty if it can run."""
        return [source for source in self.sources if source not in sources]

    def program(self, setting: Setting, inputs: Mapping[str, str] | None = None) -> Program:
        """The program for this shop, ready to be changed and published. Raises errors.Invalid, with the input's id as
        the place, where an input is missing, too long or not asked for."""
        given = {name: value.strip() for name, value in (inputs or {}).items()}
        asked = {each.id: each for each in self.inputs}
        for name in given:
            if name not in asked:
                raise Invalid(
                    "{preset} does not ask for {name!r}; leave it out.",
                    place=name,
                    params={"preset": self.name, "name": name},
                )
        for each in self.inputs:
            if not 0 < len(given.get(each.id, "")) <= MAX_INPUT:
                raise Invalid(
                    "{question} Give 1 to {most} characters.",
                    place=each.id,
                    params={"question": each.sentence, "most": MAX_INPUT},
                )
        frame = {
            "name": self.name,
            "currency": setting.currency,
            "exponent": setting.exponent,
            "time_zone": setting.time_zone,
        }
        return parse_program({**frame, **self.parts(setting, given)})
