"""The loop rules that others publish, written anew from their descriptions, to stand beside ours in one table.

Each is a function from (text, finish) to bool; `finish` is "length" where a loop ran into the token limit. Tokens are
words and marks here, as no model's tokeniser is at hand.
"""

import re
from collections.abc import Callable

import numpy as np

from ocr.core.document import Finish
from ocr.repetition.detector import published_rule

Rule = Callable[[str, Finish], bool]


def _laps_at_the_end(text: str, size: int) -> int:
    """How often the last `size` characters stand one after the other at the end of `text`."""
    unit, laps, end = text[-size:], 0, len(text)
    while end >= size and text[end - size : end] == unit:
        laps, end = laps + 1, end - size
    return laps


def olmocr(text: str, _finish: Finish) -> bool:
    """olmOCR-bench's baseline test: a unit of 1 to 5 letters stands more than 30 times at the end."""
    return any(_laps_at_the_end(text, size) > 30 for size in range(1, 6))


def chandra(text: str, _finish: Finish) -> bool:
    """chandra's retry rule (surya and marker have its forerunner): a unit of up to 250 characters at the end, more than
    4 * (1 + 3 / size) times; asked again with the last 50 characters cut off."""

    def tail(part: str) -> bool:
        sizes = range(1, min(250, len(part)) + 1)
        return any(_laps_at_the_end(part, size) > int(4 * (1 + 3 / size)) for size in sizes)

    return tail(text) or (len(text) > 50 and tail(text[:-50]))


def vllm(text: str, _finish: Finish, *, longest: int = 20, least: int = 4) -> bool:
    """vLLM's `repetition_detection`: at any moment, a pattern of up to 20 tokens has just come 4 times in a row."""
    names: dict[str, int] = {}
    tokens = np.array([names.setdefault(token, len(names)) for token in re.findall(r"\w+|\s|[^\w\s]", text)])
    for size in range(1, min(longest, len(tokens) // least) + 1):
        breaks = np.flatnonzero(tokens[size:] != tokens[:-size])
        runs = np.diff(np.concatenate(([-1], breaks, [len(tokens) - size]))) - 1
        if runs.max() >= size * (least - 1):
            return True
    return False


def hunyuan(text: str, _finish: Finish) -> bool:
    """HunyuanOCR's clean-up: from 8,000 characters on, units up to a tenth of it, 10 times at the end."""
    return len(text) >= 8000 and any(_laps_at_the_end(text, size) >= 10 for size in range(2, len(text) // 10 + 1))


RULES: dict[str, Rule] = {
    "DharmaOCR evaluation": published_rule,
    "olmOCR-bench": olmocr,
    "chandra (surya, marker)": chandra,
    "vLLM repetition_detection 20/4": vllm,
    "HunyuanOCR": hunyuan,
}
