"""Pages small enough for the miniature: composed lines of at most 512 x 47 pixels, alone or one below the other."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from PIL import Image

from data.examples import Example, hash_bytes, read_manifest, write_manifest

WIDEST, HIGHEST = 512, 47
DPI = 110
"""Lines are then about 26 pixels high, and half of them under 300 wide."""
OCR = Path(sys.executable).with_name("ocr")


def make_lines(folder: Path, count: int, seed: int) -> Path:
    """Compose `count` lines and answer the manifest of those that are small enough, about four in five."""
    short = folder / "short.jsonl"
    if not short.is_file():
        wanted = ["--kind", "line", "--count", str(count), "--seed", str(seed), "--dpi", str(DPI)]
        subprocess.run([OCR, "data", "compose", *wanted, "--to", folder], check=True)
        # Row by row as text: hundreds of thousands of rows were checked when they were made.
        with (folder / "manifest.jsonl").open(encoding="utf-8") as rows:
            kept = [row for row in rows if _is_small(json.loads(row))]
        short.write_text("".join(kept), encoding="utf-8")
    return short


def _is_small(row: dict[str, int]) -> bool:
    return row["width"] <= WIDEST and row["height"] <= HIGHEST


def make_pages(folder: Path, count: int, seed: int) -> Path:
    """Write `count` pages of one to three lines of one composed document each; answers their manifest."""
    manifest = folder / "manifest.jsonl"
    if not manifest.is_file():
        (folder / "images").mkdir(parents=True, exist_ok=True)
        lines = read_manifest(make_lines(folder / "lines", 4 * count, seed))
        write_manifest(manifest, _stack(lines, folder, count, random.Random(seed)))
    return manifest


def _stack(lines: list[Example], folder: Path, count: int, luck: random.Random) -> Iterator[Example]:
    start = 0
    for number in range(count):
        together = lines[start : start + luck.randint(1, 3)]
        start += len(together)
        together = [line for line in together if line.document == together[0].document]
        height, width = sum(line.height for line in together), max(line.width for line in together)
        page, top = Image.new("L", (width, height), "white"), 0
        for line in together:
            with Image.open(folder / "lines" / line.image) as opened:
                page.paste(opened.convert("L"), (0, top))
            top += line.height
        path = folder / "images" / f"{number:06d}.png"
        page.save(path)
        sha256 = hash_bytes(path.read_bytes())
        name = f"{together[0].document}-page-{number}"
        text = "\n".join(line.text for line in together)
        image = {"image": f"images/{path.name}", "sha256": sha256, "width": width, "height": height}
        yield replace(together[0], id=name, page=number + 1, text=text, lines=(), kind="small page", **image)


def shuffle_truths(manifest: Path, to: Path, seed: int) -> None:
    """Write the rows of `manifest` to `to`, in the same folder, each page with the text of another."""
    examples = read_manifest(manifest)
    texts = [example.text for example in examples]
    random.Random(seed).shuffle(texts)
    write_manifest(to, [replace(e, text=text, lines=()) for e, text in zip(examples, texts, strict=True)])
