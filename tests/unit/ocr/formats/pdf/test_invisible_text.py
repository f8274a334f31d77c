import pytest
from boxed_pages import FIRST, LOST, UNPLACED, line, standing_line
from hypothesis import given
from hypothesis import strategies as st

from ocr.core.document import Line, Page, Word, box_around
from ocr.formats.pdf.glyphless_font import CharacterCodes
from ocr.formats.pdf.invisible_text import Fonts, Sheet, layer_of, placing


def at(matrix: tuple[float, ...], x: float, y: float) -> tuple[float, float]:
    a, b, c, d, e, f = matrix
    return round(a * x + c * y + e, 6), round(b * x + d * y + f, 6)


@pytest.mark.parametrize(
    ("rotation", "bottom_left", "bottom_right", "top_left"),
    [
        (0, (10, 20), (110, 20), (10, 220)),
        (90, (110, 20), (110, 220), (10, 20)),
        (180, (110, 220), (10, 220), (110, 20)),
        (270, (10, 220), (10, 20), (110, 220)),
    ],
)
def test_corners_of_the_upright_page_fall_on_those_of_the_sheet(
    rotation: int, bottom_left: tuple[int, int], bottom_right: tuple[int, int], top_left: tuple[int, int]
) -> None:
    width, height = (400, 800) if rotation % 180 == 0 else (800, 400)
    matrix = placing(Sheet((10, 20, 110, 220), rotation), width, height)
    assert at(matrix, 0, 0) == bottom_left
    assert at(matrix, width, 0) == bottom_right
    assert at(matrix, 0, height) == top_left


def layer(*lines: Line, width: int = 600, height: int = 800, fonts: Fonts | None = None) -> list[str]:
    page = Page(1, "ok", lines=lines, width=width, height=height)
    content = layer_of(page, Sheet((0, 0, width, height)), fonts or {"F": CharacterCodes(2)})
    return content.decode("latin-1").rstrip().split("\n")


def test_words_have_place_height_and_width_of_their_boxes() -> None:
    head, first, second, tail = layer(line("de novo", 100, 300))
    assert (head, tail) == ("q 1 0 0 1 0 0 cm BT 3 Tr", "ET Q")
    # 20 pixels high, baseline a fifth above the bottom at 320; two letters of 10 pixels in cells of 10.
    assert first.startswith("/F 20 Tf 1 0 0 1 100 484 Tm 100 Tz(")
    assert second.startswith("("), "the first word and its space end where the second begins"


def words(*places: tuple[str, float, float], top: float = 300) -> Line:
    """A line of words from left to right, given by text, left and right."""
    boxes = [Word(text, (left, top, right, top + 20), 0.9) for text, left, right in places]
    return Line(" ".join(text for text, _, _ in places), box_around(word.box for word in boxes), 0.9, tuple(boxes))


def test_a_word_that_is_far_from_the_one_before_is_moved_to() -> None:
    _, first, second, third, _ = layer(words(("de", 100, 120), ("novo", 200, 240), ("já", 250, 270)))
    assert " 100 Tz(" in first and second.startswith("100 0 Td("), "100 pixels from the start of the first"
    assert third.startswith("("), "a space is between these"


def test_words_that_nearly_touch_are_kept_apart() -> None:
    _, first, second, _ = layer(words(("de", 100, 120), ("novo", 121, 161)))
    assert second.startswith("21 0 Td"), "the space would be wider than the gap"
    assert " 84 Tz(" in first, "narrower than its box: 20 pixels less the least gap of 4, less a pixel over, in steps"


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(3, 30), st.integers(1, 40)), min_size=2, max_size=9))
def test_words_begin_near_their_boxes_and_end_before_the_next(sizes: list[tuple[int, int, int]]) -> None:
    places, left = [("wide", 0.0, 90.0)], 100
    for letters, width, gap in sizes:
        places.append(("a" * letters, left, left + letters * width))
        left += letters * width + gap
    pen = start = scale = 0.0
    ended = -100.0
    for row, (text, begin, end) in zip(layer(words(*places), width=9000)[1:-1], places, strict=True):
        head = row.partition("(")[0].split()
        start = float(head[head.index("Tm") - 2]) if "Tm" in head else start
        if "Td" in head:
            start += float(head[head.index("Td") - 2])
        pen = start if {"Td", "Tm"} & set(head) else pen
        scale = float(head[head.index("Tz") - 1]) if "Tz" in head else scale
        size, length = 20, len(text) * 0.5 * scale / 100
        assert abs(pen - begin) <= max(1, 0.08 * (end - begin)) + 0.5
        assert pen - ended >= 0.15 * size - 1, "closer words are one word to poppler"
        ended = pen + length * size
        assert pen + length * size <= max(end, begin + 1) + 0.1 * (end - begin) + 3
        pen += (len(text) + 1) * 0.5 * size * scale / 100


def test_a_line_that_stands_is_written_in_its_direction() -> None:
    _, up, then, _ = layer(standing_line("de novo", (500, 100, 520, 380)))
    assert up.startswith("/F 20 Tf 0 1 -1 0 516 420 Tm 400 Tz(")
    assert then.startswith("(")
    _, down, then, _ = layer(standing_line("de novo", (500, 100, 520, 380), upward=False))
    assert down.startswith("/F 20 Tf 0 -1 1 0 504 700 Tm 400 Tz(")
    assert then.startswith("(")


def test_words_of_other_sizes_have_their_own_size() -> None:
    small, large = line("nota", 0, 100).words[0], line("x", 60, 90).words[0]
    large = type(large)("TITULO", (60, 70, 160, 120))
    _, first, second, _ = layer(Line("nota TITULO", (0, 70, 160, 120), words=(small, large)))
    assert first.startswith("/F 20 Tf ")
    assert second.startswith("/F 50 Tf ")


def test_a_word_has_the_first_font_with_room_for_it() -> None:
    usual, rare = CharacterCodes(1), CharacterCodes(2)
    usual.encode("".join(map(chr, range(0x4E00, 0x4E00 + 247))))
    _, *rows, _ = layer(line("de 日本 de", 0, 100), line("de 日本", 0, 200), fonts={"F": usual, "G": rare})
    heads, texts = [row.partition("(")[0].split() for row in rows], [row.partition("(")[2] for row in rows]
    assert ["/F" in head for head in heads] == [True, False, True, False, False]
    assert ["/G" in head for head in heads] == [False, True, False, False, True]
    assert [len(text.removesuffix(")Tj")) for text in texts] == [3, 6, 3, 3, 6]


def test_pages_without_text_or_size_have_no_layer() -> None:
    fonts = {"F": CharacterCodes(2)}
    sheet = Sheet((0, 0, 600, 800))
    assert layer_of(LOST, sheet, fonts) == b""
    assert layer_of(Page(1, "ok", text="a", lines=(line("a", 0, 0),)), sheet, fonts) == b""


def test_text_without_boxes_is_spread_over_the_page_in_order() -> None:
    content = layer_of(UNPLACED, Sheet((0, 0, 500, 700)), {"F": CharacterCodes(1)}).decode("latin-1")
    (first,) = (int(part.split(" Tm ")[0].split()[-1]) for part in content.splitlines() if " Tm " in part)
    (down,) = (int(part.split(" Td")[0].split()[-1]) for part in content.splitlines() if " Td" in part)
    assert 700 > first > first + down > 0
    assert content.count("Tj") == len(UNPLACED.text.split())


def test_every_word_of_a_page_is_there() -> None:
    content = layer_of(FIRST, Sheet((0, 0, 600, 800)), {"F": CharacterCodes(1)})
    assert content.count(b"Tj") == sum(len(one.words) for one in FIRST.lines)
