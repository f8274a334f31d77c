import json

import pytest
from paths import SHARED

from ocr.core.document import Line, Word
from ocr.text.post_correction import correct, correct_lines

MISREAD = [
    ("da Lei n° 6.766, de 1979", "da Lei nº 6.766, de 1979"),
    ("DECRETO N° 39.611, DE 1° DE JANEIRO", "DECRETO Nº 39.611, DE 1º DE JANEIRO"),
    ("Art. 5° Revogam-se", "Art. 5º Revogam-se"),
    ("§ 1°Vinculam-se à Secretaria", "§ 1º Vinculam-se à Secretaria"),
    ("§ .2° Cabe à Secretaria", "§ 2º Cabe à Secretaria"),
    ("132° da República e 60° de Brasília", "132º da República e 60º de Brasília"),
    ("matrícula nº° 1.431.614-5", "matrícula nº 1.431.614-5"),
    ("da Lei no 2.498, de 1999", "da Lei nº 2.498, de 1999"),
    ("Decreto n.o 38.094", "Decreto n.º 38.094"),
    ("da 1a Delegacia e da 2a Vara", "da 1ª Delegacia e da 2ª Vara"),
    ("o 3o Ofício de Notas", "o 3º Ofício de Notas"),
    ("disse-Ihe que Ihes dessem", "disse-lhe que lhes dessem"),
    ("para vê-Io", "para vê-lo"),
    ("inciso Xll e VIl", "inciso XII e VII"),
    ("lI - planejar", "II - planejar"),
    ("IÍ - articular; VÍI", "II - articular; VII"),
    ("VI_- inspeção", "VI - inspeção"),
    ("一 Vou ao trabalho（hoje）；", "— Vou ao trabalho(hoje);"),
    ("Сâmara dos Dеputados", "Câmara dos Deputados"),
]
RIGHT = [
    "a 30 °C e a 45° de inclinação",
    "uma curva de 45°",
    "15°47' S, 47°52' W",
    "um ângulo de 12°",
    "febre de 39°",
    "no 3 de maio",
    "estava no 2o lugar a 5a casa",
    "A Rua 7a",
    "Ilha do Mel, Ih!, Imperial, III, XIV",
    "Москва e Αθήνα",
    '“aspas” e "aspas", travessões – — - e reticências…',
    "tudo ! disse ; e saiu",
    "CÍVEL, DÍVIDA, Ílhavo",
    "usuario_nome@exemplo.gov.br",
    "nº 5, art. 5º, 1ª e 2ª",
    "o ponto.Seguinte",
    "Dvořák e Śląsk",
]


@pytest.mark.parametrize(("misread", "right"), MISREAD)
def test_misreadings_are_corrected(misread: str, right: str) -> None:
    assert correct(misread) == right


@pytest.mark.parametrize("right", [*RIGHT, *(right for _, right in MISREAD)])
def test_what_is_right_stays(right: str) -> None:
    assert correct(right) == right


def test_lines_are_corrected_one_by_one() -> None:
    assert correct("ângulo de 30°\nart. 3° e\n\n") == "ângulo de 30°\nart. 3º e\n\n"


def test_words_follow_their_line() -> None:
    words = tuple(Word(text, (0, 0, 1, 1), 0.9) for text in ("Lei", "no", "2.498"))
    (line,) = correct_lines([Line("Lei no 2.498", (0, 0, 3, 1), 0.9, words)])
    assert line.text == "Lei nº 2.498"
    assert [word.text for word in line.words] == ["Lei", "nº", "2.498"]


def test_words_keep_their_number_when_the_line_gains_a_space() -> None:
    words = tuple(Word(text, (0, 0, 1, 1)) for text in ("§", "1ºVinculam-se"))
    (line,) = correct_lines([Line("§ 1ºVinculam-se", (0, 0, 3, 1), None, words)])
    assert line.text == "§ 1º Vinculam-se"
    assert [word.text for word in line.words] == ["§", "1ºVinculam-se"]


def test_a_foreign_letter_goes_where_the_page_knows_the_word() -> None:
    lines = correct_lines([Line("ŚEGUNDA IV", (0, 0, 1, 1)), Line("SEGUNDA V; Dvořák", (0, 1, 1, 2))])
    assert [line.text for line in lines] == ["SEGUNDA IV", "SEGUNDA V; Dvořák"]


@pytest.mark.skipif(not SHARED.exists(), reason="the folder ../shared with Portuguese text is not here")
def test_true_text_changes_only_where_it_is_misread_itself() -> None:
    """Among the truths of the pages and a good part of the corpus, only signs that are wrong there too may change."""
    manifest = (SHARED / "pages/manifest.jsonl").read_text(encoding="utf-8").splitlines()
    texts = [json.loads(row)["text"] for row in manifest]
    for corpus in sorted((SHARED / "corpus_pt").glob("*.txt")):
        with corpus.open(encoding="utf-8") as file:
            texts.append(file.read(300_000))
    changed = {
        (before, after)
        for text in texts
        for line in text.split("\n")
        if (corrected := correct(line)) != line and len(corrected) == len(line)
        for before, after in zip(line, corrected, strict=True)
        if before != after
    }
    assert changed <= {("°", "º"), ("o", "º"), ("a", "ª"), ("I", "l"), ("Í", "I"), ("l", "I")}


@pytest.mark.parametrize(
    ("read", "right"),
    [("FI. 45-v", "Fl. 45-v"), ("às FIs. 12", "às Fls. 12"), ("FI. Aprovado", "FI. Aprovado"), ("RFI. 3", "RFI. 3")],
)
def test_a_leaf_is_abbreviated_with_a_small_l(read: str, right: str) -> None:
    assert correct(read) == right
