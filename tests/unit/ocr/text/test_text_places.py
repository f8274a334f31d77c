from dataclasses import replace

import pytest
from boxed_pages import FIRST, line, standing_line

from ocr.core.document import Box, Line
from ocr.text.text_places import place_text, words_of

PRINTED = (
    line("O réu interpôs apelação à sentença", 100, 100),
    line("que julgou procedente o pedido.", 100, 130),
    line("Custas na forma da lei vigente.", 100, 190),
)


def boxes(lines: "tuple[Line, ...]") -> dict[str, Box]:
    return {word.text: word.box for line in lines for word in line.words}


def test_words_that_both_readers_have_get_the_printed_boxes() -> None:
    text = "\n".join(line.text for line in PRINTED)
    found = place_text([("text", text)], tuple(reversed(PRINTED)))
    assert boxes(found.lines) == boxes(PRINTED)
    assert [line.text for line in found.lines] == [line.text for line in PRINTED]
    assert [line.box for line in found.lines] == [line.box for line in PRINTED]
    assert (found.unplaced, found.total) == (0, 17)
    assert all(word.confidence is None for line in found.lines for word in line.words)


def test_a_text_without_line_breaks_is_divided_as_it_is_printed() -> None:
    found = place_text([("text", " ".join(line.text for line in PRINTED))], PRINTED)
    assert [line.text for line in found.lines] == [line.text for line in PRINTED]


def test_a_misread_word_stands_between_its_neighbors() -> None:
    printed = (line("O rcu intcrpos apelação à sentença", 100, 100), *PRINTED[1:])
    found = place_text([("text", "\n".join(line.text for line in PRINTED))], printed)
    places = boxes(found.lines)
    assert 100 <= places["réu"][0] < places["réu"][2] <= places["interpôs"][0]
    assert places["interpôs"][2] <= places["apelação"][0] == printed[0].words[3].box[0]
    assert found.unplaced == 0


def test_words_that_are_not_printed_stay_near_the_line_before_and_are_counted() -> None:
    rows = [
        PRINTED[0].text,
        PRINTED[1].text,
        "Frase nova de um modelo,",
        "em duas linhas",
        PRINTED[2].text,
        "e mais isto",
    ]
    found = place_text([("text", "\n".join(rows))], PRINTED)
    assert [line.text for line in found.lines] == rows
    first, second, last = found.lines[2], found.lines[3], found.lines[5]
    # There is room for both between the second printed line (to 150) and the third (from 190).
    assert (first.box[1], first.box[3], second.box[1], second.box[3]) == (150, 170, 170, 190)
    assert (last.box[0], last.box[1], last.box[3]) == (100, 210, 216)
    assert found.unplaced == 5 + 3 + 3
    assert found.total == 17 + 11


def test_a_dash_goes_with_its_row() -> None:
    found = place_text([("text", f"— {PRINTED[0].text} —")], PRINTED)
    (only,) = found.lines
    assert (only.words[0].text, only.words[-1].text) == ("—", "—")
    assert found.unplaced == 0


def test_fields_keep_their_order_and_a_line_up_the_page_its_direction() -> None:
    stamp = standing_line("PROTOCOLO GERAL 123", (560, 200, 580, 460))
    parts = [("header", "PODER JUDICIÁRIO"), ("text", PRINTED[0].text), ("margin", "PROTOCOLO GERAI 123")]
    found = place_text(parts, (stamp, PRINTED[0], line("PODER JUDICIÁRIO", 200, 20)))  # type: ignore[arg-type]
    assert [line.field for line in found.lines] == ["header", "text", "margin"]
    up = found.lines[2].words
    assert up[0].box == stamp.words[0].box and up[2].box == stamp.words[2].box
    assert up[0].box[1] >= up[1].box[3] and up[1].box[1] >= up[2].box[3]
    assert (up[1].box[0], up[1].box[2]) == (560, 580)


@pytest.mark.parametrize("printed", [(), (line("Nada em comum com isto", 10, 10),)])
def test_a_text_with_no_line_in_common_gets_no_boxes(printed: "tuple[Line, ...]") -> None:
    found = place_text([("text", "O réu interpôs apelação")], printed)
    assert (found.lines, found.unplaced, found.total) == ((), 4, 4)


def test_a_line_without_words_gives_each_its_share() -> None:
    bare = tuple(replace(line, words=()) for line in PRINTED)
    found = place_text([("text", PRINTED[0].text)], bare)
    assert {text: pytest.approx(box) for text, box in boxes(PRINTED[:1]).items()} == boxes(found.lines)
    assert [word.text for word in words_of(replace(FIRST.lines[0], words=()))] == ["PODER", "JUDICIÁRIO"]
