from ocr.core.document import Line
from ocr.layout.paragraphs import find_paragraphs, join_paragraphs
from ocr.layout.reading_order import Row


def row(text: str, top: float, left: float = 100, right: float = 900, height: float = 30) -> Row:
    return (Line(text, (left, top, right, top + height), 0.99),)


def column(*lines: tuple[str, float, float], pitch: float = 36) -> list[Row]:
    """Lines of (text, left, right), one below the other."""
    return [row(text, 100 + pitch * place, left, right) for place, (text, left, right) in enumerate(lines)]


def test_nothing_gives_nothing() -> None:
    assert join_paragraphs([]) == []


def test_indented_paragraphs_with_hyphens() -> None:
    rows = column(
        ("O delegado de policia mandou tirar-", 140, 900),
        ("lhe os ferros e entregal-o ao seu se-", 100, 900),
        ("nhor, que o esperava á porta da rua.", 100, 895),
        ("O machinista parou immediatamente, e", 140, 900),
        ("nada mais se soube.", 100, 400),
    )
    assert join_paragraphs([rows]) == [
        "O delegado de policia mandou tirar-lhe os ferros e entregal-o ao seu senhor, que o esperava á porta da rua.",
        "O machinista parou immediatamente, e nada mais se soube.",
    ]


def test_hanging_paragraphs() -> None:
    rows = column(
        ("— Todos os paramentos são assim. E este confessionário?", 100, 900),
        ("Pequeno, mas um primor de talha que mandei vir de fora, e que", 120, 900),
        ("custou bem caro, como o senhor padre pode ver e dizer a todos.", 120, 900),
        ("— Não havia coro nem órgão, e eu já disse que a capela não era", 100, 900),
        ("pequena.", 120, 230),
    )
    assert [text[:12] for text in join_paragraphs([rows])] == ["— Todos os p", "— Não havia "]


def test_gaps_part_paragraphs_in_a_column_of_two_leadings() -> None:
    wide = [row(f"linha larga {n} que vai até o fim", 100 + 60 * n) for n in range(8)]
    tight = [row(f"linha estreita {n} que vai até o fim", 700 + 34 * n) for n in range(8)]
    assert len(join_paragraphs([[*wide, *tight]])) == 2


def test_short_lines_of_a_list_are_items() -> None:
    rows = column(
        ("I - educação básica e superior;", 100, 500), ("II - educação especial;", 100, 400), ("III - outras", 100, 260)
    )
    assert len(join_paragraphs([rows])) == 3


def test_full_items_are_told_by_their_numbers() -> None:
    rows = column(
        ("Art. 1º Ficam exonerados todos os que a lei não manda conservar;", 100, 900),
        ("Art. 2º Os demais ficam onde estão, até que outra lei os mande", 100, 900),
        ("embora.", 100, 210),
    )
    assert len(join_paragraphs([rows])) == 2


def test_a_heading_in_larger_type_stands_alone() -> None:
    rows = [
        row("CAPÍTULO II", 100, height=60),
        row("Começa o texto do capítulo, que é", 170),
        row("longo.", 206, right=180),
    ]
    assert join_paragraphs([rows]) == ["CAPÍTULO II", "Começa o texto do capítulo, que é longo."]


def test_a_paragraph_goes_on_in_the_next_column() -> None:
    first = column(("O texto da primeira coluna, que é muito extenso, não ter-", 100, 900), pitch=36)
    second = column(("mina no pé dela, mas segue no alto da outra coluna, onde", 1000, 1800), ("acaba.", 1000, 1100))
    assert join_paragraphs([first, second]) == [
        "O texto da primeira coluna, que é muito extenso, não termina no pé dela, mas segue no alto da outra coluna,"
        " onde acaba."
    ]


def test_a_full_sentence_at_the_foot_of_a_column_ends_its_paragraph() -> None:
    first = column(("linha", 100, 900), ("O texto da primeira coluna termina aqui, no pé da coluna.", 100, 900))
    second = column(
        ("Outro começa no alto da segunda, que vai até a margem dela", 1000, 1800),
    )
    assert len(join_paragraphs([first, second])) == 2


def test_a_sentence_goes_on_in_a_small_letter_though_its_line_has_a_lower_box() -> None:
    rows = [
        row("ACORDAM os magistrados, por votação unânime, nos termos do", 100, height=40),
        row("voto", 138, right=300, height=26),
        row("I - relatório", 176, right=300, height=40),
    ]
    assert join_paragraphs([rows])[0] == "ACORDAM os magistrados, por votação unânime, nos termos do voto"


def test_lines_far_apart_are_paragraphs_on_a_page_of_few_lines() -> None:
    assert (
        len(join_paragraphs([column(("CPF", 100, 300), ("123.456.789-09", 100, 400), ("18.000", 100, 300), pitch=150)]))
        == 3
    )


def test_a_paragraph_goes_on_after_a_table_only_in_lower_case() -> None:
    caption, lower, upper = (
        [row(text, top)]
        for text, top in (("Relação de materiais", 100), ("entregues ontem", 500), ("Conferido ontem", 500))
    )
    assert [part.text for part in find_paragraphs([caption, lower], {1})] == ["Relação de materiais entregues ontem"]
    assert len(find_paragraphs([caption, upper], {1})) == 2
