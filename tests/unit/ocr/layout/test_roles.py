import pytest

from ocr.core.document import EngineOutput, Line
from ocr.layout.page import RULES, arrange
from ocr.layout.paragraphs import Paragraph
from ocr.layout.roles import role_of_paragraph, role_outside

BODY = 30.0


def line(text: str, top: float, height: float = BODY, left: float = 100, right: float = 1100) -> Line:
    return Line(text, (left, top, right, top + height), 0.99)


def role_of(text: str, height: float = BODY, top: float = 900, first: bool = False) -> str:
    return role_of_paragraph(Paragraph(text, ((line(text, top, height),),)), BODY, 1754, first=first)


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("DISPOSIÇÕES GERAIS", "heading"),
        ("a) reservas por telefone não são aceitas;", "list-item"),
        ("II - o laudo é assinado por ambas as partes;", "list-item"),
        ("1.2 O usuário responde pelos danos", "list-item"),
        ("— Não sei, respondeu ela.", "list-item"),
        ("12 de março de 1986, na sede da Prefeitura", "paragraph"),
        ("Tabela 3 - Receitas por município", "caption"),
        ("O usuário responde pelos danos causados.", "paragraph"),
    ],
)
def test_the_role_of_a_paragraph_of_usual_size(text: str, role: str) -> None:
    assert role_of(text) == role


def test_larger_type_makes_a_heading_and_at_the_top_a_title() -> None:
    assert role_of("Do uso das salas", height=38) == "heading"
    assert role_of("Regulamento", height=60, top=200, first=True) == "title"
    assert role_of("Do uso das salas.", height=38) == "paragraph"


def test_the_roles_outside_the_body() -> None:
    assert role_outside(line("— 12 —", 1700), "footer") == "page-number"
    assert role_outside(line("1. Ver o processo anterior.", 1650), "footer") == "footnote"
    assert role_outside(line("7", 500, right=120), "margin") == "line-number"
    assert role_outside(Line("Protocolo 123", (1200, 300, 1220, 900)), "margin") == "stamp"
    assert role_outside(line("Parecer da comissão", 500, right=220), "margin") == "side-note"
    assert role_outside(line("Diário Oficial", 60), "header") == "header"


def test_lines_of_a_block_share_its_number_and_every_block_has_one() -> None:
    lines = [
        line("REGULAMENTO", 200, left=400, right=800),
        line("O presente texto disciplina o uso das salas de reunião e do", 300),
        line("auditório da sede, que é aberta ao público nos dias úteis.", 336),
        *(line(f"c{r}{c}", 500 + 40 * r, left=100 + 400 * c, right=260 + 400 * c) for r in range(4) for c in range(3)),
        line("Este é o fim do texto, em letras minúsculas.", 800),
    ]
    page = arrange(EngineOutput("stop", lines=tuple(lines), width=1240, height=1754), 1, RULES)
    assert [(part.role, part.block) for part in page.lines] == [
        ("heading", 0),
        ("paragraph", 1),
        ("paragraph", 1),
        *[("table-cell", 2)] * 12,
        ("paragraph", 3),
    ]
