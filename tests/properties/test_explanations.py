"""Every movement and every zero is explained, in words that can be shown."""

from __future__ import annotations

import re

from hypothesis import given

from loyalty.engine.explain import Reason, as_data, from_data, text
from loyalty.engine.facts import Order
from loyalty.engine.messages import MESSAGES
from loyalty.engine.statement import fold
from tests.properties.strategies import END, histories, versions

FIELD = re.compile(r"\{(\w+)")


def check(reason: Reason) -> None:
    assert reason.message in MESSAGES
    missing = [name for name in FIELD.findall(MESSAGES[reason.message]) if name not in reason.params]
    assert not missing, (reason.message, missing)
    assert "{" not in text(reason)
    for line in reason.lines:
        check(line)


@given(versions(), histories())
def test_every_order_is_explained_and_every_reason_can_be_said(program_versions, facts):
    statement = fold(program_versions, facts, END)
    for each in (*statement.movements, *statement.pending, *statement.nothing, *statement.gifts):
        check(each.reason)
        assert from_data(as_data(each.reason)) == each.reason
    said = {each.order_id for each in statement.movements} | {
        each.source.removeprefix("order:") for each in statement.nothing
    }
    assert {fact.id for fact in facts if isinstance(fact, Order)} <= said
