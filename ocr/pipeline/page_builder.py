"""What an engine gave, and our verdict on it, made into a page: lines by `layout`, a model's text by `markup`."""

from dataclasses import replace

from ocr.core.document import Attempt, EngineOutput, Finish, Page, Status, text_of
from ocr.layout.page import ARRANGEMENT as LAYOUT
from ocr.layout.page import arrange
from ocr.models.answer_format import parse
from ocr.repetition import detector
from ocr.repetition.detector import good_part
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


def _of_text(generation: EngineOutput, number: int) -> Page:
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


# What the engine itself said settles these; "stop" and "length" are judged by what was written.
_BY_FINISH: dict[Finish, tuple[Status, str]] = {
    "repetition": ("degenerate", "the engine stopped on a repetition"),
    "refused": ("refused", "the engine declined to read the page"),
    "error": ("failed", "the engine gave no reason"),
    "timeout": ("failed", "the engine did not answer in time"),
}


ACCEPTED: frozenset[Status] = frozenset({"ok", "blank"})
"""Verdicts that need no further attempt."""


def judge(generation: EngineOutput) -> tuple[Status, str]:
    """The status of one reading, and why in words where it is neither ok nor blank."""
    # A classical engine reads what it sees, line by line: repetition in its lines is on the page.
    may_loop = generation.text is not None and generation.finish in ("stop", "length", "repetition")
    loop = detector.find(generation.text or "") if may_loop else None
    if loop is not None:
        return "degenerate", loop.reason
    if generation.finish in _BY_FINISH:
        status, reason = _BY_FINISH[generation.finish]
        return status, generation.reason or reason
    if generation.finish == "length":
        return "truncated", generation.reason or "the answer reached its token budget before the page ended"
    return ("ok" if text_of(generation).strip() else "blank"), ""
