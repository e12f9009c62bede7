"""A member's account as text: every movement, promise and sum with its reason and what the reason is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime

import msgspec

from loyalty.engine.explain import Reason, text
from loyalty.engine.facts import Fact, validate
from loyalty.engine.program import Version, parse_program
from loyalty.engine.statement import Statement, fold
from tests.engine.golden.corpus import day
from tests.engine.golden.stories import STORIES


def facts_of(story: str) -> list[Fact]:
    facts = msgspec.convert(STORIES[story][1], list[Fact])
    for fact in facts:
        validate(fact)
    return facts


def versions_of(story: str) -> list[Version]:
    return [
        Version(number=n, in_force_from=datetime.fromisoformat(each["from"]), program=parse_program(each["program"]))
        for n, each in enumerate(STORIES[story][0], 1)
    ]


def account(story: str) -> str:
    """The statements of one story on its days; what was told before is not told again."""
    versions, facts, days = versions_of(story), facts_of(story), STORIES[story][2]
    told: set[str] = set()
    lines = [f"# {story}"]
    for number in days:
        statement = fold(versions, facts, datetime.fromisoformat(day(number)))
        lines += ["", f"## {statement.as_of.isoformat()}"]
        for head, said in _entries(statement):
            if head not in told:
                lines += [head if said in told else head + said]
            told |= {head, said}
        lines += _sums(statement)
    return "\n".join(lines) + "\n"


def _entries(statement: Statement) -> Iterator[tuple[str, str]]:
    for each in statement.movements:
        order_id = f" of order {each.order_id}" if each.order_id else ""
        head = f"{each.kind} {each.source} {each.part} {each.points:+} {each.at.isoformat()}{order_id}"
        yield f"{head}: {text(each.reason)}", _made_of(each.reason)
    for held in statement.pending:
        head = f"pending {held.source} {held.points:+} until {held.until.isoformat()}"
        yield f"{head}: {text(held.reason)}", _made_of(held.reason)
    for none in statement.nothing:
        yield f"nothing {none.source} {none.at.isoformat()}: {text(none.reason)}", _made_of(none.reason)
    for gift in statement.gifts:
        head = f"gift {gift.key} {gift.reward} {gift.at.isoformat()}, issued: {gift.issued}"
        yield f"{head}: {text(gift.reason)}", _made_of(gift.reason)


def _sums(statement: Statement) -> Iterator[str]:
    for lot in statement.lots:
        yield f"lot {lot.source} {lot.left} of {lot.points} from {lot.opened_at.isoformat()} to {_when(lot.expires_at)}"
    for name in ("available", "pending_points", "reserved", "spent", "debt", "forgiven"):
        yield f"{name} {getattr(statement, name)}"
    yield f"totals {json.dumps(statement.totals, sort_keys=True)}"
    yield f"segments {' '.join(statement.segments)}"
    yield f"next due {_when(statement.next_due)}, inactive {_when(statement.inactive_at)}"
    yield f"tier {_data(statement.tier)}"
    yield f"next reward {_data(statement.next_reward)}"


def _made_of(reason: Reason) -> str:
    return f"\n    {_data(dict(reason.params))}" + "".join(_said(line) for line in reason.lines)


def _said(reason: Reason, indent: str = "\n    ") -> str:
    params = f" {_data(dict(reason.params))}" if reason.params else ""
    return f"{indent}{text(reason)}{params}" + "".join(_said(line, indent + "  ") for line in reason.lines)


def _when(at: datetime | None) -> str:
    return at.isoformat() if at is not None else "never"


def _data(shown: object) -> str:
    return json.dumps(msgspec.to_builtins(shown), sort_keys=True, ensure_ascii=False)
