"""Classify the output of an engine, and build a page from it."""

from dataclasses import replace

from ocr.core.document import FIELDS, Attempt, EngineOutput, Finish, Page, Status, text_of
from ocr.layout.page import DEFAULT_LAYOUT, arrange
from ocr.layout.page import arrangement_of as layout_of
from ocr.models.answer_format import parse
from ocr.repetition import detector
from ocr.repetition.detector import good_part
from ocr.text.hyphenation import join
from ocr.text.text_places import Places, place_text

MARKUP = "markup-1"
"""Change it whenever the same text of a language model can give another page: folders then build their pages again."""

# The engine itself decides these. "stop" and "length" depend on the text.
_BY_FINISH: dict[Finish, tuple[Status, str]] = {
    "repetition": ("degenerate", "the engine stopped on a repetition"),
    "refused": ("refused", "the engine declined to read the page"),
    "error": ("failed", "the engine gave no reason"),
    "timeout": ("failed", "the engine did not answer in time"),
}


def classify(output: EngineOutput) -> tuple[Status, str]:
    """Return the status of an engine's output, and the reason where it is neither ok nor blank."""
    # A classical engine reads line by line: repetition in its lines is on the page.
    may_repeat = output.text is not None and output.finish in ("stop", "length", "repetition")
    repetition = detector.find(output.text or "") if may_repeat else None
    if repetition is not None:
        return "degenerate", repetition.reason
    if output.finish in _BY_FINISH:
        status, reason = _BY_FINISH[output.finish]
        return status, output.reason or reason
    if output.finish == "length":
        return "truncated", output.reason or "the answer reached its token budget before the page ended"
    return ("ok" if text_of(output).strip() else "blank"), ""


def arrangement_of(layout: str = DEFAULT_LAYOUT) -> str:
    """Return what decides how an engine output becomes a page. A folder builds its pages again where it differs."""
    return f"{layout_of(layout)} {MARKUP}"


ARRANGEMENT = arrangement_of()
"""That of the default layout."""


def build_page(attempt: Attempt, number: int, layout: str = DEFAULT_LAYOUT) -> Page:
    """Build page `number` of a scan. Pure: the ledger can build it again."""
    output = attempt.generation
    page = arrange(output, number, layout) if output.text is None else _from_text(output, number)
    flags = (output.obtained, *output.doubts) if output.obtained else output.doubts
    page = replace(page, flags=(*page.flags, *flags))
    if attempt.status == "ok":
        return page
    return replace(page, status=attempt.status, reason=attempt.reason)


def _from_text(output: EngineOutput, number: int) -> Page:
    """Build a page from a language model's text; of a text with repetition, from the part before it."""
    text = output.text or ""
    kept = good_part(text)
    flags = () if kept == text else (f"cut where it loops: {len(kept):,} of {len(text):,} characters are kept",)
    fields = parse(kept)
    parts = [(field, getattr(fields, field)) for field in FIELDS if getattr(fields, field)]
    printed = bool(parts)
    places = place_text(parts, output.places) if output.places else Places()
    return Page(
        number,
        "ok" if printed else "blank",
        flags=flags,
        header=fields.header,
        text=fields.text,
        margin=fields.margin,
        footer=fields.footer,
        paragraphs=tuple(_joined(part) for part in fields.text.split("\n\n") if part.strip()),
        lines=places.lines,
        width=output.width,
        height=output.height,
        rotation=output.rotation,
        unplaced_words=places.unplaced,
    )


def _joined(lines: str) -> str:
    """Return the lines of one paragraph as one, without the typesetter's hyphens."""
    first, *others = lines.split("\n")
    for line in others:
        first = join(first, line)
    return first
