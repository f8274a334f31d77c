"""Our verdict on what an engine gave: a pure function from the engine's vocabulary (finish) to ours (status)."""

from dataclasses import dataclass

from ocr.core.document import Finish, Generation, Status
from ocr.repetition import detector

# What the engine itself said settles these; "stop" and "length" are judged by what was written.
_BY_FINISH: dict[Finish, tuple[Status, str]] = {
    "repetition": ("degenerate", "the engine stopped on a repetition"),
    "refused": ("refused", "the engine declined to read the page"),
    "error": ("failed", "the engine gave no reason"),
    "timeout": ("failed", "the engine did not answer in time"),
}

ACCEPTED: frozenset[Status] = frozenset({"ok", "blank"})
"""Verdicts that need no further attempt."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer of the engine, with our verdict on it."""

    generation: Generation
    status: Status
    reason: str = ""


def judge(generation: Generation) -> tuple[Status, str]:
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


def text_of(generation: Generation) -> str:
    """All that was read, unordered where the engine gave lines."""
    if generation.text is not None:
        return generation.text
    return "\n".join(line.text for line in generation.lines or () if line.text)
