"""A plug-in of pytest that lists the tests which use the most CPU time: `python -m pytest -n0 -p cpu_seconds FILES`.

Unlike the durations that pytest shows, CPU seconds say the same on a busy machine. Processes that a test starts and
waits for are counted, and commands of a `CommandServer`.
"""

import os
from collections import defaultdict
from collections.abc import Iterator

import pytest
from command_server import CommandServer

SLOWEST = 20
_USED: dict[str, float] = {}


def _now() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system + CommandServer.cpu_seconds


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    before = _now()
    result = yield
    _USED[item.nodeid] = _now() - before
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the slowest tests, and every file with its sum."""
    files: dict[str, float] = defaultdict(float)
    for test, seconds in _USED.items():
        files[test.partition("::")[0]] += seconds
    for title, table in (("tests", _USED), ("files", files)):
        terminalreporter.section(f"CPU seconds of {title}: {sum(table.values()):.1f}")
        for name, seconds in sorted(table.items(), key=lambda entry: -entry[1])[:SLOWEST]:
            terminalreporter.write_line(f"{seconds:7.2f} {name}")
