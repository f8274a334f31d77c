from ocr.core.document import Line, Word
from ocr.layout.reading_order import Row
from ocr.layout.tables import find_tables


def row(top: float, *cells: tuple[str, float, float]) -> Row:
    return tuple(Line(text, (left, top, right, top + 30), 0.99) for text, left, right in cells)


TABLE = [
    row(200, ("CRE", 100, 160), ("Quantitativo", 600, 760)),
    row(240, ("Brazlândia", 100, 240), ("89", 600, 630)),
    row(280, ("Núcleo Bandeirante", 100, 360), ("37", 600, 630)),
]
TEXT = [row(top, ("texto corrido que vai de um lado a outro da coluna", 100, 900)) for top in (400, 440, 480)]


def test_rows_and_cells() -> None:
    ((start, end, table),) = find_tables([*TEXT[:1], *TABLE, *TEXT[1:]])
    assert (start, end) == (1, 4)
    assert table.rows == (("CRE", "Quantitativo"), ("Brazlândia", "89"), ("Núcleo Bandeirante", "37"))
    assert table.box == (100, 200, 760, 310)


def test_text_is_no_table() -> None:
    assert find_tables(TEXT) == []
    assert find_tables([]) == []


def test_two_rows_are_no_table() -> None:
    assert find_tables(TABLE[:2]) == []


def test_a_list_is_no_table() -> None:
    items = [row(40.0 * n, (f"{n})", 100, 130), ("um item da lista que vai longe", 180, 800)) for n in range(1, 6)]
    bullets = [row(40.0 * n, ("·", 100, 110), ("um item da lista que vai longe", 180, 800)) for n in range(1, 6)]
    assert find_tables(items) == [] and find_tables(bullets) == []


def test_cells_that_the_engine_read_as_one_line_are_parted_at_wide_gaps() -> None:
    def joined(top: float, *cells: tuple[str, float, float]) -> Row:
        words = tuple(Word(text, (left, top, right, top + 30)) for text, left, right in cells)
        return (Line(" ".join(word.text for word in words), (100, top, 900, top + 30), 0.9, words),)

    rows = [joined(40 * n, (f"nome{n}", 100, 200), ("cargo", 500, 600), ("12", 860, 900)) for n in range(1, 5)]
    ((_, _, table),) = find_tables(rows)
    assert table.rows[0] == ("nome1", "cargo", "12")


def test_an_empty_cell_and_a_second_line_keep_their_places() -> None:
    rows = [
        row(200, ("Função", 100, 200), ("Dotação", 500, 620), ("Saldo", 800, 880)),
        row(240, ("Saúde", 100, 180), ("9.870,00", 500, 620), ("0,00", 820, 880)),
        row(280, ("Habitação e", 100, 260), ("640,00", 520, 620)),
        row(310, ("saneamento", 100, 250)),
        row(350, ("Total", 100, 170), ("10.510,00", 490, 620), ("0,00", 820, 880)),
    ]
    ((_, _, table),) = find_tables(rows)
    assert table.rows[2] == ("Habitação e", "640,00", "")
    assert table.rows[4] == ("Total", "10.510,00", "0,00")
