"""Small pages that once came out wrong: the right value of each, read by the default engine.

The images are not part of the project; each kind of fault also has a test with pages that are composed in the test.
"""

import json
import re
from pathlib import Path

import pytest
from command import run_ocr
from paths import SHARED

from ocr import Document, Page, load

CASES = SHARED / "cases"
pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="needs ../shared/cases")

INSIDE = {
    "08": ["Encerrada a discussão, o presidente colocou a matéria em votação", "vai assinada pelos membros presentes."],
    "09": ["Sec.Destino: Secretaria Municipal de Fazenda", "Dept.Destino:"],
    "13": ["1831¹", "1852²", "1874³", "12,5%⁴", "R$ 300⁵", "Súmula 473¹¹", "Lei 8.112¹²"],
    "17": [
        "prevê o plantio",
        "nativas em doze",
        "o acompanhamento trimestral da qualidade da água",
        "página da Secretaria",
    ],
    "23": ["PORTARIA", "RESOLVE:"],
    "26": ["guarda-chuva", "sub-rogação", "bem-te-vi", "joana.exemplo@exemplo.org.br"],
    "28": ["123.456.789-09", "17/AGO/1962"],
    "06": ["QUANDO a família chegou à fazenda"],
    "10": ["e o acompanhamento trimestral", "Diante da documentação apresentada", "com as ressalvas"],
    "14": ["☐ Solteiro", "☒ Casado", "☐ Divorciado", "☐ Viúvo", "☐ Sim ☒ Não"],
    "15": ["MARIA JOSE DA SILVA EXEMPLO", "12345678909", "17081962", "RIO BRANCO"],
    "22": ["ARROZ", "FEIJAO CARIOCA", "OLEO", "CAFE TORRADO", "SABAO", "PAO DE FORMA"],
}
"""Case -> what its paragraphs and tables hold."""

REGISTRY = (
    "R-1-38.517 - Protocolo nº 91.204, de 15 de julho de 1996. COMPRA E VENDA. Pela escritura pública lavrada no 2º "
    "Tabelionato, livro 215, folhas 33, o imóvel foi transmitido pelo preço de R$ 18.000,00.",
    "AV-2-38.517 - Em 03 de maio de 2004. CONSTRUÇÃO. Certifico que no terreno foi edificada casa residencial com "
    "142,50 m², conforme carta de habite-se nº 077/2004 da Prefeitura Municipal.",
    "R-3-38.517 - Em 21 de agosto de 2009. HIPOTECA. Os proprietários deram o imóvel em hipoteca de primeiro grau ao "
    "Banco Exemplo S.A., para garantia da dívida de R$ 95.000,00, pagável em 180 prestações mensais.",
)
"""The paragraphs of the page under a slanted watermark."""

NOT_YET: dict[str, str] = {}
"""Case -> why it still fails; a case that comes out right must leave this table."""


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    folder = tmp_path_factory.mktemp("cases")
    scans = [path for path in sorted(CASES.iterdir()) if path.suffix in (".png", ".jpg") and path.name[:2] in WANTED]
    done = run_ocr("extract", *scans, "--out", "json,md", "--to", folder / "out", cwd=folder, seconds=600)
    assert done.returncode == 0, done.stderr
    return {path.name[:2]: load(folder / "out" / f"{path.name}.json") for path in scans}


WANTED = {*INSIDE, "18", "19", "21"}


def text_of(page: Page) -> str:
    cells = [" ".join(row) for table in page.tables for row in table.rows]
    return "\n".join((page.header, *page.paragraphs, *cells, page.margin, page.footer))


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=pytest.mark.xfail(reason=NOT_YET[case], strict=True) if case in NOT_YET else ())
        for case in sorted(INSIDE)
    ],
)
def test_the_text_of_a_case_is_right(case: str, documents: dict[str, Document]) -> None:
    text = text_of(documents[case].pages[0])
    assert not [part for part in INSIDE[case] if part not in text]


@pytest.mark.parametrize("case", ["09", "18"])
def test_what_ink_or_show_through_covers_is_flagged(case: str, documents: dict[str, Document]) -> None:
    assert documents[case].pages[0].flags


def test_show_through_gives_no_text(documents: dict[str, Document]) -> None:
    page = documents["18"].pages[0]
    assert page.text.rstrip().endswith("cabíveis.")
    assert len(page.paragraphs) == 2


def test_a_watermark_gives_no_text_and_costs_none(documents: dict[str, Document]) -> None:
    page = documents["19"].pages[0]
    words = [re.findall(r"\w+", paragraph) for paragraph in page.paragraphs]
    assert words == [re.findall(r"\w+", paragraph) for paragraph in REGISTRY]
    assert not (page.header or page.margin or page.footer or page.tables)


def test_an_empty_half_page_is_not_flagged(documents: dict[str, Document]) -> None:
    page = documents["21"].pages[0]
    assert (page.status, page.flags) == ("ok", ())


def test_every_case_says_what_is_right() -> None:
    for case in WANTED:
        (file,) = CASES.glob(f"{case}_*.json")
        assert json.loads(Path(file).read_text(encoding="utf-8"))["expected"]
