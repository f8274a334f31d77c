from ocr.core.document import EngineOutput, Line
from ocr.engines.vlm.decoding.text_draft import KnownText, draft_text


def make_known(text: str) -> KnownText:
    """Tokens are characters."""
    return KnownText(text, lambda part: [ord(sign) for sign in part], lambda ids: "".join(map(chr, ids)))


def propose(known: KnownText, written: str, most: int) -> str:
    return "".join(map(chr, known.propose([ord(sign) for sign in written], most)))


def test_what_follows_the_end_of_the_output_is_proposed() -> None:
    known = make_known("O Tribunal decidiu. O Tribunal negou. O Tribunal calou.")
    assert propose(known, "O", 5) == " Trib"
    assert propose(known, "O Tribunal decidiu", 4) == ". O "
    assert propose(known, "O Tribunal decidiu. O Tribunal", 6) == " negou", "the nearest of three places"


def test_after_another_word_the_draft_goes_on_where_the_texts_meet_again() -> None:
    known = make_known("Recebi de Ana Leao a importancia de R$ 10,00")
    assert propose(known, "Recebi de Ana", 5) == " Leao"
    assert propose(known, "Recebi de Ana Leão", 5) == "", "nothing of it is in the known text"
    assert propose(known, "Recebi de Ana Leão a im", 5) == "porta"
    assert propose(make_known(""), "Recebi", 5) == ""


def test_the_built_in_readers_lines_become_the_text_that_a_model_writes() -> None:
    lines = (Line("segunda", (10, 60, 200, 80)), Line("primeira", (10, 20, 200, 40)))
    output = EngineOutput("stop", lines=lines, width=300, height=200)
    assert draft_text(output, structured=False) == "primeira\nsegunda"
    assert draft_text(output, structured=True).startswith('{"header":""')
    assert draft_text(EngineOutput("error"), structured=False) == ""
