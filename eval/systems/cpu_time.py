"""Measure the CPU time of this process and its children, so that an engine's pages can be priced."""

import os
from collections import defaultdict
from pathlib import Path

PROC = Path("/proc")


def cpu_seconds() -> float | None:
    """Return the CPU seconds used so far by this process and everything below it; None where /proc is missing.

    A child that has ended is counted through its parent, so the sum never falls while parents wait for their children.
    """
    if not (PROC / "self/stat").is_file():
        return None
    ticks, children = _read_processes()
    total, waiting = 0, [os.getpid()]
    while waiting:
        process = waiting.pop()
        total += ticks.get(process, 0)
        waiting += children.get(process, [])
    return total / os.sysconf("SC_CLK_TCK")


def _read_processes() -> tuple[dict[int, int], dict[int, list[int]]]:
    """Return the clock ticks of each process, waited-for children included, and the children of each process."""
    ticks: dict[int, int] = {}
    children: dict[int, list[int]] = defaultdict(list)
    for path in PROC.glob("[0-9]*/stat"):
        try:
            content = path.read_text(encoding="utf-8", errors="replace")
        except OSError:  # it ended meanwhile
            continue
        process = int(path.parent.name)
        # The name of the program stands in parentheses and may hold anything; proc(5) counts fields from 1.
        fields = content.rpartition(")")[2].split()
        children[int(fields[1])].append(process)
        ticks[process] = sum(map(int, fields[11:15]))
    return ticks, children
