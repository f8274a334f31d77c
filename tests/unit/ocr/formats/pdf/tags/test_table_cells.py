from collections.abc import Sequence

import pytest

from ocr.formats.pdf.tags.table_cells import cells_of_words
from ocr.formats.table_grid import GridCell


@pytest.mark.parametrize(
    ("cells", "lines", "expected"),
    [
        (("Item", "Valor", "Custas", "R$ 10,00"), ("Item", "Valor", "Custas", "R$ 10,00"), (0, 1, 2, 3, 3)),
        (("Item", "Valor", "Custas", "R$ 10,00"), ("Item Valor", "Custas R$ 10,00"), (0, 1, 2, 3, 3)),  # a line a row
        (("um longo texto", "7"), ("um longo", "7", "texto"), (0, 0, 1, 0)),  # a cell of two lines
        (("ape-\nlação", "7"), ("ape-", "lação", "7"), (0, 0, 1)),
        (("7", "7", "—", "7"), ("7", "7", "—", "7"), (0, 1, 2, 3)),  # equal cells, and one without letters
        (("", "a", ""), ("a", "zzz"), (1, 1)),  # empty cells have no words; what no cell has stays
    ],
)
def test_words_stand_in_the_cells_whose_letters_they_are(
    cells: Sequence[str], lines: Sequence[str], expected: Sequence[int]
) -> None:
    numbered = [(number, line.split()) for number, line in enumerate(lines)]
    found = list(cells_of_words([GridCell(text, is_head=False) for text in cells], numbered))
    assert [place for place, _ in found] == [(row, word) for row, line in numbered for word in range(len(line))]
    assert tuple(cell for _, cell in found) == tuple(expected)
