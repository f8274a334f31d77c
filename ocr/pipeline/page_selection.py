"""Which pages of a scan were asked for: `--pages 1,3-5,9-`."""

import re
from dataclasses import dataclass

from ocr.core.errors import UsageError

_PART = re.compile(r"(\d+)?(-)?(\d+)?")


@dataclass(frozen=True, slots=True)
class Selection:
    """Ranges of 1-based page numbers, both ends included; None is an open end. No range at all selects every page."""

    ranges: tuple[tuple[int, int | None], ...] = ()

    def __contains__(self, number: int) -> bool:
        return not self.ranges or any(
            first <= number and (last is None or number <= last) for first, last in self.ranges
        )


def parse_selection(text: str) -> Selection:
    """`1,3-5,9-` or `-4`; "" selects every page. Raises `UsageError` that names the part that is no page range."""
    if not text.strip():
        return Selection()
    ranges = []
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        first, dash, last = match.groups() if match else (None, None, None)
        low = int(first or 1)
        high = int(last) if last else (None if dash else low)
        if not (first or last) or low < 1 or (high is not None and high < low):
            raise UsageError(f"--pages {text}: {part.strip()!r} is no page range", hint="write it as 1,3-5,9-")
        ranges.append((low, high))
    return Selection(tuple(ranges))
