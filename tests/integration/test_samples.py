"""The samples are what their script makes, and their truth is what is printed on them."""

import importlib.util
import json
import tomllib
from types import ModuleType
from typing import Any

import pypdfium2
import pytest
from paths import SAMPLES

SCANS: list[dict[str, Any]] = tomllib.loads((SAMPLES / "source.toml").read_text(encoding="utf-8"))["scan"]


@pytest.fixture(scope="module")
def make() -> ModuleType:
    spec = importlib.util.spec_from_file_location("samples_make", SAMPLES / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("scan", SCANS, ids=lambda scan: scan["file"])
def test_truth_is_what_the_typesetter_printed(make: ModuleType, scan: dict[str, Any]) -> None:
    """No line wrapped, none was lost: the PDF's own text layer has the truth's characters, line for line."""
    document = pypdfium2.PdfDocument(make.typeset(scan))
    assert len(document) == len(scan["page"])
    for page, printed in zip(scan["page"], document, strict=True):
        # U+FFFE is how the text layer marks a hyphen at a line's end.
        layer = printed.get_textpage().get_text_range().replace("\ufffe", "-\n").replace("\r", "")
        fields = make.truth(page)
        lines = [line for field in fields.values() for line in field.split("\n") if line]
        assert sorted("".join(layer.split())) == sorted("".join("".join(lines).split()))
        assert len([line for line in layer.split("\n") if line.strip()]) == len(lines)


@pytest.mark.parametrize("scan", SCANS, ids=lambda scan: scan["file"])
def test_committed_truth_is_current(make: ModuleType, scan: dict[str, Any]) -> None:
    committed = json.loads((SAMPLES / "truth" / f"{scan['file']}.json").read_text(encoding="utf-8"))
    assert committed == [make.truth(page) for page in scan["page"]]
    assert (SAMPLES / scan["file"]).is_file()


def test_samples_stay_small() -> None:
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 3_000_000
