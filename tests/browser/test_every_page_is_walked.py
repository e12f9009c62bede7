"""No page of the dashboard, and nothing that one of them does, is without a walk."""

from __future__ import annotations

from tests.browser.walks import TOO_QUICK, WALKED
from tests.dashboard.test_access import EXPECTED


def test_whatever_the_dashboard_answers_is_walked() -> None:
    answered = {f"GET {name}" for name, (_argument, on_get, _on_post) in EXPECTED.items() if on_get != 405}
    answered |= {f"POST {name}" for name, (_argument, _on_get, on_post) in EXPECTED.items() if on_post != 405}
    assert set().union(*WALKED.values(), TOO_QUICK) == answered
