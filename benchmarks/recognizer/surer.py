"""The surer of two recognizers: a line of which the first is unsure is read by the second too. An experiment.

The idea: where a line looks like nothing that the tuned recognizer was trained on, its mean confidence falls, and the
stock recognizer may read better. On medieval hands it made pages worse (CER 70.1% instead of 69.7%), and
nearly every line was read twice, so the engine does not do it.
"""

from collections.abc import Callable, Sequence

from ocr.engines.local.ppocr import LineRecognizer, Reading, line_confidence
from ocr.engines.local.skew import Gray


class SurerReader:
    """Reads lines with `first`, those below `threshold` also with the second, which is loaded for the first of them."""

    def __init__(self, first: LineRecognizer, load_second: Callable[[], LineRecognizer], threshold: float) -> None:
        self._first = first
        self._load_second = load_second
        self._second: LineRecognizer | None = None
        self._threshold = threshold
        self._reread = 0

    def read(self, lines: Sequence[Gray]) -> list[Reading]:
        """Read upright (H, W) crops of any size, in order."""
        return [reading for _, reading in self.read_surest([(line,) for line in lines])]

    def read_surest(self, groups: Sequence[Sequence[Gray]]) -> list[tuple[int, Reading]]:
        """Read each group of crops, which show one line in several directions; return the surest and its place."""
        chosen = self._first.read_surest(groups)
        unsure = [place for place, (_, reading) in enumerate(chosen) if line_confidence(reading) < self._threshold]
        self._reread += len(unsure)
        if not unsure:
            return chosen
        if self._second is None:
            self._second = self._load_second()
        others = self._second.read_surest([groups[place] for place in unsure])
        for place, other in zip(unsure, others, strict=True):
            if line_confidence(other[1]) > line_confidence(chosen[place][1]):
                chosen[place] = other
        return chosen

    def take_reread(self) -> int:
        """Return how many lines the second recognizer read since the last call."""
        count, self._reread = self._reread, 0
        return count
