from dataclasses import replace

import numpy as np
import pytest
from boxed_pages import FIRST

from ocr.formats.scanned_boxes import as_scanned, scanned_box


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_a_box_marks_the_same_pixels_on_the_scan(rotation: int) -> None:
    scan = np.zeros((800, 600) if rotation % 180 == 0 else (600, 800), np.uint8)
    upright = np.rot90(scan, -rotation // 90).copy()
    upright[30:50, 100:160] = 1
    page = replace(FIRST, rotation=rotation, width=upright.shape[1], height=upright.shape[0])
    left, top, right, bottom = map(int, scanned_box((100, 30, 160, 50), page))
    back = np.rot90(upright, rotation // 90)
    assert back.sum() == back[top:bottom, left:right].size == 20 * 60
    assert back[top:bottom, left:right].all()


def test_the_page_has_the_size_of_the_scan() -> None:
    page = as_scanned(replace(FIRST, rotation=90))
    assert (page.width, page.height, page.rotation) == (800, 600, 0)
    assert [word.text for line in page.lines for word in line.words] == [w.text for x in FIRST.lines for w in x.words]
    assert as_scanned(FIRST) == FIRST
