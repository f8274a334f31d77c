"""What this machine has: packages that load on first use, cores, a GPU, and features of the operating system."""

import os
import re
import socket
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from ocr.core.errors import DataError, DependencyError

VERSION = "0.1.0"
"""The version of lusocr; a test compares it with pyproject.toml."""


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


def package_version(package: str) -> str:
    """Return the version of an installed package from its metadata, without importing it; "" if there is none."""
    from importlib import metadata  # it loads more than all of this package

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def extra_packages(extra: str) -> tuple[str, ...]:
    """Return the packages that an extra of lusocr installs, from its metadata; empty where lusocr is not installed."""
    from importlib import metadata

    try:
        requirements = metadata.requires("lusocr") or ()
    except metadata.PackageNotFoundError:
        return ()
    wanted = re.compile(rf"""([\w.-]+)[^;]*;.*\bextra == ['"]{re.escape(extra)}['"]""")
    return tuple(found.group(1) for text in requirements if (found := wanted.match(text)))


def weaker_features() -> list[str]:
    """Return what protects less on this operating system than on Linux, a sentence each; see docs/guides."""
    found = []
    if sys.platform != "linux" or not has_module("resource"):
        found.append("no memory limit for decoders: only their deadline bounds a hostile file")
    if not hasattr(os, "killpg"):
        found.append("no process groups: a program that a killed worker has started may go on")
    if not hasattr(socket, "send_fds"):
        found.append("no shared memory between processes: pixels of pages are copied")
    if not has_module("fcntl") and not has_module("msvcrt"):
        found.append("no file locks: do not start two runs on one output folder")
    return found


def has_module(name: str) -> bool:
    """Return whether a module can be imported, without importing it."""
    try:
        return find_spec(name) is not None
    except ValueError:  # a module that a test hides
        return False


def load_on_use(package: str, places: Mapping[str, str]) -> Callable[[str], object]:
    """Return a `__getattr__` for a package: it imports a name of the API when the name is first used.

    `places` maps each name to "module:attribute". The function raises `AttributeError` for another name.
    """

    def get(name: str) -> object:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, attribute = places[name].partition(":")
        value = getattr(import_module(module), attribute)
        setattr(import_module(package), name, value)
        return value

    return get


def state_folder() -> Path:
    """Return where what this program learns about a machine is kept for a user; it may not exist yet.

    Source: XDG Base Directory Specification 0.8, XDG_STATE_HOME: a relative path there is ignored.
    """
    named = Path(os.environ.get("XDG_STATE_HOME") or "")
    return (named if named.is_absolute() else Path.home() / ".local" / "state") / "lusocr"


def samples_folder() -> Path:
    """Return the folder of samples: beside the package in a clone, inside it in a wheel. Raises `DataError`."""
    package = Path(__file__).resolve().parents[1]
    for folder in (package.parent / "samples", package / "samples"):
        if folder.is_dir():
            return folder
    raise DataError("the samples are missing from this installation", hint="pip install --force-reinstall lusocr")


def count_cores() -> int:
    """Return the number of cores that this process may use: how many children can work at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def sees_gpu() -> bool:
    """Return whether there is an NVIDIA GPU that this process may use. Looks at the device, loads nothing."""
    return Path("/dev/nvidia0").exists() and os.environ.get("CUDA_VISIBLE_DEVICES", "0") not in ("", "-1")


def file_system(path: Path, table: Path = Path("/proc/mounts")) -> str:
    """Return the type of the file system that holds `path`, as the kernel names it; "" if that is unknown."""
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
