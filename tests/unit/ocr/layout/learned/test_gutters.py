from ocr.layout.learned.gutters import Gutters

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
