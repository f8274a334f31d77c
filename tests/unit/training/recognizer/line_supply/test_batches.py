"""Batches: labels, buckets of one shape, order by seed, and an archive's own lines among composed ones."""

import random
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")

from ocr.core.errors import TrainingError
from training.recognizer.line_supply.batches import (
    BUCKETS,
    Encoded,
    Labels,
    LineSource,
    Mixture,
    Position,
    batch_of,
    build_batches,
    lines_per_batch,
)
from training.recognizer.line_supply.line_farm import CHUNK, ChunkStore, LineFarm, Sample

ALPHABET = ("", "a", "b", "\ufffd", " ")


def line(width: int, text: str = "ab") -> Sample:
    return Sample(np.full((48, width), width % 251, np.uint8), text, "clean")


def encoded(width: int) -> Encoded:
    return Encoded(line(width), [1, 2])


LABELS = Labels.of(ALPHABET, 48, 8)


@pytest.mark.parametrize(
    ("text", "width", "codes"),
    [
        ("ab a", 100, [1, 2, 4, 1]),
        ("aë", 100, [1, 3]),  # outside the alphabet
        ("aa", 23, None),  # two equal neighbors need three steps of 8 pixels
        ("aa", 24, [1, 1]),
        ("ab", 16, [1, 2]),
        ("", 100, None),
        ("ab", BUCKETS[-1] + 1, None),
    ],
)
def test_labels(text: str, width: int, codes: list[int] | None) -> None:
    assert LABELS.encode(line(width, text)) == codes


def test_without_a_class_for_it_a_foreign_character_leaves_the_line_out() -> None:
    assert Labels.of(("", "a", " "), 48, 8).encode(line(100, "aë")) is None


def test_a_lower_network_has_a_coarser_step() -> None:
    assert Labels.of(ALPHABET, 32, 4).step == 6


def test_a_batch_holds_its_lines_and_nothing_beyond_them() -> None:
    batch = batch_of([encoded(100), Encoded(line(200, "b"), [2], again=True)], 320)
    assert batch.pixels.shape == (2, 48, 320)
    assert batch.pixels[0, :, :100].unique().tolist() == [100]
    assert batch.pixels[0, :, 100:].max() == 0
    assert batch.labels.tolist() == [1, 2, 2]
    assert batch.lengths.tolist() == [2, 1]
    assert batch.again.tolist() == [False, True]


def test_every_line_is_in_a_batch_and_each_bucket_has_one_shape() -> None:
    generator = random.Random(3)
    widths = [generator.randrange(20, 2560) for _ in range(400)]
    batches = build_batches([encoded(width) for width in widths], 8 * 640, random.Random(0))
    seen = sorted(int(width) for batch in batches for width in batch.widths)
    assert set(widths) <= set(seen)
    assert len(seen) < len(widths) + 20  # the last batch of a window is filled up
    for batch in batches:
        bucket = batch.pixels.shape[2]
        assert bucket in BUCKETS
        assert len(batch) == lines_per_batch(bucket, 8 * 640)
        assert int(batch.widths.max()) <= bucket


@pytest.mark.parametrize(
    ("bucket", "columns", "count"), [(320, 10240, 32), (320, 3200, 8), (2560, 100, 1), (640, 5760, 8)]
)
def test_lines_per_batch(bucket: int, columns: int, count: int) -> None:
    assert lines_per_batch(bucket, columns) == count


@pytest.fixture
def store(tmp_path: Path) -> Path:
    for number in range(12):
        lines = [line(50 + 7 * place + number, "ab") for place in range(CHUNK)]
        ChunkStore(tmp_path).write(number, lines)
    return tmp_path


def source(store: Path, **changes: Any) -> LineSource:
    farm = LineFarm(lambda: None, store, processes=0, keep=True)  # type: ignore[arg-type, return-value]
    return LineSource(farm, LABELS, Mixture(**{"window": 2 * CHUNK, "columns": 5120, "seed": 1} | changes))


def taken(lines: LineSource, position: Position, count: int) -> list[tuple[Position, list[int], list[bool]]]:
    lines.start(position)
    found = []
    for _ in range(count):
        item = lines.take(wait=True)
        assert item is not None
        found.append((item[0], item[1].widths.tolist(), item[1].again.tolist()))
    lines.close()
    return found


def test_a_source_goes_on_at_any_batch(store: Path) -> None:
    whole = taken(source(store), Position(), 20)
    for start in (1, 7, 15):
        assert taken(source(store), whole[start - 1][0], 4) == whole[start : start + 4]


def test_a_closed_source_has_no_thread_that_runs_on(store: Path) -> None:
    before = threading.active_count()
    for count in range(4, 12):  # at some of these the thread builds a window, at others it waits for the reader
        taken(source(store), Position(), count)
    assert threading.active_count() == before


def test_another_seed_orders_batches_otherwise(store: Path) -> None:
    assert taken(source(store), Position(), 5) != taken(source(store, seed=2), Position(), 5)


def test_distinct_lines_come_again_as_such(store: Path) -> None:
    found = taken(source(store, distinct=2), Position(), 20)
    first = [again for position, _, again in found if position.window == 0 or position.batch == 0]
    assert not any(any(again) for again in first[:-1])
    later = [again for position, _, again in found if position.window >= 1 and position.batch > 0]
    assert later
    assert all(all(again) for again in later)


def test_own_lines_are_mixed_in_turn_by_turn(store: Path) -> None:
    own = tuple(encoded(1000 + place) for place in range(16))
    found = taken(source(store, own=own, own_share=0.25), Position(), 40)
    per_window = [width for position, widths, _ in found if position.window == 0 for width in widths if width >= 1000]
    assert len(per_window) >= 2 * CHUNK * 0.25 * 0.8
    marks = {width: again for _, widths, agains in found for width, again in zip(widths, agains, strict=True)}
    assert any(again for width, again in marks.items() if width >= 1000)


def test_a_broken_chunk_is_named(store: Path) -> None:
    ChunkStore(store).path(1).write_bytes(b"PK broken")
    lines = source(store)
    lines.start(Position())
    with pytest.raises(TrainingError, match="chunk-0000001"):
        for _ in range(40):
            lines.take(wait=True)
    lines.close()
