"""What holds for any page: equal readings have no discrepancy in any order; places lie in the text."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from ocr.core.document import Line
from ocr.text.crosscheck import find_discrepancies

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
def test_equal_readings_have_no_discrepancy_in_any_order(lines: list[str], order: random.Random) -> None:
    shuffled = list(lines)
    order.shuffle(shuffled)
    assert find_discrepancies("\n".join(lines), read(lines)) == ()
    assert not [one for one in find_discrepancies("\n".join(shuffled), read(lines)) if one.kind == "number"]


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.text(max_size=300), LINES.map("\n".join)), LINES)
def test_places_lie_in_the_text(text: str, lines: list[str]) -> None:
    boxes = {line.box for line in read(lines)}
    for one in find_discrepancies(text, read(lines)):
        assert one.box is None or one.box in boxes
        assert one.span is None or 0 <= one.span[0] < one.span[1] <= len(text)
