"""What an engine gave, and our verdict on it, made into a page: text by `markup`, lines by `layout`."""

from dataclasses import replace

from ocr.document import Page
from ocr.ledger import Attempt

ARRANGEMENT = "1"
"""Changes with whatever here decides what a page looks like; pages of another arrangement are made anew."""


def assemble(attempt: Attempt, number: int) -> Page:
    """Page `number` of a scan; pure, so that it can be made again from the ledger."""
    generation = attempt.generation
    text = generation.text or "\n".join(line.text for line in generation.lines or ())
    page = Page(
        number,
        "ok",
        text=text,
        paragraphs=(text,) if text else (),
        lines=generation.lines or (),
        width=generation.width,
        height=generation.height,
        rotation=generation.rotation,
    )
    return replace(page, status=attempt.status, reason=attempt.reason)
