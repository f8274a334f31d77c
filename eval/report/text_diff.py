"""Truth and reading side by side, word by word, as HTML: what is missing on the left, what is too much on the right."""

import html
import re
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

LONGEST = 20_000
"""Characters of either side that are compared and shown: a page that looped is not shown to its end."""


def mark(truth: str, reading: str) -> tuple[str, str]:
    """Both texts as HTML; words that differ stand in <del> on the side of the truth and in <ins> on the other."""
    left, right = _words(truth), _words(reading)
    marked: tuple[list[str], list[str]] = ([], [])
    for step in Levenshtein.opcodes([word.strip() for word in left], [word.strip() for word in right]):
        before, after = left[step.src_start : step.src_end], right[step.dest_start : step.dest_end]
        same = step.tag == "equal"
        marked[0].append(_tagged(before, "" if same else "del"))
        marked[1].append(_tagged(after, "" if same else "ins"))
    return "".join(marked[0]) + _rest(truth), "".join(marked[1]) + _rest(reading)


def _words(text: str) -> list[str]:
    """Words with the white space that follows them."""
    return re.findall(r"\S+\s*", text[:LONGEST])


def _tagged(words: Sequence[str], tag: str) -> str:
    text = "".join(words)
    if not tag or not text:
        return html.escape(text)
    shown = text.rstrip()
    return f"<{tag}>{html.escape(shown)}</{tag}>{text[len(shown) :]}"


def _rest(text: str) -> str:
    return f"<em> … {len(text) - LONGEST:,} more characters</em>" if len(text) > LONGEST else ""
