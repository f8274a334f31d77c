"""What holds for any page: readings that are alike raise no doubt, in whatever order; places lie in the text."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.core.document import Line
from ocr.text.crosscheck import cross_examine

WORDS = ("o", "réu", "Olinda", "1.275", "12/03/1998", "requerente", "§", "3º", "CPF 529.982.247-25", "casa-grande")
LINES = st.lists(
    st.lists(
        st.sampled_from(WORDS),
        min_size=1,
        max_size=9,
    ).map(" ".join),
    max_size=12,
)


def read(lines: list[str]) -> list[Line]:
    return [Line(text, (0, at, 1, at + 1), 0.99) for at, text in enumerate(lines)]


@settings(max_examples=60, deadline=None)
@given(LINES, st.randoms(use_true_random=False))
def test_alike_readings_raise_no_doubt_in_any_order(lines: list[str], order: random.Random) -> None:
    shuffled = list(lines)
    order.shuffle(shuffled)
    assert cross_examine("\n".join(lines), read(lines)) == ()
    assert not [doubt for doubt in cross_examine("\n".join(shuffled), read(lines)) if doubt.kind == "number"]


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=300), LINES.map("\n".join)), LINES)
def test_places_lie_in_the_text(text: str, lines: list[str]) -> None:
    boxes = {line.box for line in read(lines)}
    for doubt in cross_examine(text, read(lines)):
        assert doubt.box is None or doubt.box in boxes
        assert doubt.span is None or 0 <= doubt.span[0] < doubt.span[1] <= len(text)
