import hashlib

import cv2
import numpy as np
import pytest

from data.examples import UNREADABLE
from data.synthesis.degradation import PROFILES, degrade, parse_profiles, place
from data.synthesis.effects import STEPS, Pixels
from data.synthesis.ground_truth import follow, illegible_places, mark_unreadable
from data.synthesis.text_layer import PrintedLine, PrintedWord
from ocr.core.errors import UsageError


def dotted() -> tuple[Pixels, list[PrintedLine]]:
    """A page of ladders, each a "word" of a line: about a third of their boxes is ink."""
    page = np.full((900, 700), 255, np.uint8)
    lines = []
    for row in range(10):
        words = []
        for column in range(6):
            left, top = 60 + column * 100, 60 + row * 80
            page[top : top + 16, left : left + 40 : 13] = page[top : top + 16, left + 1 : left + 40 : 13] = 0
            page[top : top + 2, left : left + 40] = page[top + 14 : top + 16, left : left + 40] = 0
            words.append(PrintedWord(f"w{row}{column}", (left, top, left + 40, top + 16)))
        lines.append(PrintedLine(tuple(words), "text", row))
    return page, lines


@pytest.mark.parametrize("name", PROFILES)
def test_same_seed_same_bytes_and_another_seed_others(name: str) -> None:
    page, _ = dotted()
    first, again = degrade(page, PROFILES[name], 1, (1, 2)), degrade(page, PROFILES[name], 1, (1, 2))
    assert hashlib.sha256(first.content).digest() == hashlib.sha256(again.content).digest()
    if name != "clean":
        assert first.content != degrade(page, PROFILES[name], 1, (1, 3)).content


@pytest.mark.parametrize("name", PROFILES)
def test_the_file_holds_the_page(name: str) -> None:
    page, _ = dotted()
    if PROFILES[name].color:
        page = cv2.cvtColor(page, cv2.COLOR_GRAY2RGB)
    made = degrade(page, PROFILES[name], 1, (4,))
    read = cv2.imdecode(np.frombuffer(made.content, np.uint8), cv2.IMREAD_UNCHANGED)
    assert read.shape[:2] == page.shape[:2]
    grey = made.pixels if made.pixels.ndim == 2 else cv2.cvtColor(made.pixels, cv2.COLOR_RGB2GRAY)
    again = read if read.ndim == 2 else cv2.cvtColor(read, cv2.COLOR_BGR2GRAY)
    assert np.abs(grey.astype(int) - again).mean() < 6
    if PROFILES[name].quality == "bilevel":
        assert set(np.unique(read)) <= {0, 255}


@pytest.mark.parametrize("name", ["scan", "phone", "photocopy", "archive"])
def test_boxes_follow_the_ink(name: str) -> None:
    """The centre of every word's moved box is dark, and the box holds its square within 2 pixels and the blur."""
    page, lines = dotted()
    for seed in range(4):
        made = degrade(page, PROFILES["clean"], 1, (seed,))
        where = place(page.shape, PROFILES[name], 1, np.random.Generator(np.random.SFC64(seed)))
        from data.synthesis.degradation import lay

        moved = lay(page, where)
        after = follow(lines, where, (page.shape[1], page.shape[0]))
        assert made.pixels.shape == page.shape
        boxes = [word.box for line in after for word in line.words]
        assert len(boxes) >= 55
        for left, top, right, bottom in boxes:
            assert moved[int(top) : int(bottom) + 1, int(left) : int(right) + 1].min() < 100
            outside = moved[max(0, int(top) - 6) : int(bottom) + 7, max(0, int(left) - 6) : int(right) + 7].copy()
            outside[4:-4, 4:-4] = 255
            assert outside.min() > 100, (name, seed)


def test_places_undo_sources() -> None:
    where = place((2339, 1654), PROFILES["phone"], 1.5, np.random.Generator(np.random.SFC64(3)))
    points = np.random.default_rng(1).uniform([0, 0], [1654, 2339], (200, 2))
    assert np.abs(where.sources(where.places(points)) - points).max() < 0.01


def test_lost_words_are_marked_as_one_run() -> None:
    page, lines = dotted()
    damaged = page.copy()
    damaged[50:85, 150:310] = 255  # words 1 and 2 of the first line are gone
    damaged[130:165, 170:210] = 255  # and the right half of a word of the second
    marked = mark_unreadable(lines, lines, page, damaged)
    assert marked[0].text == f"w00 {UNREADABLE} w03 w04 w05"
    assert marked[1].text == f"w10 {UNREADABLE} w12 w13 w14 w15"
    assert marked[2:] == lines[2:]
    assert marked[0].words[1].box == (160, 60, 300, 76)
    assert illegible_places(marked) == ((160, 60, 300, 76), marked[1].words[1].box)
    assert illegible_places(lines) == ()


def test_blackened_words_are_marked_and_faded_pages_are_not() -> None:
    page, lines = dotted()
    stained = page.copy()
    stained[200:250, 40:700] = 0
    assert mark_unreadable(lines, lines, page, stained)[2].text == UNREADABLE
    faded = (140 + page // 3).astype(np.uint8)
    assert mark_unreadable(lines, lines, page, faded) == lines


def test_words_off_the_page_are_gone() -> None:
    _, lines = dotted()
    where = place((900, 700), PROFILES["clean"], 1, np.random.Generator(np.random.SFC64(1)))
    assert follow(lines, where, (700, 900)) == lines
    cut = follow(lines, where, (300, 900))
    assert [word.text for word in cut[0].words] == ["w00", "w01", "w02"]


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("color", [False, True])
def test_every_step_keeps_shape_and_leaves_its_input_alone(name: str, color: bool) -> None:
    page, _ = dotted()
    if color:
        page = cv2.cvtColor(page, cv2.COLOR_GRAY2RGB)
    before = page.copy()
    for amount in (0.5, 2.0):
        after = STEPS[name](page, np.random.Generator(np.random.SFC64(5)), amount)
        assert after.dtype == np.uint8 and after.shape[:2] == page.shape[:2]
        assert (page == before).all()


def test_profiles_are_parsed() -> None:
    assert parse_profiles("scan, fax:0.5") == (("scan", 1.0), ("fax", 0.5))
    for wrong in ("scanner", "scan:x", "scan:3", ""):
        with pytest.raises(UsageError):
            parse_profiles(wrong)
