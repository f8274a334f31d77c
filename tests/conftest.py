"""Settings for all tests."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# What a user's `ocr doctor --speed` remembered must not decide how tests read: no file can lie below this one.
os.environ["XDG_STATE_HOME"] = os.devnull

# A shell starts background jobs with Ctrl-C ignored, also in what they start; tests interrupt commands.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Tests never time anything: an example that takes long on a busy machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the serial tests where `make test` looks for them."""
    folder = Path(__file__).parent / "integration"
    for item in items:
        if item.get_closest_marker("serial") and folder not in item.path.parents:
            raise pytest.UsageError(
                f"{item.nodeid} is marked serial: make test runs serial tests of {folder.name} only"
            )
