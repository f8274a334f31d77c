r"""Two more ways in which a vision-language model derails, taken from public reports without sight of any detector.

walls: at a dotted line, an empty field or an empty table the model writes the sign on and on: one sign only, a few by
    turns or at random, leaders and blanks with the same word between them, empty cells and table rules in rows,
    entities and tags for a blank or a new line
    (https://github.com/clovaai/donut/issues/203, https://github.com/vllm-project/vllm/issues/14110,
    https://github.com/Blaizzy/mlx-vlm/issues/549, https://github.com/Blaizzy/mlx-vlm/issues/553,
    https://github.com/getomni-ai/zerox/issues/97, https://github.com/studio-dots-ai/dots.ocr/issues/245,
    https://github.com/deepseek-ai/DeepSeek-OCR/issues/160,
    https://github.com/Embassy-of-the-Free-Mind/sourcelibrary-v2/issues/2764,
    https://tensorlake.ai/blog/vlm-pipeline-improvement).
rereading: the model reads the same piece of the page again and again. The piece comes back whole, with slips that
    differ or pile up; or it is read by jumps back, some of its lines twice or thrice; or, as a ban on repeats allows
    no longer stretch, its words come back in ever other orders
    (https://github.com/deepseek-ai/DeepSeek-OCR-2/issues/28, https://github.com/deepseek-ai/DeepSeek-OCR-2/issues/55,
    https://github.com/icereed/paperless-gpt/issues/170, https://github.com/ahnafnafee/local-llm-pdf-ocr/issues/17,
    https://github.com/deepseek-ai/DeepSeek-OCR/issues/151, https://github.com/CrispStrobe/CrispEmbed/pull/26).

Both stand behind 0 to 3,000 characters of legitimate Portuguese text; more such text follows every third of them.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from random import Random

from benchmarks.repetition.held_out.insertion import Draw, plant

SIGNS = (
    *(".", ".", "_", "_", "-", "-", "!", ":", "…", "·", "*", "=", "~", "—", "•", "□", "|", "/", "#", "°", '"', "''"),
    *(". ", "_ ", "- ", "— ", "* ", "· ", "… ", "| ", "\\_", "\\.", "\\-", "...", "-.", "{", "{,", "[ ]", "()"),
)
BLANKS = ("&nbsp;", "&nbsp; ", "&emsp;", "<br>", "<br/>", "</br>\n", "\\n", "\\t", "\\n\\n", "\\quad ", "&#160;")
"""What stands for a blank or for a new line."""
LINKS = ("de", "de", "/", "e", ",", "R$", "nº", "(", ")", "a", "em", "-", "do", "x")
LABELS = ("Nome", "Assinatura", "Data", "Endereço", "Observações", "Capítulo", "Total", "Matrícula", "CPF", "Local")
CELLS = (
    ("|", "  |", "\n"),
    ("|", " |", "\n"),
    ("|", "   |", "\n"),
    ("|", "---|", "\n"),
    ("| ", "--- | ", "\n"),
    ("|", ":---:|", "\n"),
    ("|", " - |", "\n"),
    ("|", "------------|", "\n"),
    ("+", "-----+", "\n"),
    ("<tr>", "<td></td>", "</tr>"),
    ("<tr>\n", "<td></td>\n", "</tr>\n"),
    ("<tr>", "<td>&nbsp;</td>", "</tr>"),
    ("<tr>", "<td>-</td>", "</tr>"),
    ("", "<ecel>", "<nl>"),
    ("", "<fcel>", "<nl>\n"),
    ("", " & ", " \\\\ \n"),
)
"""What opens a row, what a cell is, and what closes the row."""

SEAMS = ("\n", "\n", "\n\n", "\n\n", " ", " ", "\n\n---\n\n", "\n\n***\n\n", "\n```\n", "<|end|>\n", "")
"""What stands between two readings of a piece."""


def few_signs(rng: Random, most: int) -> list[str]:
    """Two to `most` signs, at times with one that stands for a blank."""
    signs = rng.sample(sorted(set(SIGNS)), rng.randint(2, most))
    return [*signs[1:], rng.choice(BLANKS)] if rng.random() < 0.3 else signs


def wall_of_one(rng: Random, page: str) -> Iterator[str]:
    """One sign, in lines of one width, of any width, or in one line; in some walls a stray sign or a word."""
    del page
    sign, other = rng.choice(SIGNS + BLANKS), rng.choice(SIGNS)
    width, wobble = rng.choice((0, 0, rng.randint(20, 400))), rng.choice((0, 0, rng.uniform(0.02, 0.5)))
    stray = rng.choice((0, 0, 0, rng.uniform(0.001, 0.02)))
    while True:
        reach = max(1, round(width * rng.uniform(1 - wobble, 1 + wobble)))
        for _ in range(reach):
            yield other if rng.random() < stray else sign
        if width:
            yield "\n"


def wall_by_turns(rng: Random, page: str) -> Iterator[str]:
    """Stretches of two to five signs, one sign after another, each stretch of its own length."""
    del page
    signs = few_signs(rng, 5)
    longest, line = rng.randint(8, 300), rng.uniform(0, 0.6)
    while True:
        for sign in signs:
            yield sign * rng.randint(1, longest)
            if rng.random() < line:
                yield "\n"


def wall_at_random(rng: Random, page: str) -> Iterator[str]:
    """Two to six signs in no order, each staying for a while; no letters and no period."""
    del page
    signs = few_signs(rng, 6)
    stay, blank = rng.uniform(0.2, 0.9), rng.choice((0, 0, rng.uniform(0.05, 0.4)))
    sign = rng.choice(signs)
    while True:
        yield sign
        if rng.random() < blank:
            yield rng.choice((" ", " ", "\n"))
        if rng.random() > stay:
            sign = rng.choice(signs)


def leaders(rng: Random, page: str) -> Iterator[str]:
    """Short blanks with the same one or two words between them, or leaders far wider than a page under a label."""
    sign = rng.choice((".", "_", "-", "…", ". ", "_ ", "\\_", "·"))
    words = re.findall(r"[A-Za-zÀ-ÿ]{4,}", page)
    if rng.random() < 0.5:
        links = [rng.choice((*LINKS, rng.choice(words))) for _ in range(rng.randint(1, 2))]
        fewest = rng.randint(2, 12)
        most, gap = fewest + rng.choice((0, 0, 2, 20)), rng.choice((" ", " ", ""))
        while True:
            for link in links:
                yield sign * rng.randint(fewest, most) + gap + link + gap
    labels = [rng.choice((*LABELS, rng.choice(words))) for _ in range(rng.randint(1, 3))]
    numbered, fewest = rng.random() < 0.3, rng.randint(150, 600)
    most = round(fewest * rng.uniform(1, 3))
    while True:
        end = f" {rng.randint(1, 99)}\n" if numbered else "\n"
        yield f"{rng.choice(labels)}: {sign * (rng.randint(fewest, most) // len(sign))}{end}"


def empty_cells(rng: Random, page: str) -> Iterator[str]:
    """Rows of empty cells or of rules, all of one width, of widths that waver, or one row without end."""
    del page
    opening, cell, closing = rng.choice(CELLS)
    width, wobble = rng.choice((0, rng.randint(2, 12), rng.randint(2, 60))), rng.choice((0, 0, rng.uniform(0.1, 0.6)))
    ruled = rng.choice((0, 0, 0, rng.uniform(0.05, 0.5)))  # how often a row is of the other sort
    other = rng.choice([row for row in CELLS if row[0] == opening])
    yield opening if not width else ""
    while not width:
        yield cell
    while True:
        cells = max(1, round(width * rng.uniform(1 - wobble, 1 + wobble)))
        first, middle, last = other if rng.random() < ruled else (opening, cell, closing)
        yield first + middle * cells + last


def draw_walls(rng: Random, page: str, length: int) -> str:
    """A wall in one of five forms."""
    write = rng.choice((wall_of_one, wall_by_turns, wall_at_random, leaders, empty_cells))
    out: list[str] = []
    written = 0
    for part in write(rng, page):
        out.append(part)
        written += len(part)
        if written >= length:
            break
    return "".join(out)[:length]


def piece(rng: Random, page: str, fewest: int, most: int) -> list[str]:
    """The words of a piece of the page of so many characters, from the start of a sentence or of a line if it can."""
    size = rng.randint(fewest, most)
    starts = [match.end() for match in re.finditer(r"[.;:\n]\s+", page) if match.end() + size < len(page)]
    start = rng.choice(starts) if starts else 0
    return page[start : start + size].rpartition(" ")[0].split(" ")


def slip(rng: Random, words: list[str]) -> list[str]:
    """The words with one slip: a digit, a letter or an accent changes, a word is lost, doubled, swapped or replaced."""
    words = list(words)
    place = rng.randrange(len(words) - 1)
    word = words[place]
    fault = rng.choice(("digit", "letter", "case", "lost", "doubled", "swapped", "replaced"))
    numbers = [number for number, known in enumerate(words) if re.search(r"\d", known)]
    if fault == "digit" and numbers:
        place = rng.choice(numbers)
        words[place] = re.sub(r"\d", lambda _: str(rng.randint(0, 9)), words[place])
    elif fault == "letter" and len(word) > 2:
        spot = rng.randrange(len(word))
        words[place] = word[:spot] + rng.choice("aeiourslmnt") + word[spot + 1 :]
    elif fault == "case":
        words[place] = rng.choice((word.upper(), word.capitalize(), word.lower()))
    elif fault == "lost" and len(words) > 6:
        del words[place]
    elif fault == "doubled":
        words.insert(place, word)
    elif fault == "swapped":
        words[place], words[place + 1] = words[place + 1], words[place]
    else:
        words[place] = rng.choice(words)
    return words


def whole(rng: Random, page: str, length: int) -> Iterator[str]:
    """The piece from end to end, five times and more; up to one slip in ten words, in some loops none."""
    words = piece(rng, page, 60, min(1100, length // 5))
    seam, piling = rng.choice(SEAMS), rng.random() < 0.4
    rate = rng.choice((0, rng.uniform(0, 0.03), rng.uniform(0.03, 0.1))) * (0.3 if piling else 1)
    while True:
        read = words
        for _ in range(len(words)):
            if rng.random() < rate:
                read = slip(rng, read)
        if piling:
            words = read
        yield " ".join(read) + seam


def by_jumps(rng: Random, page: str, length: int) -> Iterator[str]:
    """The piece line by line: on to the next line, the same one again, or back to the first or to an earlier one."""
    words = piece(rng, page, 150, max(160, length // 6))
    size = rng.randint(3, 14)
    lines = [" ".join(words[start : start + size]) for start in range(0, len(words), size)]
    again, back = rng.uniform(0, 0.4), rng.uniform(0.05, 0.35)
    home, cut = rng.random() < 0.5, rng.choice((0, 0, rng.uniform(0.05, 0.3)))
    seam = rng.choice(("\n", "\n", "\n\n", " "))
    place = 0
    while True:
        line = lines[place]
        yield (line[: rng.randint(1, len(line))] if rng.random() < cut else line) + seam
        chance = rng.random()
        if chance < again:
            continue
        place = 0 if place + 1 == len(lines) or (chance < again + back and home) else place + 1
        if not home and chance < again + back:
            place = rng.randrange(place + 1)


def in_other_orders(rng: Random, page: str, length: int) -> Iterator[str]:
    """The words of a short piece, each behind one that it stood behind, with leaps; no three words as just before."""
    words = piece(rng, page, 100, max(120, min(350, length // 8)))
    after = defaultdict(list)
    for word, follower in zip(words, [*words[1:], words[0]], strict=True):
        after[word].append(follower)
    leap, banned = rng.uniform(0, 0.15), rng.randint(30, 300)
    line = rng.choice((0, 0, rng.uniform(0.02, 0.2)))
    recent: list[tuple[str, ...]] = []
    last, word = words[0], words[1]
    while True:
        yield word + ("\n" if rng.random() < line else " ")
        follower = rng.choice(words if rng.random() < leap else after[word])
        if (last, word, follower) in recent:
            follower = rng.choice(words)
        recent = [*recent[-banned:], (last, word, follower)]
        last, word = word, follower


def draw_rereading(rng: Random, page: str, length: int) -> str:
    """Readings of one piece of the page without end, in one of three forms."""
    write = rng.choice((whole, by_jumps, in_other_orders))
    out = ""
    for part in write(rng, page, length):
        out += part
        if len(out) >= length:
            break
    return out[:length]


KINDS: dict[str, Draw] = {"walls": draw_walls, "rereading": draw_rereading}


def loops(seed: int = 59) -> Iterator[tuple[str, str]]:
    """(kind, text) of each kind, as `plant` mixes them."""
    return plant(KINDS, seed)
