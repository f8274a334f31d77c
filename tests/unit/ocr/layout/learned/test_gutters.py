from ocr.core.document import Line, Word, box_around
from ocr.layout.learned.gutters import Gutters, find_joined

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
