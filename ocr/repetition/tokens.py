"""Split a text into the tokens that the repetition detectors weigh, and tell words, numbers and marks apart."""

import re
from collections.abc import Iterator

TOKEN = re.compile(
    r"[A-Za-zÀ-ÖØ-öø-ÿ]{1,24}+(?![^\W\d_])|"  # The next alternative gives the same; this one halves the time.
    r"[^\W\d_]{1,24}"  # A word. An endless word is cut into pieces, which repeat.
    r"|(?! (?! ))(?:"  # A single blank, the usual gap between words, starts no token.
    r"\d{1,9}"
    r"|\n|\\n"  # A line end, also as raw JSON writes it.
    r"|\.{1,24}|-{1,24}|_{1,24}|={1,24}|\*{1,24}"
    r"|</?\w[^<>\n]{0,40}>"  # A tag.
    r"|\\(?:[a-z]?quad|hspace|hfill|[lcd]*dots|hline|\\)|&\w{1,8};"  # Blanks as LaTeX and HTML write them.
    r"|[^\w\s]"
    r"|[ \t\xa0]{16}"  # Endless blanks.
    r")"
)
LONGEST_TOKEN = 48
"""Characters of the longest token: a token that ends so far before the end of a stream is final."""


def roman_numerals() -> Iterator[tuple[str, int]]:
    """Yield the Roman numerals from I to CCCXCIX with their values."""
    units = ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")
    tens = ("", "X", "XX", "XXX", "XL", "L", "LX", "LXX", "LXXX", "XC")
    for value in range(1, 400):
        yield "C" * (value // 100) + tens[value // 10 % 10] + units[value % 10], value


NUMBER = "0"
"""The key that stands for every number."""
VALUES = {"idem": 0, "Idem": 0, "IDEM": 0, **dict(roman_numerals())}
"""Words that count as numbers, with their values; "idem" carries as little as a zero."""
QUIET_MARKS = frozenset(",.;:!?)-")
"""Marks that are no evidence behind a word. Most marks of prose need no further check."""
CELLS = frozenset(("|", "<td>", "</td>"))
"""Borders of table cells."""
LINE_ENDS = frozenset(("\n", "\\n", "</tr>"))
