"""An output folder with a page whose lines are known, and corrections of it."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from data.lines.composer import LineComposer, LineConfig
from ocr.core.document import EngineIdentity, Line, Page, Source
from ocr.core.files import hash_file
from ocr.storage.acceptance import accept
from ocr.storage.ledger import Entry
from ocr.storage.output_dir import open_folder

NAME = "acta.png"
GAP = 12


def compose_page(folder: Path, count: int, seed: int = 7) -> list[Line]:
    """Write a scan of composed lines below each other into `folder`; return the lines with their true texts."""
    composer = LineComposer(LineConfig(wears={"clean": 1.0}), seed=seed)
    composed = [composer.compose(number) for number in range(count)]
    page = np.full((count * (48 + GAP) + GAP, max(line.pixels.shape[1] for line in composed) + 2 * GAP), 255, np.uint8)
    lines = []
    for number, line in enumerate(composed):
        top, width = GAP + number * (48 + GAP), line.pixels.shape[1]
        page[top : top + 48, GAP : GAP + width] = line.pixels
        lines.append(Line(line.text, (float(GAP), float(top), float(GAP + width), float(top + 48)), 0.9))
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(page).save(folder / NAME)
    return lines


def write_output(
    scans: Path, out: Path, lines: Sequence[Line], forms: Sequence[str] = ("json", "jsonl", "md", "txt")
) -> None:
    """Write the output folder that reading the scan as `lines` gives."""
    with Image.open(scans / NAME) as image:
        width, height = image.size
    text = "\n".join(line.text for line in lines)
    page = Page(
        1, "ok", text=text, paragraphs=(" ".join(text.split()),), lines=tuple(lines), width=width, height=height
    )
    source = Source(NAME, hash_file(scans / NAME), 1)
    with open_folder(out, create=True) as folder:
        folder.ledger.begin(EngineIdentity("fake", "fake 1"), version="0", host="here")
        folder.ledger.adopt()
        folder.ledger.add_file(source, str((scans / NAME).absolute()))
        folder.ledger.record(source.sha256, Entry(page)).result(timeout=10)
        for form in forms:
            folder.write(source, form)


def correct(out: Path, form: str, change: Callable[[str], str]) -> None:
    """Change an output file as a person would, and record it as `ocr accept` does."""
    path = out / f"{NAME}.{form}"
    before = path.read_text(encoding="utf-8")
    path.write_text(change(before), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != before
    with open_folder(out) as folder:
        assert accept(folder, [path]) == [path.name]
