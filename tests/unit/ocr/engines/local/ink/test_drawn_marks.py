"""Check boxes and initials are found by their ink; letters and comb boxes are none."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from data.synthesis.fonts import SHIPPED
from ocr.engines.local.ink.drawn_marks import Marks, find_marks

LETTER = 16.0


def sheet() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("L", (600, 200), 250)
    return image, ImageDraw.Draw(image)


def font(size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(SHIPPED / "tinos-400-normal.ttf"), size)


@pytest.mark.parametrize("side", [20, 28, 40])
@pytest.mark.parametrize("stroke", [1, 2])
def test_empty_and_crossed_boxes_are_told_apart(side: int, stroke: int) -> None:
    image, pen = sheet()
    for left in (60, 300):
        pen.rectangle((left, 60, left + side, 60 + side), outline=20, width=stroke)
    pen.line((304, 64, 296 + side, 56 + side), fill=20, width=stroke)
    pen.line((296 + side, 64, 304, 56 + side), fill=20, width=stroke)
    boxes = find_marks(np.asarray(image), LETTER).boxes
    assert [(round(box.area[0], -1), box.crossed) for box in boxes] == [(60, False), (300, True)]


def test_letters_and_stains_are_no_boxes() -> None:
    image, pen = sheet()
    pen.text((40, 40), "D O 0 B Q II H m □x", fill=20, font=font(36))
    pen.rectangle((400, 60, 430, 90), fill=20)
    assert find_marks(np.asarray(image), LETTER).boxes == ()


def test_boxes_for_one_letter_each_are_no_check_boxes() -> None:
    image, pen = sheet()
    for number, letter in enumerate("MARIA"):
        left = 60 + 46 * number
        pen.rectangle((left, 60, left + 40, 100), outline=20, width=2)
        pen.text((left + 20, 80), letter, fill=20, font=font(28), anchor="mm")
    assert find_marks(np.asarray(image), LETTER).boxes == ()


def test_letters_of_several_lines_may_be_initials() -> None:
    image, pen = sheet()
    pen.text((40, 20), "Q", fill=20, font=font(120))
    pen.text((160, 20), "UANDO a", fill=20, font=font(32))
    initials = find_marks(np.asarray(image), LETTER).initials
    assert len(initials) == 1
    assert initials[0][0] < 60


def test_a_page_without_letters_has_no_marks() -> None:
    assert find_marks(np.full((40, 40), 255, np.uint8), 0.0) == Marks()


@pytest.mark.parametrize("cells", [3, 8, 20])
def test_a_row_of_equal_boxes_is_a_comb(cells: int) -> None:
    image, pen = sheet()
    for number in range(cells):
        pen.rectangle((20 + 28 * number, 60, 48 + 28 * number, 100), outline=20, width=2)
    (comb,) = find_marks(np.asarray(image), LETTER).combs
    assert len(comb.bars) == cells + 1
    assert comb.bars[1] == pytest.approx(48, abs=2)


def test_a_table_of_unequal_cells_is_no_comb() -> None:
    image, pen = sheet()
    for left, right in ((20, 60), (60, 180), (180, 220), (220, 400)):
        pen.rectangle((left, 60, right, 100), outline=20, width=2)
    assert find_marks(np.asarray(image), LETTER).combs == ()
