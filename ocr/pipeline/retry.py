"""What to try next on a page whose reading is not accepted: a pure function of the attempts so far."""

from collections.abc import Mapping, Sequence
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
# tokens until the watch is sure (benchmarks/guard_tokens.py); the embedded engine costs no tokens and cannot loop.
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
