"""Folders of real lines: written and read again, cut from pages, refused with the file named."""

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from data.examples import Example, ReferenceLine, write_manifest
from data.lines.composer import LineComposer, LineConfig
from data.lines.folder import LINES_FILE, RealLine, compose_text, cut_line_image, read_lines, write_lines
from ocr.core.document import Document, EngineIdentity, Line, Page, Source
from ocr.core.errors import DataError
from ocr.core.files import hash_file
from ocr.formats.json_schema import to_json

BOX = (20.0, 40.0, 320.0, 70.0)


def page_with_bar() -> np.ndarray:
    page = np.full((200, 400), 255, np.uint8)
    page[45:65, 30:310] = 0
    return page


def write_output(folder: Path, lines: tuple[Line, ...], name: str = "acta.png") -> Path:
    scan = folder / name
    cv2.imwrite(str(scan), page_with_bar())
    page = Page(1, "ok", text="x", lines=lines, width=800, height=400)
    document = Document(Source(name, hash_file(scan), 1), EngineIdentity("rapid", "f"), (page,))
    output = folder / "acta.json"
    output.write_text(json.dumps(to_json(document)), encoding="utf-8")
    return output


def test_composed_lines_go_to_a_folder_and_come_back(tmp_path: Path) -> None:
    composer = LineComposer(LineConfig(), seed=1)
    lines = [RealLine(line.pixels, line.text, line.domain) for line in (composer.compose(k) for k in range(6))]
    assert write_lines(tmp_path / "lines", lines) == 6
    found = read_lines(tmp_path / "lines")
    assert [(line.text, line.source) for line in found.lines] == [(line.text, line.source) for line in lines]
    assert all(np.array_equal(first.pixels, second.pixels) for first, second in zip(found.lines, lines, strict=True))
    assert not found.left_out


def test_lines_are_cut_from_corrected_output(tmp_path: Path) -> None:
    double = tuple(2 * edge for edge in BOX)  # the page was read at twice the size
    kept = Line("Acta da sessão", double, 0.9)
    write_output(tmp_path, (kept, Line("", double), Line("[ilegível]", double), Line("дом", double)))
    found = read_lines(tmp_path)
    (line,) = found.lines
    assert line.text == "Acta da sessão"
    assert line.pixels.shape == (48, 480)
    assert line.pixels[24, 240] == 0
    assert line.pixels[2, 240] == 255
    assert line.source == "acta.png, page 1, line 1"
    assert sum(found.left_out.values()) == 3


def test_images_beside_their_text_are_lines(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "p1.jpg"), page_with_bar())
    (tmp_path / "p1.gt.txt").write_text("Acta\n", encoding="utf-8")
    (line,) = read_lines(tmp_path).lines
    assert (line.text, line.source, line.pixels.shape) == ("Acta", "p1.jpg", (48, 96))
    (tmp_path / "p1.jpg").unlink()
    with pytest.raises(DataError, match=r"p1\.gt\.txt has no image beside it"):
        read_lines(tmp_path)


def test_the_caller_decides_which_letters_are_trained_on(tmp_path: Path) -> None:
    write_output(tmp_path, (Line("дом", BOX),))
    with pytest.raises(DataError, match="characters outside the alphabet"):
        read_lines(tmp_path)
    assert [line.text for line in read_lines(tmp_path, clean_text=compose_text).lines] == ["дом"]


def test_a_turned_page_is_turned_before_lines_are_cut(tmp_path: Path) -> None:
    output = write_output(tmp_path, ())
    cv2.imwrite(str(tmp_path / "acta.png"), np.rot90(page_with_bar()))
    page = Page(1, "ok", lines=(Line("Acta", BOX),), width=400, height=200, rotation=90)
    document = Document(Source("acta.png", hash_file(tmp_path / "acta.png"), 1), EngineIdentity("rapid", "f"), (page,))
    output.write_text(json.dumps(to_json(document)), encoding="utf-8")
    (line,) = read_lines(tmp_path).lines
    assert line.pixels.shape == (48, 480)
    assert line.pixels[24, 240] == 0


def test_lines_are_cut_from_a_data_set(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), page_with_bar())
    upright = ReferenceLine("Em pé", (350.0, 10.0, 360.0, 190.0), "margin")
    row = Example(
        id="a", document="a", page=1, image="a.png", sha256=hash_file(tmp_path / "a.png"), width=400, height=200,
        kind="minutes", origin="here", licence="none",
        lines=(ReferenceLine("Acta", (30.0, 45.0, 310.0, 65.0)), upright),
    )  # fmt: skip
    write_manifest(tmp_path / "manifest.jsonl", [row])
    found = read_lines(tmp_path)
    (line,) = found.lines
    assert line.text == "Acta"
    assert line.pixels[0].min() == 255
    assert found.left_out == {"stands on end or has no size": 1}
    write_manifest(tmp_path / "manifest.jsonl", [dataclasses.replace(row, test_only=True)])
    with pytest.raises(DataError, match="testing only"):
        read_lines(tmp_path)


def test_boxes_are_kept_on_the_page() -> None:
    page = page_with_bar()
    assert cut_line_image(page, (-50.0, -5.0, 500.0, 60.0)) is not None
    assert cut_line_image(page, (10.0, 10.0, 10.0, 60.0)) is None
    assert cut_line_image(page, (10.0, 10.0, 30.0, 190.0)) is None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("", "holds no line"),
        ("not json", "row 1"),
        ('{"image": "a.png"}', "row 1"),
        ('{"image": "gone.png", "text": "a"}', "gone.png"),
        ('{"image": "lines.jsonl", "text": "a"}', "not an image"),
        ('{"image": "a.png", "text": " "}', "no text"),
    ],
)
def test_a_listing_that_is_wrong_is_named(tmp_path: Path, rows: str, said: str) -> None:
    (tmp_path / LINES_FILE).write_text(rows, encoding="utf-8")
    with pytest.raises(DataError, match=said) as failure:
        read_lines(tmp_path)
    assert failure.value.hint


def test_an_output_without_its_scan_is_refused(tmp_path: Path) -> None:
    output = write_output(tmp_path, (Line("Acta", BOX),))
    (tmp_path / "acta.png").write_bytes(b"another file")
    with pytest.raises(DataError, match="not the file that was read"):
        read_lines(tmp_path)
    (tmp_path / "acta.png").unlink()
    with pytest.raises(DataError, match="not beside it"):
        read_lines(tmp_path)
    output.write_text("{", encoding="utf-8")
    with pytest.raises(DataError, match="not JSON"):
        read_lines(tmp_path)
    output.write_text('{"source": {}, "pages": []}', encoding="utf-8")
    with pytest.raises(DataError, match=r"acta\.json"):
        read_lines(tmp_path)
    output.write_text("[1, 2]", encoding="utf-8")
    with pytest.raises(DataError, match="holds no line"):
        read_lines(tmp_path)
    with pytest.raises(DataError, match="no such folder"):
        read_lines(tmp_path / "gone")
