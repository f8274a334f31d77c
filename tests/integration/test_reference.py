"""The pages of docs/reference are what docs/generate_reference.py makes of the code."""

import importlib.util
from types import ModuleType

import pytest
from paths import ROOT

SCRIPT = ROOT / "docs/generate_reference.py"
FOLDER = ROOT / "docs/reference"


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_reference", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["cli.md", "configuration.md", "python-api.md", "json-schema.md", "exit-codes.md"])
def test_a_page_is_that_of_the_code(generator: ModuleType, name: str) -> None:
    written = (FOLDER / name).read_text(encoding="utf-8")
    assert generator.page(name) == written, "run: python docs/generate_reference.py"


def test_every_page_is_generated_or_the_index(generator: ModuleType) -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == {*generator.PAGES, "index.md"}


def test_every_option_and_setting_says_what_it_means(generator: ModuleType) -> None:
    for page in (generator.command_page(), generator.configuration_page()):
        rows = [row.split(" | ") for row in page.splitlines() if row.startswith("| `")]
        assert len(rows) > 40
        assert [name for name, meaning, *_ in rows if not meaning.strip()] == []
