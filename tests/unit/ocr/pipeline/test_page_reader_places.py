"""A model's words get boxes from the lines of the built-in engine."""

import asyncio
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from command import make_scan

from ocr.core.document import EngineIdentity, EngineOutput, Line, Page, PageImage, Source
from ocr.core.files import hash_file
from ocr.engines.base import Request
from ocr.formats.scan_job import ScanJob
from ocr.formats.writers import FORMATS
from ocr.pipeline.page_builder import build_page
from ocr.pipeline.page_reader import CrossCheckMode, PageReader

TEXTS = ("O réu interpôs apelação contra a sentença proferida,", "requerendo a reforma integral da decisão recorrida.")
PRINTED = tuple(Line(text, (100.0, 100.0 + 40 * row, 900.0, 130.0 + 40 * row), 0.98) for row, text in enumerate(TEXTS))
ENGINE = EngineIdentity("model", "model 1")


class Fixed:
    name, fingerprint, concurrency = "fixed", "fixed", 4

    def __init__(self, output: EngineOutput) -> None:
        self.output = output

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def read(self, _: Request) -> EngineOutput:
        return self.output


def page_of(text: str, mode: CrossCheckMode, *, places: bool, rotation: int = 0) -> Page:
    other = EngineOutput("stop", lines=PRINTED, width=1000, height=1400, rotation=rotation)

    async def run() -> Page:
        reader = PageReader(Fixed(EngineOutput("stop", text)), Fixed(other), mode, places=places)
        image = PageImage(1, np.full((60, 40, 3), 255, dtype=np.uint8), 200.0)
        return build_page((await reader.read(Request(image), "0" * 64)).kept, 1)

    return asyncio.run(run())


@pytest.mark.parametrize(("mode", "places", "placed"), [("off", True, 2), ("off", False, 0), ("all", False, 2)])
def test_a_page_is_placed_where_boxes_are_wanted_or_the_built_in_engine_reads_it_anyway(
    mode: CrossCheckMode, places: bool, placed: int
) -> None:
    page = page_of("\n".join(TEXTS), mode, places=places)
    assert [line.box for line in page.lines] == [line.box for line in PRINTED[:placed]]
    assert (page.status, page.flags, page.confidence, page.unplaced_words) == ("ok", (), None, 0)


def test_a_page_that_lies_on_its_side_is_placed_upright() -> None:
    page = page_of("\n".join(TEXTS), "off", places=True, rotation=90)
    assert (page.width, page.height, page.rotation) == (1000, 1400, 90)


def test_words_are_counted_that_the_built_in_engine_does_not_find() -> None:
    page = page_of(f"{TEXTS[0]}\numa linha que não existe\n{TEXTS[1]}", "off", places=True)
    assert page.unplaced_words == 5
    assert [line.text for line in page.lines] == [TEXTS[0], "uma linha que não existe", TEXTS[1]]


@pytest.mark.parametrize("form", ["pdf", "alto", "page", "hocr"])
def test_every_format_with_boxes_has_all_words_in_the_model_s_order(form: str, tmp_path: Path) -> None:
    text = f"{TEXTS[0]}\numa linha que não existe\n{TEXTS[1]}"
    page = page_of(text, "off", places=True)
    scan = make_scan(tmp_path / "a.png")
    source = Source("a.png", hash_file(scan), 1)
    output = FORMATS[form]
    assert output.has_boxes
    if form == "pdf":
        job = ScanJob(source, ENGINE, [page], scan, scan.parent)
        document = pypdfium2.PdfDocument(b"".join(output.render_scan(job)))
        assert document[0].get_textpage().get_text_range().split() == text.split()
        return
    written = (
        "".join(part.decode() for _, part in output.render_parts(source, ENGINE, [page]))
        if form == "page"
        else b"".join(output.render(source, ENGINE, [page])).decode()
    )
    words = [f'"{word}"' if form == "alto" else f">{word}<" for word in text.split() if len(word) > 3]
    places = [written.index(word) for word in words]
    assert places == sorted(places)


def test_formats_without_boxes_ask_for_no_places() -> None:
    assert [name for name, form in FORMATS.items() if form.has_boxes] == ["alto", "page", "hocr", "pdf"]
