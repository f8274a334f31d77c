"""A small sample of benchmarks/repetition/detection.py: few false alarms on real pages, most planted loops found."""

import pytest
from paths import SHARED

from benchmarks.repetition.synthetic_loops import inserted_loops, legitimate_pages
from ocr.repetition.detector import find

SEED = 20261124

pytestmark = pytest.mark.skipif(
    not (SHARED / "corpus_pt").is_dir(), reason="the Portuguese texts of ../shared are not here"
)


def test_legitimate_pages_raise_no_alarm() -> None:
    alarms = [
        (kind, found.reason) for kind, page in legitimate_pages(400, SEED, 1) if (found := find(page)) is not None
    ]
    assert not alarms


def test_planted_loops_are_found_near_their_start() -> None:
    loops = list(inserted_loops(200, SEED, 1))
    found = [(loop, answer) for loop in loops if (answer := find(loop.text)) is not None]
    assert len(found) >= 0.96 * len(loops)
    near = [answer for loop, answer in found if abs(answer.start - loop.start) <= 200]
    assert len(near) >= 0.95 * len(found)
