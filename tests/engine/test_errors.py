"""Each error carries what its edge needs: a stable code, a sentence, the place, when to come back."""

from __future__ import annotations

import pytest

from loyalty.engine.errors import (
    Conflict,
    Invalid,
    LoyaltyError,
    NotFound,
    Refused,
    TooMany,
    Unauthorized,
    Unavailable,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (LoyaltyError, "error"),
        (Invalid, "invalid"),
        (Refused, "refused"),
        (Conflict, "conflict"),
        (NotFound, "not_found"),
        (Unauthorized, "unauthorized"),
    ],
)
def test_what_a_person_must_change_is_not_tried_again(kind, code):
    plain, special = kind("Say so."), kind("Say so.", code="special", place="$.name")
    assert (plain.code, plain.message, plain.place, str(plain), plain.retryable) == (
        code,
        "Say so.",
        "",
        "Say so.",
        False,
    )
    assert (special.code, special.place) == ("special", "$.name")


def test_what_may_work_later_says_when():
    many = TooMany("Wait.", retry_after_seconds=7)
    assert (many.code, many.message, many.retryable, many.retry_after_seconds) == (
        "too_many_requests",
        "Wait.",
        True,
        7,
    )
    busy = Unavailable("Busy.")
    assert (busy.code, busy.message, busy.retryable, busy.retry_after_seconds) == ("unavailable", "Busy.", True, 0)
    assert Unavailable("Busy.", retry_after_seconds=5).retry_after_seconds == 5
