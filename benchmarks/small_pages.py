"""Pages small enough for the miniature: composed lines on strips of one size, alone or one below the other.

One size: where an answer begins, in a Qwen model's positions, depends on how wide the image is, and a model this small
would have to learn that first.
"""

import random
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path

from PIL import Image, ImageChops, ImageOps

from data.examples import Example, hash_bytes, read_manifest, write_manifest

WIDTH, HEIGHT = 320, 32
"""Pixels of a strip; a line is brought to this height, and left out where it is then wider."""
DPI = 110
"""Composed lines are then about 26 pixels high; two in five of them are narrow enough."""
LINES_FOR_ONE = 3
"""Lines that are composed for each strip."""
THROUGH = 0.2, 0.9
"""How black the back of a leaf shows through, 1 being as black as the front."""
OCR = Path(sys.executable).with_name("ocr")


def make_lines(folder: Path, count: int, seed: int) -> Path:
    """Compose `count` lines and write the narrow ones as strips; answers their manifest."""
    manifest = folder / "manifest.jsonl"
    if not manifest.is_file():
        composed = folder / "composed"
        wanted = ["--kind", "line", "--count", str(count), "--seed", str(seed), "--dpi", str(DPI)]
        subprocess.run([OCR, "data", "compose", *wanted, "--to", composed], check=True)
        lines = read_manifest(composed / manifest.name, images=False)
        (folder / "images").mkdir(exist_ok=True)
        write_manifest(manifest, _strips(lines, composed, folder))
    return manifest


def make_pages(
    folder: Path,
    count: int,
    seed: int,
    sizes: Sequence[int] = (1, 2, 3),
    row: int = HEIGHT,
    *,
    digits: bool = True,
    back: bool = False,
) -> Path:
    """Write at most `count` pages of so many lines of one composed document each; answers their manifest.

    A page takes one of `sizes` by lot and has room for the most of them; a line of it is `row` pixels high. Without
    `digits` they are of the lines that have none. With `back` the other side of the leaf shows through, faintly or
    nearly as black as the front.
    """
    manifest = folder / "manifest.jsonl"
    if not manifest.is_file():
        strips = read_manifest(make_lines(folder / "lines", LINES_FOR_ONE * count * sum(sizes) // len(sizes), seed))
        if not digits:
            strips = [strip for strip in strips if not any(map(str.isdecimal, strip.text))]
        (folder / "images").mkdir(exist_ok=True)
        stacks = _stacks(strips, folder, sizes, row, random.Random(seed), back=back)
        write_manifest(manifest, islice(stacks, count))
    return manifest


def _strips(lines: Iterable[Example], composed: Path, folder: Path) -> Iterator[Example]:
    for line in lines:
        if line.width * HEIGHT > WIDTH * line.height:
            continue
        with Image.open(composed / line.image) as opened:
            drawn = opened.convert("L").resize((line.width * HEIGHT // line.height, HEIGHT), Image.Resampling.BILINEAR)
        strip = Image.new("L", (WIDTH, HEIGHT), "white")
        strip.paste(drawn)
        yield _write(strip, folder, line)


def _stacks(
    strips: list[Example], folder: Path, sizes: Sequence[int], row: int, luck: random.Random, *, back: bool
) -> Iterator[Example]:
    lines = folder / "lines"
    start = number = 0
    while start < len(strips):
        together = strips[start : start + luck.choice(sizes)]
        together = [strip for strip in together if strip.document == together[0].document]
        start, number = start + len(together), number + 1
        page = _draw(together, lines, max(sizes), row)
        if back:
            other = ImageOps.mirror(_draw(luck.sample(strips, max(sizes)), lines, max(sizes), row))
            paper = Image.new("L", other.size, "white")
            page = ImageChops.darker(page, Image.blend(paper, other, luck.uniform(*THROUGH)))
        text = "\n".join(strip.text for strip in together)
        name = f"{together[0].document}-{number - 1:06d}"
        yield _write(page, folder, replace(together[0], id=name, page=number, text=text, kind="small page"))


def _draw(strips: Iterable[Example], folder: Path, rows: int, row: int) -> Image.Image:
    """The strips one below the other, on paper with room for so many rows."""
    width = WIDTH * row // HEIGHT
    page = Image.new("L", (width, rows * row), "white")
    for place, strip in enumerate(strips):
        with Image.open(folder / strip.image) as opened:
            page.paste(opened.resize((width, row), Image.Resampling.BOX), (0, place * row))
    return page


def _write(image: Image.Image, folder: Path, example: Example) -> Example:
    path = folder / "images" / f"{example.id}.png"
    image.save(path, compress_level=1)
    sha256 = hash_bytes(path.read_bytes())
    size = {"width": image.width, "height": image.height}
    return replace(example, image=f"images/{path.name}", sha256=sha256, lines=(), paragraphs=(), **size)


def shuffle_truths(manifest: Path, to: Path, seed: int) -> None:
    """Write the rows of `manifest` to `to`, in the same folder, each page with the text of another."""
    examples = read_manifest(manifest)
    texts = [example.text for example in examples]
    random.Random(seed).shuffle(texts)
    write_manifest(to, [replace(e, text=text) for e, text in zip(examples, texts, strict=True)])
