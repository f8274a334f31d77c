"""Tell whether a text repeats itself: our rule on whole texts and on streams, and the published rule beside it.

The field calls this failure degeneration or looping. Three checks run over the same tokens: copies of what stands less
than a page before (`ocr.repetition.copied`), tables and blanks that no page has (`ocr.repetition.structure`), and
blocks with too little new information (`ocr.repetition.novelty`). docs/concepts/repetition.md has the full definition,
what the rule finds and misses, and the measured results.
"""

from collections.abc import Sequence
from itertools import islice

from ocr.core.document import Finish
from ocr.repetition.config import DEFAULT, RepetitionConfig
from ocr.repetition.copied import CopyDetector
from ocr.repetition.evidence import REASONS, Evidence, Repetition
from ocr.repetition.novelty import NoveltyDetector
from ocr.repetition.tokens import LONGEST_TOKEN, TOKEN


def published_rule(text: str, finish: Finish) -> bool:
    """Return whether the token limit was hit and the last 15 characters occur at least 4 times in the text.

    This is the rule of the DharmaOCR evaluation. Occurrences are counted as `str.count` does, without overlap.
    Source: DharmaOCR, arXiv 2604.14314, as its public re-implementation states the rule.
    """
    return finish == "length" and text.count(text[-15:]) >= 4


def find(text: str, config: RepetitionConfig = DEFAULT) -> Repetition | None:
    """Return the first repetition in `text`, or None. Time is linear in the length of the text."""
    detector, tokens, chunk = TextDetector(config, to_end=True), TOKEN.findall(text), config.copied.reach
    for at in range(0, len(tokens), chunk):
        if detector.update(tokens[at : at + chunk]):
            break
    else:
        detector.finish()
    return None if detector.found is None else _describe(text, detector.found)


def good_part(text: str) -> str:
    """Return the text before a repetition, with its first period; all of the text where there is none."""
    repetition = find(text)
    return text if repetition is None else text[: repetition.start]


class RepetitionMonitor:
    """Apply the same rule to a text that is still being written; feed it the pieces as they come.

    It returns what `find` would return for the text so far, less the last LONGEST_TOKEN characters and up to BATCH.
    """

    BATCH = 256
    """Characters weighed at once: a piece of a stream is a few letters, and one call for each would cost more."""

    def __init__(self, config: RepetitionConfig = DEFAULT) -> None:
        self.found: Repetition | None = None
        self._text: list[str] = []
        self._pending = ""
        self._detector = TextDetector(config, to_end=False)

    def feed(self, piece: str) -> Repetition | None:
        """Take the next piece; return the repetition as soon as there is one, and from then on."""
        if self.found is None:
            self._text.append(piece)
            self._pending += piece
            if len(self._pending) >= self.BATCH + LONGEST_TOKEN:
                self._weigh()
        return self.found

    def _weigh(self) -> None:
        tokens, end, final = [], 0, len(self._pending) - LONGEST_TOKEN
        for match in TOKEN.finditer(self._pending):
            if match.end() > final:
                break
            tokens.append(match.group())
            end = match.end()
        self._pending = self._pending[end:]
        evidence = self._detector.update(tokens)
        if evidence is not None:
            self.found = _describe("".join(self._text), evidence)


class TextDetector:
    """Run all detectors over one text; implements `ocr.repetition.evidence.Detector`.

    With `to_end`, `update` returns evidence only once the repetition has ended; `finish` ends the text.
    """

    def __init__(self, config: RepetitionConfig, *, to_end: bool) -> None:
        self._config = config
        self._to_end = to_end
        self._copies = CopyDetector(config, to_end=to_end)
        self._novelty = NoveltyDetector(config.novelty, self._copies)
        self._block: list[str] = []
        """Tokens that the novelty detector has not seen yet."""

    @property
    def found(self) -> Evidence | None:
        """The first repetition that any detector found, ended or not."""
        return self._copies.found

    def update(self, tokens: Sequence[str]) -> Evidence | None:
        """Take the next tokens; return the first repetition, with `to_end` once it has ended."""
        at = 0
        while at < len(tokens):
            part = tokens[at : at + self._config.novelty.block - len(self._block)]
            at += len(part)
            if self._copies.update(part):
                return self.found
            self._block += part
            if len(self._block) == self._config.novelty.block:
                self._end_block()
                if self.found and (not self._to_end or self._is_over()):
                    return self.found
        return None

    def finish(self) -> None:
        """End the text: a repetition without new information may have ended in the last block, which is not full."""
        if self.found is self._novelty and self._block:
            self._end_block()

    def _end_block(self) -> None:
        """Weigh the block for new information; where most of it is copied, the copied run says where it began."""
        run, config = self._copies.run, self._config.novelty
        if self._novelty.update(self._block) and self.found is None:
            copied = (
                run.peak_periods >= config.copied_periods and run.score >= config.copied_share * self._novelty.score
            )
            self._copies.found = run if copied else self._novelty
            run.kind = run.name_kind(self._config.copied)
        self._block = []

    def _is_over(self) -> bool:
        if self.found is self._novelty:
            return self._novelty.is_over
        return self._copies.is_over(self._copies.place)


def _describe(text: str, found: Evidence) -> Repetition:
    """Return what was found in `text` in characters and words."""
    spans = [(match.start(), match.end()) for match in islice(TOKEN.finditer(text), found.start - 1, found.stop)]
    start, end = spans[0][0], spans[-1][1]
    size = end - start if found.kind == "empty" else round((end - start) / found.peak_periods)
    reason = REASONS[found.kind].format(size=size, periods=round(found.peak_periods))
    return Repetition(found.kind, start, end, f"{reason}: {text[start : start + 40]!r}")
