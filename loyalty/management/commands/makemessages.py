"""Django's makemessages, which also finds what the engine, the services and the platforms say to people.

They know no gettext: an error is raised with a template, a part of one is a `Phrase`, and a reason's sentence stands in
`engine/messages.py`. The pages translate all three when they show them (`dashboard/refusals.py`, `explanations.py`)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.core.management.commands import makemessages

from loyalty.engine import errors
from loyalty.engine.messages import MESSAGES
from loyalty.engine.phrases import Phrase

_KINDS = (errors.LoyaltyError, Phrase)
SAYING = (
    *(name for name, made in vars(errors).items() if isinstance(made, type) and issubclass(made, _KINDS)),
    "NotYet",
)
"""Whose first argument is a template: every kind of error, and `Phrase`, which the errors are made with."""
NO_PAGES = ("tests", "node_modules", ".venv", "loyalty/sandbox")
REASONS = Path("loyalty/engine/messages.py")
_REASON = re.compile(r'^(    "[^"]+": )(".*"),$', re.MULTILINE)


def marked(source: str) -> str:
    """The table of the reasons as the tools want it: each sentence in a call."""
    shown, count = _REASON.subn(r"\1gettext_noop(\2),", source)
    if count != len(MESSAGES):
        raise ValueError(f"{REASONS} has {len(MESSAGES)} sentences, and {count} were found: give each its own line.")
    return shown


class BuildFile(makemessages.BuildFile):
    @property
    def is_templatized(self) -> bool:
        return self._has_reasons or bool(super().is_templatized)

    def preprocess(self) -> None:
        if self._has_reasons:
            Path(self.work_path).write_text(marked(Path(self.path).read_text()))
        else:
            super().preprocess()

    @property
    def _has_reasons(self) -> bool:
        return Path(self.path).as_posix().endswith(REASONS.as_posix())


class Command(makemessages.Command):
    build_file_class = BuildFile
    xgettext_options = [*makemessages.Command.xgettext_options, *(f"--keyword={name}" for name in SAYING)]

    def handle(self, *args: Any, **options: Any) -> None:
        options["ignore_patterns"] = [*options["ignore_patterns"], *NO_PAGES]
        super().handle(*args, **options)
