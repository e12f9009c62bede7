"""What the engine says of the corpus, in the short form of the golden file. `python -m tests.engine.golden.engine_says`
writes the file (and accounts, presets and the published schema) anew: a change in it is a change of behaviour and asks for a policy value."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path

import msgspec

from loyalty.engine import document
from loyalty.engine.exchange import json_schema
from loyalty.engine.facts import Fact, validate
from loyalty.engine.program import Version, parse_program
from loyalty.engine.statement import fold
from tests.engine.golden import presets_say
from tests.engine.golden.accounts import account
from tests.engine.golden.corpus import HISTORIES, PROGRAMS, UNTIL
from tests.engine.golden.stories import STORIES

SCHEMA = Path(document.__file__).with_name("program.schema.json")
GOLDEN = Path(__file__).with_name("golden.json")
PRESETS = Path(__file__).with_name("presets.txt")
ACCOUNTS = Path(__file__).with_name("accounts.txt")


def said(program: str, history: str) -> dict[str, object]:
    facts = msgspec.convert(HISTORIES[history], list[Fact])
    for fact in facts:
        validate(fact)
    versions = [
        Version(number=n, in_force_from=datetime.fromisoformat(each["from"]), program=parse_program(each["program"]))
        for n, each in enumerate(PROGRAMS[program], 1)
    ]
    statement = fold(versions, facts, UNTIL)
    return {
        "movements": [[*each.key, each.points, each.at.isoformat()] for each in statement.movements],
        "available": statement.available,
        "debt": statement.debt,
        "forgiven": statement.forgiven,
        "tier": statement.tier.id if statement.tier is not None else "",
    }


def everything() -> dict[str, dict[str, object]]:
    return {f"{program} / {history}": said(program, history) for program in PROGRAMS for history in HISTORIES}


if __name__ == "__main__":
    lines = (f"{json.dumps(name)}: {json.dumps(each)}" for name, each in everything().items())
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    ACCOUNTS.write_text("\n".join(map(account, STORIES)), encoding="utf-8")
    PRESETS.write_text(presets_say.everything(), encoding="utf-8")
    SCHEMA.write_text(json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
