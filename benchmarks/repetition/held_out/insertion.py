"""Insert a loop behind a piece of a legitimate page, with legitimate text behind every third (rounds 3 to 6)."""

from collections.abc import Callable, Iterator, Mapping
from random import Random

from benchmarks.paths import CORPUS

TEXTS = 250
"""Texts of each kind."""
PAGE = 3000
LOOP = (1500, 6000)
RETURN = (300, 2000)
"""Characters: of the page before the loop at most, of the loop, of legitimate text behind every third loop."""
EVERY = 3

Draw = Callable[[Random, str, int], str]
"""Generator, the page that the model reads, and a length in characters -> a loop of that length."""


def read_corpus() -> list[str]:
    """The Portuguese texts, each whole, in the order of their names."""
    return [file.read_text(encoding="utf-8") for file in sorted(CORPUS.glob("*.txt"))]


def legitimate(rng: Random, corpus: list[str], length: int) -> str:
    """`length` characters of one text of the corpus, from the start of a word."""
    text = rng.choice(corpus)
    place = rng.randrange(len(text) - length - 1000)
    start = text.index(" ", place) + 1
    return text[start : start + length]


def plant(kinds: Mapping[str, Draw], seed: int) -> Iterator[tuple[str, str]]:
    """(kind, text), TEXTS of each kind; the same for the same seed and corpus."""
    rng = Random(seed)
    corpus = read_corpus()
    for kind, draw in kinds.items():
        for number in range(TEXTS):
            page = legitimate(rng, corpus, PAGE)
            before = page[PAGE - rng.randint(0, PAGE) :]
            text = before + rng.choice(("\n", " ")) + draw(rng, page, rng.randint(*LOOP))
            if number % EVERY == 0:
                text += "\n\n" + legitimate(rng, corpus, rng.randint(*RETURN))
            yield kind, text
