"""constraints.txt pins the packages that the tests run with."""

import tomllib
from importlib.metadata import PackageNotFoundError, version

import pytest
from packaging.requirements import Requirement
from paths import ROOT

PINS = {
    pin.name: next(iter(pin.specifier)).version
    for pin in map(Requirement, (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()[1:])
}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
WANTED = [
    *PROJECT["dependencies"],
    *(each for extra in PROJECT["optional-dependencies"].values() for each in extra),
]


@pytest.mark.parametrize("text", sorted(set(WANTED)))
def test_every_requirement_has_a_pin_that_it_allows(text: str) -> None:
    wanted = Requirement(text)
    assert PINS[wanted.name.lower()] in wanted.specifier, "run: .venv/bin/python .ci/write_constraints.py"


def test_the_tests_run_with_the_pinned_versions() -> None:
    """What is installed here is what the file promises: `make clean test` otherwise."""
    differing = {}
    for name, pin in PINS.items():
        try:
            found = version(name).partition("+")[0]
        except PackageNotFoundError:  # a package of one platform, or of the CPU build of vLLM
            continue
        if found != pin:
            differing[name] = (found, pin)
    assert not differing
