"""Programs as text: JSON and YAML in and out, the published schema, older formats, and what changed between two."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import msgspec
import yaml

from loyalty.engine.basis import Params
from loyalty.engine.document import FORMAT, Program
from loyalty.engine.errors import Invalid
from loyalty.engine.explain import Reason
from loyalty.engine.phrases import Phrase
from loyalty.engine.program import parse_program, to_data

MAX_CHARACTERS = 200_000
MAX_DEPTH = 20
MAX_VALUES = 50_000
_NO_YAML = Phrase("This is no plain YAML document: {problem}.")
_TOO_DEEP = Phrase("A program is at most {most} levels deep.", {"most": MAX_DEPTH})

Upgrade = Callable[[dict[str, Any]], dict[str, Any]]

UPGRADES: dict[int, Upgrade] = {}
"""By format, what makes the next one of it. A change of behaviour writes the old behaviour into the older document."""


def from_json(text: str) -> Program:
    """Raises Invalid with the place and the remedy."""
    _check_size(text)
    try:
        data = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Invalid("This is no JSON document: {problem}.", place="$", params={"problem": str(error)}) from error
    return from_data(data)


def from_yaml(text: str) -> Program:
    """Plain YAML only: no anchors, no tags, no key twice. Raises Invalid with the place and the remedy."""
    _check_size(text)
    try:
        _check_events(text)
        data = _loaded(text)
    except ValueError as error:  # yaml.YAMLError is none; a number of thousands of digits is
        raise Invalid(_NO_YAML, place="$", params={"problem": str(error)}) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark is not None else "$"
        problem = getattr(error, "problem", None) or Phrase("it cannot be read")
        raise Invalid(_NO_YAML, place=place, params={"problem": problem}) from error
    return from_data(data)


def from_data(data: Any) -> Program:
    """A program of this or an older format from plain data."""
    _check_shape(data)
    if not isinstance(data, Mapping):
        raise Invalid("A program is an object with a name, a currency and rules.", place="$")
    return parse_program(upgraded(dict(data)))


def to_json(program: Program) -> str:
    return msgspec.json.format(msgspec.json.encode(to_data(program)), indent=2).decode()


def to_yaml(program: Program) -> str:
    return yaml.safe_dump(to_data(program), sort_keys=False, allow_unicode=True, width=100)


def json_schema() -> dict[str, Any]:
    """The schema of a document in today's format (JSON Schema 2020-12); published in `program.schema.json`."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Regulars program"}
    described: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(msgspec.json.schema(Program)))
    return {**schema, **described}


def upgraded(data: dict[str, Any], steps: Mapping[int, Upgrade] | None = None, to: int = FORMAT) -> dict[str, Any]:
    """The document in format `to`. Raises Invalid for one that is newer, or older than any known."""
    steps = UPGRADES if steps is None else steps
    while (now := data.get("format", FORMAT)) != to:
        step = steps.get(now) if isinstance(now, int) else None
        if step is None:
            raise Invalid(
                "This document is of format {found}, and this release reads {known}; use a release that knows both.",
                place="$.format",
                params={"found": repr(now), "known": to},
            )
        data = {**step(data), "format": now + 1}
    return data


def difference(old: Program, new: Program) -> list[Reason]:
    """What a merchant would want to know before publishing: one sentence for each thing added, removed or changed."""
    before, after = to_data(old), to_data(new)
    found: list[Reason] = []
    money: Params = {"currency": new.currency, "exponent": new.exponent}
    for name in Program.__struct_fields__:
        one, other = before.get(name), after.get(name)
        if one == other:
            continue
        if _named(one) or _named(other):
            found += _differing_items(name, one or [], other or [], money)
        elif isinstance(one, Mapping) or isinstance(other, Mapping):
            found += _differing_fields(name, "", one or {}, other or {}, money)
        else:
            found.append(_changed(name, "", name, one, other, money))
    return found


def _named(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Mapping) and "id" in value[0]


def _differing_items(name: str, before: list[Any], after: list[Any], money: Params) -> list[Reason]:
    old, new = ({each["id"]: each for each in items} for items in (before, after))
    found = []
    for key in [*old, *(key for key in new if key not in old)]:
        title = str((new.get(key) or old[key]).get("name") or key)
        params: Params = {"what": _singular(name), "name": title}
        if key not in new:
            found.append(Reason(message="diff.removed", params=params))
        elif key not in old:
            found.append(Reason(message="diff.added", params=params))
        elif old[key] != new[key]:
            found += _differing_fields(_singular(name), title, old[key], new[key], money)
    if not found and list(old) != list(new):
        found.append(Reason(message="diff.order", params={"what": name}))
    return found


def _differing_fields(
    what: str, title: str, before: Mapping[str, Any], after: Mapping[str, Any], money: Params
) -> list[Reason]:
    fields = [*before, *(name for name in after if name not in before)]
    return [
        _changed(what, title, name, before.get(name), after.get(name), money)
        for name in fields
        if before.get(name) != after.get(name)
    ]


def _changed(what: str, title: str, field: str, before: Any, after: Any, money: Params) -> Reason:
    """Money stays money, so that it can be shown in any language."""
    params: Params = {
        "what": what.replace("_", " "),
        "name": title,
        "field": field.replace("_", " ").removesuffix(" minor"),
    }
    if field.endswith("_minor") and isinstance(before, int) and isinstance(after, int):
        return Reason(message="diff.amount", params={**params, "before_minor": before, "after_minor": after, **money})
    message = "diff.changed" if title else "diff.setting"
    return Reason(message=message, params={**params, "before": _said(before), "after": _said(after)})


def _said(value: Any) -> str:
    if value is None:
        return "the default"
    if isinstance(value, str | int):
        return str(value)
    return msgspec.json.encode(value).decode()


def _singular(name: str) -> str:
    return name.removesuffix("s")


def _check_size(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise Invalid(
            "A program has at most {most:,} characters; this has {count:,}.",
            place="$",
            params={"most": MAX_CHARACTERS, "count": len(text)},
        )


def _check_shape(data: Any) -> None:
    """Depth, number of values and what a text may hold, without recursion."""
    waiting, count = [(data, 1)], 0
    while waiting:
        value, depth = waiting.pop()
        count += 1
        if depth > MAX_DEPTH:
            raise Invalid(_TOO_DEEP, place="$")
        if count > MAX_VALUES:
            raise Invalid("A program has at most {most:,} values.", place="$", params={"most": MAX_VALUES})
        if isinstance(value, str) and "\x00" in value:
            raise Invalid("A text holds the character NUL, which cannot be stored; take it out.", place="$")
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting.extend((each, depth + 1) for each in inner)


def _loaded(text: str) -> Any:
    loader = _PlainLoader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _check_events(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_PlainLoader):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Invalid("Anchors are not read; write the value out.", place=_line(event))
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise Invalid(_TOO_DEEP, place=_line(event))


def _line(event: yaml.Event) -> str:
    return f"line {event.start_mark.line + 1}" if event.start_mark is not None else "$"


class _PlainLoader(yaml.SafeLoader):
    """Dates stay text, as in JSON, and a key that stands twice is an error."""

    yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        names = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if len(set(names)) < len(names):
            raise yaml.constructor.ConstructorError(None, None, "a key stands twice", node.start_mark)
        return super().construct_mapping(node, deep)
