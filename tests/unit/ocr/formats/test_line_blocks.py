from boxed_pages import FIRST, LOST, UNPLACED, line, standing_line

from ocr.core.document import Line, Page
from ocr.formats.line_blocks import blocks_of, direction_of, lines_of
from ocr.text.text_places import words_of


def test_lines_stand_in_the_blocks_of_the_text() -> None:
    blocks = blocks_of(FIRST)
    assert [(block.kind, len(block.lines)) for block in blocks] == [
        ("header", 1), ("paragraph", 2), ("table", 4), ("paragraph", 1), ("margin", 1), ("footer", 1),
    ]  # fmt: skip
    assert [one for block in blocks for one in block.lines] == list(FIRST.lines)
    assert blocks[2].box == (100, 200, 380, 250)


def test_a_line_that_no_paragraph_has_stays_with_the_line_above() -> None:
    lines = (line("primeira", 0, 0), line("estranha", 0, 30), line("segunda", 0, 60))
    page = Page(1, "ok", text="...", paragraphs=("primeira", "segunda"), lines=lines)
    assert [[one.text for one in block.lines] for block in blocks_of(page)] == [["primeira", "estranha"], ["segunda"]]


def test_text_without_lines_has_the_box_of_the_page() -> None:
    lines = lines_of(UNPLACED)
    assert [one.text for one in lines] == ["Texto de um modelo,", "sem caixas."]
    assert {one.box for one in lines} == {(0, 0, 500, 700)}
    assert [len(block.lines) for block in blocks_of(UNPLACED)] == [2]
    assert blocks_of(LOST) == []


def test_words_share_a_line_by_their_letters() -> None:
    level = words_of(Line("de novo", (0, 0, 70, 10), 0.5))
    assert [(word.text, word.box, word.confidence) for word in level] == [
        ("de", (0, 0, 20, 10), 0.5), ("novo", (30, 0, 70, 10), 0.5),
    ]  # fmt: skip
    upright = words_of(Line("de novo", (0, 0, 10, 70)))
    assert [word.box for word in upright] == [(0, 50, 10, 70), (0, 0, 10, 40)]
    assert words_of(FIRST.lines[0]) == FIRST.lines[0].words


def test_a_single_word_on_end_runs_as_the_nearest_line_of_several() -> None:
    single = standing_line("PROTOCOLO", (560, 480, 580, 600))
    down = standing_line("GERAL 12 34", (560, 200, 580, 460), upward=False)
    up = standing_line("RECEBIDO EM 2001", (20, 200, 40, 460))
    assert [direction_of(line) for line in (single, down, up, FIRST.lines[0])] == [1, -1, 1, 0]
    assert direction_of(single, (up, down, single)) == -1
    assert direction_of(single, (up, single, FIRST.lines[0])) == 1
