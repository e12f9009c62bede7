#!/usr/bin/env python3
"""Every command of Regulars: `python3 manage.py demo`, `test`, `serve` ... It brings what it needs by itself."""

import os
import sys

from config import bootstrap

if __name__ == "__main__":
    if sys.hexversion < 0x030B0000:
        sys.exit(f"Regulars needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    if sys.argv[1:2] == ["test"]:
        bootstrap.enter((bootstrap.RUNTIME, bootstrap.DEVELOPMENT))
        # The runner starts servers before any setting is read, so it is no Django command.
        from tests.harness import runner

        sys.exit(runner.main(sys.argv[2:]))
    bootstrap.enter((bootstrap.RUNTIME,))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        if "--traceback" in sys.argv:
            raise
        sys.exit(str(error))
