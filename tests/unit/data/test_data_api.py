"""`import data`: what it offers, and that it is what the command does."""

from pathlib import Path

import pytest

import data
from ocr.core.errors import OutputError, UsageError


def test_synthetic_lines_are_read_back(tmp_path: Path) -> None:
    pages: list[int] = []
    manifest = data.synthesize(tmp_path / "lines", kinds="line", count=3, seed=1, workers=1, on_page=pages.append)
    examples = data.read_manifest(manifest)
    assert len(examples) == 3
    assert all(isinstance(example, data.Example) for example in examples)
    assert pages[-1] == 3
    assert data.synthesize(str(tmp_path / "lines"), kinds="line", count=3, seed=1, workers=1) == manifest


def test_bad_requests_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        data.synthesize(tmp_path / "a", kinds="poster")
    data.synthesize(tmp_path / "a", kinds="line", count=1, workers=1)
    with pytest.raises(OutputError):
        data.synthesize(tmp_path / "a", kinds="line", count=2, workers=1)
