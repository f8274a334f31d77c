"""Write a contact sheet: one HTML file with the image of each page, its boxes, and its ground truth beside it."""

import base64
import html
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from data.examples import UNREADABLE, Example, ReferenceLine
from ocr.core.document import FIELDS
from ocr.core.environment import load
from ocr.core.errors import DataError
from ocr.core.files import write_atomic

_SIDE = 1000
"""Longest side of the images in pixels; text of 8 points is still legible."""

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; padding: 24px; max-width: 1500px;
  background: #f4f4f2; color: #222 }
article { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 24px; margin: 0 0 40px;
  padding: 20px;
  background: #fff; border: 1px solid #ddd; border-radius: 6px }
h2 { grid-column: 1 / -1; margin: 0; font-size: 17px } h2 small { font-weight: normal; color: #666 }
figure { margin: 0; position: relative; align-self: start }
figure img { width: 100%; display: block; border: 1px solid #ccc }
svg { position: absolute; inset: 0; width: 100%; height: 100% }
rect { fill: transparent; stroke-width: 1.5; vector-effect: non-scaling-stroke } rect:hover { fill: #ffd60040 }
.header { stroke: #1464d2 } .text { stroke: #d23c28 } .margin { stroke: #1e8c46 } .footer { stroke: #c88200 }
section h3 { margin: 0 0 2px; font-size: 12px; text-transform: uppercase; letter-spacing: .06em; color: #555 }
pre { margin: 0 0 14px; white-space: pre-wrap; overflow-wrap: anywhere; font: 12px/1.4 ui-monospace, monospace }
mark { background: #ffd2c8 } nav a { margin-right: 14px } label { margin-left: 8px }
body:has(#boxes:not(:checked)) svg { display: none }
"""


def write_sheet(path: Path, examples: Iterable[Example], folder: Path) -> int:
    """Write the sheet of these pages, with images relative to `folder`; return their number.

    Raises DataError when an image cannot be opened, OutputError when the sheet cannot be written.
    """
    chosen = list(examples)
    kinds = sorted({example.kind for example in chosen})
    links = "".join(f'<a href="#{html.escape(kind)}">{html.escape(kind)}</a>' for kind in kinds)
    seen: set[str] = set()
    articles = []
    for example in sorted(chosen, key=lambda example: (example.kind, example.id)):
        anchor = f' id="{html.escape(example.kind)}"' if example.kind not in seen else ""
        seen.add(example.kind)
        articles.append(_article(example, folder, anchor))
    page = (
        f'<!doctype html><html lang="pt-BR"><meta charset="utf-8"><title>{len(chosen)} pages</title>'
        f"<style>{_STYLE}</style><h1>{len(chosen)} pages</h1>"
        f'<nav>{links}<label><input type="checkbox" id="boxes" checked> boxes</label></nav>{"".join(articles)}</html>'
    )
    write_atomic(path, page.encode("utf-8"))
    return len(chosen)


def choose(examples: list[Example], count: int) -> list[Example]:
    """Choose `count` pages spread over the page types: the first of each type, then the second, and so on."""
    waiting: dict[str, list[Example]] = {}
    for example in examples:
        waiting.setdefault(example.kind, []).append(example)
    rounds = max((len(pages) for pages in waiting.values()), default=0)
    ordered = [pages[turn] for turn in range(rounds) for pages in waiting.values() if turn < len(pages)]
    return ordered[:count]


def _article(example: Example, folder: Path, anchor: str) -> str:
    details = (
        f"{example.origin} · {example.licence} · {example.width} x {example.height} · {example.split or 'no split'}"
    )
    boxes = "".join(map(_rectangle, example.lines))
    fields = "".join(
        f"<h3>{field}</h3><pre>{_marked(example.fields[field])}</pre>" for field in FIELDS if example.fields[field]
    )
    return (
        f"<article{anchor}><h2>{html.escape(example.id)} <small>{html.escape(details)}</small></h2>"
        f'<figure><img src="{_embedded(folder / example.image)}" alt="">'
        f'<svg viewBox="0 0 {example.width} {example.height}" preserveAspectRatio="none">{boxes}</svg></figure>'
        f"<section>{fields}</section></article>"
    )


def _rectangle(line: ReferenceLine) -> str:
    left, top, right, bottom = line.box
    place = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}"'
    return f'<rect class="{line.field}" {place}><title>{html.escape(line.text)}</title></rect>'


def _marked(text: str) -> str:
    return html.escape(text).replace(UNREADABLE, f"<mark>{UNREADABLE}</mark>")


def _embedded(path: Path) -> str:
    images: Any = load("PIL.Image")
    try:
        with images.open(path) as image:
            small = image.convert("RGB")
            small.thumbnail((_SIDE, _SIDE))
    except (OSError, ValueError) as failure:
        raise DataError(f"{path}: cannot be opened as an image: {failure}") from failure
    buffer = io.BytesIO()
    small.save(buffer, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
