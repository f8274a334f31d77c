import cv2
import numpy as np

from ocr.engines.local.ink.ruling_lines import ruling_lines

LETTER = 16.0


def paper(height: int = 600, width: int = 800) -> np.ndarray:
    return np.full((height, width), 235, np.uint8)


def test_a_drawn_box_gives_its_four_sides() -> None:
    gray = paper()
    cv2.rectangle(gray, (100, 100), (500, 300), 40, 3)
    found = ruling_lines(gray, LETTER)
    level = [box for box in found if box[2] - box[0] > box[3] - box[1]]
    upright = [box for box in found if box[2] - box[0] < box[3] - box[1]]
    assert len(level) == len(upright) == 2
    assert all(abs(box[0] - 100) <= 6 and abs(box[2] - 500) <= 6 for box in level)
    assert sorted(round(box[0] / 100) for box in upright) == [1, 5]


def test_text_gives_no_ruling_lines() -> None:
    gray = paper()
    for row in range(8):
        cv2.putText(gray, "o conselho municipal reunido em", (40, 80 + 60 * row), cv2.FONT_HERSHEY_SIMPLEX, 1.2, 30, 3)
    assert ruling_lines(gray, LETTER) == []


def test_bars_and_small_images_give_none() -> None:
    gray = paper()
    cv2.rectangle(gray, (100, 100), (500, 140), 20, -1)
    assert ruling_lines(gray, LETTER) == []
    assert ruling_lines(paper(20, 20), LETTER) == []
    assert ruling_lines(gray, 0.0) == []
