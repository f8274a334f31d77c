"""The guard against degeneration: a text is watched while it is written, read again another way, or cut where it loops.

Pure functions around one attempt; `ocr.pipeline.page_reader` makes the attempts, `ocr.pipeline.retry` says which.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ocr.core.document import Finish, Generation, PageImage
from ocr.core.environment import load
from ocr.engines.base import Request
from ocr.models.answer_format import Fields, parse, render
from ocr.pipeline.classify import judge
from ocr.pipeline.retry import Step, Taken
from ocr.rendering.renderer import Undrawn
from ocr.repetition import detector

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SLACK = 0.1
"""A cut between bands may move by this share of the page's height to where the page is emptiest."""


def watched(request: Request) -> Request:
    """The same request, aborted as soon as the text that comes is a loop."""
    watch = detector.Watch()

    def hear(piece: str) -> bool:
        nonlocal watch
        if not piece:
            watch = detector.Watch()
        return watch.feed(piece) is None

    return replace(request, on_text=hear)


def vary(request: Request, step: Step) -> list[Request]:
    """What the engine is asked in this step: one request, or one a band from top to bottom."""
    varied = replace(
        request,
        sampling={**request.sampling, **step.sampling},
        decoding={**request.decoding, **step.decoding},
    )
    if step.bands == 1 or isinstance(request.image, Undrawn):
        return [watched(varied)]
    return [watched(replace(varied, image=band)) for band in cut(request.image, step.bands)]


def cut(image: PageImage, bands: int) -> list[PageImage]:
    """The page in `bands` bands of about the same height, cut in its emptiest rows."""
    if bands == 1 or image.height < 2 * bands:
        return [image]
    ink = _ink_of_rows(image.pixels)
    slack = max(1, round(SLACK * image.height))
    places = [0]
    for number in range(1, bands):
        middle = round(number * image.height / bands)
        first, last = max(places[-1] + 1, middle - slack), min(image.height - 1, middle + slack)
        places.append(first + int(ink[first : last + 1].argmin()))
    ends = [*places[1:], image.height]
    return [replace(image, pixels=image.pixels[top:end]) for top, end in zip(places, ends, strict=True)]


def _ink_of_rows(pixels: "NDArray[np.uint8]") -> "NDArray[np.float32]":
    """How much the pixels of each row differ, smoothed over 5 rows: an empty row is even, be it white or grey."""
    numpy = load("numpy")
    spread = pixels.mean(axis=2, dtype=numpy.float32).std(axis=1)
    smooth: NDArray[np.float32] = numpy.convolve(spread, numpy.ones(5, dtype=numpy.float32) / 5, mode="same")
    return smooth


# Of several bands the page ends as the worst of them did.
_WORST: tuple[Finish, ...] = ("error", "timeout", "refused", "repetition", "length", "stop")


def join(parts: Sequence[Generation], image: PageImage | Undrawn) -> Generation:
    """The reading of a page from those of its bands; a band that loops gives what stands before its loop."""
    if len(parts) == 1:
        return parts[0]
    worst = min(parts, key=lambda part: _WORST.index(_verdict(part)))
    fields = [parse(good_part(part.text or "")) for part in parts]
    whole = Fields(
        header=fields[0].header,
        margin="\n".join(part.margin for part in fields if part.margin),
        footer=fields[-1].footer,
        # A band in the middle has no header or footer: what a model takes for one is text.
        text="\n".join(filter(None, (_body(part, place, len(fields)) for place, part in enumerate(fields)))),
    )
    return Generation(
        finish=_verdict(worst),
        text=render(whole),
        reason=worst.reason or judge(worst)[1],
        width=image.width,
        height=image.height,
        prompt_tokens=sum(part.prompt_tokens for part in parts),
        completion_tokens=sum(part.completion_tokens for part in parts),
        seconds=sum(part.seconds for part in parts),
    )


def _verdict(part: Generation) -> Finish:
    return "repetition" if judge(part)[0] == "degenerate" else part.finish


def _body(fields: Fields, place: int, bands: int) -> str:
    above = fields.header if place > 0 else ""
    below = fields.footer if place < bands - 1 else ""
    return "\n".join(filter(None, (above, fields.text, below)))


def good_part(text: str) -> str:
    """What stands before a loop, its first lap included; all of the text where there is none."""
    loop = detector.find(text)
    return text if loop is None else text[: loop.start]


def take(step: Step, generation: Generation) -> Taken:
    """The attempt as the ladder needs to know it."""
    honest = (
        step.bands == 1 and generation.finish == "repetition" and good_part(generation.text or "") == generation.text
    )
    return Taken(step, judge(generation)[0], honest)
