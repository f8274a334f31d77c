"""The retry policy: what to try next on a page whose output is not accepted. A pure function of the attempts so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ocr.core.document import ACCEPTED, EngineOutput, Finish, PageImage, Status
from ocr.core.environment import load
from ocr.engines.base import Request
from ocr.engines.vlm.request import DETECT_REPEATS, IMAGE_SCALE
from ocr.models.answer_format import Fields, parse, render
from ocr.pipeline.page_builder import classify
from ocr.rendering.renderer import PageRef
from ocr.repetition.detector import RepetitionMonitor, good_part

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Step:
    """What one attempt changes in the first request."""

    name: str
    """Shown as a flag of the page that was obtained with it."""
    sampling: Mapping[str, float] = field(default_factory=dict)
    decoding: Mapping[str, object] = field(default_factory=dict)
    bands: int = 1
    """Read the page in so many horizontal bands, cut in its emptiest rows."""
    fallback: bool = False
    """Read the page with the built-in engine."""


AS_ASKED = Step("as asked")
UNSTOPPED = Step("without the engine's own stop", decoding={DETECT_REPEATS: False})
# A repetition is a fixed point of greedy decoding. Sampling with some temperature leaves it, another image size gives
# other tokens at its start, and a band is only half of the page. Each step costs the tokens of the page's good part
# and a hundred more until the monitor is sure (benchmarks.repetition.token_cost). The built-in engine costs no tokens.
WARMER: Mapping[str, float] = {"temperature": 0.3, "top_p": 0.95}
SMALLER = Step("a smaller image", sampling=WARMER, decoding={IMAGE_SCALE: 0.8})
LARGER = Step("a larger image", sampling=WARMER, decoding={IMAGE_SCALE: 1.25})
"""Replaces SMALLER for a page that the model sees reduced: its letters may be too small."""
RESAMPLED = Step("other sampling", sampling=WARMER)
BANDS = Step("in bands", bands=2)
FALLBACK = Step("the built-in engine", fallback=True)
POLICY: tuple[Step, ...] = (AS_ASKED, RESAMPLED, SMALLER, BANDS, FALLBACK)
"""What is tried on a page with repetition, in this order."""


@dataclass(frozen=True, slots=True)
class PastAttempt:
    """What the policy must know of an attempt."""

    step: Step
    status: Status
    false_stop: bool = False
    """The engine stopped on an exact repetition where our detector finds none."""


def next_step(history: Sequence[PastAttempt], *, fallback: bool, shrunk: bool = False) -> Step | None:
    """Return the next attempt, or None to stop: the last one is accepted, or nothing is left to try.

    `fallback` says that there is a built-in engine to fall back to. `shrunk` says that the model sees the page reduced.
    """
    if not history:
        return AS_ASKED
    last, tried = history[-1], {past.step.name for past in history}
    if last.status in ACCEPTED:
        return None
    if last.false_stop and UNSTOPPED.name not in tried:
        return UNSTOPPED
    if last.status == "degenerate":
        steps: Sequence[Step] = tuple(LARGER if shrunk and step is SMALLER else step for step in POLICY)
    elif last.status == "truncated":
        steps = (BANDS, FALLBACK)
    elif last.status == "failed" and len(history) == 1:
        return AS_ASKED
    else:
        steps = (FALLBACK,)
    return next((step for step in steps if step.name not in tried and (fallback or not step.fallback)), None)


def remember(step: Step, output: EngineOutput) -> PastAttempt:
    """Return what the policy must know of an attempt."""
    text = output.text or ""
    false_stop = step.bands == 1 and output.finish == "repetition" and good_part(text) == output.text
    return PastAttempt(step, classify(output)[0], false_stop)


def monitored(request: Request) -> Request:
    """Return the request with a monitor that aborts it as soon as the streamed text repeats itself."""
    monitor = RepetitionMonitor()

    def check(piece: str) -> bool:
        nonlocal monitor
        if not piece:
            monitor = RepetitionMonitor()
        return monitor.feed(piece) is None

    return replace(request, on_text=check)


def requests_for(request: Request, step: Step) -> list[Request]:
    """Return the requests of a step: one, or one a band from top to bottom."""
    varied = replace(
        request,
        sampling={**request.sampling, **step.sampling},
        decoding={**request.decoding, **step.decoding},
    )
    if step.bands == 1 or isinstance(request.image, PageRef):
        return [monitored(varied)]
    return [monitored(replace(varied, image=band)) for band in cut_bands(request.image, step.bands)]


SLACK = 0.1
"""Share of the page's height by which a cut may move to an emptier row."""


def cut_bands(image: PageImage, bands: int) -> list[PageImage]:
    """Return the page in `bands` bands of about the same height, cut in its emptiest rows."""
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
    """Return the contrast within each row, smoothed over 5 rows: an empty row is uniform, white or gray."""
    numpy = load("numpy")
    spread = pixels.mean(axis=2, dtype=numpy.float32).std(axis=1)
    smooth: NDArray[np.float32] = numpy.convolve(spread, numpy.ones(5, dtype=numpy.float32) / 5, mode="same")
    return smooth


# A page read in bands ends like the worst of them.
_WORST: tuple[Finish, ...] = ("error", "timeout", "refused", "repetition", "length", "stop")


def join_bands(parts: Sequence[EngineOutput], image: PageImage | PageRef) -> EngineOutput:
    """Return the output of a page from those of its bands; of a band with repetition, the text before it."""
    if len(parts) == 1:
        return parts[0]
    worst = min(parts, key=lambda part: _WORST.index(_finish_of(part)))
    fields = [parse(good_part(part.text or "")) for part in parts]
    whole = Fields(
        header=fields[0].header,
        margin="\n".join(part.margin for part in fields if part.margin),
        footer=fields[-1].footer,
        # Only the first band has the page's header, and only the last one its footer: elsewhere they are text.
        text="\n".join(filter(None, (_body(part, place, len(fields)) for place, part in enumerate(fields)))),
    )
    return EngineOutput(
        finish=_finish_of(worst),
        text=render(whole),
        reason=worst.reason or classify(worst)[1],
        width=image.width,
        height=image.height,
        prompt_tokens=sum(part.prompt_tokens for part in parts),
        completion_tokens=sum(part.completion_tokens for part in parts),
        seconds=sum(part.seconds for part in parts),
    )


def _finish_of(part: EngineOutput) -> Finish:
    return "repetition" if classify(part)[0] == "degenerate" else part.finish


def _body(fields: Fields, place: int, bands: int) -> str:
    above = fields.header if place > 0 else ""
    below = fields.footer if place < bands - 1 else ""
    return "\n".join(filter(None, (above, fields.text, below)))
