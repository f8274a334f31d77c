"""Small pages whose structure once came out wrong: the right value of each, by the learned layout.

The images are not part of the project; the unit tests of `ocr.layout` have pages that are composed in the test.
"""

from dataclasses import dataclass
from pathlib import Path

import pytest
from command import run_ocr
from paths import SHARED

from ocr import Document, Page, load

CASES = SHARED / "cases"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CASES.is_dir(), reason="needs ../shared/cases"),
]


@dataclass(frozen=True)
class Right:
    """What is right of a page; texts stand in this order."""

    body: tuple[str, ...] = ()
    """Parts of the joined paragraphs."""
    printed: tuple[str, ...] = ()
    """Parts of header and body as printed."""
    margin: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    """Rows of tables."""
    tables: int = 0
    empty_margin: bool = False


MATERIALS = (
    ("Código", "Descrição", "Quantidade", "Valor"),
    ("100.214", "Papel sulfite A4", "35", "R$ 24,90"),
    ("100.377", "Caneta esferográfica", "120", "R$ 1,15"),
    ("100.512", "Grampeador de mesa", "8", "R$ 32,00"),
)
RIGHT = {
    "01": Right(
        margin=(
            "Para conferir o original, acesse o site https://esaj.exemplo.jus.br, informe o processo"
            " 0012345-67.2019.8.19.0001 e código 5A3F9B2.",
            "Este documento é cópia do original, assinado digitalmente por FULANO EXEMPLO, protocolado em 14/03/2024",
        )
    ),
    "02": Right(
        printed=(
            *("O Conselho Municipal", "Os proprietários rurais", "O requerente alegou", "QUADRO DE CARGOS", "Cargo"),
            *("Assessor Técnico", "Encerrada a discussão", "Diante da documentação", "A proposta prevê"),
        ),
        rows=(
            ("Cargo", "Símbolo", "Quantidade", "Vencimento (R$)"),
            ("Diretor de Departamento", "CC-1", "4", "7.850,00"),
            ("Chefe de Divisão", "CC-2", "12", "5.320,00"),
            ("Assessor Técnico", "CC-3", "25", "3.980,00"),
        ),
        tables=1,
    ),
    "03": Right(
        body=(
            *("com as na presença dos demais membros presentes.", "NOTICIARIO", "Os proprietários rurais"),
            *("interessados.", "ANNUNCIOS", "O requerente alegou"),
        )
    ),
    "03b": Right(
        body=(
            *("O Conselho Municipal de Meio Ambiente, reunido em sessão ordinária", "A proposta prevê o plantio"),
            *(
                "Os proprietários rurais que aderirem ao programa receberão",
                "O requerente alegou que o imóvel se encontra",
            ),
        )
    ),
    "03c": Right(
        body=("assinada pelos membros presentes.", "as providências cabíveis.", "a quem de direito e interessados."),
        empty_margin=True,
    ),
    "04": Right(
        body=("reunido em sessão ordinária no dia quatorze de março, apreciou o parecer", "recebidos."),
        margin=("1", "2", "17"),
    ),
    "05": Right(
        body=("O Conselho Municipal de Meio Ambiente, reunido em sessão ordinária no dia quatorze de março",),
        margin=("Parecer da comissão técnica", "Plantio de espécies nativas"),
    ),
    "07": Right(body=("podendo ser prorrogado por termo aditivo.", "may be extended by amendment.")),
    "11": Right(
        rows=(("00231", "ARROZ TIPO 1 PACOTE 5KG", "10063021", "060", "5102", "20", "24,90", "498,00"),), tables=1
    ),
    "12": Right(
        rows=(("00123", "COMERCIAL EXEMPLO LTDA", "15/03/91", "NF 004521", "12.345,67"),),
        printed=("RELATORIO", "00123", "00412", "TOTAL"),
        tables=1,
    ),
    "16": Right(
        body=(
            "1. DISPOSIÇÕES GERAIS",
            "1.1 Este regulamento disciplina o uso das salas de reunião, do auditório e dos equipamentos audiovisuais",
            "I - a conferência é feita na entrega das chaves;",
        ),
        empty_margin=True,
    ),
    "20": Right(body=("almoxarifado\nConferido em 12/03/2024",), rows=MATERIALS, tables=1),
    "24": Right(printed=("Nome: ____", "RG: ____", "R$ ____")),
    "25": Right(
        printed=(
            *("GAZETA DA PROVÍNCIA", "ANNO IV", "Domingo", "O Conselho Municipal", "A proposta prevê"),
            *("Os proprietários", "Encerrada", "O requerente"),
        )
    ),
    "29": Right(body=("CPF\n123.456.789-09\n18.000,00",)),
}


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    folder = tmp_path_factory.mktemp("cases")
    scans = [path for path in sorted(CASES.glob("*.png")) if path.name.partition("_")[0] in RIGHT]
    typed = ("--set", "layout=learned", "--to", folder / "out")
    done = run_ocr("extract", *scans, *typed, cwd=folder, seconds=600)
    assert done.returncode == 0, done.stderr
    return {path.name.partition("_")[0]: load(folder / "out" / f"{Path(path).name}.json") for path in scans}


def missing(text: str, parts: tuple[str, ...]) -> list[str]:
    """Return the parts that the text does not have after the part before them."""
    place, absent = 0, []
    for part in parts:
        found = text.find(part, place)
        absent += [part] if found < 0 else []
        place = max(place, found + len(part))
    return absent


@pytest.mark.parametrize("case", sorted(RIGHT))
def test_the_structure_of_a_case_is_right(case: str, documents: dict[str, Document]) -> None:
    page: Page = documents[case].pages[0]
    right = RIGHT[case]
    assert not missing("\n".join(page.paragraphs), right.body)
    assert not missing("\n".join((page.header, page.text)), right.printed)
    assert not missing(" ".join(page.margin.split()), right.margin)
    rows = [row for table in page.tables for row in table.rows]
    assert set(right.rows) <= set(rows)
    assert len(page.tables) >= right.tables and (right.tables or not page.tables)
    assert not (right.empty_margin and page.margin)
