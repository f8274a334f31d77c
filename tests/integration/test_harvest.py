"""Pairs from the ledger of a real run: what was rejected against what was accepted, beside the page itself."""

from pathlib import Path

import pytest
from command import make_scan, run_ocr
from PIL import Image

from ocr.core.errors import DataError, UsageError
from ocr.models.catalog import Model
from ocr.rendering.discovery import sha256_of
from training.preferences.from_ledger import digest_source, take_pairs
from training.preferences.pairs import Pair, write_pairs

PLAIN = Model()


@pytest.fixture
def read(tmp_path: Path) -> Path:
    """A folder that `ocr extract` wrote: of three scans, pages 1 and 3 of the PDF loop at the first attempt."""
    make_scan(tmp_path / "scans/a.pdf", pages=3)
    make_scan(tmp_path / "scans/b.png", shade=7)
    done = run_ocr(
        *("extract", "scans", "--to", "out", "--engine", "looping:create", "--set", "options.pages=[1,3]"),
        *("--set", "render.dpi=150"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    return tmp_path / "out"


def test_loops_are_held_against_what_was_accepted(read: Path, tmp_path: Path) -> None:
    harvest = take_pairs(read, PLAIN, tmp_path / "pages", {})
    pairs = {pair.id: pair for pair in harvest.pairs}
    assert sorted(pairs) == ["a.pdf:1", "a.pdf:3", "b.png:1"]
    assert {pair.cause for pair in harvest.pairs} == {"loop"}
    first = pairs["a.pdf:1"]
    assert first.chosen.startswith("Vistos")
    assert first.rejected.startswith(first.chosen)
    with Image.open(first.image) as image:
        assert image.mode == "RGB"
        assert image.size == (126, 167), "60 x 80 points at the 150 dpi of that run"
    with Image.open(pairs["b.png:1"].image) as image:
        assert image.size == (60, 80), "an image as it is"
    assert harvest.left_out == []
    assert take_pairs(read, PLAIN, tmp_path / "pages", {}).pairs == harvest.pairs, "the same again"


def test_scans_that_are_gone_or_changed_are_named(read: Path, tmp_path: Path) -> None:
    before = digest_source(read)
    make_scan(tmp_path / "scans/b.png", shade=90)
    harvest = take_pairs(read, PLAIN, tmp_path / "pages", {})
    assert {pair.id for pair in harvest.pairs} == {"a.pdf:1", "a.pdf:3"}
    assert len(harvest.left_out) == 1
    assert "b.png: is gone, or has changed since it was read" in harvest.left_out[0]
    assert digest_source(read) == before, "the ledger is what counts"


def test_held_out_pages_are_refused(read: Path, tmp_path: Path) -> None:
    held = {sha256_of(tmp_path / "scans/b.png"): "page-17"}
    with pytest.raises(DataError, match=r"1 of its pages are held out .* page-17"):
        take_pairs(read, PLAIN, tmp_path / "pages", held)
    pairs = tmp_path / "scans/pairs.jsonl"
    write_pairs(pairs, [Pair("b", "b.png", "certo", "errado", "loop", "truth")])
    assert Path(take_pairs(pairs, PLAIN, tmp_path / "pages", {}).pairs[0].image) == tmp_path / "scans/b.png"
    with pytest.raises(DataError, match="page-17"):
        take_pairs(pairs, PLAIN, tmp_path / "pages", held)


def test_a_source_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        digest_source(tmp_path / "none")
    pairs = tmp_path / "pairs.jsonl"
    write_pairs(pairs, [Pair("b", "b.png", "certo", "errado", "loop", "truth")])
    with pytest.raises(DataError, match=r"b\.png: does not exist"):
        take_pairs(pairs, PLAIN, tmp_path, {})
