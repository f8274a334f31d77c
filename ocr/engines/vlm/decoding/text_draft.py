"""Propose the next tokens from a text that is known beforehand, such as the built-in reader's text of the same page.

The end of what the model has written is searched for in the known text, near the place that it had reached. What
follows there is proposed. Search is by characters, so that both texts are cut into the same tokens.
"""

from collections.abc import Callable, Sequence

from ocr.core.document import FIELDS, EngineOutput
from ocr.layout.page import arrange
from ocr.models.answer_format import Fields, render

LONGEST, SHORTEST = 24, 4
"""Characters of the end of the output that are searched for."""
CHARACTERS = 8
"""Characters of the known text that are tokenized for each token that is asked for."""


class KnownText:
    """A text that the model's output is likely to follow.

    `encode` and `decode` turn text into tokens and back.
    """

    def __init__(
        self, text: str, encode: Callable[[str], Sequence[int]], decode: Callable[[Sequence[int]], str]
    ) -> None:
        self._text = text
        self._encode = encode
        self._decode = decode
        self._reached = 0
        """Place in the known text behind the last match."""
        self._read = 0
        """Characters of output at the last match."""

    def propose(self, ids: Sequence[int], most: int) -> Sequence[int]:
        """Return at most `most` tokens that may follow the tokens `ids`; none where the texts do not meet."""
        written = self._decode(ids)
        place = self._find(written)
        if place is None:
            return []
        self._reached, self._read = place, len(written)
        return self._encode(self._text[place : place + CHARACTERS * most])[:most]

    def _find(self, written: str) -> int | None:
        """Return the place in the known text that follows the end of `written`, the nearest to the expected one."""
        expected = self._reached + len(written) - self._read
        for length in range(min(LONGEST, len(written)), 0, -1):
            if length < SHORTEST and length < len(written):
                break
            places = _places(self._text, written[-length:])
            if places:
                return min((place + length for place in places), key=lambda end: abs(end - expected))
        return None


def draft_text(output: EngineOutput, *, structured: bool) -> str:
    """Return what the built-in engine read of a page, as a model writes it: the fields one below the other.

    With `structured` it is the JSON of `ocr.models.answer_format`. "" for a page without lines.
    """
    if not output.lines:
        return ""
    page = arrange(output, 1)
    texts = {name: getattr(page, name) for name in FIELDS}
    return render(Fields(**texts)) if structured else "\n".join(filter(None, texts.values()))


def _places(text: str, part: str) -> list[int]:
    """Return every place where `part` begins in `text`."""
    places, place = [], text.find(part)
    while place >= 0:
        places.append(place)
        place = text.find(part, place + 1)
    return places
