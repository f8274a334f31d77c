"""Show reference and output side by side as HTML, word by word: missing words on the left, extra words on the right."""

import html
import re
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

LONGEST = 20_000
"""Characters of either side that are compared and shown; a page with long repetition is not shown to its end."""


def mark(reference: str, output: str) -> tuple[str, str]:
    """Return both texts as HTML; words that differ are in <del> in the reference and in <ins> in the output."""
    left, right = _words(reference), _words(output)
    marked: tuple[list[str], list[str]] = ([], [])
    for step in Levenshtein.opcodes([word.strip() for word in left], [word.strip() for word in right]):
        before, after = left[step.src_start : step.src_end], right[step.dest_start : step.dest_end]
        same = step.tag == "equal"
        marked[0].append(_tagged(before, "" if same else "del"))
        marked[1].append(_tagged(after, "" if same else "ins"))
    return "".join(marked[0]) + _rest(reference), "".join(marked[1]) + _rest(output)


def _words(text: str) -> list[str]:
    """Return the words with the white space that follows them."""
    return re.findall(r"\S+\s*", text[:LONGEST])


def _tagged(words: Sequence[str], tag: str) -> str:
    text = "".join(words)
    if not tag or not text:
        return html.escape(text)
    shown = text.rstrip()
    return f"<{tag}>{html.escape(shown)}</{tag}>{text[len(shown) :]}"


def _rest(text: str) -> str:
    return f"<em> … {len(text) - LONGEST:,} more characters</em>" if len(text) > LONGEST else ""
