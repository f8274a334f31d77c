"""Whatever an engine gives, what flows on is text that UTF-8 can hold, and no other text is touched."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from ocr.core.document import EngineOutput, Line, Word, well_formed

BOX = (0.0, 0.0, 10.0, 10.0)


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("a\ud83d\ude00b", "a\U0001f600b"),
        ("a\ud83d", "a\ufffd"),
        ("\ude00b", "\ufffdb"),
        ("\ud83d\ud83d\ude00", "\ufffd\U0001f600"),
    ],
)
def test_pairs_are_joined_and_lone_halves_are_marked(given_text: str, kept: str) -> None:
    assert well_formed(given_text) == kept


@given(st.text())
def test_text_that_is_well_formed_is_left_alone(text: str) -> None:
    assert well_formed(text) == text


@given(st.text(st.characters(exclude_categories=())))
def test_the_length_of_anything_else_does_not_grow(text: str) -> None:
    kept = well_formed(text)
    assert kept.encode("utf-8").decode("utf-8") == kept
    assert len(kept) <= len(text)


def test_any_reading_can_be_saved_and_comes_back_the_same() -> None:
    bad = "\ud83d\ude00 \ud800"
    line = Line(bad, BOX, words=(Word(bad, BOX),))
    generation = EngineOutput("error", text=bad, lines=(line,), reason=bad)
    adapter = TypeAdapter(EngineOutput)
    saved = adapter.dump_json(generation)
    assert adapter.validate_json(saved) == generation
    assert json.loads(saved)["lines"][0]["words"][0]["text"] == "\U0001f600 \ufffd"
