"""Letters that the recognizer cannot spell leave a mark, and Portuguese letters leave none."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from data.synthesis.fonts import SHIPPED
from ocr.core.document import UNKNOWN_LETTER
from ocr.engines.local.line_reader import PpocrPageReader
from ocr.engines.local.orientation import read_page
from ocr.engines.local.ppocr import Alphabet, Evidence, Reading, is_foreign
from ocr.engines.local.recognizers.foreign_letters import (
    MARK_CONFIDENCE,
    ForeignLetterMarker,
    marked,
    without_false_guesses,
)
from ocr.engines.local.recognizers.loading import load_recognizer
from ocr.engines.local.recognizers.selection import choose_recognizer

REACH = 0.02


def reading(text: str, confidence: float = 0.99, width: int = 20) -> Reading:
    return Reading(text, (confidence,) * len(text), tuple((place + 0.5) / width for place in range(len(text))))


def everywhere(text: str) -> list[float]:
    return list(reading(text).centers)


def test_a_letter_that_both_networks_doubt_becomes_a_mark() -> None:
    found = marked(reading("prání k"), reading("přání k"), everywhere("přání k"), REACH)
    assert found.text == "p\ufffdání k"
    assert found.confidences[1] == MARK_CONFIDENCE
    assert found.confidences[0] == 0.99


def test_a_letter_that_vanished_becomes_a_mark() -> None:
    lost = Reading("pání", (0.99,) * 4, tuple((place + 0.5) / 20 for place in (0, 2, 3, 4)))
    found = marked(lost, reading("přání"), everywhere("přání"), REACH)
    assert found.text == "p\ufffdání"
    assert list(found.centers) == sorted(found.centers)


def test_one_network_alone_marks_no_latin_letter() -> None:
    before = reading("Processo 12")
    assert marked(before, reading("Proceșso 12"[:11]), [], REACH) == before
    unsure = Reading("Pročesso 12", (0.5,) * 11, before.centers)
    assert marked(before, unsure, everywhere("Processo 12"), REACH) == before


def test_letters_of_other_scripts_become_marks() -> None:
    assert marked(reading("o †x ("), reading("o 東京 ("), [], REACH).text == "o \ufffd\ufffd ("
    assert marked(reading("Xóyoç"), reading("λόγoç"), [], REACH).text == "\ufffd\ufffd\ufffdoç"
    assert marked(reading("μ = 3"), reading("μ = 3"), [], REACH).text == "μ = 3"


def test_strokes_and_single_signs_of_other_scripts_become_none() -> None:
    for text, full in (("a — b | c", "a 一 b 丨 c"), ("R$ 5", "R$ β"), ("□ Sim", "口 Sim")):
        assert marked(reading(text), reading(full), everywhere(text), REACH).text == text


def test_a_word_that_reads_badly_and_has_no_known_letter_becomes_marks() -> None:
    silent = Reading("de ", (0.9,) * 3, everywhere("de ")[:3])
    script = Reading("de MocKBa", (*(0.99,) * 3, *(0.8,) * 6), tuple(everywhere("de MocKBa")))
    assert marked(script, silent, [], REACH).text == "de \ufffd\ufffd\ufffd\ufffd\ufffd\ufffd"
    sure = reading("de Moscou")
    assert marked(sure, silent, [], REACH) == sure


def test_the_rest_of_a_line_in_another_script_is_marked_where_it_reads_badly() -> None:
    full = reading("東京 12")
    unsure = Reading("ab 12", (0.9, 0.9, 0.9, 0.7, 0.7), everywhere("ab 12")[:5])
    assert marked(unsure, full, [], REACH).text == "\ufffd\ufffd \ufffd\ufffd"
    assert marked(reading("ab 12"), full, [], REACH).text == "\ufffd\ufffd 12"


def guess(confidence: float) -> Reading:
    """A word in which the stock network sees no letter, and which the recognizer reads with some confidence."""
    found = marked(reading("MocKBa", confidence), reading(""), [], REACH)
    assert found.text == "\ufffd" * 6
    return found


def test_one_line_in_another_script_on_a_page_of_print_stays_marked() -> None:
    page = [reading("de 12 de março"), guess(0.7), guess(0.3)]
    assert without_false_guesses(page, [False] * 3) == page


def test_a_page_that_reads_badly_everywhere_keeps_what_was_read() -> None:
    page = [reading("dom pedro", 0.6), guess(0.7), guess(0.3)]
    assert [line.text for line in without_false_guesses(page, [False] * 3)] == ["dom pedro", "MocKBa", "MocKBa"]
    assert without_false_guesses([guess(0.3)], [False])[0].text == "MocKBa"


def test_letters_of_another_script_that_were_seen_stay_marked_on_every_page() -> None:
    seen = marked(reading("ab 12 MocKBa", 0.6), reading("東京 12"), [], REACH)
    assert without_false_guesses([seen], [False])[0].text.startswith("\ufffd\ufffd")


def test_dirt_at_an_edge_is_no_script() -> None:
    page = [reading("de 12 de março"), guess(0.3), guess(0.7)]
    assert [line.text for line in without_false_guesses(page, [True] * 3)][1:] == ["MocKBa", "\ufffd" * 6]


def test_no_line_is_no_page() -> None:
    assert without_false_guesses([], []) == []


def test_a_word_that_was_not_read_again_is_no_guess() -> None:
    script = Reading("de MocKBa", (*(0.99,) * 3, *(0.8,) * 6), tuple(everywhere("de MocKBa")))
    assert marked(script, reading(""), [], REACH, [(0.0, 0.3)]) == script
    assert marked(script, reading(""), [], REACH, [(0.0, 0.5)]).text == "de " + "\ufffd" * 6


class Again:
    """A network with all letters that reads a caron in the middle of what it is given, and junk at both ends."""

    def __init__(self) -> None:
        self.widths: list[int] = []

    def __call__(self, batch: np.ndarray, width: int) -> Reading:
        self.widths.append(batch.shape[-1])
        return Reading("東ř京", (0.99,) * 3, (4 / width, 0.5, 1 - 4 / width))


def test_a_sure_line_is_read_again_around_its_doubtful_letter_only() -> None:
    again = Again()
    mark = ForeignLetterMarker(Alphabet(("", "r", "a"), ("ř",)), "onnxruntime", lambda _: again)  # type: ignore[arg-type,return-value]
    steps = np.tile(np.array((0.0, 0.0, 1.0, 0.0), np.float32), (128, 1))
    steps[64] = (0.0, 1.0, 0.0, 0.1)
    evidence = Evidence(np.zeros((48, 1024), np.uint8), np.zeros((1, 3, 48, 1024), np.float32), steps)
    line = Reading("aara", (0.99,) * 4, (0.1, 0.3, 64.5 / 128, 0.8))
    assert mark(line, evidence).text == "aa\ufffda"
    assert again.widths == [320]
    unsure = Reading("aara", (0.9,) * 4, line.centers)
    mark(unsure, evidence)
    assert again.widths == [320, 1024]


def test_a_sure_line_is_not_read_again() -> None:
    def load(_: str) -> object:
        raise AssertionError("the stock network is not needed")

    mark = ForeignLetterMarker(Alphabet(("", "r", "a"), ("ř",)), "onnxruntime", load)  # type: ignore[arg-type]
    steps = np.array(((0.0, 1.0, 0.0, 1e-5), (0.0, 0.0, 1.0, 0.5)), np.float32)
    evidence = Evidence(np.zeros((48, 16), np.uint8), np.zeros((1, 3, 48, 320), np.float32), steps)
    assert mark(reading("ra"), evidence) == reading("ra")


def test_portuguese_letters_of_all_centuries_are_not_foreign() -> None:
    assert not [letter for letter in "áàâãçéêíóôõúüÿñœæſẽũỹĩºª§&" if is_foreign(letter)]
    assert all(is_foreign(letter) for letter in "řčšžłńśźżğşİőűășțđħū")


@pytest.fixture(scope="module")
def reader() -> PpocrPageReader:
    pytest.importorskip("openvino")
    return PpocrPageReader("openvino", load_recognizer(choose_recognizer("pt"), "openvino"))


def page(*, carons: bool) -> np.ndarray:
    """A letter with the Czech name Dvořák, or the same one without carons."""
    image = Image.new("L", (1000, 420), 250)
    pen, font = ImageDraw.Draw(image), ImageFont.truetype(str(SHIPPED / "tinos-400-normal.ttf"), 44)
    for row, text in enumerate(("O maestro recebeu a carta ontem,", "o senhor Dvorák respondeu que não", "aceita")):
        pen.text((60, 60 + 80 * row), text, fill=20, font=font)
    if carons:
        left = 60 + pen.textlength("o senhor Dvo", font=font) + 8
        pen.line([(left - 6, 147), (left, 155), (left + 6, 147)], fill=20, width=3)
    return np.asarray(image)


def test_a_page_with_a_foreign_letter_is_flagged(reader: PpocrPageReader) -> None:
    output = read_page(reader, page(carons=True))
    assert [line.text for line in output.lines or ()][1] == f"o senhor Dvo{UNKNOWN_LETTER}ák respondeu que não"
    assert output.doubts == ("1 letter that the recognizer cannot spell stands as \ufffd",)
    plain = read_page(reader, page(carons=False))
    assert [line.text for line in plain.lines or ()][1] == "o senhor Dvorák respondeu que não"
    assert not plain.doubts
