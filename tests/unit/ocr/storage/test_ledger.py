from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr.core.document import Attempt, EngineIdentity, EngineOutput, Line, Page, Source, Word
from ocr.storage.ledger import REJECTED_BYTES, Entry, Ledger

READER = EngineIdentity("fake", "fake 1")
SCAN = "a" * 64


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    opened = Ledger(tmp_path / "ledger.sqlite")
    opened.begin(READER, version="0", host="here")
    yield opened
    opened.close()


def page(number: int, text: str = "O réu") -> Page:
    line = Line(text, (1.5, 2.25, 3.0, 4.0), 0.75, (Word(text, (1.5, 2.25, 3.0, 4.0), None),), "header")
    return Page(number, "ok", flags=("look",), confidence=0.75, header=text, lines=(line,), width=10, height=20)


def test_what_goes_in_comes_out(ledger: Ledger) -> None:
    generation = EngineOutput("stop", lines=page(1).lines, width=10, height=20, skew=0.25)
    ledger.record(SCAN, Entry(page(1), generation, arrangement="old")).result(timeout=10)
    assert list(ledger.pages(SCAN)) == [page(1)]
    assert list(ledger.outdated(SCAN, "old")) == []
    assert next(ledger.outdated(SCAN, "new")) == (page(1), generation)


def test_pages_come_in_order_however_they_went_in(ledger: Ledger) -> None:
    for number in (150, 3, 64, 65, 1, 2, 128):
        ledger.record(SCAN, Entry(page(number)))
    assert [one.number for one in ledger.pages(SCAN)] == [1, 2, 3, 64, 65, 128, 150]
    assert [one.number for one in ledger.pages(SCAN, 64)] == [64, 65, 128, 150]


def test_a_page_is_replaced_and_the_stamp_says_so(ledger: Ledger) -> None:
    ledger.record(SCAN, Entry(Page(1, "failed", "why")))
    before = ledger.stamp(SCAN)
    ledger.record(SCAN, Entry(page(1)))
    assert ledger.states(SCAN) == {1: "ok"}
    assert ledger.stamp(SCAN) != before


def test_arranging_anew_changes_the_stamp_every_time(ledger: Ledger) -> None:
    generation = EngineOutput("stop", lines=())
    for number in (1, 2):
        ledger.record(SCAN, Entry(page(number), generation, arrangement="1"))
    stamps = {ledger.stamp(SCAN)}
    for arrangement in ("2", "3"):
        for number, (_, raw) in enumerate(ledger.outdated(SCAN, arrangement), start=1):
            assert raw == generation
            ledger.rearrange(SCAN, page(number, f"anew {arrangement}"), arrangement)
            stamps.add(ledger.stamp(SCAN))
    assert len(stamps) == 5
    assert [one.header for one in ledger.pages(SCAN)] == ["anew 3", "anew 3"]


def test_skipping_never_hides_what_was_read(ledger: Ledger) -> None:
    ledger.record(SCAN, Entry(page(2)))
    ledger.skip(SCAN, [1, 2, 3])
    assert ledger.states(SCAN) == {1: "skipped", 2: "ok", 3: "skipped"}


def test_another_engine_has_pages_of_its_own(ledger: Ledger) -> None:
    ledger.add_file(Source("a.pdf", SCAN, 2))
    ledger.record(SCAN, Entry(page(1)))
    ledger.record(SCAN, Entry(Page(2, "skipped")))
    other = EngineIdentity("fake", "fake 2")
    assert ledger.read_by_others(READER) == 0
    assert ledger.read_by_others(other) == 1
    ledger.begin(other, version="0", host="here")
    assert (ledger.engine(), ledger.states(SCAN)) == (other, {})
    ledger.begin(READER, version="0", host="here")
    assert ledger.states(SCAN) == {1: "ok", 2: "skipped"}


def test_sums_count_copies_and_only_files_that_are_there(ledger: Ledger) -> None:
    for path in ("a.pdf", "copy.pdf"):
        ledger.add_file(Source(path, SCAN, 3))
    ledger.add_file(Source("closed.pdf", "b" * 64, 0, "is encrypted"))
    ledger.record(SCAN, Entry(page(1)))
    ledger.record(SCAN, Entry(Page(2, "blank")))
    ledger.record("c" * 64, Entry(page(1)))
    assert ledger.files_seen() == (3, 6, 1)
    assert ledger.counts() == {"ok": 2, "blank": 2, "flagged": 2}
    ledger.begin(READER, version="0", host="here")
    assert ledger.files_seen(this_run=True) == (0, 0, 0)
    assert ledger.counts(this_run=True) == {"flagged": 0}


def test_files_that_could_not_be_hashed_are_forgotten_by_the_next_run(ledger: Ledger) -> None:
    ledger.add_file(Source("typo.pdf", "", 0, "does not exist"))
    assert ledger.page_count("") is None
    ledger.begin(READER, version="0", host="here")
    assert list(ledger.files()) == []


def test_rejected_attempts_are_kept_and_capped(ledger: Ledger, tmp_path: Path) -> None:
    loop = Attempt(EngineOutput("repetition", text="é" * REJECTED_BYTES, completion_tokens=7), "degenerate", "\ud800")
    ledger.record(SCAN, Entry(page(1), EngineOutput("stop", text="O réu"), (loop, loop))).result(timeout=10)
    rows = ledger._all("SELECT attempt, status, length(text), length FROM attempts ORDER BY attempt")
    assert rows == [(1, "degenerate", REJECTED_BYTES, 2 * REJECTED_BYTES), (2, "degenerate", REJECTED_BYTES, 131072)]
    assert ledger._one("SELECT attempts, completion_tokens FROM pages") == (3, 14)
    assert (tmp_path / "ledger.sqlite").is_file()


def test_many_files_come_in_order(ledger: Ledger) -> None:
    for number in reversed(range(200)):
        ledger.add_file(Source(f"{number:03}.png", f"{number}", 1))
    assert [source.path for source in ledger.files()] == [f"{number:03}.png" for number in range(200)]
