"""Compose one document: its text, its look, its pages as images, and the ground truth of each page."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from data.examples import Example, join_lines
from data.synthesis.degradation import PROFILES, Degraded, degrade
from data.synthesis.effects import Pixels
from data.synthesis.fonts import SHIPPED, Face, faces_for, read_faces
from data.synthesis.ground_truth import follow, illegible_places, mark_unreadable, reference_lines
from data.synthesis.page_types import LINE, PAGE_TYPES, PageType, draw_look
from data.synthesis.text_layer import PrintedLine, compounds_of, join_paragraphs, open_pdf, read_lines, render
from data.synthesis.typesetting import Block, Setting, build_lines_source, build_source, typeset
from data.text.generators import chunk_text, read_text_folder, write, write_document
from ocr.core.files import hash_bytes

LICENCE = "Apache-2.0"
"""Of pages whose text and look are the project's own."""

_TAKES_TEXT = ("para", "speech", "clause", "hand", "ementa")
LINES_A_BATCH = 100


@dataclass(frozen=True, slots=True)
class SynthesisConfig:
    """What to generate. Equal configurations give equal bytes; `workers` changes only the time."""

    kinds: tuple[str, ...]
    count: int
    """Pages, or lines for the kind `line`."""
    to: Path
    seed: int = 0
    profiles: tuple[tuple[str, float], ...] = (("clean", 1.0),)
    """Name and strength; each page gets one at random."""
    text: Path | None = None
    """A folder of plain text for the bodies, in place of the project's grammar."""
    licence: str = LICENCE
    fonts: tuple[Path, ...] = ()
    dpi: int = 200
    workers: int = 1


@dataclass(frozen=True, slots=True)
class Made:
    """A page with the bytes of its image file."""

    example: Example
    content: bytes


def make_document(config: SynthesisConfig, index: int) -> list[Made]:
    """Make the pages of document `index`, or a batch of lines."""
    if config.kinds == (LINE,):
        return list(_make_lines(config, index))
    name = config.kinds[index % len(config.kinds)]
    kind, seed = PAGE_TYPES[name], f"{config.seed}/{index}"
    generator = random.Random(f"{name}/{seed}")
    blocks, source = _blocks(config, kind, index)
    setting = draw_setting(kind, blocks, seed, generator, read_faces(config.fonts))
    pdf = open_pdf(typeset(build_source(blocks, setting), (SHIPPED, *config.fonts)))
    compounds = compounds_of(" ".join(text for _, text in blocks))
    made = []
    for number in range(1, min(len(pdf), kind.pages) + 1):
        profile, strength = generator.choice(config.profiles)
        clean = render(pdf[number - 1], config.dpi, color=PROFILES[profile].color)
        printed = read_lines(pdf[number - 1], config.dpi)
        degraded = degrade(clean, PROFILES[profile], strength, (config.seed, index, number))
        lines = _lines_after(printed, clean, degraded, mark=bool(PROFILES[profile].device))
        identity = _identify(config, f"{name}-{config.seed}-{index:06d}", source, number)
        made.append(_picture(replace(identity, paragraphs=join_paragraphs(lines, compounds)), lines, degraded))
    pdf.close()
    return made


def _make_lines(config: SynthesisConfig, index: int) -> Iterator[Made]:
    """Make a batch of single lines, typeset together and cut apart."""
    generator = random.Random(f"{LINE}/{config.seed}/{index}")
    wanted = min(LINES_A_BATCH, config.count - index * LINES_A_BATCH)
    texts = [_line_text(config, index * LINES_A_BATCH + number, generator) for number in range(max(0, wanted))]
    if not texts:
        return
    kind = replace(PAGE_TYPES["letter"], styles=("serif", "sans", "typewriter", "antique", "script"), sizes=(9, 14))
    setting = draw_setting(kind, [("", " ".join(texts))], f"{config.seed}/{index}", generator, read_faces(config.fonts))
    pdf = open_pdf(typeset(build_lines_source(texts, setting), (SHIPPED, *config.fonts)))
    clean, printed = render(pdf[0], config.dpi, color=False), read_lines(pdf[0], config.dpi)
    pdf.close()
    for number, line in enumerate(printed):
        profile, strength = generator.choice(config.profiles)
        cut, moved = _cut(clean, line, generator)
        degraded = degrade(cut, replace(PROFILES[profile], color=False), strength, (config.seed, index, number))
        identity = _identify(config, f"{LINE}-{config.seed}-{index:06d}", "", number + 1)
        yield _picture(identity, _lines_after([moved], cut, degraded, mark=False), degraded)


def _line_text(config: SynthesisConfig, number: int, generator: random.Random) -> str:
    """Return two to twelve consecutive words from anywhere in a sentence."""
    if config.text:
        _, paragraphs = text_chunks(config)[number % len(text_chunks(config))]
        words = generator.choice(paragraphs).split()
    else:
        words = write(LINE, f"{config.seed}/{number}").split()
    size = generator.randint(2, 12)
    start = generator.randrange(max(1, len(words) - size + 1))
    return " ".join(words[start : start + size])


def _cut(clean: Pixels, line: PrintedLine, generator: random.Random) -> tuple[Pixels, PrintedLine]:
    """Return the pixels of one line with a margin, and the line with its boxes moved accordingly."""
    left, top, right, bottom = line.box
    pad = (bottom - top) * 0.3 + 2
    x, y = max(0, int(left - pad * generator.uniform(0.3, 1.2))), max(0, int(top - pad * generator.uniform(0.3, 1)))
    cut = clean[y : int(bottom + pad * generator.uniform(0.3, 1)) + 1, x : int(right + pad) + 1]
    words = tuple(
        replace(word, box=(word.box[0] - x, word.box[1] - y, word.box[2] - x, word.box[3] - y)) for word in line.words
    )
    return cut.copy(), replace(line, words=words)


def _lines_after(printed: list[PrintedLine], clean: Pixels, degraded: Degraded, *, mark: bool) -> list[PrintedLine]:
    height, width = degraded.pixels.shape[:2]
    after = follow(printed, degraded.placement, (width, height))
    return mark_unreadable(printed, after, clean, degraded.pixels) if mark else after


def _identify(config: SynthesisConfig, name: str, source: str, number: int) -> Example:
    """Return the row of a page as far as it is known before its image."""
    origin = f"composed from {config.text.name}" if config.text else "composed"
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
        licence=config.licence,
        seed=config.seed,
    )


def _picture(identity: Example, lines: list[PrintedLine], degraded: Degraded) -> Made:
    height, width = degraded.pixels.shape[:2]
    marked = reference_lines(lines)
    texts = join_lines(marked)
    example = replace(
        identity,
        image=f"images/{identity.id}{degraded.suffix}",
        sha256=hash_bytes(degraded.content),
        width=width,
        height=height,
        lines=marked,
        illegible=illegible_places(lines),
        header=texts["header"],
        text=texts["text"],
        margin=texts["margin"],
        footer=texts["footer"],
    )
    return Made(example, degraded.content)


def _blocks(config: SynthesisConfig, kind: PageType, index: int) -> tuple[list[Block], str]:
    """Return the blocks of a document and the name of the text that fills its body, if any."""
    blocks = write_document(kind.symbol, f"{config.seed}/{index}")
    if not config.text:
        return blocks, ""
    name, paragraphs = text_chunks(config)[index]
    waiting = iter(paragraphs)
    filled = [(style, next(waiting, "")) if style in _TAKES_TEXT else (style, text) for style, text in blocks]
    body = [block for block in filled if block[1]]
    return body + [("para", text) for text in waiting], f"text/{name}"


@cache
def text_chunks(config: SynthesisConfig) -> list[tuple[str, list[str]]]:
    """Return the folder's text in pieces of about a page, shuffled by the seed; each is used once."""
    assert config.text is not None
    chunks = chunk_text(read_text_folder(config.text))
    random.Random(f"chunks/{config.seed}").shuffle(chunks)
    return chunks


def draw_setting(
    kind: PageType, blocks: Sequence[Block], seed: str, generator: random.Random, faces: tuple[Face, ...]
) -> Setting:
    """Choose look and faces of one document. Raises DataError when no face has all its characters."""
    said = "".join({sign for _, text in blocks for sign in text})
    look = draw_look(kind, generator)
    face = generator.choice(faces_for(generator.choice(kind.styles), said, faces))
    return Setting(look, face.family, generator.choice(faces_for("script", said, faces)).family, seed)
