import pytest

from ocr.core.errors import UsageError
from ocr.core.settings import load
from ocr.formats.writers import FORMATS
from ocr.pipeline.options import ExtractSettings


def test_every_format_of_the_table_can_be_asked_for() -> None:
    asked = load(ExtractSettings, file=None, assignments=[], flags={"out": ", ".join(FORMATS)})
    assert asked.out == tuple(FORMATS)


def test_an_unknown_format_is_named_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"out\.1: there is no 'epub'") as caught:
        load(ExtractSettings, file=None, assignments=[], flags={"out": "json,epub"})
    assert all(form in caught.value.hint for form in FORMATS)
