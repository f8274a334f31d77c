"""Classify the output of an engine, and build a page from it."""

from dataclasses import replace
from typing import Literal

from ocr.core.document import (
    FIELDS,
    Attempt,
    Box,
    EngineOutput,
    Field,
    Finish,
    Line,
    Page,
    Status,
    confidence_of,
    text_of,
)
from ocr.layout.page import DEFAULT_LAYOUT, arrange
from ocr.layout.page import arrangement_of as layout_of
from ocr.models.answer_format import parse
from ocr.repetition import detector
from ocr.repetition.detector import good_part
from ocr.text.gap_proposals import still_there
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


SplitSpreads = Literal["auto", "off"]
WIDE = 1.2
"""Width over height from which on an image may show two pages."""
MIDDLE = (0.42, 0.58)
"""Where the gutter of a spread lies, as shares of the width."""
LEAST_GUTTER = 0.04
"""Share of the width that is free of lines between two pages; the gutter between two columns is half as wide."""
LONG_LINE, LEAST_LONG = 0.25, 4
"""Share of the width of a line of running text, and how many of them each page has: tables have shorter ones."""


def arrangement_of(layout: str = DEFAULT_LAYOUT, spreads: SplitSpreads = "auto") -> str:
    """Return what decides how an engine output becomes a page. A folder builds its pages again where it differs."""
    return f"{layout_of(layout)} {MARKUP}" + (" spreads-off" if spreads == "off" else "")


ARRANGEMENT = arrangement_of()
"""That of the default layout."""


def build_page(attempt: Attempt, number: int, layout: str = DEFAULT_LAYOUT, spreads: SplitSpreads = "auto") -> Page:
    """Build page `number` of a scan. Pure: the ledger can build it again.

    A spread of two pages is arranged page by page with `spreads` "auto", and flagged with "off". It stays one page of
    the output: the left page stands before the right one in each field.
    """
    output = attempt.generation
    page = _from_lines(output, number, layout, spreads) if output.text is None else _from_text(output, number)
    flags = (output.obtained, *output.doubts) if output.obtained else output.doubts
    page = replace(page, flags=tuple(dict.fromkeys((*page.flags, *flags))), gaps=still_there(output.gaps, page))
    if attempt.status == "ok":
        return page
    return replace(page, status=attempt.status, reason=attempt.reason)


def find_gutter(output: EngineOutput) -> float | None:
    """Return the column of the gutter, in pixels, if the lines look like two pages side by side; else None."""
    width = float(output.width)
    lines = [line.box for line in output.lines or () if line.text.strip()]
    if width < WIDE * output.height or not lines:
        return None
    left_page = [box for box in lines if (box[0] + box[2]) / 2 < width / 2]
    right_page = [box for box in lines if (box[0] + box[2]) / 2 >= width / 2]
    pages = (left_page, right_page)
    if any(sum(box[2] - box[0] >= LONG_LINE * width for box in page) < LEAST_LONG for page in pages):
        return None
    start, end = max(box[2] for box in left_page), min(box[0] for box in right_page)
    middle = (start + end) / 2
    inside = MIDDLE[0] * width <= middle <= MIDDLE[1] * width
    return middle if inside and end - start >= LEAST_GUTTER * width else None


def _from_lines(output: EngineOutput, number: int, layout: str, spreads: SplitSpreads) -> Page:
    gutter = find_gutter(output)
    if gutter is None:
        return arrange(output, number, layout)
    if spreads == "off":
        page = arrange(output, number, layout)
        return replace(page, flags=(*page.flags, "it looks like two pages side by side: try --split-spreads auto"))
    left, right = (
        arrange(_half(output, start, end), number, layout) for start, end in ((0.0, gutter), (gutter, output.width))
    )
    return _joined_pages(left, right, gutter, (output.width, output.height))


def _half(output: EngineOutput, start: float, end: float) -> EngineOutput:
    """Return what stands between two columns of the image as a page of its own."""
    lines = tuple(_moved(line, -start) for line in output.lines or () if start <= sum(line.box[::2]) / 2 < end)
    rulings = tuple(_shifted(box, -start) for box in output.rulings if start <= sum(box[::2]) / 2 < end)
    return replace(output, lines=lines, rulings=rulings, width=round(end - start))


def _joined_pages(left: Page, right: Page, gutter: float, size: tuple[int, int]) -> Page:
    """Return both pages of a spread as one; `gutter` is where the right one begins, `size` that of the image."""
    blocks = 1 + max((line.block for line in left.lines if line.block is not None), default=-1)
    moved = [_moved(line, gutter, blocks) for line in right.lines]
    lines = tuple(line for field in FIELDS for line in (*left.lines, *moved) if line.field == field)
    tables = [
        replace(table, box=_shifted(table.box, gutter), after=table.after + len(left.paragraphs))
        for table in right.tables
    ]

    def both(field: Field) -> str:
        return "\n".join(filter(None, (getattr(left, field), getattr(right, field))))

    return replace(
        left,
        status="ok" if lines else "blank",
        flags=tuple(dict.fromkeys((*left.flags, *right.flags))),
        confidence=confidence_of(lines),
        paragraphs=(*left.paragraphs, *right.paragraphs),
        lines=lines,
        tables=(*left.tables, *tables),
        width=size[0],
        height=size[1],
        header=both("header"),
        text=both("text"),
        margin=both("margin"),
        footer=both("footer"),
    )


def _moved(line: Line, right: float, blocks: int = 0) -> Line:
    """Return the line further to the right, with its block number raised by `blocks`."""
    words = tuple(replace(word, box=_shifted(word.box, right)) for word in line.words)
    block = None if line.block is None else line.block + blocks
    return replace(line, box=_shifted(line.box, right), words=words, block=block)


def _shifted(box: Box, right: float) -> Box:
    return (round(box[0] + right, 1), box[1], round(box[2] + right, 1), box[3])


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
