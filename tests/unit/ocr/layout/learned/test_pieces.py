from ocr.core.document import Line, Word
from ocr.layout.learned.pieces import cut_lines, part_of


def line(*words: tuple[str, float, float], top: float = 100) -> Line:
    made = tuple(Word(text, (left, top, right, top + 30), 0.9) for text, left, right in words)
    return Line(" ".join(word.text for word in made), (words[0][1] - 4, top, words[-1][2] + 4, top + 30), 0.9, made)


TEXT = line(("uma", 100, 160), ("linha", 170, 250), ("inteira", 260, 360))


def test_a_line_is_cut_at_wide_gaps_and_every_word_comes_out() -> None:
    wide = line(("COD.", 100, 160), ("FORNECEDOR", 230, 400), ("VALOR", 480, 560), top=200)
    pieces = cut_lines([TEXT, wide])
    assert [piece.line.text for piece in pieces] == ["uma linha inteira", "COD.", "FORNECEDOR", "VALOR"]
    assert [piece.source for piece in pieces] == [0, 1, 1, 1]
    assert pieces[1].line.box == (96, 200, 160, 230) and pieces[3].line.box == (480, 200, 564, 230)
    assert [part_of(wide, piece.start, piece.end).text for piece in pieces[1:]] == ["COD.", "FORNECEDOR", "VALOR"]


def test_a_ruling_line_between_two_words_cuts_a_line() -> None:
    ruling = (254.0, 50.0, 256.0, 300.0)
    assert [piece.line.text for piece in cut_lines([TEXT], [ruling], at_gaps=False)] == ["uma linha", "inteira"]
    assert [piece.line.text for piece in cut_lines([TEXT], [(254.0, 50.0, 256.0, 110.0)])] == ["uma linha inteira"]
    assert [piece.line.text for piece in cut_lines([TEXT], [(310.0, 50.0, 312.0, 300.0)])] == ["uma linha inteira"]


def test_lines_without_words_stay_whole() -> None:
    assert [piece.line for piece in cut_lines([Line("sem palavras", (0, 0, 500, 20))])] == [
        Line("sem palavras", (0, 0, 500, 20))
    ]
