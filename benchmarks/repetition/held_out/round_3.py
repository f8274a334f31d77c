r"""Two further ways in which a vision-language model derails, taken from public reports without sight of any detector.

counting: the model reads a number and counts on from it without end: bare numbers or prices, a piece of the page that
    comes back with nothing but its number changed, or chapter and section numbers without their text
    (https://github.com/deepseek-ai/DeepSeek-OCR/issues/257, https://github.com/deepseek-ai/DeepSeek-OCR/issues/160,
    https://github.com/PaddlePaddle/PaddleOCR/issues/17338, https://github.com/QwenLM/Qwen2.5-Omni/issues/225).
salad: after a sound start come tokens from the whole vocabulary, pieces of many scripts, of code and of markup, some
    of them favourites; or pieces of a few tokens only, Latin crumbs in one string, tokens that stutter
    (https://github.com/tenstorrent/tt-metal/issues/32976, https://github.com/QwenLM/Qwen3-VL/issues/1636,
    https://github.com/vllm-project/vllm/issues/9183, https://github.com/mit-han-lab/llm-awq/issues/195,
    https://github.com/OpenGVLab/InternVL/issues/1204).

Both stand behind 0 to 3,000 characters of legitimate Portuguese text; more such text follows every third of them.
"""

import itertools
import re
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from benchmarks.repetition.held_out.insertion import Draw, plant

STEPS = (1, 1, 1, 1, 1, 1, 2, 5, 10)
AFFIXES = (("", ""), ("", "."), ("", ")"), ("", "º"), ("(", ")"), ("[", "]"), ("R$ ", ",00"), ("Nº ", ""), ("- ", ""))
SEPARATORS = (", ", " ", "\n", "\n\n", " | ", "; ", "-")
CARRIERS = ("{0} {1}", "{1}. {0}", "{0} {1}%", "{0} nº {1}", "{1} - {0}", "| {1} | {0} |", "{0}: {1}", "{0}({1})")
STRAYS = ("( )", "10 mm", "2,5 m", "R$", "kg", "[ ]")

SCRIPTS = {
    "han": (0x4E00, 0x9FA5, 1, 4),
    "hangul": (0xAC00, 0xD7A3, 1, 3),
    "kana": (0x3041, 0x3093, 1, 4),
    "cyrillic": (0x0430, 0x044F, 2, 7),
    "arabic": (0x0627, 0x063A, 2, 6),
    "hebrew": (0x05D0, 0x05EA, 2, 5),
    "thai": (0x0E01, 0x0E2E, 2, 5),
    "devanagari": (0x0905, 0x0939, 2, 4),
    "armenian": (0x0561, 0x0586, 2, 5),
    "picture": (0x1F300, 0x1F5FF, 1, 1),
    "broken": (0xFFFD, 0xFFFD, 1, 2),
}
"""First and last character of a script, and the fewest and most characters of a piece of it."""
ONSETS = ("", "b", "br", "c", "ch", "d", "f", "g", "gr", "h", "k", "l", "m", "n", "p", "r", "s", "sch", "st", "t", "w")
VOWELS = ("a", "e", "i", "o", "u", "ee", "io", "ou", "ä", "y")
CODAS = ("", "", "", "n", "r", "s", "ld", "ng", "tion", "x", "l", "sz")
WORDS = (
    *("harbor", "tickets", "quarterly", "Vermont", "sulfur", "landing", "perhaps", "widow", "dessen", "toujours"),
    *("puis", "gleich", "querido", "orchestra", "batch", "kernel", "apparel", "Sweden", "velvet", "zwischen", "ayer"),
)
"""Whole words of other languages."""
CODE = (
    *("_fn", "/dist", "(self", "*/", "});", "\\\\", "${", "::", ".getId", "</div>", "_CONFIG", "=>", "](", '="', "#+"),
    *("@Override", ".css", "nullptr", "EventArgs", "-header", "$$", "++;", "NotFound", "__init", "//#", ">>>", ")))\n"),
    *("<|endoftext|>", "<|im_end|>", "\\r\\n", "utf8", "toString", "%@", "ById", "std", "\\xa0", '…"', "|>", "0x7f"),
)


class Form(NamedTuple):
    """A sort of salad: pieces it knows, what share is new, joined without a blank, or stuttered; and its sources."""

    known: tuple[int, int]
    new: tuple[float, float]
    joined: tuple[float, float]
    stuttered: tuple[float, float]
    sources: tuple[str, ...]


MIXED = (*SCRIPTS, "han", "han", "latin", "latin", "latin", "code", "code")
FORMS = (
    Form((100, 400), (0.2, 0.6), (0.5, 0.95), (0, 0), MIXED),
    Form((25, 60), (0, 0.03), (0.2, 0.8), (0, 0.03), MIXED),
    Form((30, 300), (0.1, 0.8), (0.9, 1), (0, 0.03), ("latin",)),
    Form((15, 60), (0, 0.1), (0.6, 1), (0.3, 0.6), MIXED),
)


def count_on(rng: Random, page: str) -> Iterator[int]:
    """Rising numbers from 1, from the last number of the page or from anywhere, now and then with a slip."""
    read = re.findall(r"\b[1-9]\d{0,3}\b", page)
    number = rng.choice((1, int(read[-1]) if read else 1, rng.randint(2, 500)))
    step, slip = rng.choice(STEPS), rng.choice((0, 0, 0.03))
    while True:
        yield number
        number += step * rng.choice((0, 2)) if rng.random() < slip else step


def bare_numbers(rng: Random, page: str) -> Iterator[str]:
    """Numbers with the same signs around each."""
    front, back = rng.choice(AFFIXES)
    digits = rng.choice((0, 0, 0, 2, 3, 4))
    for number in count_on(rng, page):
        yield front + str(number).zfill(digits) + back


def carried_numbers(rng: Random, page: str) -> Iterator[str]:
    """One to three pieces of the page, by turns, with a number that rises by the piece or by the turn."""
    words = page.split()
    pieces = []
    for _ in range(rng.randint(1, 3)):
        start = rng.randrange(len(words) - 8)
        pieces.append(" ".join(words[start : start + rng.randint(2, 8)]))
    carrier, every_piece = rng.choice(CARRIERS), rng.random() < 0.5
    numbers = count_on(rng, page)
    number = next(numbers)
    for turn in itertools.count():
        yield carrier.format(pieces[turn % len(pieces)], number)
        if every_piece or turn % len(pieces) == len(pieces) - 1:
            number = next(numbers)


def section_numbers(rng: Random, page: str) -> Iterator[str]:
    """The numbers of chapters and sections in their order, two to four deep, now and then a stray mark after one."""
    del page
    path, depth = [rng.randint(1, 20)], rng.randint(2, 4)
    down, up, stray = rng.uniform(0.15, 0.5), rng.uniform(0.1, 0.25), rng.choice((0, 0.02, 0.06))
    end = rng.choice(("", "", "."))
    while True:
        yield ".".join(map(str, path)) + end
        if rng.random() < stray:
            yield rng.choice(STRAYS)
        if len(path) < depth and rng.random() < down:
            path.append(1)
            continue
        if len(path) > 1 and rng.random() < up:
            path.pop()
        path[-1] += 1


def draw_counting(rng: Random, page: str, length: int) -> str:
    """Numbers without end in one of three forms; short ones on one line, or one a line."""
    write = rng.choice((bare_numbers, carried_numbers, section_numbers))
    separators = SEPARATORS if write is bare_numbers else ("\n", "\n", "\n\n", "  \n", " ", ", ")
    separator = rng.choice(separators)
    out = ""
    for part in write(rng, page):
        out += part + separator
        if len(out) >= length:
            break
    return out[:length]


def draw_piece(rng: Random, source: str) -> str:
    """A token's worth of a script, of a Latin word, or of code."""
    if source == "code":
        return rng.choice(CODE)
    if source == "latin" and rng.random() < 0.2:
        return rng.choice(WORDS)
    if source == "latin":
        word = "".join(rng.choice(ONSETS) + rng.choice(VOWELS) + rng.choice(CODAS) for _ in range(rng.randint(1, 3)))
        return word.capitalize() if rng.random() < 0.15 else word
    first, last, fewest, most = SCRIPTS[source]
    return "".join(chr(rng.randint(first, last)) for _ in range(rng.randint(fewest, most)))


def draw_salad(rng: Random, page: str, length: int) -> str:
    """Pieces of one form of salad, favourites more often; words of the page among them, ever fewer."""
    form = rng.choice(FORMS)
    kept = ["code", *rng.choices(form.sources, k=rng.randint(3, 20))]  # some sources more often than others
    known = [draw_piece(rng, rng.choice(kept)) for _ in range(rng.randint(*form.known))]
    decay = rng.uniform(0.2, 1.2)
    weights = list(itertools.accumulate((rank + 1) ** -decay for rank in range(len(known))))
    new, joined, stuttered = (rng.uniform(*bounds) for bounds in (form.new, form.joined, form.stuttered))
    words, fading = page[-400:].split(), rng.choice((1, rng.uniform(50, 400)))
    blank = rng.choice((" ", " ", " ", "\n"))
    out = ""
    while len(out) < length:
        if rng.random() < 0.5 * (1 - len(out) / fading):
            out += rng.choice(words) + " "
            continue
        fresh = rng.random() < new
        piece = draw_piece(rng, rng.choice(kept)) if fresh else rng.choices(known, cum_weights=weights)[0]
        out += piece * (rng.randint(2, 25) if rng.random() < stuttered else 1)
        if rng.random() >= joined:
            out += blank if rng.random() < 0.9 else rng.choice(("\n", "\n\n", ", ", ". "))
    return out[:length]


KINDS: dict[str, Draw] = {"counting": draw_counting, "salad": draw_salad}


def loops(seed: int = 47) -> Iterator[tuple[str, str]]:
    """(kind, text) of each kind, as `plant` mixes them."""
    return plant(KINDS, seed)
