"""Batches of lines through the fast network, and what becomes of its probabilities."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.core.errors import EngineError
from ocr.engines.local import ppocr
from ocr.engines.local.recognizers.fast_reader import FastReader, batches, exact_batches, padded_width

ALPHABET = "abc "
FACTS = {"kind": "lusocr-fast", "shape": json.dumps({"height": 48, "stride": 6}), "character": "a\nb\nc"}
Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def gray_steps(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """A network that reads the gray level of every sixth column: 0 the blank, then a, b, c, space."""
    levels = (pixels[:, 0, ::6] * 127.5 + 127.5) / 50
    classes = np.where(pixels[:, 0, ::6] == 0, 0, np.rint(levels)).astype(int)
    probabilities = np.full((*classes.shape, 5), 0.02, np.float32)
    np.put_along_axis(probabilities, classes[..., None], 0.92, axis=2)
    return probabilities


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> FastReader:
    monkeypatch.setitem(ppocr.NETWORKS, "fake", lambda _: (gray_steps, FACTS))
    return FastReader(Path("fast.onnx"), "fake")


def line(text: str, steps: int = 2, height: int = 48) -> NDArray[np.uint8]:
    """A strip in which each character is `steps` steps of its gray level, with a blank step after it."""
    levels = []
    for character in text:
        levels += [50 * (ALPHABET.index(character) + 1)] * steps + [1]
    return np.repeat(np.tile(np.array(levels, np.uint8), (height, 1)), 6, axis=1)


def test_lines_of_all_widths_come_back_in_order(reader: FastReader) -> None:
    texts = ["abc", "a", "cab bac" * 5, "bb", "c a", "b" * 30, "cc", "ab", "ba", "aa"]
    assert [reading.text for reading in reader.read([line(text) for text in texts])] == texts


def test_characters_lie_where_they_stand(reader: FastReader) -> None:
    (reading,) = reader.read([line("ab", steps=3)])
    assert reading.centers == pytest.approx((1.5 / 8, 5.5 / 8))
    assert reading.confidences == (1.0, 1.0)


def test_a_line_of_another_height_is_scaled(reader: FastReader) -> None:
    (reading,) = reader.read([line("abc").repeat(2, axis=0).repeat(2, axis=1)])
    assert reading.text == "abc"


def test_doubt_counts_the_steps_of_the_line_alone(reader: FastReader) -> None:
    short, long = reader.read_with_doubt([line("ab"), line("ab" * 20)])
    # Of 6 steps the blank explains 2 x 0.92 + 4 x 0.02, and the letters 1.86 and 1.88.
    assert short.doubt == pytest.approx(6 - 1.92 - 1.86 - 1.88, rel=1e-3)
    assert long.doubt == pytest.approx(120 - 38.4 - 1.86 - 39 * 1.88, rel=1e-3)


def test_a_character_that_two_steps_share_is_sure(monkeypatch: pytest.MonkeyPatch) -> None:
    shared = np.array([[[0.98, 0.02, 0], [0.5, 0.5, 0], [0.49, 0.51, 0], [0.98, 0.02, 0]]], np.float32)
    facts = FACTS | {"character": "a"}
    monkeypatch.setitem(ppocr.NETWORKS, "fake", lambda _: (lambda _: shared, facts))
    (fast,) = FastReader(Path("fast.onnx"), "fake").read_with_doubt([np.full((48, 24), 9, np.uint8)])
    assert fast.reading.text == "a"
    assert fast.reading.confidences == (1.0,)
    assert fast.doubt == pytest.approx(0.02, abs=0.03)


def test_the_surest_direction_wins(reader: FastReader) -> None:
    empty = np.full((48, 60), 1, np.uint8)
    ((place, reading), (first, _)) = reader.read_surest([(empty, line("abc")), (line("a"), line("b"))])
    assert (place, reading.text, first) == (1, "abc", 0)


def test_a_level_line_that_is_sure_is_not_turned(reader: FastReader) -> None:
    (found,) = reader.read_surest([(line("ab"), line("c"), line("b"))])
    assert (found[0], found[1].text) == (2, "b")


def test_no_lines_are_no_work(reader: FastReader) -> None:
    assert reader.read([]) == []


def test_batches_hold_lines_of_similar_width_once_each() -> None:
    widths = [int(width) for width in np.random.default_rng(0).integers(1, 3000, 53)]
    found = list(batches(widths))
    assert sorted(place for places, _ in found for place in places) == list(range(53))
    assert {len(places) for places, _ in found} <= {8, 4, 2, 1}
    for places, width in found:
        assert max(widths[place] for place in places) <= width


def test_batches_of_any_size_are_filled_up_by_little() -> None:
    widths = [int(width) for width in np.random.default_rng(0).integers(1, 1500, 53)]
    found = list(exact_batches(widths, 12))
    assert sorted(place for places, _ in found for place in places) == list(range(53))
    for places, width in found:
        assert 0 <= width - max(widths[place] for place in places) < 12
        assert width - min(widths[place] for place in places) < 60


def test_each_character_has_its_part_of_the_doubt(reader: FastReader) -> None:
    (fast,) = reader.read_with_doubt([line("ab ca")])
    assert len(fast.doubts) == 5
    assert sum(fast.doubts) == pytest.approx(fast.doubt, rel=0.2)


@pytest.mark.parametrize(("width", "padded"), [(1, 96), (96, 96), (97, 192), (2592, 2592), (2593, 2880), (9000, 9216)])
def test_widths_come_in_few_steps(width: int, padded: int) -> None:
    assert padded_width(width) == padded
    assert padded % 12 == 0


def test_another_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ppocr.NETWORKS, "fake", lambda _: (gray_steps, {"character": "a"}))
    with pytest.raises(EngineError, match=r"other\.onnx is not a fast recognizer"):
        FastReader(Path("other.onnx"), "fake")
