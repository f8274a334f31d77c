"""What to try next on a page whose reading is not accepted: a pure function of the attempts so far."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from ocr.core.document import EngineOutput, Finish, PageImage
from ocr.core.environment import load
from ocr.engines.base import Request
from ocr.models.answer_format import Fields, parse, render
from ocr.pipeline.page_builder import judge
from ocr.rendering.renderer import PageRef
from ocr.repetition import detector
from ocr.repetition.detector import good_part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

from collections.abc import Mapping
from dataclasses import dataclass, field

from ocr.core.document import Status
from ocr.engines.vlm.request import DETECT_REPEATS, IMAGE_SCALE


@dataclass(frozen=True, slots=True)
class Step:
    """How one attempt differs from what was asked first."""

    name: str
    """Said on the page that was obtained with it."""
    sampling: Mapping[str, float] = field(default_factory=dict)
    decoding: Mapping[str, object] = field(default_factory=dict)
    bands: int = 1
    """Read the page in so many horizontal bands, cut where it is emptiest."""
    rescue: bool = False
    """Read it with the embedded engine."""


AS_ASKED = Step("as asked")
UNSTOPPED = Step("without the engine's own stop", decoding={DETECT_REPEATS: False})
# A loop is a fixed point of greedy decoding: some temperature leaves it, another size of the image gives other tokens
# at its start, half a page is half the way to it. Every rung costs what the page's good part costs and the hundred
# tokens until the watch is sure (benchmarks.repetition.token_cost); the embedded engine costs no tokens.
WARMER: Mapping[str, float] = {"temperature": 0.3, "top_p": 0.95}
SMALLER = Step("a smaller image", sampling=WARMER, decoding={IMAGE_SCALE: 0.8})
LARGER = Step("a larger image", sampling=WARMER, decoding={IMAGE_SCALE: 1.25})
"""In its place for a page that was shrunk to be shown: its letters may be too small to be told apart."""
LADDER: tuple[Step, ...] = (
    AS_ASKED,
    Step("other sampling", sampling=WARMER),
    SMALLER,
    Step("in bands", bands=2),
    Step("the embedded engine", rescue=True),
)
"""The one place that says what the guard tries, and in which order."""

BANDS, RESCUE = LADDER[-2], LADDER[-1]


@dataclass(frozen=True, slots=True)
class Taken:
    """An attempt that was made, and our verdict on it."""

    step: Step
    status: Status
    honest_stop: bool = False
    """The engine stopped on an exact repetition in which the text judge sees none."""


def next_step(history: Sequence[Taken], *, rescue: bool, shrunk: bool = False) -> Step | None:
    """The next attempt, or None to stop: the last one is accepted, or nothing is left to try.

    `rescue` says that there is an embedded engine to fall back to; without one, all that is left for a page that an
    engine cannot read is to ask once more. `shrunk` says that the model was shown less than the page's pixels.
    """
    if not history:
        return AS_ASKED
    last, taken = history[-1], {past.step.name for past in history}
    if last.status in ("ok", "blank"):
        return None
    if last.honest_stop and UNSTOPPED.name not in taken:
        return UNSTOPPED
    if last.status == "degenerate":
        rungs: Sequence[Step] = tuple(LARGER if shrunk and step is SMALLER else step for step in LADDER)
    elif last.status == "truncated":
        rungs = (BANDS, RESCUE)
    elif last.status == "refused":
        rungs = (RESCUE,)
    else:
        if len(history) == 1:
            return AS_ASKED
        rungs = (RESCUE,)
    open_rungs = [step for step in rungs if step.name not in taken and (rescue or not step.rescue)]
    return open_rungs[0] if open_rungs else None


SLACK = 0.1
"""A cut between bands may move by this share of the page's height to where the page is emptiest."""


def watched(request: Request) -> Request:
    """The same request, aborted as soon as the text that comes is a loop."""
    watch = detector.RepetitionMonitor()

    def hear(piece: str) -> bool:
        nonlocal watch
        if not piece:
            watch = detector.RepetitionMonitor()
        return watch.feed(piece) is None

    return replace(request, on_text=hear)


def vary(request: Request, step: Step) -> list[Request]:
    """What the engine is asked in this step: one request, or one a band from top to bottom."""
    varied = replace(
        request,
        sampling={**request.sampling, **step.sampling},
        decoding={**request.decoding, **step.decoding},
    )
    if step.bands == 1 or isinstance(request.image, PageRef):
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


def join(parts: Sequence[EngineOutput], image: PageImage | PageRef) -> EngineOutput:
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
    return EngineOutput(
        finish=_verdict(worst),
        text=render(whole),
        reason=worst.reason or judge(worst)[1],
        width=image.width,
        height=image.height,
        prompt_tokens=sum(part.prompt_tokens for part in parts),
        completion_tokens=sum(part.completion_tokens for part in parts),
        seconds=sum(part.seconds for part in parts),
    )


def _verdict(part: EngineOutput) -> Finish:
    return "repetition" if judge(part)[0] == "degenerate" else part.finish


def _body(fields: Fields, place: int, bands: int) -> str:
    above = fields.header if place > 0 else ""
    below = fields.footer if place < bands - 1 else ""
    return "\n".join(filter(None, (above, fields.text, below)))


def take(step: Step, generation: EngineOutput) -> Taken:
    """The attempt as the ladder needs to know it."""
    honest = (
        step.bands == 1 and generation.finish == "repetition" and good_part(generation.text or "") == generation.text
    )
    return Taken(step, judge(generation)[0], honest)
