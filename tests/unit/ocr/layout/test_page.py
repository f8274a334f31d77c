from math import cos, radians, sin
from pathlib import Path

import pytest

from ocr.core.document import Box, EngineOutput, Line
from ocr.core.errors import UsageError
from ocr.layout.page import ARRANGEMENT, LEARNED, RULES, arrange, arrangement_of

WIDTH, HEIGHT = 1240, 1754


def line(text: str, left: float, top: float, right: float, confidence: float = 0.99) -> Line:
    return Line(text, (left, top, right, top + 30), confidence)


def gazette() -> list[Line]:
    head = [line("Diário Oficial do Município", 100, 80, 600), line("PÁGINA 3", 1000, 80, 1120)]
    left = [line(f"esquerda {n} de um texto na coluna", 100, 200 + 34 * n, 600) for n in range(20)]
    right = [line(f"direita {n} de um texto na coluna", 640, 200 + 34 * n, 1140) for n in range(20)]
    stamp = Line("Protocolo 12345 recebido", (1190, 500, 1215, 1000), 0.9)
    foot = [line("Documento assinado digitalmente por F.", 100, 1600, 600)]
    return [*foot, stamp, *right[::-1], *left, *head]


def generation(lines: list[Line], skew: float = 0.0) -> EngineOutput:
    return EngineOutput("stop", lines=tuple(lines), width=WIDTH, height=HEIGHT, rotation=90, skew=skew)


def test_the_fields_of_a_page() -> None:
    page = arrange(generation(gazette()), 7)
    assert (page.number, page.status, page.width, page.height, page.rotation) == (7, "ok", WIDTH, HEIGHT, 90)
    assert page.header == "Diário Oficial do Município PÁGINA 3"
    assert page.margin == "Protocolo 12345 recebido"
    assert page.footer == "Documento assinado digitalmente por F."
    assert page.text.splitlines()[0].startswith("esquerda 0") and page.text.splitlines()[20].startswith("direita 0")
    assert [part.field for part in page.lines[:2]] == ["header", "header"]


def test_every_line_comes_out_once_with_its_own_box() -> None:
    lines = gazette()
    page = arrange(generation(lines), 1)
    assert sorted(part.box for part in page.lines) == sorted(part.box for part in lines)
    fields = page.header, page.text, page.margin, page.footer
    assert sorted(" ".join(fields).split()) == sorted(" ".join(part.text for part in lines).split())


def leaning(box: Box, degrees: float) -> Box:
    """The upright box around a box that turns clockwise with the page."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    corners = [(box[x] - WIDTH / 2, box[y] - HEIGHT / 2) for x in (0, 2) for y in (1, 3)]
    turned = [(x * c - y * s + WIDTH / 2, x * s + y * c + HEIGHT / 2) for x, y in corners]
    xs, ys = zip(*turned, strict=True)
    return (min(xs), min(ys), max(xs), max(ys))


@pytest.mark.parametrize("skew", [-4.0, -1.5, 2.0, 5.0])
def test_a_page_that_leans_reads_as_if_it_were_level(skew: float) -> None:
    level = arrange(generation(gazette()), 1)
    lines = [Line(part.text, leaning(part.box, skew), part.confidence) for part in gazette()]
    page = arrange(generation(lines, skew), 1)
    assert (page.header, page.text, page.margin, page.footer) == (level.header, level.text, level.margin, level.footer)
    assert page.paragraphs == level.paragraphs


def test_tables_stand_apart_from_paragraphs_but_stay_in_the_text() -> None:
    text = [line(f"linha {n} de texto corrido em toda a largura", 100, 200 + 36 * n, 1100) for n in range(5)]
    cells = [line(f"c{r}{c}", 100 + 400 * c, 500 + 40 * r, 260 + 400 * c) for r in range(4) for c in range(3)]
    page = arrange(generation([*text, *cells]), 1, RULES)
    assert [len(row) for table in page.tables for row in table.rows] == [3, 3, 3, 3]
    assert "c00 c01 c02\nc10 c11 c12" in page.text
    assert not any("c00" in paragraph for paragraph in page.paragraphs)


def test_misread_characters_are_corrected_on_the_way() -> None:
    assert arrange(generation([line("Art. 5° da Lei n° 8.112", 100, 100, 900)]), 1).text == "Art. 5º da Lei nº 8.112"


def test_a_page_without_lines_is_blank() -> None:
    page = arrange(generation([]), 2)
    assert (page.status, page.text, page.lines, page.confidence, page.flags) == ("blank", "", (), None, ())


def test_the_version_names_the_layout() -> None:
    assert ARRANGEMENT.startswith("layout-")


def test_each_layout_has_an_arrangement_of_its_own() -> None:
    assert arrangement_of(RULES) == ARRANGEMENT
    assert arrangement_of(LEARNED).startswith(f"{ARRANGEMENT} learned=")
    with pytest.raises(UsageError, match="does not exist"):
        arrangement_of("nowhere")


def test_weights_that_are_none_are_refused(tmp_path: Path) -> None:
    (tmp_path / "structure.npz").write_bytes(b"none")
    with pytest.raises(UsageError, match="holds no weights"):
        arrange(generation(gazette()), 1, str(tmp_path))


def test_the_rules_and_the_network_agree_on_a_plain_page() -> None:
    rules, learned = (arrange(generation(gazette()), 1, layout) for layout in (RULES, LEARNED))
    assert (rules.header, rules.text, rules.margin, rules.footer) == (
        *(learned.header, learned.text, learned.margin, learned.footer),
    )


def test_choices_with_check_boxes_side_by_side_are_one_paragraph() -> None:
    """As they stand in ../shared/cases/14_checkboxes.png; without one row, nobody knows which question they answer."""
    parts = [
        *(("Estado civil:", 57, 59, 237), ("☐ Solteiro", 300, 61, 463), ("☒ Casado", 560, 61, 726)),
        *(("☐ Divorciado", 800, 62, 1004), ("Recebe benefício do INSS?", 58, 150, 460)),
        *(("☐ Sim", 560, 149, 672), ("☒ Não", 800, 150, 913), ("Possui imóvel próprio?", 56, 239, 380)),
    ]
    lines = tuple(Line(text, (left, top, right, top + 40), 0.99) for text, left, top, right in parts)
    page = arrange(EngineOutput("stop", lines=lines, width=1400, height=360), 1)
    read = " / ".join(page.paragraphs)
    assert "☐ Solteiro ☒ Casado ☐ Divorciado" in read
    assert "☐ Sim ☒ Não" in read


def test_choices_stay_beside_each_other_where_the_network_reads_on_downwards() -> None:
    """The boxes that the detector finds on the same page: its last line is one, under both choices."""
    parts = [
        *(("Estado civil:", 56.7, 59.4, 236.6, 97.1), ("☐ Solteiro", 300.0, 61.3, 463.4, 100.3)),
        *(("☒ Casado", 560.0, 61.2, 726.0, 100.4), ("☐ Divorciado", 800.0, 62.5, 1004.1, 100.1)),
        *(("☐ Viúvo", 1100.0, 59.8, 1234.5, 101.8), ("Recebe benefício do INSS?", 57.9, 150.5, 460.2, 187.0)),
        *(("☐ Sim", 560.0, 148.9, 671.6, 192.7), ("☒ Não", 800.0, 150.0, 913.1, 192.6)),
        ("Possui imóvel próprio? ( ) Sim ( X ) Não", 56.2, 238.8, 681.6, 280.7),
    ]
    lines = tuple(Line(text, (left, top, right, bottom), 0.99) for text, left, top, right, bottom in parts)
    page = arrange(EngineOutput("stop", lines=lines, width=1400, height=360), 1)
    assert page.text.splitlines() == [
        "Estado civil: ☐ Solteiro ☒ Casado ☐ Divorciado ☐ Viúvo",
        "Recebe benefício do INSS? ☐ Sim ☒ Não",
        "Possui imóvel próprio? ( ) Sim ( X ) Não",
    ]


def test_a_page_of_one_line_has_it_in_its_body_whatever_its_shape() -> None:
    for box in ((0.0, 0.0, 60.0, 80.0), (20.0, 20.0, 580.0, 60.0)):
        page = arrange(EngineOutput("stop", lines=(Line("ANEXO", box),), width=600, height=800), 1)
        assert page.text == "ANEXO", box
