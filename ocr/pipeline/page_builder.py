"""What an engine gave, and our verdict on it, made into a page: lines by `layout`, a model's text by `markup`."""

from dataclasses import replace

from ocr.core.document import Generation, Page
from ocr.layout.page import ARRANGEMENT as LAYOUT
from ocr.layout.page import arrange
from ocr.models.answer_format import parse
from ocr.pipeline.classify import Attempt
from ocr.pipeline.repetition_guard import good_part
from ocr.text.hyphenation import join

ARRANGEMENT = f"{LAYOUT} markup-1"
"""Changes whenever the same reading can give another page: pages of another arrangement are then made anew."""


def assemble(attempt: Attempt, number: int) -> Page:
    """Page `number` of a scan. Pure, so that it can be made again from the ledger."""
    generation = attempt.generation
    page = arrange(generation, number) if generation.text is None else _of_text(generation, number)
    said = (generation.obtained, *generation.doubts) if generation.obtained else generation.doubts
    page = replace(page, flags=(*page.flags, *said))
    if attempt.status == "ok":
        return page
    return replace(page, status=attempt.status, reason=attempt.reason)


def _of_text(generation: Generation, number: int) -> Page:
    """What a language model wrote; where that loops, what stands before the loop."""
    text = generation.text or ""
    kept = good_part(text)
    flags = () if kept == text else (f"cut where it loops: {len(kept):,} of {len(text):,} characters are kept",)
    fields = parse(kept)
    printed = any((fields.header, fields.text, fields.margin, fields.footer))
    return Page(
        number,
        "ok" if printed else "blank",
        flags=flags,
        header=fields.header,
        text=fields.text,
        margin=fields.margin,
        footer=fields.footer,
        paragraphs=tuple(_joined(part) for part in fields.text.split("\n\n") if part.strip()),
        width=generation.width,
        height=generation.height,
        rotation=generation.rotation,
    )


def _joined(lines: str) -> str:
    """The lines of one paragraph as one, without the typesetter's hyphens."""
    first, *others = lines.split("\n")
    for line in others:
        first = join(first, line)
    return first
