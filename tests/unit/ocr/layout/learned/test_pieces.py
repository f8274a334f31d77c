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


def columns(*, joined: int = 3, crossing: bool = False) -> list[Line]:
    """Return eight lines of two columns, twelve pixels apart; one is joined over the gutter."""
    made = []
    for n in range(8):
        top = 100 + 36.0 * n
        left = [("ordem", 100, 180), ("do", 190, 220), ("dia", 230, 270), (f"seguinte{n}", 280, 400)]
        right = [("foi", 414, 450), ("lida", 460, 520), ("a", 530, 545), ("ata", 555, 600)]
        if n == joined:
            made.append(line(*left, *right, top=top))
        elif crossing:
            made.append(line(*left[:3], ("inteiramente", 280, 440), *right[1:], top=top))
        else:
            made += [line(*left, top=top), line(*right, top=top)]
    return made


def test_a_line_that_was_joined_over_a_narrow_gutter_is_cut_there() -> None:
    cut = [piece for piece in cut_lines(columns()) if piece.end >= 0]
    assert [piece.line.text for piece in cut] == ["ordem do dia seguinte3", "foi lida a ata"]


def test_gaps_at_one_place_are_no_gutter_where_lines_go_on_over_it() -> None:
    assert all(piece.end < 0 for piece in cut_lines(columns(crossing=True)))
    assert all(piece.end < 0 for piece in cut_lines(columns()[6:8]))


def test_a_line_is_cut_after_dots_that_lead_to_a_number() -> None:
    row = line(("Caicó", 100, 180), (".........", 186, 400), ("899,54", 406, 480))
    blank = line(("Nome:", 100, 180), ("..........", 186, 400))
    assert [piece.line.text for piece in cut_lines([row, blank])] == ["Caicó .........", "899,54", "Nome: .........."]
    assert len(cut_lines([row], at_gaps=False)) == 1


def initial(*, alone: bool = False, rows: int = 3, text: str = "Diziam") -> list[Line]:
    """Return a paragraph with a large initial as high as some rows; `alone` where it was read as a line of its own."""
    height = 36.0 * rows
    first = Line(text, (96, 92, 700, 98 + height), 0.9)
    beside = [Line("as outras linhas", (100 + 0.8 * height, 100 + 36.0 * n, 700, 130 + 36.0 * n)) for n in range(rows)]
    below = [Line("e o que segue", (100, 100 + 36.0 * n, 700, 130 + 36.0 * n)) for n in range(rows, rows + 4)]
    if alone:
        return [Line("D", (96, 92, 96 + 0.8 * height, 98 + height), 0.9), *beside, *below]
    return [first, *beside[1:], *below]


def test_a_line_with_a_large_initial_is_as_high_as_its_words() -> None:
    for rows in (2, 3, 4):
        for alone in (False, True):
            lines = initial(rows=rows, alone=alone)
            boxes = [piece.line.box for piece in cut_lines(lines)]
            left, top, right, bottom = boxes[0]
            assert (left, right) == (96, lines[0].box[2])
            assert abs(top - 100) < 8 and abs(bottom - 130) < 8
            assert boxes[1:] == [one.box for one in lines[1:]]
            assert [piece.line.box for piece in cut_lines(lines, at_gaps=False)] == [one.box for one in lines]


def test_other_tall_lines_stay_as_they_are() -> None:
    title = [Line("JORNAL DO COMMERCIO", (96, 0, 700, 70)), *initial()[1:]]
    stamp = [Line("RECEBIDO", (400, 92, 700, 206)), *initial()[1:]]
    small = initial(text="diziam")
    number = [Line("AUTENTICADO", (0, 80, 200, 150)), Line("nº", (40, 116, 70, 146)), *initial()[3:]]
    for lines in (title, stamp, small, number, initial()[:1]):
        assert [piece.line.box for piece in cut_lines(lines)] == [one.box for one in lines]


def test_a_speck_or_a_piece_of_a_rule_at_an_end_of_a_line_does_not_make_it_longer() -> None:
    speck = line(("•", 20, 26), ("amanhã", 70, 160), ("cedo", 170, 230))
    rule = line(("uma", 100, 160), ("linha", 170, 250), ("|", 262, 266), top=200)
    item = line(("•", 80, 90), ("primeiro", 105, 200), top=300)
    pieces = cut_lines([speck, rule, item, TEXT])
    assert [piece.line.text for piece in pieces] == ["• amanhã cedo", "uma linha |", "• primeiro", "uma linha inteira"]
    assert [piece.line.box[0::2] for piece in pieces] == [(64, 234), (96, 256), (76, 204), (96, 364)]
