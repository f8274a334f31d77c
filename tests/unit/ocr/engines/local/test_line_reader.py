"""Strips from a probability map, their crops, and words from a reading."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
import pytest

from ocr.engines.local.detectors.line_finder import LARGEST_TILE, MOST_AT_ONCE, tiles
from ocr.engines.local.detectors.map_strips import Strip, apart, strips
from ocr.engines.local.line_reader import PpocrPageReader, _line
from ocr.engines.local.ppocr import Reading, fitting_factor, in_alphabet

STAY = np.eye(2, 3)


def probability(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    field = np.zeros((200, 300), np.float32)
    for left, top, right, bottom in boxes:
        field[top:bottom, left:right] = 0.9
    return field


def test_a_line_is_found_at_the_full_height_of_its_letters() -> None:
    (strip,) = strips(probability((50, 100, 250, 110)), (600, 400))
    assert strip.along == (1.0, 0.0)
    left, top = strip.origin
    assert 60 < left < 100 and 170 < top < 195
    assert 400 < strip.length < 450 and 30 < strip.height < 60


def test_lines_come_from_top_to_bottom_and_stay_inside_the_image() -> None:
    found = strips(probability((0, 150, 300, 165), (0, 0, 300, 15)), (300, 200))
    assert [round(strip.origin[1]) for strip in found] == sorted(round(strip.origin[1]) for strip in found)
    for strip in found:
        corners = strip.corners()
        assert corners.min() >= 0 and corners[:, 0].max() <= 300 and corners[:, 1].max() <= 200


def test_what_neighbours_reach_into_a_line_is_painted_over_and_no_more() -> None:
    gray = np.full((200, 300), 250, np.uint8)
    found = strips(probability((50, 100, 250, 110), (50, 120, 250, 130), (20, 100, 48, 135)), (300, 200))
    initial, upper, lower = sorted(found, key=lambda strip: (strip.length > 100, strip.origin[1]))
    assert initial.above == initial.below == upper.above == lower.below == 0
    assert upper.below == lower.above > 1
    gray[:] = np.arange(200, dtype=np.uint8)[:, None]
    crop, plain = lower.crop(gray), replace(lower, above=0.0).crop(gray)
    cut = round(lower.above)
    assert len(set(crop[:cut].ravel().tolist())) == 1
    assert np.array_equal(crop[cut:], plain[cut:])


def test_faint_and_tiny_shapes_are_no_lines() -> None:
    faint = probability((50, 100, 250, 110)) * 0.4
    assert strips(faint, (300, 200)) == []
    assert strips(probability((50, 100, 52, 101)), (300, 200)) == []
    assert strips(np.zeros((200, 300), np.float32), (300, 200)) == []


def test_a_leaning_line_is_cropped_level() -> None:
    gray = np.full((200, 400), 255, np.uint8)
    angle = np.deg2rad(10)
    strip = Strip((60.0, 50.0), (float(np.cos(angle)), float(np.sin(angle))), 200.0, 20.0)
    for x in range(200):
        for y in range(5, 15):
            column, row = strip.origin + x * np.array(strip.along) + y * np.array((-np.sin(angle), np.cos(angle)))
            gray[round(row), round(column)] = 0
    crop = strip.crop(gray)
    assert crop.shape == (20, 200)
    assert crop[8:12, 10:190].mean() < 80
    assert crop[:3, 10:190].mean() > 200


@pytest.mark.parametrize(("quarter", "turns"), [(1, 1), (-1, -1)])
def test_a_strip_on_end_is_cropped_to_read_from_left_to_right(quarter: int, turns: int) -> None:
    gray = np.random.default_rng(3).integers(0, 255, (300, 200), np.uint8)
    strip = Strip((50.0, 20.0), (1.0, 0.0), 30.0, 200.0)
    assert strip.turned(quarter).crop(gray).shape == (30, 200)
    expected = np.rot90(gray[20:220, 50:80], turns)
    crop = strip.turned(quarter).crop(gray)
    # A turned crop may be off by the one pixel that lies on its edge.
    assert min(np.abs(np.roll(crop, step, axis=(0, 1)).astype(int) - expected)[2:-2, 2:-2].max() for step in
               ((0, 0), (1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, -1), (1, -1), (-1, 1))) <= 2  # fmt: skip


def reading(text: str) -> Reading:
    count = len(text)
    return Reading(text, (0.9,) * count, tuple((place + 0.5) / count for place in range(count)))


class Guesser:
    """A recognizer that reads badly, and takes what it reads for another script."""

    def read(self, lines: Sequence[np.ndarray]) -> list[Reading]:
        plain = Reading("ab", (0.3, 0.3), (0.2, 0.7))
        return [Reading("\ufffd\ufffd", (0.5, 0.5), plain.centers, unguessed=plain) for _ in lines]

    def read_surest(self, groups: Sequence[Sequence[np.ndarray]]) -> list[tuple[int, Reading]]:
        return [(0, reading) for reading in self.read(groups)]


def test_a_guess_of_another_script_makes_no_page_surer() -> None:
    gray = np.full((320, 640), 250, np.uint8)
    for left in range(60, 560, 14):
        gray[100:130, left : left + 7] = 20
    reader = PpocrPageReader(
        "none", Guesser(), lambda part: cv2.dilate((part < 128).astype(np.float32), np.ones((3, 15)))
    )
    assert reader.confidence(gray) == pytest.approx(0.3)
    assert [line.text for line in reader.lines(gray, STAY)] == [""]


def test_words_split_at_spaces_and_keep_their_places() -> None:
    line = _line(Strip((100.0, 10.0), (1.0, 0.0), 160.0, 20.0), reading("Art. 5º  da lei."), STAY)
    assert [word.text for word in line.words] == ["Art.", "5º", "da", "lei."]
    assert line.text == "Art. 5º da lei."
    lefts = [word.box[0] for word in line.words]
    rights = [word.box[2] for word in line.words]
    assert all(right <= left for right, left in zip(rights, lefts[1:], strict=False))
    assert lefts[0] == 100 and rights[-1] == 260
    assert line.words[1].box[0] == pytest.approx(150, abs=6)
    assert all(word.confidence == 0.9 for word in line.words)


@pytest.mark.parametrize("text", ["a", " a", "a ", "a b"])
def test_short_readings_have_boxes_inside_their_line(text: str) -> None:
    line = _line(Strip((0.0, 0.0), (1.0, 0.0), 50.0, 20.0), reading(text), STAY)
    assert [word.text for word in line.words] == text.split()
    assert all(0 <= word.box[0] < word.box[2] <= 50 for word in line.words)


def test_the_alphabet_holds_portuguese_and_no_chinese() -> None:
    portuguese = "ÁÀÂÃÉÊÍÓÔÕÚÜÇáàâãéêíóôõúüçñªº°§€$%–—“”‘’«»…•·½ 0123456789abcXYZ.,;:!?()[]/\\|_*&@#+=<>^~'\"-ſœĩũ"
    assert [character for character in portuguese if not in_alphabet(character)] == []
    assert [character for character in "一二口日ー・、。（）ąęłșẹか가" if in_alphabet(character)] == []
    assert not in_alphabet("") and not in_alphabet("ab")


def test_large_regions_are_cut_between_lines_and_whole() -> None:
    gray = np.full((4000, 1000), 245, np.uint8)
    for top in range(20, 3980, 30):
        gray[top : top + 21, 50:950] = 20
    found = tiles(gray)
    assert len(found) > 1
    assert found[0][0] == 0 and found[-1][1] == 4000
    assert all(above[1] == below[0] for above, below in pairwise(found))
    assert all((gray[row] > 200).all() for row, _ in found[1:])
    assert all((bottom - top) * 1000 < 1.1 * MOST_AT_ONCE for top, bottom in found)


def test_a_region_without_white_rows_still_has_bounded_tiles() -> None:
    gray = np.random.default_rng(2).integers(0, 255, (9000, 1000), np.uint8)
    found = tiles(gray)
    assert found[0][0] == 0 and found[-1][1] == 9000
    assert all(0 < (bottom - top) * 1000 <= LARGEST_TILE for top, bottom in found)


@pytest.mark.parametrize("shape", [(1, 1), (1, 3_000_000), (3_000_000, 1), (40, 60_000)])
def test_tiles_of_odd_shapes_cover_them(shape: tuple[int, int]) -> None:
    found = tiles(np.full(shape, 255, np.uint8))
    assert found[0][0] == 0 and found[-1][1] == shape[0]
    assert all(above[1] == below[0] for above, below in pairwise(found))
    assert all(top < bottom for top, bottom in found)


@pytest.mark.parametrize(
    ("height", "pixels", "factor"), [(28, 2000, 0.5), (14, 2000, 1.0), (90, 2000, 0.4), (28, 400, 1)]
)
def test_a_fitted_detector_sees_letters_of_one_size(height: int, pixels: int, factor: float) -> None:
    gray = np.full((pixels, pixels), 250, np.uint8)
    for top in range(10, pixels - height, 2 * height):
        for left in range(10, pixels - height, height):
            gray[top : top + height, left : left + height * 2 // 3] = 20
    assert fitting_factor(gray) == pytest.approx(factor, abs=0.08)


def test_a_fitted_detector_sees_a_page_without_text_whole() -> None:
    assert fitting_factor(np.full((2000, 2000), 250, np.uint8)) == 1.0


def test_parts_of_one_line_end_in_the_white_between_them() -> None:
    gray = np.full((200, 300), 250, np.uint8)
    gray[95:115, 20:139] = 30
    gray[95:115, 143:280] = 30
    found = apart(strips(probability((20, 100, 138, 110), (144, 100, 280, 110)), (300, 200)), gray)
    left, right = sorted(found, key=lambda strip: strip.origin[0])
    assert left.origin[0] + left.length == right.origin[0]
    assert 139 <= right.origin[0] <= 143


def test_lines_of_different_rows_keep_their_ends() -> None:
    found = strips(probability((20, 60, 150, 70), (140, 120, 280, 130)), (300, 200))
    assert apart(found, np.full((200, 300), 250, np.uint8)) == found


def test_strips_without_neighbors_are_left_alone() -> None:
    assert apart([], np.full((20, 30), 250, np.uint8)) == []
    (alone,) = strips(probability((20, 60, 150, 70)), (300, 200))
    assert apart([alone], np.full((200, 300), 250, np.uint8)) == [alone]
