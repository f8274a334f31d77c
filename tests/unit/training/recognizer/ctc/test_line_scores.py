"""Errors of lines, as training and its regression check count them."""

import numpy as np
import pytest

from training.recognizer.ctc.line_scores import ALL, rates, score
from training.recognizer.line_supply.line_farm import Sample


def edits(text: str, reading: str) -> int:
    (result,) = score([Sample(np.zeros((48, 64), np.uint8), text, "clean")], [reading])
    return result.edits


@pytest.mark.parametrize(
    ("text", "reading", "errors"),
    [
        ("de ____________ de 20__", "de ______ de 20__", 0),  # how long a blank is
        ("Capítulo I .......... 17", "Capítulo I ..... 17", 0),
        ("de ____________ de 20__", "de  de 20__", 4),  # a blank that is lost, and its space
        ("de ____________ de 20__", "do ______ de 20__", 1),
        ("20__", "20_", 1),  # short runs count as they are
        ("1.000.000", "1.00.000", 1),
        ("aaaaa", "aaa", 2),  # letters are no fill signs
    ],
)
def test_the_length_of_a_blank_is_no_error_of_reading(text: str, reading: str, errors: int) -> None:
    assert edits(text, reading) == errors


def test_rates_are_those_of_all_lines_and_of_each_wear() -> None:
    lines = [Sample(np.zeros((48, 64), np.uint8), "abcde", wear) for wear in ("scan", "fax", "fax")]
    found = rates(score(lines, ["abcde", "abcdx", "abxxe"]))
    assert found == pytest.approx({ALL: 3 / 15, "scan": 0.0, "fax": 3 / 10})
