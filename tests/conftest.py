"""Settings for all tests."""

import os

from hypothesis import settings

# What a user's `ocr doctor --speed` remembered must not decide how tests read: no file can lie below this one.
os.environ["XDG_STATE_HOME"] = os.devnull

# Tests never time anything: an example that takes long on a busy machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")
