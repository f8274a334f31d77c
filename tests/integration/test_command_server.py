"""A forked command does what a started one does: most tests of commands run forked ones."""

import subprocess
from pathlib import Path

import pytest
from command import ENVIRONMENT, FAKE, SERVER, make_scan, outputs, run_ocr


@pytest.mark.parametrize(
    "words", [("--version",), ("verify", "--help"), ("verify", "nowhere"), ("extract", "--rebild")]
)
def test_it_says_and_ends_as_a_started_one(words: tuple[str, ...], tmp_path: Path) -> None:
    forked, started = (run_ocr(*words, cwd=tmp_path, fresh=fresh) for fresh in (False, True))
    assert (forked.returncode, forked.stdout, forked.stderr) == (started.returncode, started.stdout, started.stderr)


def test_it_writes_what_a_started_one_writes(tmp_path: Path) -> None:
    make_scan(tmp_path / "scans" / "a.tiff", pages=3)
    for fresh in (False, True):
        done = run_ocr("extract", "scans", *FAKE, "--out", "json,md", "--to", f"out-{fresh}", cwd=tmp_path, fresh=fresh)
        assert done.returncode == 0, done.stderr
    assert outputs(tmp_path / "out-False") == outputs(tmp_path / "out-True") != {}


def test_it_is_killed_when_it_takes_too_long(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.png")
    with pytest.raises(subprocess.TimeoutExpired):
        run_ocr("extract", "a.png", *FAKE, "--set", "options.seconds=60", cwd=tmp_path, seconds=3)
    assert run_ocr("extract", "a.png", *FAKE, cwd=tmp_path).returncode == 0, "the killed command holds its folder"


def test_other_modules_are_never_taken_for_the_same() -> None:
    assert SERVER.fits(ENVIRONMENT)
    assert not SERVER.fits(ENVIRONMENT | {"PYTHONPATH": "elsewhere"})
    assert not SERVER.fits(ENVIRONMENT | {"PYTHONHASHSEED": "0"})
