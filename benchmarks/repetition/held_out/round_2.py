"""Two more ways in which a vision-language model derails, chosen without sight of any detector of them.

crumbs: the reading melts into one piece of a word or one digit, joined, doubled and clipped with no period
("-3 -3 -33 -3 3-3-33": mlx-vlm issue 549; single letters on a picture without text: DeepSeek-OCR issue 160).
formula: the model takes a rule or a stamp for a formula that it never ends, all spacing commands in runs of uneven
length and groups opened inside groups ("\\! \\! \\! / \\! \\! \\! \\! / p _ { j } \\!": UniMERNet issue 25).

Both stand behind a legitimate Portuguese text; behind every third of them the model finds its way back to the page.
"""

import re
from collections.abc import Iterator
from random import Random

from benchmarks.repetition.held_out.insertion import EVERY, LOOP, RETURN, TEXTS, Draw, legitimate, read_corpus

PREFIX = (0, 3000)
"""Characters of legitimate text before the loop."""

JOINS = (" ", "-", "", " -", ", ", ".", "\n")
SPACINGS = (r"\!", r"\,", r"\;", r"\quad", r"\qquad", r"\hspace{1cm}", "~")
MARKS = ("/", "|", ",", r"\cdot", "p _ { j }", "{ } ^ { \\prime }", r"\\", "&", "1", r"\dots")
GROUPS = (r"\mathrm {", r"\frac {", r"{ {", r"\sqrt {", "_ {", "^ {", r"\overline {", r"\left(")


def draw_crumbs(rng: Random, before: str, length: int) -> str:
    """A crumb of a late word of `before`, or a digit, under joins that change as the loop goes on."""
    words = re.findall(r"[A-Za-zÀ-ÿ]{5,}", before[-200:])
    word = rng.choice(words) if words and rng.random() < 0.7 else ""
    place = rng.randrange(len(word) - 2) if word else 0
    crumb = word[place : place + rng.randint(2, 3)] or rng.choice("0123456789")
    forms = (crumb, crumb * 2, crumb + crumb[-1], crumb[:-1] or crumb, crumb[1:] or crumb)
    out = word[:place] + crumb
    while len(out) < length:
        usual, other = rng.sample(JOINS, 2)
        stray = rng.uniform(0.1, 0.5)  # how far this stretch is from a plain repeat
        for _ in range(rng.randint(20, 150)):
            form = rng.choice(forms) if rng.random() < stray else crumb
            out += (other if rng.random() < stray else usual) + form
    return out[:length]


def draw_formula(rng: Random, before: str, length: int) -> str:
    """A formula of blanks and stray marks that opens groups, ever deeper; now and then a word of `before`, spelled."""
    words = re.findall(r"\b[A-Za-zÀ-ÿ]{2,6}\b", before[-400:]) or ["A"]
    usual, other = rng.sample(SPACINGS, 2)
    marks = rng.sample(MARKS, 3)
    groups = rng.sample(GROUPS, 2)
    out = [rng.choice(("$$", r"\[", r"\begin{array} { l }")), *rng.choice(words)]
    while sum(map(len, out)) + len(out) <= length:  # joined by one blank less than there are parts
        out += [usual if rng.random() < 0.9 else other] * rng.randint(1, 9)
        chance = rng.random()
        if chance < 0.15:
            out.append(rng.choice(groups))
        elif chance < 0.2:
            out += rng.choice(words)
        else:
            out.append(rng.choice(marks))
    return " ".join(out)


KINDS: dict[str, Draw] = {"crumbs": draw_crumbs, "formula": draw_formula}


def loops(seed: int = 43) -> Iterator[tuple[str, str]]:
    """(kind, text), TEXTS of each kind; the same for the same seed and corpus."""
    rng = Random(seed)
    corpus = read_corpus()
    for kind, draw in KINDS.items():
        for number in range(TEXTS):
            before = legitimate(rng, corpus, rng.randint(*PREFIX))
            text = before + draw(rng, before, rng.randint(*LOOP))
            if number % EVERY == 0:
                text += "\n\n" + legitimate(rng, corpus, rng.randint(*RETURN))
            yield kind, text
