"""Composing processes and their chunk files."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from data.lines import LineComposer, LineConfig
from ocr.core.errors import DataError
from training.recognizer.line_supply.line_farm import CHUNK, ChunkStore, LineFarm, Sample, compose_chunk, compose_lines


def test_chunks_come_back_as_they_were_written(tmp_path: Path) -> None:
    lines = [Sample(np.full((48, 10 + place), place, np.uint8), f"ção {place}", "scan") for place in range(5)]
    store = ChunkStore(tmp_path)
    store.write(3, lines)
    read = store.read(3)
    assert [(line.text, line.wear) for line in read] == [(line.text, line.wear) for line in lines]
    assert all(np.array_equal(one.pixels, other.pixels) for one, other in zip(read, lines, strict=True))
    store.write(4, [])
    assert store.read(4) == []
    assert not list(tmp_path.glob("partial-*"))
    with pytest.raises(FileNotFoundError):
        store.read(5)


def test_processes_compose_what_one_process_would(tmp_path: Path) -> None:
    make = partial(LineComposer, LineConfig(), 7)
    farm = LineFarm(make, tmp_path, processes=2, end=2)
    farm.start()
    try:
        found = [farm.read(0), farm.read(1)]
    finally:
        farm.close()
    for number, lines in enumerate(found):
        wanted = compose_chunk(make(), number)
        assert [line.text for line in lines] == [line.text for line in wanted]
        assert all(np.array_equal(one.pixels, other.pixels) for one, other in zip(lines, wanted, strict=True))
    assert not list(tmp_path.glob("chunk-*")), "chunks that were read are deleted"


def test_a_composer_that_cannot_be_made_says_why_at_once(tmp_path: Path) -> None:
    make = partial(LineComposer, LineConfig(fonts=(tmp_path / "missing",)), 0)
    with pytest.raises(DataError, match="missing"):
        LineFarm(make, tmp_path / "store", processes=1).start()


def test_held_out_lines_are_the_same_each_time() -> None:
    make = partial(LineComposer, LineConfig(held_out=True), 5)
    first, again = compose_lines(make, CHUNK // 8), compose_lines(make, CHUNK // 8)
    assert [line.text for line in first] == [line.text for line in again]
