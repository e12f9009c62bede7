"""Hypothesis profiles for every room: a quick one by default, others by `REGULARS_PROPERTIES=long` or `short`. A plugin of
conftest.py, for a test takes the profile that is loaded when it is imported."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]

settings.register_profile(
    "quick", max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=QUIET
)
settings.register_profile("short", settings.get_profile("quick"), max_examples=20, phases=[Phase.generate])
settings.register_profile("glance", settings.get_profile("quick"), max_examples=500, phases=[Phase.generate])
settings.register_profile("long", max_examples=6000, deadline=None, database=None, suppress_health_check=QUIET)
settings.load_profile(os.environ.get("REGULARS_PROPERTIES", "quick"))
