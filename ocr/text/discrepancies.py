"""What the witness has to say of a page, made into words with the place: what a person reads among the page's flags."""

from collections.abc import Sequence

from ocr.core.document import FIELDS, Box, Line, box_around
from ocr.models.answer_format import Fields, parse
from ocr.pipeline.repetition_guard import good_part
from ocr.text.crosscheck import Doubt, cross_examine


def examine(text: str, lines: Sequence[Line], *, whole: bool) -> tuple[str, ...]:
    """The witness's `lines` against what a model wrote of the page; `whole` says that it came to the end of the page.

    Where it did not, the lines that are missing are one loss and make one flag.
    """
    kept = good_part(text)
    fields = parse(kept)
    parts = [(field, getattr(fields, field)) for field in FIELDS if getattr(fields, field)]
    doubts = cross_examine("\n".join(part for _, part in parts), lines)
    omitted = [doubt.box for doubt in doubts if doubt.kind == "omitted" and doubt.box is not None]
    if (whole and kept == text) or len(omitted) < 2:
        return tuple(_say(doubt, fields) for doubt in doubts)
    lost = f"omitted: {len(omitted)} lines that the witness reads are missing, because the text was cut"
    others = (_say(doubt, fields) for doubt in doubts if doubt.kind != "omitted")
    return (f"{lost}{_at(box_around(omitted))}", *others)


def _say(doubt: Doubt, fields: Fields) -> str:
    where = _at(doubt.box) if doubt.box is not None else _within(doubt.span, fields)
    return f"{doubt.kind}: {doubt.reason}{where}"


def _at(box: Box) -> str:
    return " at " + ", ".join(f"{edge:.0f}" for edge in box)


def _within(span: tuple[int, int] | None, fields: Fields) -> str:
    """The field and its line in which a span of the joined texts begins."""
    start = span[0] if span else 0
    for field in FIELDS:
        part = getattr(fields, field)
        if part and start <= len(part):
            return f" in line {part.count(chr(10), 0, start) + 1} of the field {field}"
        start -= len(part) + 1 if part else 0
    return ""
