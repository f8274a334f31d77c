"""The cascade: the fast recognizer reads every line, the large one the words of which the fast one is unsure.

The large network is loaded when the first line needs it. What decides is the expected number of errors in a line
(`Calibration`), which the steps' probabilities give and which was fitted on composed lines that nothing was trained on.

Worker side only.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ocr.core.document import UNKNOWN_LETTER
from ocr.engines.local.ppocr import LineRecognizer, Reading
from ocr.engines.local.recognizers.doubtful_parts import Part, doubtful_parts, with_parts
from ocr.engines.local.recognizers.fast_reader import FastReader, FastReading
from ocr.engines.local.skew import Gray

SURE = 0.1
"""Share of the threshold that the expected errors of the words may reach which are not read again."""
WORN = 0.03
"""Expected character error rate from which a line is read again as a whole: on worn print no word is sure."""
LONG = 100
"""Characters: errors of a longer line are counted as of one of this length, or one error in it would go unseen."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Expected errors of a line: `scale * doubt ** power` (a straight line between logarithms)."""

    scale: float = 1.0
    power: float = 1.0

    def errors_per_character(self, fast: FastReading) -> float:
        """Return the expected character error rate of a line, 0 to 1.

        It is 1 for a line without text, and for one with a letter outside the alphabet: the large one has more letters.
        """
        if not fast.reading.text.strip() or UNKNOWN_LETTER in fast.reading.text:
            return 1.0
        return self.rate(fast, fast.doubt)

    def rate(self, fast: FastReading, doubt: float) -> float:
        """Return the expected character error rate, 0 to 1, of a line with this doubt."""
        characters = len(fast.reading.text.strip())
        return min(1.0, self.scale * math.pow(max(0.0, doubt), self.power) / min(characters, LONG))


class CascadeReader:
    """Reads lines with the fast recognizer, and again with the large one where the fast one is unsure."""

    def __init__(
        self, fast: FastReader, load_large: Callable[[], LineRecognizer], threshold: float, calibration: Calibration
    ) -> None:
        self._fast = fast
        self._load_large = load_large
        self._large: LineRecognizer | None = None
        self._threshold = threshold
        self._calibration = calibration
        self._reread = 0

    def read(self, lines: Sequence[Gray]) -> list[Reading]:
        """Read upright (H, W) crops of any size, in order."""
        return [reading for _, reading in self.read_surest([(line,) for line in lines])]

    def read_surest(self, groups: Sequence[Sequence[Gray]]) -> list[tuple[int, Reading]]:
        """Read each group of crops, which show one line in several directions; return the surest and its place.

        The fast network alone finds the direction.
        """
        chosen = self._fast.read_surest_with_doubt(groups)
        readings = [(way, fast.reading) for way, fast in chosen]
        unsure = [
            place
            for place, (_, fast) in enumerate(chosen)
            if self._calibration.errors_per_character(fast) > self._threshold
        ]
        self._reread += len(unsure)
        for place in unsure:
            way, fast = chosen[place]
            readings[place] = (way, self._read_again(fast, groups[place][way]))
        return readings

    def _read_again(self, fast: FastReading, line: Gray) -> Reading:
        """Return the line as the large network reads it, or only its doubtful words where the rest is sure."""
        if self._large is None:
            self._large = self._load_large()
        parts = self._doubtful_parts(fast, line)
        if parts:
            again = self._large.read([line[:, part.left : part.right] for part in parts])
            # A mark depends on the whole line: many of them are another script.
            if all(reading.text.strip() and UNKNOWN_LETTER not in reading.text for reading in again):
                return with_parts(fast.reading, line.shape[1], list(zip(parts, again, strict=True)))
        (whole,) = self._large.read([line])
        return whole

    def _doubtful_parts(self, fast: FastReading, line: Gray) -> list[Part] | None:
        if self._calibration.errors_per_character(fast) > WORN:
            return None
        sure = SURE * self._threshold
        return doubtful_parts(
            fast.reading, fast.doubts, line, lambda doubt: self._calibration.rate(fast, doubt) <= sure
        )

    def take_reread(self) -> int:
        """Return how many lines the large recognizer read since the last call."""
        count, self._reread = self._reread, 0
        return count
