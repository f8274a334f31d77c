import numpy as np
from numpy.typing import NDArray

from ocr.core.document import Line, Word, box_around
from ocr.layout.learned.gutters import ColumnGutter, Gutters, column_gutters, find_joined

LEFT = [(0.0, 1.5 * n, 12.0, 1.5 * n + 1) for n in range(5)]
RIGHT = [(13.0, 1.5 * n, 25.0, 1.5 * n + 1) for n in range(5)]


def test_a_white_strip_between_wide_lines_is_a_gutter() -> None:
    assert Gutters([*LEFT, *RIGHT], []).part(LEFT[2], RIGHT[2])
    assert Gutters([*LEFT, *RIGHT], []).part(RIGHT[2], LEFT[2])


def test_a_strip_that_print_crosses_is_none() -> None:
    across = (5.0, 3.0 + 1.5, 20.0, 4.0 + 1.5)
    assert not Gutters([*LEFT[:3], *RIGHT[:3], across], []).part(LEFT[2], RIGHT[2])


def test_numbers_before_paragraphs_are_no_column() -> None:
    numbers = [(0.0, top, 1.0, bottom) for _, top, _, bottom in LEFT]
    assert not Gutters([*numbers, *RIGHT], []).part(numbers[2], RIGHT[2])


def test_numbers_before_paragraphs_are_none_beside_another_column_either() -> None:
    texts = [(left + 2.0, top, right, bottom) for left, top, right, bottom in RIGHT]
    numbers = [(13.0, top, 14.2, bottom) for _, top, _, bottom in RIGHT]
    assert not Gutters([*LEFT, *numbers, *texts], []).part(numbers[2], texts[2])


def test_a_gutter_may_lie_anywhere_between_the_end_of_a_paragraph_and_the_next_column() -> None:
    short = (0.0, 3.0, 1.0, 4.0)
    gutters = Gutters([*LEFT[:2], short, *LEFT[3:], *RIGHT], [])
    assert gutters.part(short, RIGHT[2], anywhere=True) and not gutters.part(short, RIGHT[2])


def test_a_ruling_line_between_two_lines_is_a_gutter() -> None:
    one, other = (0.0, 5.0, 4.0, 6.0), (5.0, 5.0, 9.0, 6.0)
    assert Gutters([one, other], [(4.4, 0.0, 4.5, 20.0)]).part(one, other)
    assert not Gutters([one, other], [(4.4, 5.8, 4.5, 20.0)]).part(one, other)
    assert not Gutters([one, other], [(0.0, 5.5, 30.0, 5.6)]).part(one, other)


def test_lines_at_other_heights_have_none() -> None:
    assert not Gutters([*LEFT, *RIGHT], []).part(LEFT[0], RIGHT[3])
    assert not Gutters([], []).part(LEFT[0], RIGHT[0])


def test_a_line_that_was_joined_over_a_gutter_is_cut_and_a_heading_over_both_columns_is_not() -> None:
    def line(*words: tuple[float, float], y: float) -> Line:
        found = tuple(Word("x", (10 * x0, 10 * y, 10 * x1, 10 * y + 10), 0.9) for x0, x1 in words)
        return Line("x", box_around(word.box for word in found), 0.9, found)

    left, right = ([line((x, x + 5.8), (x + 6.1, x + 12), y=y) for y in (0, 1.5, 4.5, 6)] for x in (0.0, 13.0))
    joined = line((0, 5.8), (6.1, 12), (13, 18.8), (19.1, 25), y=3)
    assert find_joined([*left, *right, joined], 10) == {8: [2]}
    heading = line((8, 10), (10.3, 12.6), (13.0, 15), y=3)
    assert find_joined([*left, *right, heading], 10) == {}


def beside(boxes: list[tuple[float, float, float, float]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places of the nearest level box at the left and at the right of each, as the graph has them."""
    found = []
    for side in (-1, 1):
        near = []
        for place, box in enumerate(boxes):
            level = [n for n, other in enumerate(boxes) if other[1] == box[1] and side * (other[0] - box[0]) > 0]
            near.append(min(level, key=lambda n: abs(boxes[n][0] - box[0]), default=place))
        found.append(np.array(near))
    return found[0], found[1]


def gutters_of(boxes: list[tuple[float, float, float, float]], *, cells: bool = False) -> list[ColumnGutter]:
    return column_gutters(np.array(boxes, np.float32), beside(boxes), np.full(len(boxes), not cells))


def index(rows: int = 12) -> list[tuple[float, float, float, float]]:
    """Return two columns of entries: every third line is full, others are short."""
    return [(x, 1.2 * n, x + (11.0 if n % 3 == 0 else 3.0), 1.2 * n + 1) for n in range(rows) for x in (0.0, 11.8)]


def test_full_lines_show_the_gutter_of_all_lines_of_their_columns() -> None:
    boxes = index()
    found = gutters_of(boxes)
    assert {(round(one.left), round(one.right, 1)) for one in found} == {(11, 11.8)}
    assert found[0].top < 0.5 and found[0].bottom > 13.5
    short = Gutters(boxes, [], found)
    assert short.part(boxes[2], boxes[3]) and not Gutters(boxes, []).part(boxes[2], boxes[3])
    assert short.is_beside_column(boxes[2]) and not short.is_beside_column((0.0, 40.0, 11.0, 41.0))
    assert short.divide((0.0, 0.0, 22.8, 14.4)) and not short.divide((0.0, 0.0, 11.0, 14.4))
    assert not short.divide((0.0, 5.0, 22.8, 8.0))


def test_words_far_apart_make_full_lines_too() -> None:
    words = [
        (x + 3.7 * k, 1.2 * n, x + 3.7 * k + 2.8, 1.2 * n + 1) for n in range(6) for x in (0.0, 12.0) for k in range(3)
    ]
    found = gutters_of(words)
    assert {(round(one.left, 1), one.right) for one in found} == {(10.2, 12.0)}


def test_a_line_over_both_columns_ends_their_gutter() -> None:
    above, below = index(), [(x0, y0 + 16, x1, y1 + 16) for x0, y0, x1, y1 in index()]
    found = gutters_of([*above, (4.0, 14.5, 18.0, 15.5), *below])
    assert sorted((round(one.top, 1), round(one.bottom, 1)) for one in found) == [(-0.0, 14.2), (16.0, 30.2)]


def test_cells_and_few_or_ragged_lines_show_no_gutter_of_columns() -> None:
    ragged = [(left, top, right - 1.1 * (n % 5), bottom) for n, (left, top, right, bottom) in enumerate(index())]
    assert gutters_of(index(), cells=True) == gutters_of(index(9)) == gutters_of(ragged) == []
    assert gutters_of([(0.0, 0.0, 12.0, 1.0)]) == []


def test_boxes_at_both_sides_of_a_narrow_gutter_may_overlap() -> None:
    boxes = [(x, 1.0 * n, x + 11.2, 1.0 * n + 1) for n in range(6) for x in (0.0, 11.0)]
    found = gutters_of(boxes)
    assert {(round(one.left, 1), round(one.right, 1)) for one in found} == {(11.2, 11.0)}
    assert Gutters(boxes, [], found).part(boxes[4], boxes[5])
    assert gutters_of(boxes[:10]) == []  # In monospaced type, gaps stand over each other in a few lines.
    crossed = [box if n % 4 else (0.0, box[1], 22.2, box[3]) for n, box in enumerate(boxes) if n % 4 != 1]
    assert gutters_of(crossed) == []


def test_lines_that_were_joined_over_a_gutter_as_narrow_as_a_space_are_cut() -> None:
    def line(left: float, *, y: float, columns: int = 1) -> Line:
        starts = [left + 13 * column + 3.25 * place for column in range(columns) for place in range(4)]
        words = tuple(Word("x", (10 * x, 10 * y, 10 * x + 28.5, 10 * y + 10), 0.9) for x in starts)
        return Line("x", box_around(word.box for word in words), 0.9, words)

    whole = [line(left, y=float(y)) for y in range(9) for left in (0, 13)]
    joined = [line(0, y=y, columns=2) for y in range(9, 13)]
    assert find_joined([*whole, *joined], 10) == {place: [4] for place in range(18, 22)}
    assert find_joined([*whole[:6], *(line(0, y=y, columns=2) for y in range(3, 7))], 10) == {}
    moved = [line(0.9 * (y - 8), y=y, columns=2) for y in range(9, 13)]
    assert find_joined([*whole, *moved], 10) == {}
