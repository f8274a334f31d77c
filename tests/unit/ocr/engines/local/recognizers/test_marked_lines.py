"""Check boxes and initials join the line on their right, with places along the longer line."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from data.synthesis.fonts import SHIPPED
from ocr.engines.local.line_reader import PpocrPageReader
from ocr.engines.local.orientation import read_page
from ocr.engines.local.ppocr import Reading
from ocr.engines.local.recognizers.loading import load_recognizer
from ocr.engines.local.recognizers.marked_lines import Piece, with_marks
from ocr.engines.local.recognizers.selection import choose_recognizer


def reading(text: str, confidence: float = 0.99) -> Reading:
    count = len(text)
    return Reading(text, (confidence,) * count, tuple((place + 0.5) / count for place in range(count)))


def never(_: np.ndarray) -> Reading:
    raise AssertionError("nothing is to be read")


def box(*, crossed: bool) -> np.ndarray:
    image = Image.new("L", (500, 100), 250)
    pen = ImageDraw.Draw(image)
    pen.rectangle((40, 30, 70, 60), outline=20, width=2)
    if crossed:
        pen.line((44, 34, 66, 56), fill=20, width=3)
        pen.line((66, 34, 44, 56), fill=20, width=3)
    return np.asarray(image)


@pytest.mark.parametrize(("crossed", "sign"), [(False, "☐"), (True, "☒")])
def test_a_box_stands_before_its_label(crossed: bool, sign: str) -> None:
    (piece,) = with_marks(box(crossed=crossed), [Piece((85.0, 25.0, 200.0, 65.0), reading("Casado"))], 16.0, never)
    assert piece is not None
    assert piece.reading.text == f"{sign} Casado"
    assert piece.area == (40.0, 25.0, 200.0, 65.0)
    assert list(piece.reading.centers) == sorted(piece.reading.centers)
    assert piece.reading.centers[0] == pytest.approx(0.1, abs=0.01)


def test_a_cross_that_was_read_by_itself_goes() -> None:
    pieces = [Piece((42.0, 32.0, 68.0, 58.0), reading("X")), Piece((85.0, 25.0, 200.0, 65.0), reading("Não"))]
    first, second = with_marks(box(crossed=True), pieces, 16.0, never)
    assert first is None
    assert second is not None
    assert second.reading.text == "☒ Não"


def test_what_the_recognizer_reads_surely_in_the_place_of_a_box_stays() -> None:
    piece = Piece((35.0, 25.0, 200.0, 65.0), reading("II da lei"))
    assert with_marks(box(crossed=True), [piece], 16.0, never) == [piece]


def test_a_box_without_a_line_beside_it_changes_nothing() -> None:
    piece = Piece((250.0, 25.0, 400.0, 65.0), reading("Casado"))
    assert with_marks(box(crossed=False), [piece], 16.0, never) == [piece]


def comb(cells: int) -> np.ndarray:
    image = Image.new("L", (500, 100), 250)
    for number in range(cells):
        ImageDraw.Draw(image).rectangle((20 + 40 * number, 20, 60 + 40 * number, 70), outline=20, width=2)
    return np.asarray(image)


def in_cells(text: str, first: int) -> Piece:
    return Piece((20.0 + 40 * first, 25.0, 20.0 + 40 * (first + len(text)), 65.0), reading(text))


def test_letters_in_a_row_of_boxes_are_one_line() -> None:
    pieces = [in_cells("O BRAN", 2), in_cells("RI", 0), Piece((20.0, 80.0, 200.0, 99.0), reading("Município"))]
    (joined, gone, below) = with_marks(comb(10), pieces, 16.0, never)
    assert joined is not None
    assert joined.reading.text == "RIO BRAN"
    assert joined.area[0] == pytest.approx(20, abs=2)
    assert gone is None
    assert below == pieces[2]


def test_cells_with_words_are_no_row_of_boxes() -> None:
    pieces = [Piece((22.0, 25.0, 58.0, 65.0), reading("12,50")), Piece((62.0, 25.0, 98.0, 65.0), reading("7,30"))]
    assert with_marks(comb(10), pieces, 16.0, never) == pieces


def test_an_initial_joins_the_first_line_beside_it() -> None:
    image = Image.new("L", (500, 200), 250)
    ImageDraw.Draw(image).rectangle((20, 20, 90, 130), outline=20, width=12)
    lines = [Piece((100.0, 15.0 + 40 * row, 450.0, 50.0 + 40 * row), reading("UANDO a família")) for row in range(4)]
    joined = with_marks(np.asarray(image), lines, 16.0, lambda _: reading("Q"))
    assert [piece.reading.text for piece in joined if piece] == ["QUANDO a família", *["UANDO a família"] * 3]
    for other in (reading("Q", 0.5), reading("12"), reading("q"), reading("")):
        assert with_marks(np.asarray(image), lines, 16.0, lambda _, found=other: found) == lines


def test_a_form_and_a_chapter_opening_are_read() -> None:
    pytest.importorskip("openvino")
    reader = PpocrPageReader("openvino", load_recognizer(choose_recognizer("pt"), "openvino"))
    image = Image.new("L", (900, 420), 250)
    pen = ImageDraw.Draw(image)
    size = {number: ImageFont.truetype(str(SHIPPED / "tinos-400-normal.ttf"), number) for number in (32, 150)}
    pen.text((60, -4), "E", fill=20, font=size[150])
    for row, text in enumerate(
        ("ra uma vez um moinho, que marcava", "a divisa das terras, e o caminho", "do rio até a")
    ):
        pen.text((160, 20 + 42 * row), text, fill=20, font=size[32])
    pen.text((60, 250), "Possui imóvel?", fill=20, font=size[32])
    pen.rectangle((320, 256, 346, 282), outline=20, width=2)
    pen.text((362, 250), "Sim", fill=20, font=size[32])
    pen.rectangle((520, 256, 546, 282), outline=20, width=2)
    pen.line((524, 260, 542, 278), fill=20, width=3)
    pen.line((542, 260, 524, 278), fill=20, width=3)
    pen.text((562, 250), "Não", fill=20, font=size[32])
    texts = [line.text for line in read_page(reader, np.asarray(image)).lines or ()]
    assert "Era uma vez um moinho, que marcava" in texts
    assert {"☐ Sim", "☒ Não"} <= set(texts)


def test_a_list_dot_joins_its_item_and_its_own_reading_goes() -> None:
    page = np.full((240, 600), 250, np.uint8)
    for top in (46, 106):
        page[top : top + 8, 40:48] = 20
    items = [Piece((120.0, 30.0 + 60 * row, 300.0, 70.0 + 60 * row), reading("o laudo")) for row in range(2)]
    lone = Piece((36.0, 38.0, 52.0, 62.0), reading("o"))
    first, second, third = with_marks(page, [items[0], lone, items[1]], 16.0, never)
    assert first is not None
    assert third is not None
    assert [first.reading.text, third.reading.text] == ["• o laudo", "• o laudo"]
    assert second is None
    assert first.area == (40.0, 30.0, 300.0, 70.0)
