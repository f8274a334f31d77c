"""Kernels of lines: strips grow them back, and nothing joins what stands apart."""

import numpy as np
import pytest

from data.layouts.page_composer import PageRequest, compose_page
from data.layouts.page_drawing import turning
from data.layouts.page_truth import CellPlace, LayoutPage, PageLine, PageWord
from data.synthesis.degradation import Placement
from ocr.core.document import Box
from ocr.engines.local.detectors.map_strips import FAST_RULE, strips
from training.detector.detector_check import score
from training.detector.drawn.drawn_pages import Scan
from training.detector.drawn.kernel_map import END, KERNEL, NEAR, REDUCTION, UNKNOWN, is_kernel, label_map, pieces_of

STILL = Placement(np.eye(3), np.zeros((0, 5)))
CELL = CellPlace(0, 0, 0)


def line(order: int, *boxes: Box, size: float = 20.0, **more: object) -> PageLine:
    words = tuple(PageWord("palavra", box) for box in boxes)
    return PageLine(words, "text", "paragraph", 0, order, size, **more)  # type: ignore[arg-type]


def page(*lines: PageLine, width: int = 640, height: int = 480) -> LayoutPage:
    return LayoutPage("letter", "0", (), 200, width, height, lines)


def labels_of(made: LayoutPage, placement: Placement = STILL, factor: float = 1.0) -> np.ndarray:
    size = (round(made.width * factor / REDUCTION), round(made.height * factor / REDUCTION))
    return label_map(pieces_of(made), placement, size, factor)


def found(made: LayoutPage) -> list:  # type: ignore[type-arg]
    probability = is_kernel(labels_of(made)).astype(np.float32)
    return strips(probability, (made.width, made.height), FAST_RULE)


@pytest.mark.parametrize("box", [(100, 200, 500, 220), (100, 200, 120, 220), (40, 60, 600, 66)])
def test_a_kernel_grows_back_to_its_line_and_some_paper(box: Box) -> None:
    (strip,) = found(page(line(0, box)))
    (piece,) = pieces_of(page(line(0, box)))
    left, top, right, bottom = strip.area()
    assert abs((right - left) - piece.length) < 4 and abs((bottom - top) - piece.height) < 4
    assert left < box[0] and top < box[1] and right > box[2] and bottom > box[3]


def test_cells_and_close_lines_stay_apart() -> None:
    cells = [line(n, (left, 100, left + 88, 120), cell=CELL) for n, left in enumerate((100, 200, 300))]
    below = [line(3 + n, (100, top, 388, top + 20)) for n, top in enumerate((123, 146))]
    assert len(found(page(*cells, *below))) == 5


def test_a_wide_space_divides_and_a_doubtful_one_is_not_taught() -> None:
    word = (100, 100, 200, 120)
    spaces = {gap: page(line(0, word, (200 + gap, 100, 400, 120))) for gap in (10, 32, 60)}
    assert [len(found(made)) for made in spaces.values()] == [1, 2, 2]
    middles = {gap: labels_of(made)[55, (200 + gap // 2) // REDUCTION] for gap, made in spaces.items()}
    assert middles == {10: KERNEL, 32: UNKNOWN, 60: 0}


def test_upright_and_leaning_lines_have_kernels_along_their_writing() -> None:
    upright = page(line(0, (300, 100, 320, 160), (300, 168, 320, 300), direction=270.0))
    (strip,) = found(upright)
    assert strip.height > 4 * strip.length
    kernel = is_kernel(labels_of(page(line(0, (100, 100, 180, 150), (190, 155, 270, 205), direction=30.0))))
    rows, columns = np.nonzero(kernel)
    assert np.corrcoef(rows, columns)[0, 1] > 0.9


def test_a_drop_cap_is_a_piece_of_its_own() -> None:
    words = (PageWord("E", (100, 100, 140, 165)), PageWord("ra", (145, 100, 200, 118), glued=True))
    made = page(PageLine((*words, PageWord("uma", (208, 100, 300, 118))), "text", "paragraph", 0, 0, 60.0))
    initial, rest = pieces_of(made)
    assert initial.height > 65 and rest.height < 30


def test_noise_is_not_taught_but_what_shows_through_is_paper() -> None:
    noise = PageLine((PageWord("CÓPIA", (100, 100, 500, 200)),), "noise", "noise", 0, 0, 100.0)
    assert set(np.unique(labels_of(page(noise)))) == {0, UNKNOWN}
    seen_through = LayoutPage("letter", "0", ("show_through",), 200, 640, 480, (noise,))
    assert not labels_of(seen_through).any()


def test_kernels_follow_a_page_that_leans() -> None:
    made = page(line(0, (100, 230, 540, 250)))
    kernel = is_kernel(labels_of(made, turning(640, 480, 10.0), factor=0.5))
    rows, columns = np.nonzero(kernel)
    slope = np.polyfit(columns, rows, 1)[0]
    assert np.degrees(np.arctan(slope)) == pytest.approx(10.0, abs=1.0)


def test_the_truth_scores_without_error_and_faults_cost() -> None:
    made = compose_page(PageRequest("book", "check", ())).truth
    scan = Scan(made, np.zeros((made.height, made.width), np.uint8), STILL)
    right = found(made)
    assert score(scan, right).error < 0.01 and score(scan, right).joined == 0
    assert score(scan, right[: len(right) // 2]).error > 0.2
    assert score(scan, []).error == 1.0
    first = right[0]
    blank = first.moved(-first.origin[0], -first.origin[1])
    wrong = [*right, *[blank.moved(0, 1) for _ in range(5)]]
    assert score(scan, wrong).error > score(scan, right).error
    whole = [type(first)((0.0, 0.0), (1.0, 0.0), float(made.width), float(made.height))]
    assert score(scan, whole).joined > 0.9 * score(scan, whole).printed and score(scan, whole).held == 0


def test_near_is_the_rim_of_a_kernel() -> None:
    labels = labels_of(page(line(0, (100, 200, 500, 220))))
    rows, columns = np.nonzero(labels == NEAR)
    inner_rows, inner_columns = np.nonzero(is_kernel(labels))
    assert rows.min() < inner_rows.min() and rows.max() > inner_rows.max()
    assert columns.min() < inner_columns.min() and columns.max() > inner_columns.max()


def test_blanks_and_words_along_a_circle_are_not_taught() -> None:
    words = (PageWord("Nome:", (100, 100, 160, 120)), PageWord("______", (170, 116, 400, 120)))
    blank = labels_of(page(PageLine(words, "text", "form_label", 0, 0, 20.0)))
    assert is_kernel(blank)[55, 65] and blank[58, 140] == UNKNOWN and not is_kernel(blank)[:, 90:].any()
    ring = tuple(
        PageWord("O", (300 + 80 * x, 240 + 80 * y, 312 + 80 * x, 252 + 80 * y), glued=True)
        for x, y in ((-1, 0), (0, -1), (1, 0), (0, 1))
    )
    seal = labels_of(page(PageLine(ring, "margin", "stamp", 0, 0, 14.0)))
    assert set(np.unique(seal)) == {0, UNKNOWN}


def test_the_ends_of_a_kernel_weigh_more_than_its_middle() -> None:
    labels = labels_of(page(line(0, (100, 200, 500, 220))))
    columns = [set(labels[:, column].tolist()) for column in (56, 150, 244)]
    assert END in columns[0] and END not in columns[1] and KERNEL in columns[1] and END in columns[2]
