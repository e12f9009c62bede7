"""The sandbox refuses to load without this; parents' conftests run before anything below imports it."""

import os

os.environ["REGULARS_SANDBOX"] = "1"
