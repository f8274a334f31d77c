"""Measure which backend of the built-in engine is faster on this machine, and remember it for each kind of processor.

The file of a user may lie on a disk that several machines share, so it has an entry for each processor. An entry holds
for the versions of the backends that were measured.
"""

import json
import logging
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ocr.core.environment import package_version, state_folder
from ocr.core.files import write_atomic

LOG = logging.getLogger(__name__)

BACKENDS = ("openvino", "onnxruntime")
"""In the order in which `auto` takes them where nothing was measured and the processor has AVX-512."""
ROUNDS = 1
"""Readings of one page with each backend after the first, which also compiles the networks."""
ADVANTAGE = 1.05
"""A backend must be so many times faster to be taken before one that stands earlier in `BACKENDS`."""


@dataclass(frozen=True, slots=True)
class BackendSpeed:
    """Seconds of one worker for one page, by backend."""

    seconds: Mapping[str, float]

    @property
    def fastest(self) -> str:
        """The backend to use: within `ADVANTAGE` of each other, the earlier one in `BACKENDS`."""
        best = min(self.seconds.values())
        return next(name for name in BACKENDS if name in self.seconds and self.seconds[name] <= best * ADVANTAGE)


def measure(readers: Mapping[str, Callable[[], float]], rounds: int = ROUNDS) -> BackendSpeed:
    """Return the least time of each reader, asked in turns; `readers` read a page and return the seconds it took.

    The least of several times is the one that other programs of the machine disturbed least.
    """
    for read in readers.values():
        read()
    times: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(rounds):
        for name, read in readers.items():
            times[name].append(read())
    return BackendSpeed({name: round(min(values), 3) for name, values in times.items()})


def installed_backends() -> Sequence[str]:
    """Return the backends that are installed, in the order of `BACKENDS`."""
    return [name for name in BACKENDS if package_version(name)]


def remember(speed: BackendSpeed) -> Path:
    """Keep a measurement for this processor and return the file. Raises `OutputError`."""
    versions = {name: package_version(name) for name in speed.seconds}
    entry = {"fastest": speed.fastest, "seconds": dict(speed.seconds), "versions": versions}
    file = _file()
    content = json.dumps({**_entries(file), processor(): entry}, indent=2, ensure_ascii=False, sort_keys=True)
    write_atomic(file, f"{content}\n".encode())
    return file


def remembered() -> str:
    """Return the backend that was faster on this processor; "" if nothing was measured with the installed versions."""
    entry = _entries(_file()).get(processor())
    if not isinstance(entry, dict) or not isinstance(entry.get("versions"), dict):
        return ""
    fastest = entry.get("fastest")
    is_current = all(package_version(str(name)) == version for name, version in entry["versions"].items())
    return fastest if isinstance(fastest, str) and fastest in entry["versions"] and is_current else ""


def processor(table: Path = Path("/proc/cpuinfo")) -> str:
    """Return the name of this machine's processor, as its maker calls it where that is known."""
    try:
        lines = table.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, "") or platform.processor() or platform.machine()


def usual_backends(table: Path = Path("/proc/cpuinfo")) -> Sequence[str]:
    """Return the backends in the order in which to take them where nothing was measured on this processor.

    With AVX2 alone onnxruntime takes less time, memory and preparation; OpenVINO uses bfloat16 where it can.
    """
    try:
        text = table.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return BACKENDS
    flags = {word for line in text.splitlines() if line.startswith("flags") for word in line.split()}
    return BACKENDS[::-1] if "avx2" in flags and "avx512f" not in flags else BACKENDS


def _file() -> Path:
    return state_folder() / "backend-speed.json"


def _entries(file: Path) -> dict[str, Any]:
    """Return the entries by processor. A file that is missing or damaged has none: it can be measured again."""
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as cause:
        LOG.debug("no speed of backends is remembered: %s", cause)
        return {}
    return entries if isinstance(entries, dict) else {}
