"""Reasons as data become sentences and columns, and none is left out."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from django.utils import translation

from loyalty.dashboard.explanations import explanation, heading, sentence, whole_message
from loyalty.dashboard.formatting import Format
from loyalty.engine import explain
from loyalty.engine.explain import Reason
from loyalty.engine.messages import MESSAGES

FMT = Format(Locale("en"), ZoneInfo("UTC"), "USD", 2)
USD: dict[str, str | int] = {"currency": "USD", "exponent": 2}
EVERYTHING: dict[str, str | int] = {
    **USD,
    "number": "#1",
    "points": 1,
    "reward": "Mug",
    "actor": "Dana",
    "why": "Late",
    "from": "elsewhere",
    "version": 3,
    "title": "Beans",
    "quantity": 2,
    "codes": "ABC",
    "code": "workshop",
    "name": "A star for every 10",
    "days": 14,
    "shop_currency": "EUR",
}
INSTANT = "2026-11-14T10:00:00+00:00"


def whole(message: str) -> Reason:
    """A reason that has whatever its sentence asks for."""
    named = dict.fromkeys(("until_at", "placed_at", "moment_at", "opened_at"), INSTANT)
    money = dict.fromkeys(("amount_minor", "refunded_minor", "per_minor", "points_hundredths"), 1234)
    return Reason(message=message, params={**EVERYTHING, **named, **money})


@pytest.mark.parametrize("message", sorted(MESSAGES))
def test_every_reason_of_the_engine_can_be_read(message: str) -> None:
    reason = whole(message)
    for text in (sentence(reason, FMT), heading(reason, FMT).title):
        assert text
        assert "{" not in text
        assert "1234" not in text, "money is written as money"
    assert explanation(reason, 0, FMT).message
    moved = explanation(reason, 5, FMT)
    assert bool(moved.notes) if message.startswith("nothing.") else bool(moved.sums)


def test_a_reason_nobody_knows_is_shown_by_its_id() -> None:
    assert sentence(Reason(message="new.thing"), FMT) == "new.thing"


def test_one_point_is_singular_and_amounts_are_written_in_their_own_currency() -> None:
    reason = Reason(message="rule.per_amount", params={"points": 1, "per_minor": 100, "points_hundredths": 4000, **USD})
    assert sentence(reason, FMT) == "1 point for every $1: 40.00"


def test_an_order_is_two_columns_what_was_left_out_and_its_version() -> None:
    lines = (
        Reason(
            message="order.counts",
            params={"amount_minor": 2690, **USD},
            lines=(
                Reason(message="order.line", params={"title": "Beans", "quantity": 2, "amount_minor": 3190, **USD}),
                Reason(message="order.discount", params={"codes": "HM7Q", "amount_minor": 500, **USD}),
            ),
        ),
        Reason(message="order.left_out", lines=(Reason(message="left_out.tax", params={"amount_minor": 215, **USD}),)),
        Reason(
            message="order.earned",
            params={"points_hundredths": 2690},
            lines=(Reason(message="rounding.floor", params={"points_hundredths": -90}),),
        ),
        Reason(message="order.version", params={"version": 7, "placed_at": INSTANT}),
        Reason(message="order.hold", params={"days": 14, "until_at": INSTANT}),
    )
    why = explanation(Reason(message="earned.order", params={"number": "#1", "points": 26}, lines=lines), 26, FMT)
    counts, earned = why.sums
    assert [(row.label, row.value) for row in counts.rows] == [("Beans × 2", "$31.90"), ("Discount HM7Q", "−$5.00")]
    assert (counts.total, earned.total) == ("$26.90", "26")
    assert [(row.label, row.value) for row in earned.rows] == [("Rounded down, once", "−0.90")]
    assert why.left_out == ("Tax, $2.15",)
    assert why.version == 7
    assert why.notes == ("The points become available on Nov 14, 2026, 14 days later.",)


def test_a_rule_that_gave_nothing_says_why_in_brackets() -> None:
    why = Reason(message="scope.first_order")
    idle = Reason(message="rule.nothing", params={"name": "Welcome"}, lines=(why,))
    earned = Reason(message="order.earned", params={"points_hundredths": 0}, lines=(idle,))
    (column,) = explanation(Reason(message="earned.order", lines=(earned,)), 0, FMT).sums
    assert [(row.label, row.value) for row in column.rows] == [("Welcome gave nothing (It is for first orders)", "")]


def test_a_movement_is_named_without_its_points() -> None:
    assert heading(whole("earned.referral.referrer"), FMT).title == "A friend was referred"
    assert heading(whole("earned.referral.friend"), FMT).title == "Referred by a friend"


def test_a_name_that_ends_with_a_full_stop_gets_no_second_one() -> None:
    reason = Reason(message="adjusted", params={"actor": "Dana K.", "why": "Late parcel"})
    (column,) = explanation(reason, 100, FMT).sums
    assert column.rows[0].label == "Changed by Dana K. “Late parcel”"


def test_the_message_to_copy_tells_everything_below_it() -> None:
    below = Reason(message="left_out.tax", params={"amount_minor": 215, **USD})
    reason = Reason(message="order.left_out", lines=(below,))
    assert whole_message(reason, FMT) == "Left out\n  Tax, $2.15"


def test_values_keep_their_direction_in_a_sentence_that_runs_right_to_left() -> None:
    reason = Reason(message="left_out.tax", params={"amount_minor": 215, **USD})
    with translation.override("ar"):
        assert sentence(reason, FMT).count("\N{FIRST STRONG ISOLATE}$2.15\N{POP DIRECTIONAL ISOLATE}") == 1


@pytest.mark.parametrize(("period", "weeks"), [("week", "weeks"), ("month", "months")])
def test_a_streak_is_one_sentence_for_each_period_and_reads_as_the_engine_says_it(period: str, weeks: str) -> None:
    reason = Reason(message="earned.streak", params={"length": 3, "period": period, "points": 50})
    assert sentence(reason, FMT) == explain.text(reason) == f"Orders in 3 {weeks} in a row: 50 points"
    with translation.override("ar"):
        assert f"{weeks} in a row" in heading(reason, FMT).title
