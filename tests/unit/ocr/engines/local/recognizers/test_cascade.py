"""Which lines the large recognizer reads again."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr.engines.local.ppocr import Reading
from ocr.engines.local.recognizers.cascade import Calibration, CascadeReader
from ocr.engines.local.recognizers.fast_reader import FastReading

Gray = NDArray[np.uint8]


def reading(text: str, confidence: float = 0.9) -> Reading:
    return Reading(text, (confidence,) * len(text), tuple((k + 0.5) / len(text) for k in range(len(text))))


class FakeFast:
    """Reads a line of width w as w letters, with a doubt of its gray level / 100."""

    def read_with_doubt(self, lines: Sequence[Gray]) -> list[FastReading]:
        return [FastReading(reading("f" * line.shape[1]), float(line[0, 0]) / 100) for line in lines]

    def read_surest_with_doubt(self, groups: Sequence[Sequence[Gray]]) -> list[tuple[int, FastReading]]:
        """The narrowest crop of a group is the surest."""
        places = [min(range(len(group)), key=lambda place: group[place].shape[1]) for group in groups]
        found = self.read_with_doubt([group[place] for place, group in zip(places, groups, strict=True)])
        return list(zip(places, found, strict=True))


class FakeLarge:
    def __init__(self) -> None:
        self.seen: list[Gray] = []

    def read(self, lines: Sequence[Gray]) -> list[Reading]:
        self.seen += lines
        return [reading("L" * line.shape[1]) for line in lines]

    def read_surest(self, groups: Sequence[Sequence[Gray]]) -> list[tuple[int, Reading]]:
        return [(0, self.read(group[:1])[0]) for group in groups]


def line(doubt: int, width: int = 10) -> Gray:
    return np.full((48, width), doubt, np.uint8)


def cascade(threshold: float) -> tuple[CascadeReader, FakeLarge, list[str]]:
    large, loaded = FakeLarge(), list[str]()

    def load() -> FakeLarge:
        loaded.append("large")
        return large

    return CascadeReader(FakeFast(), load, threshold, Calibration()), large, loaded


def test_only_unsure_lines_are_read_again_and_stay_in_place() -> None:
    reader, large, _ = cascade(0.02)
    lines = [line(1), line(50), line(10), line(30)]
    assert [found.text[0] for found in reader.read(lines)] == ["f", "L", "f", "L"]
    assert [int(seen[0, 0]) for seen in large.seen] == [50, 30]
    assert (reader.take_reread(), reader.take_reread()) == (2, 0)


def test_the_large_network_is_loaded_once_and_only_when_needed() -> None:
    reader, _, loaded = cascade(0.02)
    reader.read([line(1), line(2)])
    assert not loaded
    reader.read([line(90)])
    reader.read([line(90)])
    assert loaded == ["large"]


@pytest.mark.parametrize(("threshold", "share"), [(0.0, 3), (1.0, 0)])
def test_the_ends_of_the_threshold(threshold: float, share: int) -> None:
    reader, large, _ = cascade(threshold)
    reader.read([line(1), line(50), line(99)])
    assert len(large.seen) == share


def test_a_line_on_end_is_read_again_in_the_direction_that_the_fast_network_chose() -> None:
    reader, large, _ = cascade(0.02)
    ((way, found),) = reader.read_surest([(line(50, width=6), line(60, width=4))])
    assert (way, found.text, len(large.seen)) == (1, "LLLL", 1)


@pytest.mark.parametrize(
    ("text", "doubt", "expected"),
    [("", 0.0, 1.0), ("  ", 0.0, 1.0), ("ação \ufffd", 0.0, 1.0), ("ação", 0.4, 0.1), ("ação", 40.0, 1.0)],
)
def test_expected_errors(text: str, doubt: float, expected: float) -> None:
    fast = FastReading(Reading(text, (0.9,) * len(text), (0.5,) * len(text)), doubt)
    assert Calibration().errors_per_character(fast) == pytest.approx(expected)


def test_calibration_is_a_line_between_logarithms() -> None:
    fast = FastReading(reading("f" * 10), 0.25)
    assert Calibration(scale=2.0, power=0.5).errors_per_character(fast) == pytest.approx(2 * 0.5 / 10)


def test_a_long_line_is_read_again_where_one_error_is_likely() -> None:
    fast = FastReading(reading("f" * 180), 0.6)
    short = FastReading(reading("f" * 90), 0.4)
    assert Calibration().errors_per_character(fast) == pytest.approx(0.006)
    assert Calibration().errors_per_character(short) == pytest.approx(0.4 / 90)


class WordFast(FakeFast):
    """Reads a line of 40 words of which the third is doubtful by the gray level / 100."""

    def read_with_doubt(self, lines: Sequence[Gray]) -> list[FastReading]:
        text = " ".join(["ffff"] * 40)
        return [
            FastReading(reading(text), float(line[0, 0]) / 100, tuple(line[0, 0] / 100 * (k == 11) for k in range(199)))
            for line in lines
        ]


class WordLarge(FakeLarge):
    """Reads any crop as two words; dark ones have a letter outside the alphabet."""

    def read(self, lines: Sequence[Gray]) -> list[Reading]:
        self.seen += lines
        return [reading("LL \ufffdL" if line[0, 0] > 200 else "LL LL") for line in lines]


def test_only_the_doubtful_words_of_a_long_line_are_read_again() -> None:
    large = WordLarge()
    reader = CascadeReader(WordFast(), lambda: large, 0.005, Calibration())
    (found,) = reader.read([line(60, width=4000)])
    assert found.text == " ".join(["ffff", "LL", "LL", *["ffff"] * 36])
    assert [crop.shape[1] for crop in large.seen] == [pytest.approx(4000 * 15 / 199, abs=30)]
    assert reader.take_reread() == 1


@pytest.mark.parametrize("doubt", [210, 250])
def test_a_line_with_a_mark_or_on_worn_print_is_read_whole(doubt: int) -> None:
    large = WordLarge()
    reader = CascadeReader(WordFast(), lambda: large, 0.005, Calibration(scale=2.0 if doubt > 240 else 1.0))
    (found,) = reader.read([line(doubt, width=4000)])
    assert found.text == "LL \ufffdL" and large.seen[-1].shape[1] == 4000
    assert len(large.seen) == (1 if doubt > 240 else 2)
