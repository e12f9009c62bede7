"""The oracle and the engine tell the same story of random histories under the corpus' programs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from hypothesis import given, note
from hypothesis import strategies as st

from loyalty.engine.facts import Fact, validate
from loyalty.engine.program import Version, parse_program
from loyalty.engine.statement import fold
from tests.engine.golden import oracle
from tests.engine.golden.corpus import PROGRAMS, UNTIL, day, line, order, redeemed, refund

days = st.integers(0, 300)


@st.composite
def some_order(draw: st.DrawFn, name: str) -> dict[str, Any]:
    at = draw(days)
    goods = [
        line(
            str(number),
            draw(st.integers(0, 9000)),
            draw(st.integers(1, 3)),
            collection_ids=draw(st.sampled_from([[], ["tea"]])),
            tags=draw(st.sampled_from([[], [], ["sale"]])),
            gift_card=draw(st.integers(0, 7)) == 0,
            discount_minor=draw(st.sampled_from([0, 0, 50])),
        )
        for number in range(draw(st.integers(1, 3)))
    ]
    made = order(
        name,
        at,
        goods,
        order_discount_minor=draw(st.sampled_from([0, 0, 333])),
        shipping_minor=draw(st.sampled_from([0, 490])),
        discount_codes=draw(st.sampled_from([[], ["c0"], ["C1"]])),
        refunds=[
            refund(
                f"{name}-{number}",
                at + draw(st.integers(0, 90)),
                draw(st.integers(0, 6000)),
                draw(st.sampled_from(["", "0"])),
            )
            for number in range(draw(st.integers(0, 2)))
        ],
    )
    if draw(st.integers(0, 5)) == 0:
        made["cancelled_at"] = day(at + draw(st.integers(0, 60)))
    return made


@st.composite
def some_history(draw: st.DrawFn) -> list[dict[str, Any]]:
    facts = [draw(some_order(str(number))) for number in range(draw(st.integers(1, 4)))]
    for number in range(draw(st.integers(0, 2))):
        at = draw(days)
        back = (
            {"given_back_at": day(at + draw(st.integers(1, 90))), "given_back_why": "expired"}
            if draw(st.booleans())
            else {}
        )
        facts.append(redeemed(str(number), at + 0.5, draw(st.integers(1, 300)), code=f"c{number}", **back))
    if draw(st.booleans()):
        points = draw(st.sampled_from([-80, 60]))
        facts.append(
            {"type": "adjustment", "id": "a", "at": day(draw(days)), "points": points, "actor": "D", "reason": "r"}
        )
    if draw(st.booleans()):
        facts.append({"type": "activity", "id": "v", "at": day(draw(days)), "kind": "review"})
    return facts


@given(st.sampled_from(sorted(PROGRAMS)), some_history())
def test_the_engine_and_the_oracle_agree(name, history):
    facts = msgspec.convert(history, list[Fact])
    for fact in facts:
        validate(fact)
    versions = [
        Version(number=n, in_force_from=datetime.fromisoformat(each["from"]), program=parse_program(each["program"]))
        for n, each in enumerate(PROGRAMS[name], 1)
    ]
    statement = fold(versions, facts, UNTIL)
    told = oracle.statement(PROGRAMS[name], history, UNTIL)
    note("\n".join(str(each) for each in history))
    said = [[*each.key, each.points, each.at.isoformat()] for each in statement.movements]
    assert said == told["movements"]
    assert (statement.available, statement.debt, statement.forgiven) == (
        told["available"],
        told["debt"],
        told["forgiven"],
    )
