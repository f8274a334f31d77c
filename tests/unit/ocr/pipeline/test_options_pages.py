import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.core.errors import UsageError
from ocr.pipeline.options import parse_selection


@pytest.mark.parametrize(
    ("text", "pages"),
    [
        ("", [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ("1,3-5,9-", [1, 3, 4, 5, 9, 10]),
        (" 2 , 4 ", [2, 4]),
        ("-3", [1, 2, 3]),
        ("7", [7]),
        ("3-3,3", [3]),
        ("11-", []),
    ],
)
def test_selection(text: str, pages: list[int]) -> None:
    selection = parse_selection(text)
    assert [number for number in range(1, 11) if number in selection] == pages


@pytest.mark.parametrize("text", ["0", "a", "1,,2", "3-1", "-", "1-2-3", "1.5", "0-4", ","])
def test_what_is_no_range_is_named(text: str) -> None:
    with pytest.raises(UsageError, match="no page range"):
        parse_selection(text)


@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 20)), min_size=1))
def test_ranges_select_exactly_what_they_name(ranges: list[tuple[int, int]]) -> None:
    text = ",".join(f"{first}-{first + more}" for first, more in ranges)
    wanted = {number for first, more in ranges for number in range(first, first + more + 1)}
    assert {number for number in range(1, 80) if number in parse_selection(text)} == wanted
