"""What a model is taught to write."""

import pytest

from ocr.models.answer_format import Fields, parse
from ocr.models.catalog import Model
from training.formatting import write


@pytest.mark.parametrize(
    ("printed", "taught"),
    [
        ("Sumário ................ 27", "Sumário ... 27"),
        ("Nome: ______________", "Nome: ___"),
        ("Do recurso . . . . . . . . 5", "Do recurso ... 5"),
        ("| a | b |\n|------|------|", "| a | b |\n|---|---|"),
        ("e depois... 10.000.000,00", "e depois... 10.000.000,00"),
        ("Receita\t-\t-\t-\t-\t5,00 - - - - 1,00", "Receita\t-\t-\t-\t-\t5,00 - - - - 1,00"),
        ("ele disse... ... e saiu", "ele disse... ... e saiu"),
        ("fls. 2 --- um\n-\n-\n-\n-\nfim", "fls. 2 --- um\n-\n-\n-\n-\nfim"),
    ],
)
def test_dots_and_dashes_that_fill_a_line_are_written_short(printed: str, taught: str) -> None:
    fields = Fields(text=printed)
    assert write(fields, Model(leaders=3)) == taught
    assert parse(write(fields, Model(leaders=3, structured=True))).text == taught
    assert write(fields, Model()) == printed
