"""Import a heavy or optional package on first use, or say which extra brings it."""

import os
from importlib import import_module
from pathlib import Path
from types import ModuleType

from ocr.core.errors import DependencyError

VERSION = "0.1.0"
"""Of lusocr; pyproject.toml says the same, and a test compares the two."""


def load(module: str, *, extra: str = "") -> ModuleType:
    """Import `module`, or raise `DependencyError` whose hint installs it.

    `extra` names the extra of lusocr that brings the package; empty means that it is a core dependency.
    """
    try:
        return import_module(module)
    except ImportError as cause:
        package = f"lusocr[{extra}]" if extra else "--force-reinstall lusocr"
        raise DependencyError(
            f"the Python package {module.partition('.')[0]!r} cannot be imported: {cause}",
            hint=f"pip install '{package}'",
        ) from cause


def count_cores() -> int:
    """Cores that this process may use: how many children can work at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def sees_gpu() -> bool:
    """Is there an NVIDIA GPU that this process may use? Looks at the device, loads nothing."""
    return Path("/dev/nvidia0").exists() and os.environ.get("CUDA_VISIBLE_DEVICES", "0") not in ("", "-1")


def file_system(path: Path, table: Path = Path("/proc/mounts")) -> str:
    """The type of the file system that holds `path`, as the kernel names it; "" where that cannot be known."""
    try:
        mounts = table.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    place, best, kind = path.resolve(), "", ""
    for line in mounts.splitlines():
        mount, this = (line.split(" ")[1].replace("\\040", " "), line.split(" ")[2])
        if place.is_relative_to(mount) and len(mount) >= len(best):
            best, kind = mount, this
    return kind
