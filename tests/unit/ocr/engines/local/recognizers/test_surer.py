"""The surer of two recognizers, line by line."""

from collections.abc import Sequence

import numpy as np
import pytest

from ocr.engines.local.orientation import Gray
from ocr.engines.local.ppocr import Reading
from ocr.engines.local.recognizers.surer import SurerReader


class Known:
    """Reads a line as the text and confidence that were set for its gray level."""

    def __init__(self, readings: dict[int, tuple[str, float]]) -> None:
        self.readings, self.asked = readings, 0

    def read(self, lines: Sequence[Gray]) -> list[Reading]:
        self.asked += len(lines)
        found = [self.readings[int(line[0, 0])] for line in lines]
        return [Reading(text, (sure,) * len(text), (0.5,) * len(text)) for text, sure in found]

    def read_surest(self, groups: Sequence[Sequence[Gray]]) -> list[tuple[int, Reading]]:
        return [(0, self.read(group)[0]) for group in groups]


def line(level: int) -> Gray:
    return np.full((48, 100), level, np.uint8)


@pytest.mark.parametrize(
    ("first", "second", "text", "reread"),
    [
        (("tuned", 0.95), ("stock", 0.99), "tuned", 0),
        (("tuned", 0.6), ("stock", 0.7), "stock", 1),
        (("tuned", 0.6), ("stock", 0.5), "tuned", 1),
        (("", 0.0), ("stock", 0.4), "stock", 1),
    ],
)
def test_the_second_is_asked_where_the_first_is_unsure(
    first: tuple[str, float], second: tuple[str, float], text: str, reread: int
) -> None:
    other = Known({7: second})
    reader = SurerReader(Known({7: first}), lambda: other, 0.9)
    assert [reading.text for reading in reader.read([line(7)])] == [text]
    assert other.asked == reread
    assert reader.take_reread() == reread
    assert reader.take_reread() == 0


def test_the_second_is_loaded_for_the_first_unsure_line_only() -> None:
    loaded = []

    def load() -> Known:
        loaded.append(1)
        return Known({1: ("b", 0.1), 2: ("c", 0.99)})

    reader = SurerReader(Known({1: ("sure", 0.99), 2: ("unsure", 0.2)}), load, 0.5)
    assert [reading.text for reading in reader.read([line(1)])] == ["sure"]
    assert not loaded
    assert [reading.text for reading in reader.read([line(1), line(2), line(2)])] == ["sure", "c", "c"]
    assert len(loaded) == 1
