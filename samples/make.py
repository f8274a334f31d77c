"""Make the sample scans and their true text: `python samples/make.py` (needs the `dev` extra).

Pages are typeset line by line from source.toml, turned into pixels, and worn as a scanner, a fax or a photocopier
would wear them. The truth is what was set: the lines of source.toml, in the four fields of a page. Same bytes
every time for one version of the typesetter and of Pillow.
"""

import json
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import typst
from PIL import Image, ImageFilter

HERE = Path(__file__).parent
DPI = 150

PREAMBLE = """
#set page(paper: "a4", margin: (x: 2.2cm, top: 3.4cm, bottom: 2.6cm), header-ascent: 0.8cm, footer-descent: 0.6cm,
  header: align(center)[{header}], footer: align(center)[{footer}],
  background: [#place(right + horizon, dx: -0.9cm, rotate(-90deg, reflow: true)[#text(size: 7pt)[{margin}]])])
#set text(font: "Libertinus Serif", size: {size}pt, lang: "pt", hyphenate: false)
#set par(justify: true, leading: 0.62em, spacing: 1.1em)
#set table(stroke: 0.5pt, inset: 5pt)
"""


def escape(text: str) -> str:
    """Typst markup for `text` as it stands."""
    return "".join(f"\\{letter}" if letter in "\\#$*_`<>@[]=-+/~\"'" else letter for letter in text)


def typeset_lines(lines: list[str], full: int) -> str:
    """Lines with their own breaks; those that nearly fill a column of `full` letters are justified."""
    last = len(lines) - 1
    return "".join(
        escape(line) + ("" if number == last else f"#linebreak(justify: {str(len(line) > 0.8 * full).lower()})")
        for number, line in enumerate(lines)
    )


def cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip("| ").split("|")]


def typeset_block(block: str, full: int) -> str:
    """One paragraph, heading or table."""
    lines = block.split("\n")
    if lines[0].startswith("|"):
        body = ", ".join(f"[{escape(cell)}]" for row in lines for cell in cells(row))
        count = len(cells(lines[0]))
        return f"#table(columns: {count}, align: (left,) + (right,) * {count - 1}, {body})"
    if lines[0].startswith("== "):
        heading = f"#align(center)[#text(size: 0.82em)[#strong[{escape(lines[0][3:])}]]]"
        return heading + ("\n\n" + typeset_lines(lines[1:], full) if lines[1:] else "")
    return typeset_lines(lines, full)


def typeset(scan: dict[str, Any]) -> bytes:
    """The PDF of a scan, one page for each of its `page` tables."""
    parts = []
    for page in scan["page"]:
        stacked = {
            name: "#linebreak()".join(map(escape, page.get(name, "").split("\n"))) for name in ("header", "footer")
        }
        parts.append(PREAMBLE.format(**stacked, margin=escape(page.get("margin", "")), size=scan["size"]))
        if "headline" in page:
            parts.append(f"#align(center)[#text(size: 1.3em)[#strong[{escape(page['headline'])}]]]")
        full = max(len(line) for text in page["text"] for line in text.split("\n") if not line.startswith("|"))
        columns = [
            "\n\n".join(typeset_block(block, full) for block in text.strip().split("\n\n")) for text in page["text"]
        ]
        parts.append(f"#grid(columns: (1fr,) * {len(columns)}, gutter: 0.8cm, {', '.join(f'[{c}]' for c in columns)})")
    source = parts[0] + "".join("#pagebreak(weak: true)" + p if p.startswith("\n#set page") else p for p in parts[1:])
    return typst.compile(source.encode("utf-8"))


def truth(page: dict[str, Any]) -> dict[str, str]:
    """The four fields as printed: markers of source.toml removed, a table row as its cells."""
    lines = [page["headline"]] if "headline" in page else []
    for text in page["text"]:
        for line in text.strip().split("\n"):
            if line.startswith("|"):
                lines.append(" ".join(cells(line)))
            elif line:
                lines.append(line.removeprefix("== "))
    fields = {name: page.get(name, "") for name in ("header", "margin", "footer")}
    return {
        "header": fields["header"],
        "text": "\n".join(lines),
        "margin": fields["margin"],
        "footer": fields["footer"],
    }


def rasterise(pdf: bytes) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(pdf)
    return [page.render(scale=DPI / 72, grayscale=True).to_pil() for page in document]


def scanned(image: Image.Image, seed: int) -> Image.Image:
    """A flatbed scan: slightly skewed, soft, with paper grain."""
    noise = np.random.default_rng(seed)
    turned = image.rotate(noise.uniform(-0.6, 0.6), resample=Image.Resampling.BICUBIC, fillcolor=255)
    grey = np.asarray(turned.filter(ImageFilter.GaussianBlur(0.5)), dtype=np.float32)
    return Image.fromarray(np.clip(grey * 0.93 + 8 + noise.normal(0, 4, grey.shape), 0, 255).astype(np.uint8))


def photocopied(image: Image.Image, seed: int) -> Image.Image:
    """A photocopy of a photocopy: worn strokes, specks, a dark edge, two levels only."""
    noise = np.random.default_rng(seed)
    turned = image.rotate(1.4, resample=Image.Resampling.BICUBIC, fillcolor=255).filter(ImageFilter.GaussianBlur(0.9))
    grey = np.asarray(turned, dtype=np.float32) + noise.normal(0, 34, turned.size[::-1])
    grey[noise.random(grey.shape) < 0.0015] = 0
    grey[:, :14] -= 160
    return Image.fromarray(np.where(grey > 150, 255, 0).astype(np.uint8)).convert("1")


def save_scanned_pdf(pages: list[Image.Image], target: Path) -> None:
    images = [scanned(page, seed) for seed, page in enumerate(pages)]
    # Fixed dates: the same samples must have the same bytes on every day.
    stamp = time.gmtime(0)
    images[0].save(
        target, save_all=True, append_images=images[1:], resolution=DPI, quality=70, creationDate=stamp, modDate=stamp
    )


def save_fax(pages: list[Image.Image], target: Path) -> None:
    images = [page.point(lambda level: 255 if level > 160 else 0).convert("1") for page in pages]
    images[0].save(target, save_all=True, append_images=images[1:], compression="group4", dpi=(DPI, DPI))


FINISH: dict[str, Callable[[list[Image.Image], Path], None]] = {
    "gazette.png": lambda pages, target: (
        scanned(pages[0], 1).point(lambda level: level & 0xF0).save(target, optimize=True, dpi=(DPI, DPI))
    ),
    "ruling.pdf": save_scanned_pdf,
    "letter.jpg": lambda pages, target: scanned(pages[0], 2).save(target, quality=72, dpi=(DPI, DPI)),
    "table.png": lambda pages, target: pages[0].quantize(16).save(target, optimize=True, dpi=(DPI, DPI)),
    "photocopy.png": lambda pages, target: photocopied(pages[0], 3).save(target, optimize=True, dpi=(DPI, DPI)),
    "minutes.tiff": save_fax,
}


def main() -> None:
    """Write every sample beside this script and its truth under truth/."""
    (HERE / "truth").mkdir(exist_ok=True)
    for scan in tomllib.loads((HERE / "source.toml").read_text(encoding="utf-8"))["scan"]:
        pages = rasterise(typeset(scan))
        if len(pages) != len(scan["page"]):
            raise SystemExit(f"{scan['file']}: {len(scan['page'])} pages were written, {len(pages)} came out")
        FINISH[scan["file"]](pages, HERE / scan["file"])
        written = json.dumps([truth(page) for page in scan["page"]], ensure_ascii=False, indent=1)
        (HERE / "truth" / f"{scan['file']}.json").write_text(written + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
