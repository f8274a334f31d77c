from dataclasses import replace
from pathlib import Path

import pypdfium2
import pytest
from boxed_pages import FIRST, LOST

from ocr.formats.pdf.text_only import FONT, write_text_only

pikepdf = pytest.importorskip("pikepdf")


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_words_stand_on_the_scan_as_it_lies(tmp_path: Path, rotation: int) -> None:
    word = replace(FIRST.lines[0].words[0], text="palavra", box=(100, 30, 240, 60))
    page = replace(FIRST, lines=(replace(FIRST.lines[0], words=(word,), text="palavra"),), rotation=rotation)
    size = (300.0, 400.0) if rotation % 180 == 0 else (400.0, 300.0)
    write_text_only(page, tmp_path / "a.pdf", size)
    leaf = pypdfium2.PdfDocument(tmp_path / "a.pdf")[0]
    text = leaf.get_textpage()
    assert leaf.get_size() == size
    assert text.get_text_range().strip() == "palavra"
    boxes = [text.get_charbox(place, loose=True) for place in range(7)]
    found = [min(box[0] for box in boxes), min(box[1] for box in boxes)]
    found += [max(box[2] for box in boxes), max(box[3] for box in boxes)]
    # From the bottom left, in points of half a pixel; a turn of the page turns the box with it.
    expected = {
        0: (50, 370, 120, 385), 90: (15, 50, 30, 120), 180: (180, 15, 250, 30), 270: (370, 180, 385, 250),
    }  # fmt: skip
    assert found == pytest.approx(expected[rotation], abs=2)


def test_a_page_without_text_is_empty(tmp_path: Path) -> None:
    write_text_only(LOST, tmp_path / "a.pdf", (300, 400))
    with pikepdf.open(tmp_path / "a.pdf") as pdf:
        assert pdf.pages[0].Contents.read_bytes() == b""
        assert f"/{FONT}" not in pdf.pages[0].resources.get("/Font", {})
