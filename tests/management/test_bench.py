"""The benchmark measures what it says: small here, for its sentences and for what it folds."""

from __future__ import annotations

from io import StringIO

from django.core.management import call_command

from loyalty.engine.simulate import as_draft
from loyalty.engine.statement import checkpoint, fold
from loyalty.management import sample
from loyalty.management.commands.bench import Part, simulated


def test_it_says_what_it_measured_and_what_it_left_out() -> None:
    out = StringIO()
    call_command("bench", "engine", orders=100, longest=10, processes=1, stdout=out)
    said = out.getvalue()
    for part in ("load before", "five rules", "a second on one core", "x json.loads", "100 orders of 10 members"):
        assert part in said
    assert "A history of 10 orders" in said
    assert "A history of 100 orders" not in said
    assert "Left out: the database" in said


def test_the_payload_has_ten_kilobytes_and_the_program_what_it_claims() -> None:
    assert 9_000 < len(sample.payload()) < 11_000
    (version,) = sample.version_of(sample.DOCUMENT)
    program = version.program
    assert (len(program.rules), len(program.tiers), len(program.campaigns)) == (5, 3, 1)
    assert program.policies.expiry == "lot"


def test_the_histories_expire_are_refunded_spend_and_climb() -> None:
    statement = fold(sample.version_of(sample.DOCUMENT), sample.history(3, 30), sample.until(30))
    assert {kind for kind, points in statement.totals.items() if points} == {
        "earned",
        "reversed",
        "redeemed",
        "expired",
    }
    assert statement.tier is not None
    assert statement.tier.id == "gold"


def test_one_more_order_from_a_checkpoint_is_the_whole_history() -> None:
    versions, facts, as_of = sample.version_of(sample.DOCUMENT), sample.history(5, 28), sample.until(28)
    mark, late = sample.last_of(facts)
    assert 1 <= len(late) <= 2
    appended = fold(versions, late, as_of, checkpoint(versions, facts, mark))
    assert appended.totals == fold(versions, facts, as_of).totals


def test_parts_of_the_what_if_hold_their_members_once() -> None:
    found = simulated(Part(95, 10))
    assert found.members == 10
    versions = sample.version_of(sample.DOCUMENT)
    expected = 0
    for number in range(95, 105):
        facts = sample.history(number % 100, 10)
        expected += fold(as_draft(versions, sample.draft()), facts, sample.until(10)).available
    assert found.draft.available == expected
