"""A small sample of benchmarks/degeneration.py: few false alarms on real pages, most planted loops found."""

import sys

import pytest
from paths import ROOT

from ocr.repetition.detector import find

SEED = 20261124

pytestmark = pytest.mark.skipif(
    not (ROOT / "../shared/corpus_pt").is_dir(), reason="the Portuguese texts of ../shared are not here"
)


@pytest.fixture(autouse=True)
def benchmarks_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(ROOT / "benchmarks"), *sys.path])


def test_honest_pages_raise_no_alarm() -> None:
    from repetition import honest_pages

    alarms = [(kind, found.reason) for kind, page in honest_pages(400, SEED, 1) if (found := find(page)) is not None]
    assert not alarms


def test_planted_loops_are_found_near_their_start() -> None:
    from repetition import planted_loops

    loops = list(planted_loops(200, SEED, 1))
    found = [(loop, answer) for loop in loops if (answer := find(loop.text)) is not None]
    assert len(found) >= 0.96 * len(loops)
    near = [answer for loop, answer in found if abs(answer.start - loop.start) <= 200]
    assert len(near) >= 0.95 * len(found)
