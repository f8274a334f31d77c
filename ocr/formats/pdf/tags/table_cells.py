"""Which cell of a table each word of its lines stands in, told by the letters of the cells."""

from collections.abc import Iterator, Sequence

from ocr.formats.table_grid import GridCell

Word = tuple[int, int]
"""A line of the layer, and a word of that line."""


def cells_of_words(cells: Sequence[GridCell], lines: Sequence[tuple[int, Sequence[str]]]) -> Iterator[tuple[Word, int]]:
    """Yield each word of a table's lines with the place of its cell, in the order of the layer.

    `lines` are the number and the words of each line. A line belongs to the cell whose letters it continues, else each
    of its words does. What continues no cell stays with the word before it.
    """
    rests = [_letters(cell.text) for cell in cells]
    last = 0
    for number, words in lines:
        whole = _cell_with(rests, last, _letters("".join(words)))
        for place, word in enumerate(words):
            found = whole if whole is not None else _cell_with(rests, last, _letters(word))
            last = last if found is None else found
            rests[last] = rests[last].removeprefix(_letters(word))
            yield (number, place), last


def _cell_with(rests: Sequence[str], last: int, letters: str) -> int | None:
    """Return the next cell that goes on with these letters: the last one, one behind it, or the first of all."""
    order = (*range(last, len(rests)), *range(last))
    return next((place for place in order if letters and rests[place].startswith(letters)), None)


def _letters(text: str) -> str:
    """Return the letters and digits of a text, or all its signs where it has none: joining lines changes hyphens."""
    return "".join(filter(str.isalnum, text)) or "".join(text.split())
