"""One document of an order: its words, its look, its pages as images, and what is written on them."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from data.examples import Example, join_lines
from data.synthesis.degradation import PROFILES, Degraded, degrade
from data.synthesis.effects import Pixels
from data.synthesis.fonts import SHIPPED, Face, faces_for, read_faces
from data.synthesis.page_truth import follow, mark_unreadable, true_lines
from data.synthesis.page_types import LINE, PAGE_TYPES, PageType, draw_look
from data.synthesis.text_layer import PrintedLine, compounds_of, join_paragraphs, open_pdf, read_lines, render
from data.synthesis.typesetting import Block, Setting, build_lines_source, build_source, typeset
from data.text.generators import chunk_text, read_text_folder, write, write_document
from ocr.core.files import hash_bytes

LICENCE = "Apache-2.0"
"""Of pages whose words and looks are all the project's own."""

_TAKES_TEXT = ("para", "speech", "clause", "hand", "ementa")
LINES_A_BATCH = 100


@dataclass(frozen=True, slots=True)
class SynthesisConfig:
    """What to make. Equal orders make equal bytes; `workers` changes nothing but the time."""

    kinds: tuple[str, ...]
    count: int
    """Pages, or lines for the kind `line`."""
    to: Path
    seed: int = 0
    profiles: tuple[tuple[str, float], ...] = (("clean", 1.0),)
    """Name and strength; each page draws one."""
    text: Path | None = None
    """A folder of plain text for the bodies, instead of the project's grammar."""
    licence: str = LICENCE
    fonts: tuple[Path, ...] = ()
    dpi: int = 200
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Made:
    """A page that is ready to be written."""

    example: Example
    content: bytes


def make_document(order: SynthesisConfig, index: int) -> list[Made]:
    """The pages of document `index` of an order, or a batch of lines."""
    if order.kinds == (LINE,):
        return list(_make_lines(order, index))
    name = order.kinds[index % len(order.kinds)]
    kind, seed = PAGE_TYPES[name], f"{order.seed}/{index}"
    generator = random.Random(f"{name}/{seed}")
    blocks, source = _blocks(order, kind, index)
    setting = draw_setting(kind, blocks, seed, generator, read_faces(order.fonts))
    pdf = open_pdf(typeset(build_source(blocks, setting), (SHIPPED, *order.fonts)))
    compounds = compounds_of(" ".join(text for _, text in blocks))
    made = []
    for number in range(1, min(len(pdf), kind.pages) + 1):
        profile, strength = generator.choice(order.profiles)
        clean = render(pdf[number - 1], order.dpi, color=PROFILES[profile].color)
        printed = read_lines(pdf[number - 1], order.dpi)
        degraded = degrade(clean, PROFILES[profile], strength, (order.seed, index, number))
        lines = _true_state(printed, clean, degraded, judge=bool(PROFILES[profile].device))
        identity = _identify(order, f"{name}-{order.seed}-{index:06d}", source, number)
        made.append(_picture(replace(identity, paragraphs=join_paragraphs(lines, compounds)), lines, degraded))
    pdf.close()
    return made


def _make_lines(order: SynthesisConfig, index: int) -> Iterator[Made]:
    """A batch of single lines, typeset together and cut apart."""
    generator = random.Random(f"{LINE}/{order.seed}/{index}")
    wanted = min(LINES_A_BATCH, order.count - index * LINES_A_BATCH)
    texts = [_line_text(order, index * LINES_A_BATCH + number, generator) for number in range(max(0, wanted))]
    if not texts:
        return
    kind = replace(PAGE_TYPES["letter"], styles=("serif", "sans", "typewriter", "antique", "script"), sizes=(9, 14))
    setting = draw_setting(kind, [("", " ".join(texts))], f"{order.seed}/{index}", generator, read_faces(order.fonts))
    pdf = open_pdf(typeset(build_lines_source(texts, setting), (SHIPPED, *order.fonts)))
    clean, printed = render(pdf[0], order.dpi, color=False), read_lines(pdf[0], order.dpi)
    pdf.close()
    for number, line in enumerate(printed):
        profile, strength = generator.choice(order.profiles)
        cut, moved = _cut(clean, line, generator)
        degraded = degrade(cut, replace(PROFILES[profile], color=False), strength, (order.seed, index, number))
        identity = _identify(order, f"{LINE}-{order.seed}-{index:06d}", "", number + 1)
        yield _picture(identity, _true_state([moved], cut, degraded, judge=False), degraded)


def _line_text(order: SynthesisConfig, number: int, generator: random.Random) -> str:
    """Two to twelve words in a row from anywhere in a sentence."""
    if order.text:
        _, paragraphs = text_chunks(order)[number % len(text_chunks(order))]
        words = generator.choice(paragraphs).split()
    else:
        words = write(LINE, f"{order.seed}/{number}").split()
    size = generator.randint(2, 12)
    start = generator.randrange(max(1, len(words) - size + 1))
    return " ".join(words[start : start + size])


def _cut(clean: Pixels, line: PrintedLine, generator: random.Random) -> tuple[Pixels, PrintedLine]:
    """One line's pixels with a little paper around, and the line with its boxes there."""
    left, top, right, bottom = line.box
    pad = (bottom - top) * 0.3 + 2
    x, y = max(0, int(left - pad * generator.uniform(0.3, 1.2))), max(0, int(top - pad * generator.uniform(0.3, 1)))
    cut = clean[y : int(bottom + pad * generator.uniform(0.3, 1)) + 1, x : int(right + pad) + 1]
    words = tuple(
        replace(word, box=(word.box[0] - x, word.box[1] - y, word.box[2] - x, word.box[3] - y)) for word in line.words
    )
    return cut.copy(), replace(line, words=words)


def _true_state(printed: list[PrintedLine], clean: Pixels, degraded: Degraded, *, judge: bool) -> list[PrintedLine]:
    height, width = degraded.pixels.shape[:2]
    after = follow(printed, degraded.placement, (width, height))
    return mark_unreadable(printed, after, clean, degraded.pixels) if judge else after


def _identify(order: SynthesisConfig, name: str, source: str, number: int) -> Example:
    """A page's row as far as it is known before its image."""
    origin = f"composed from {order.text.name}" if order.text else "composed"
    return Example(
        id=f"{name}-{number}",
        document=source or name,
        page=number,
        image="",
        sha256="",
        width=0,
        height=0,
        kind=name.rsplit("-", 2)[0],
        origin=origin,
        licence=order.licence,
        seed=order.seed,
    )


def _picture(identity: Example, lines: list[PrintedLine], degraded: Degraded) -> Made:
    height, width = degraded.pixels.shape[:2]
    marked = true_lines(lines)
    texts = join_lines(marked)
    example = replace(
        identity,
        image=f"images/{identity.id}{degraded.suffix}",
        sha256=hash_bytes(degraded.content),
        width=width,
        height=height,
        lines=marked,
        header=texts["header"],
        text=texts["text"],
        margin=texts["margin"],
        footer=texts["footer"],
    )
    return Made(example, degraded.content)


def _blocks(order: SynthesisConfig, kind: PageType, index: int) -> tuple[list[Block], str]:
    """The blocks of a document and, where its body is someone's text, the name of that text."""
    blocks = write_document(kind.symbol, f"{order.seed}/{index}")
    if not order.text:
        return blocks, ""
    name, paragraphs = text_chunks(order)[index]
    waiting = iter(paragraphs)
    filled = [(style, next(waiting, "")) if style in _TAKES_TEXT else (style, text) for style, text in blocks]
    body = [block for block in filled if block[1]]
    return body + [("para", text) for text in waiting], f"text/{name}"


@cache
def text_chunks(order: SynthesisConfig) -> list[tuple[str, list[str]]]:
    """The folder's text in pieces of about a page, shuffled by the order's seed; each is used once."""
    assert order.text is not None
    chunks = chunk_text(read_text_folder(order.text))
    random.Random(f"chunks/{order.seed}").shuffle(chunks)
    return chunks


def draw_setting(
    kind: PageType, blocks: Sequence[Block], seed: str, generator: random.Random, faces: tuple[Face, ...]
) -> Setting:
    """The look and faces of one document; DataError when no face has all its characters."""
    said = "".join({sign for _, text in blocks for sign in text})
    look = draw_look(kind, generator)
    face = generator.choice(faces_for(generator.choice(kind.styles), said, faces))
    return Setting(look, face.family, generator.choice(faces_for("script", said, faces)).family, seed)
