"""The flags that a page gets from its discrepancies."""

from ocr.core.document import Line
from ocr.models.answer_format import Fields, render
from ocr.text.crosscheck import cross_check

PRINTED = (
    "O réu interpôs apelação contra a sentença proferida em primeira instância,",
    "requerendo a reforma integral da decisão que julgou procedente o pedido de",
    "indenização por danos morais no valor de quinze mil reais, acrescidos de juros.",
    "A parte autora apresentou contrarrazões pelo desprovimento do recurso interposto.",
)
SEEN = tuple(Line(text, (100.0, 100.0 + 40 * row, 900.0, 130.0 + 40 * row), 0.98) for row, text in enumerate(PRINTED))


def test_lines_lost_to_a_cut_are_one_flag_around_all_of_them() -> None:
    (flag,) = cross_check(PRINTED[0], SEEN, whole=False)
    assert flag == (
        "omitted: 3 lines that the built-in engine reads are missing, because the text was cut at 100, 140, 900, 250"
    )


def test_what_stands_after_a_loop_is_one_flag_too() -> None:
    loop = "\n".join((PRINTED[0], *["e assim por diante nos termos da lei;"] * 60))
    flags = [flag for flag in cross_check(loop, SEEN, whole=True) if flag.startswith("omitted")]
    assert flags == [
        "omitted: 3 lines that the built-in engine reads are missing, because the text was cut at 100, 140, 900, 250"
    ]


def test_lines_that_a_whole_reading_leaves_out_are_flagged_one_by_one() -> None:
    flags = cross_check("\n".join(PRINTED[:2]), SEEN, whole=True)
    assert sorted(flag.rpartition(" at ")[2] for flag in flags) == ["100, 180, 900, 210", "100, 220, 900, 250"]


def test_what_only_the_model_wrote_is_placed_by_field_and_line() -> None:
    invented = "Compareceram ainda os representantes da Fazenda Nacional e do Ministério Público."
    body = "\n".join((*PRINTED[:3], invented, PRINTED[3]))
    (flag,) = cross_check(render(Fields(header="", text=body)), SEEN, whole=True)
    assert flag.startswith("invented: ")
    assert flag.endswith(" in line 4 of the field text")


def test_an_identifier_that_fails_is_placed_in_its_field() -> None:
    fields = Fields(text="\n".join(PRINTED), footer="Documento do CPF 529.982.247-24")
    (flag,) = [flag for flag in cross_check(render(fields), SEEN, whole=True) if flag.startswith("check digits: ")]
    assert flag.endswith(" in line 1 of the field footer")
