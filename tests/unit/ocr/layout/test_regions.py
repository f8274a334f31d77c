from ocr.core.document import Line
from ocr.layout.regions import assign

SIZE = (1240, 1754)


def line(text: str, top: float, left: float = 150, right: float = 1090, height: float = 30) -> Line:
    return Line(text, (left, top, right, top + height), 0.99)


def body(top: float = 250, count: int = 34) -> list[Line]:
    return [line(f"linha {n} de um texto que corre por toda a largura da página", top + 38 * n) for n in range(count)]


def given(lines: list[Line]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part, field in zip(lines, assign(lines, SIZE), strict=True):
        found.setdefault(field, []).append(part.text)
    return found


def test_an_empty_page_has_no_fields() -> None:
    assert assign([], SIZE) == []


def test_all_text_without_edges() -> None:
    assert set(given(body())) == {"text"}


def test_gazette_header_and_page_number() -> None:
    head = [
        line("Nº 3, segunda-feira, 6 de janeiro de 2020", 150, 100, 500),
        line("Diário Oficial do Distrito Federal", 148, 520, 900),
        line("PÁGINA 15", 150, 1000, 1100),
    ]
    assert given([*body(), *head])["header"] == [part.text for part in head]


def test_letterhead_of_a_court() -> None:
    head = [
        line("PODER JUDICIÁRIO", 60, 400, 800),
        line("TRIBUNAL DE JUSTIÇA DO ESTADO", 98, 350, 850),
        line("3ª Câmara de Direito Público", 136, 380, 820),
    ]
    assert given([*head, *body()])["header"] == [part.text for part in head]


def test_running_head_of_a_book() -> None:
    head = [line("MEMÓRIAS PÓSTUMAS", 120, 400, 800), line("37", 120, 1040, 1090)]
    assert given([*head, *body()])["header"] == ["MEMÓRIAS PÓSTUMAS", "37"]


def test_a_title_is_text() -> None:
    title = line("CAPÍTULO PRIMEIRO", 120, 400, 800)
    place = line("Brasília, 3 de março de 1999.", 60, 700, 1090)
    assert "header" not in given([place, title, *body()])


def test_a_heading_of_the_body_is_no_header() -> None:
    head = line("Diário Oficial do Município", 80, 300, 900)
    heading = line("ATOS DO PODER EXECUTIVO", 160, 300, 900)
    assert given([head, heading, *body()])["header"] == ["Diário Oficial do Município"]


def test_page_numbers_at_the_foot() -> None:
    for number in ("12", "- 12 -", "Página 3 de 10", "fls. 27", "Fls. nº 142", "1/2", "xii", "pág. 8"):
        assert given([*body(), line(number, 1660, 600, 660)]).get("footer") == [number]


def test_a_last_line_with_a_year_is_text() -> None:
    assert "footer" not in given([*body(), line("1835.", 250 + 38 * 34, 150, 230)])


def test_two_column_footer_of_a_gazette() -> None:
    foot = [
        line("Este documento pode ser verificado no endereço eletrônico http://www.in.gov.br", 1620, 150, 600),
        line("Documento assinado digitalmente conforme MP nº 2.200-2", 1620, 640, 1090),
        line("pelo código 50012020010600015", 1655, 150, 500),
        line("Infraestrutura de Chaves Públicas Brasileira", 1655, 640, 1000),
    ]
    assert given([*body(), *foot])["footer"] == [part.text for part in foot]


def test_how_to_verify_the_document_is_a_footer_even_close_to_the_body() -> None:
    foot = line("Documento assinado digitalmente conforme MP nº 2.200-2", 250 + 38 * 34)
    assert given([*body(), foot])["footer"] == [foot.text]


def test_notes_in_small_type_are_a_footer() -> None:
    notes = [line(f"{n} Cf. obra citada, tomo segundo, edição de 1901.", 1600 + 28 * n, height=22) for n in range(3)]
    assert given([*body(count=30), *notes])["footer"] == [part.text for part in notes]


def test_a_row_of_figures_at_the_foot_is_a_table() -> None:
    cells = [line(str(n), 1620, 150 + 200 * n, 220 + 200 * n) for n in range(4)]
    assert "footer" not in given([*body(), *cells])


def test_marks_in_the_margin() -> None:
    stamp = Line("Documento assinado digitalmente por F. Código 7F3A", (1190, 500, 1215, 1200), 0.9)
    protocol = line("Protocolo 123", 700, 1100, 1230)
    assert given([*body(), stamp, protocol])["margin"] == [stamp.text, protocol.text]


def test_a_cell_at_the_right_of_a_wide_page_is_text() -> None:
    assert "margin" not in given([*body(), line("1.250,00", 1600, 1000, 1085)])


def test_a_page_that_stands_on_end_is_all_text() -> None:
    lines = [Line("texto que corre para cima", (100 + 50 * n, 100, 130 + 50 * n, 1600), 0.9) for n in range(10)]
    assert set(given(lines)) == {"text"}


def test_a_page_number_alone_is_not_a_page_without_text() -> None:
    assert given([line("12", 100)]) == {"text": ["12"]}
