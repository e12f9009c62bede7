"""What a merchant calls things, in the languages of the shoppers. A translation belongs to the text itself: two things of
one name have one, and what is renamed waits for a new one. Nothing is earned by a name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeVar

import msgspec

from loyalty.engine.activities import Plan
from loyalty.engine.campaigns import Campaign, CampaignRule
from loyalty.engine.document import Program, Rule
from loyalty.engine.errors import Invalid

MAX_LANGUAGES = 50
MAX_TEXTS = 2_000
MAX_CHARACTERS = 1_000

_TAG = re.compile(r"[a-z]{2,3}")

Named = TypeVar("Named", Rule, CampaignRule, Campaign, Plan)


def texts_of(program: Program) -> list[tuple[str, str]]:
    """Every text that shoppers may read, once, in the order of the document; before it the part it stands in."""
    found = [("rewards", text) for each in program.rewards for text in (each.name, each.description)]
    found += [("tiers", text) for level in program.tiers for text in (level.name, *level.perks)]
    found += [("rules", rule.name) for rule in program.rules]
    found += [
        ("campaigns", text) for each in program.campaigns for text in (each.name, *(rule.name for rule in each.rules))
    ]
    found += [("plans", plan.name) for plan in program.plans]
    first = {text: part for part, text in reversed(found) if text.strip()}
    return [(part, text) for part, text in dict.fromkeys(found) if first.get(text) == part]


def in_language(program: Program, language: str) -> Program:
    """The program as its shoppers read it in this language; what has no translation stays as it is."""
    own = program.translations.get(language)
    if not own:
        return program
    rewards = (
        msgspec.structs.replace(
            each, name=own.get(each.name, each.name), description=own.get(each.description, each.description)
        )
        for each in program.rewards
    )
    tiers = (
        msgspec.structs.replace(
            level, name=own.get(level.name, level.name), perks=tuple(own.get(perk, perk) for perk in level.perks)
        )
        for level in program.tiers
    )
    campaigns = (
        msgspec.structs.replace(_renamed(each, own), rules=tuple(_renamed(rule, own) for rule in each.rules))
        for each in program.campaigns
    )
    return msgspec.structs.replace(
        program,
        rewards=tuple(rewards),
        tiers=tuple(tiers),
        rules=tuple(_renamed(rule, own) for rule in program.rules),
        campaigns=tuple(campaigns),
        plans=tuple(_renamed(plan, own) for plan in program.plans),
    )


def check_translations(translations: Mapping[str, Mapping[str, str]], place: str) -> None:
    """Raises Invalid for what is no language, for too much, and for empty texts."""
    if len(translations) > MAX_LANGUAGES:
        raise Invalid("Translate into at most {most} languages.", place=place, params={"most": MAX_LANGUAGES})
    for tag, texts in translations.items():
        if not _TAG.fullmatch(tag):
            raise Invalid("Name a language by its tag without a region, such as lv or pt.", place=f"{place}.{tag[:20]}")
        if len(texts) > MAX_TEXTS:
            raise Invalid("Translate at most {most:,} texts.", place=f"{place}.{tag}", params={"most": MAX_TEXTS})
        for own, said in texts.items():
            if not said.strip() or len(said) > MAX_CHARACTERS:
                raise Invalid(
                    "A translation has 1 to {most:,} characters; leave out what has none.",
                    place=f"{place}.{tag}.{own[:50]}",
                    params={"most": MAX_CHARACTERS},
                )


def _renamed(each: Named, own: Mapping[str, str]) -> Named:
    return msgspec.structs.replace(each, name=own.get(each.name, each.name))
