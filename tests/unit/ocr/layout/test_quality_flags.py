import pytest

from ocr.core.document import Line, confidence_of
from ocr.layout.quality_flags import flags_of


def line(text: str, confidence: float | None, height: float = 30) -> Line:
    return Line(text, (0, 0, 500, height), confidence)


def test_confidence_weighs_lines_by_their_length() -> None:
    assert confidence_of([line("abcd", 1.0), line("ab", 0.4)]) == pytest.approx(0.8)


def test_no_confidence_without_any() -> None:
    assert confidence_of([line("abc", None)]) is None
    assert confidence_of([]) is None
    assert flags_of([line("abc", None)]) == ()


def test_a_sure_page_has_no_flags() -> None:
    assert flags_of([line("um texto lido com certeza", 0.98)] * 10) == ()


def test_a_doubtful_page_says_so() -> None:
    assert flags_of([line("um texto mal lido", 0.62)] * 3) == ("low confidence (0.62)",)


def test_doubtful_lines_in_a_sure_page() -> None:
    assert flags_of([line("um texto lido", 0.99)] * 8 + [line("um texto lido", 0.6)] * 2) == (
        "20% of it is in doubtful lines",
    )


def test_very_small_type() -> None:
    assert flags_of([line("letras miúdas", 0.97, height=9)]) == ("very small type: scan it at a higher resolution",)
