"""Changing the draft: one thing of it at a time, through the form of its kind."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.utils.translation import gettext as _

from loyalty.dashboard.program_beside import Beside
from loyalty.dashboard.program_examples import reward_example, rule_example
from loyalty.dashboard.program_fields import LISTS, PART_NAMES, SINGLES, kind_of
from loyalty.dashboard.program_forms import Form, Raw, Setting, form_of, placed, read, written
from loyalty.dashboard.program_page import (
    audience_sentence,
    campaign_sentence,
    exclusion_sentence,
    plan_sentence,
    reward_reads,
    segment_sentence,
    tier_sentence,
)
from loyalty.dashboard.program_rule_fields import RULES
from loyalty.dashboard.program_sentences import Part, Sentence, Words, cap_text, rule_sentence
from loyalty.dashboard.program_shapes import Kind, Text
from loyalty.dashboard.program_text import policy_sentences
from loyalty.dashboard.refusals import refusal_text
from loyalty.engine.errors import Conflict, Invalid
from loyalty.engine.exchange import from_data
from loyalty.engine.program import Program, to_data
from loyalty.selectors.members import customers_by_email
from loyalty.services.programs import CHANGED_MEANWHILE, save_draft

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Spot:
    """One thing in the draft: its part, its id (empty for a new one and for parts that are one thing), its fields."""

    part: str
    id: str
    kind: Kind
    item: Item
    kind_name: str = ""

    @property
    def is_new(self) -> bool:
        return self.part in LISTS and not self.id

    @property
    def title(self) -> Text:
        return PART_NAMES[self.part] if self.part in SINGLES else self.kind.name


def items_of(program: Program, part: str) -> list[Item]:
    return list(to_data(program).get(part, []))


def spot_of(at: Beside, part: str, item_id: str) -> Spot | None:
    """What stands under this id, or None."""
    if part in SINGLES:
        data = to_data(at.program)
        item = {"caps": data.get("caps", [])} if part == "caps" else data.get(part, {})
        return Spot(part, "", SINGLES[part], item)
    for item in items_of(at.program, part) if part in LISTS else ():
        kind = kind_of(part, item, at.program.policies.tier_measure)
        if item["id"] == item_id and kind is not None:
            return Spot(part, item_id, kind, item, str(item.get("kind", "")))
    return None


def new_spot(part: str, kind_name: str, setting: Setting) -> Spot | None:
    """A thing that is not there yet, as its kind begins; None for a kind that there is not."""
    item: Item = {}
    if part == "campaigns":
        if kind_name not in RULES:
            return None
        item = {"rules": [_begun(kind_name, RULES[kind_name], setting)]}
    elif "" not in LISTS[part]:
        if kind_name not in LISTS[part]:
            return None
        item = _begun(kind_name, LISTS[part][kind_name], setting)
    kind = kind_of(part, item, setting.program.policies.tier_measure)
    return Spot(part, "", kind, item, kind_name) if kind is not None else None


def _begun(kind_name: str, kind: Kind, setting: Setting) -> Item:
    item: Item = {"kind": kind_name, **(copy.deepcopy(dict(kind.starts)) if kind.starts else {})}
    if item.get("per_minor"):
        item["per_minor"] = 10**setting.program.exponent if setting.program.exponent else 100
    return item


def fresh_form(spot: Spot, setting: Setting) -> Form:
    return form_of(spot.kind, written(spot.kind, spot.item, setting), setting, {})


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of what was typed: `saved`, or the form with what is in the way. `reads` is the thing in a sentence,
    where it could be understood."""

    form: Form | None = None
    saved: bool = False
    meanwhile: str = ""


def save(at: Beside, spot: Spot, raw: Raw, revision: int, setting: Setting, actor: str) -> Tried:
    """Writes what was typed into the draft."""
    item, errors = read(spot.kind, raw, spot.item, setting)
    if spot.part == "audience" and not errors:
        item["customers"], errors = _by_id(at, item["customers"])
    if errors:
        return Tried(form_of(spot.kind, raw, setting, errors))
    part = with_item(at.program, spot, item)
    try:
        save_draft(shop=at.shop, revision=revision, part=part, at=at.now, by=actor)
    except Invalid as wrong:
        errors, elsewhere = _placed(at.program, spot, part, wrong)
        return Tried(form_of(spot.kind, raw, setting, errors, elsewhere))
    except Conflict as meanwhile:
        if meanwhile.code != CHANGED_MEANWHILE:
            raise
        return Tried(form_of(spot.kind, raw, setting, {}), meanwhile=refusal_text(meanwhile))
    return Tried(saved=True)


def _by_id(at: Beside, named: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Customer ids of a list that names people by id or e-mail, and what is wrong with the list."""
    known = customers_by_email(shop=at.shop, emails=[each for each in named if "@" in each])
    unknown = [each for each in named if "@" in each and each.lower() not in known]
    if unknown:
        more = _(" and %(count)s more") % {"count": len(unknown) - 3} if len(unknown) > 3 else ""
        said = _("Nobody here has the e-mail %(emails)s%(more)s. Take it out, or wait for the first order.")
        return list(named), {"customers": said % {"emails": ", ".join(unknown[:3]), "more": more}}
    return list(dict.fromkeys(known.get(each.lower(), each) for each in named)), {}


def with_item(program: Program, spot: Spot, item: Item) -> dict[str, Any]:
    """The part of the document with this item in it."""
    if spot.part == "caps":
        return {"caps": item.get("caps", [])}
    if spot.part in SINGLES:
        return {spot.part: item}
    items = items_of(program, spot.part)
    if spot.id:
        return {spot.part: _ordered(spot.part, [item if each["id"] == spot.id else each for each in items])}
    named = {"id": new_id(program, spot, item), **item}
    if spot.part == "campaigns":
        taken = _rule_ids(program)
        named["rules"] = [{"id": _free(f"{named['id']}-{n}", taken), **rule} for n, rule in enumerate(item["rules"], 1)]
    return {spot.part: _ordered(spot.part, [*items, named])}


def _ordered(part: str, items: list[Item]) -> list[Item]:
    """Tiers stand in the order in which they are climbed."""
    return sorted(items, key=lambda each: each.get("minimum", 0)) if part == "tiers" else items


def without_item(program: Program, part: str, item_id: str) -> dict[str, Any]:
    return {part: [each for each in items_of(program, part) if each["id"] != item_id]}


def switched(program: Program, part: str, item_id: str, on: bool) -> dict[str, Any]:
    items = items_of(program, part)
    return {part: [{**each, "enabled": on} if each["id"] == item_id else each for each in items]}


def moved(program: Program, part: str, item_id: str, by: int) -> dict[str, Any]:
    """One place up or down, if there is one."""
    items = items_of(program, part)
    index = next((i for i, each in enumerate(items) if each["id"] == item_id), None)
    if index is not None and 0 <= index + by < len(items):
        items[index], items[index + by] = items[index + by], items[index]
    return {part: items}


def new_id(program: Program, spot: Spot, item: Mapping[str, Any]) -> str:
    """A readable name that is free: of what it is called, else of its kind."""
    wanted = str(item.get("name") or spot.kind_name or spot.part)
    slug = re.sub(r"[^a-z0-9]+", "-", wanted.lower()).strip("-")[:48] or spot.kind_name or spot.part
    taken = _rule_ids(program) if spot.part == "rules" else {each["id"] for each in items_of(program, spot.part)}
    return _free(slug, taken)


def _free(slug: str, taken: set[str]) -> str:
    return slug if slug not in taken else next(f"{slug}-{n}" for n in range(2, 2000) if f"{slug}-{n}" not in taken)


def _rule_ids(program: Program) -> set[str]:
    return {rule.id for rule in program.rules} | {rule.id for each in program.campaigns for rule in each.rules}


def _placed(program: Program, spot: Spot, part: Mapping[str, Any], wrong: Invalid) -> tuple[dict[str, str], str]:
    """At the field of the form, if the error is about the thing that it shows."""
    own = _prefix(program, spot, part)
    if own and (wrong.place == own or wrong.place.startswith((f"{own}.", f"{own}["))):
        return placed(spot.kind, wrong.place.removeprefix(own), refusal_text(wrong))
    return {}, refusal_text(wrong)


def _prefix(program: Program, spot: Spot, part: Mapping[str, Any]) -> str:
    if spot.part == "caps":
        return "$"
    if spot.part in SINGLES:
        return f"$.{spot.part}"
    items: Sequence[Item] = part[spot.part]
    known = {each["id"] for each in items_of(program, spot.part)}
    index = next(i for i, each in enumerate(items) if (each["id"] == spot.id if spot.id else each["id"] not in known))
    return f"$.{spot.part}[{index}]"


@dataclass(frozen=True, slots=True)
class Reads:
    """The thing in a sentence as it is typed now, what it means for an order; or why it cannot be told yet."""

    sentence: Sentence = ()
    more: Sequence[str] = ()
    example: str = ""
    not_yet: str = ""


def reads(at: Beside, spot: Spot, raw: Raw, setting: Setting) -> Reads:
    item, errors = read(spot.kind, raw, spot.item, setting)
    if errors:
        name, message = next(iter(errors.items()))
        label = next((str(each.label) for each in spot.kind.fields() if each.name == name), "")
        return Reads(not_yet=f"{label}: {message}")
    part = with_item(at.program, spot, item)
    try:
        made = from_data({**to_data(at.program), **part})
    except Invalid as wrong:
        return Reads(not_yet=refusal_text(wrong))
    known = {each["id"] for each in items_of(at.program, spot.part)} if spot.is_new else set()
    fresh = next((each["id"] for each in part[spot.part] if each["id"] not in known), "") if spot.is_new else ""
    return read_back(made, spot, replace(setting, program=made), fresh)


def read_back(program: Program, spot: Spot, setting: Setting, fresh_id: str = "") -> Reads:
    """`fresh_id` is what a new thing is called in this program."""
    words = Words(setting.fmt, program)
    if spot.part in SINGLES:
        return _single_back(program, spot.part, words)
    thing = next((each for each in getattr(program, spot.part) if each.id == (spot.id or fresh_id)), None)
    if thing is None:
        return Reads()
    if spot.part == "rules":
        return Reads(rule_sentence(thing, setting.fmt, program), example=rule_example(thing, program, setting.fmt))
    if spot.part == "rewards":
        from_reward = say_plain(reward_reads(thing, words))
        return Reads(from_reward, example=reward_example(thing, program, setting.fmt))
    if spot.part == "campaigns":
        example = rule_example(thing.rules[0], program, setting.fmt) if thing.rules else ""
        return Reads(campaign_sentence(thing, words), example=example)
    tellers: dict[str, Callable[..., Sentence]] = {
        "tiers": tier_sentence,
        "segments": segment_sentence,
        "plans": plan_sentence,
    }
    return Reads(tellers[spot.part](thing, words))


def _single_back(program: Program, part: str, words: Words) -> Reads:
    if part == "policies":
        return Reads(more=policy_sentences(program.policies, words.fmt))
    if part == "exclusions":
        return Reads(say_plain(exclusion_sentence(program, words)))
    if part == "audience":
        return Reads(say_plain(audience_sentence(program, words)))
    told = [cap_text(cap, words) for cap in program.caps]
    what = (
        _("One member earns %(caps)s.") % {"caps": ", ".join(told)} if told else _("There is no limit for everything.")
    )
    return Reads(say_plain(what))


def say_plain(text: str) -> Sentence:
    return (Part(text),)
