"""Pages small enough for the miniature: composed lines on strips of one size, alone, in forms or one below the other.

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

from PIL import Image, ImageDraw

from data.examples import Example, read_manifest, write_manifest
from ocr.core.files import hash_bytes

WIDTH, HEIGHT = 320, 32
"""Pixels of a strip; a line is brought to this height, and left out where it is then wider."""
DPI = 110
"""Composed lines are then about 26 pixels high; two in five of them are narrow enough."""
LINES_FOR_ONE = 3
"""Lines that are composed for each strip."""
BLANKS = 0.6
"""Share of the lines of a form that go on as a blank to be filled in, of those that leave room for one."""
ROOM, GAP = 120, 4
"""Pixels that a blank needs, and pixels before and behind it."""
INK = 30
OCR = Path(sys.executable).with_name("ocr")


def make_lines(folder: Path, count: int, seed: int, *, blanks: float = 0.0) -> Path:
    """Compose `count` lines and write the narrow ones as strips; return their manifest.

    A share `blanks` of those that leave room goes on as the line of a form does: dots or dashes up to somewhere before
    the margin, each one a sign of the truth. How many they are, a model has to count.
    """
    manifest = folder / "manifest.jsonl"
    if not manifest.is_file():
        composed = folder / "composed"
        wanted = ["--kind", "line", "--count", str(count), "--seed", str(seed), "--dpi", str(DPI)]
        subprocess.run([OCR, "data", "compose", *wanted, "--to", composed], check=True)
        lines = read_manifest(composed / manifest.name, images=False)
        (folder / "images").mkdir(exist_ok=True)
        write_manifest(manifest, _strips(lines, composed, folder, blanks, random.Random(seed)))
    return manifest


def make_pages(folder: Path, count: int, seed: int, sizes: Sequence[int] = (1, 2, 3)) -> Path:
    """Write at most `count` pages of so many lines of one composed document each; return their manifest.

    A page takes one of `sizes` by lot and has room for the most of them.
    """
    manifest = folder / "manifest.jsonl"
    if not manifest.is_file():
        lines = folder / "lines"
        strips = read_manifest(make_lines(lines, LINES_FOR_ONE * count * sum(sizes) // len(sizes), seed))
        (folder / "images").mkdir(exist_ok=True)
        write_manifest(manifest, islice(_stacks(strips, lines, folder, sizes, random.Random(seed)), count))
    return manifest


def _strips(
    lines: Iterable[Example], composed: Path, folder: Path, blanks: float, luck: random.Random
) -> Iterator[Example]:
    for line in lines:
        if line.width * HEIGHT > WIDTH * line.height:
            continue
        width = line.width * HEIGHT // line.height
        with Image.open(composed / line.image) as opened:
            drawn = opened.convert("L").resize((width, HEIGHT), Image.Resampling.BILINEAR)
        strip = Image.new("L", (WIDTH, HEIGHT), "white")
        strip.paste(drawn)
        text = line.text
        if width <= WIDTH - ROOM and luck.random() < blanks:
            text += _draw_blank(strip, width, line.document, luck)
        yield _write(strip, folder, replace(line, text=text))


def _draw_blank(strip: Image.Image, start: int, document: str, luck: random.Random) -> str:
    """Draw a blank from the pixel column `start` on, alike in all lines of a document; return its text."""
    style = random.Random(document)
    sign, pitch, height, thick = style.choice("._"), style.randint(4, 10), style.randint(20, 26), style.choice((2, 3))
    room = strip.width - start - 2 * GAP
    count = luck.randint(room // 2, room) // pitch
    pen = ImageDraw.Draw(strip)
    for left in range(start + GAP, start + GAP + count * pitch, pitch):
        wide, high = (thick, thick) if sign == "." else (pitch - 1, 1)
        pen.rectangle((left, height, left + wide - 1, height + high - 1), fill=INK)
    return f" {sign * count}"


def _stacks(
    strips: list[Example], lines: Path, folder: Path, sizes: Sequence[int], luck: random.Random
) -> Iterator[Example]:
    start = number = 0
    while start < len(strips):
        together = strips[start : start + luck.choice(sizes)]
        together = [strip for strip in together if strip.document == together[0].document]
        start, number = start + len(together), number + 1
        page = Image.new("L", (WIDTH, max(sizes) * HEIGHT), "white")
        for row, strip in enumerate(together):
            with Image.open(lines / strip.image) as opened:
                page.paste(opened, (0, row * HEIGHT))
        text = "\n".join(strip.text for strip in together)
        name = f"{together[0].document}-{number - 1:06d}"
        yield _write(page, folder, replace(together[0], id=name, page=number, text=text, kind="small page"))


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
