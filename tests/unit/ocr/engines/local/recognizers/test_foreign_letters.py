"""Letters that the recognizer cannot spell leave a mark, and Portuguese letters leave none."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from data.synthesis.fonts import SHIPPED
from ocr.core.document import UNKNOWN_LETTER
from ocr.engines.local.line_reader import PpocrPageReader
from ocr.engines.local.orientation import read_page
from ocr.engines.local.ppocr import BACKENDS, Evidence, LineRecognizer, Reading, decode, take_unknown
from ocr.engines.local.recognizers.foreign_letters import (
    MARK_CONFIDENCE,
    with_marks,
    without_false_guesses,
    without_latin_in_greek,
)
from ocr.engines.local.recognizers.loading import load_recognizer
from ocr.engines.local.recognizers.selection import choose_recognizer

CHARACTERS = ("", *"abcdefr", UNKNOWN_LETTER, " ")


def reading(text: str, confidence: float = 0.99, width: int = 20) -> Reading:
    return Reading(text, (confidence,) * len(text), tuple((place + 0.5) / width for place in range(len(text))))


def steps_of(text: str, odds: dict[int, float] | None = None) -> np.ndarray:
    """What a network gives for a text, two steps a letter; `odds` of U+FFFD by the place of a letter."""
    steps = np.full((2 * len(text), len(CHARACTERS)), 1e-9, np.float32)
    for place, letter in enumerate(text):
        likely = (odds or {}).get(place, 1e-9)
        steps[2 * place, CHARACTERS.index(letter)] = 1 / (1 + likely)
        steps[2 * place, CHARACTERS.index(UNKNOWN_LETTER)] = likely / (1 + likely)
        steps[2 * place + 1, 0] = 1.0
    return steps


def read(text: str, odds: dict[int, float] | None = None) -> Reading:
    """Read what `steps_of` gives, as the engine does."""
    steps = steps_of(text, odds)
    unknown = take_unknown(steps, CHARACTERS)
    pixels = np.zeros((48, 16 * len(text)), np.uint8)
    plain = decode(steps, CHARACTERS, pixels.shape[1])
    return with_marks(plain, Evidence(pixels, steps, unknown), CHARACTERS, lambda reading: reading)


def test_a_letter_that_is_far_likelier_unknown_becomes_a_mark() -> None:
    found = read("bar de fe", {2: 1e4})
    assert found.text == "ba\ufffd de fe"
    assert found.confidences[2] == MARK_CONFIDENCE
    assert found.confidences[0] > 0.99
    assert found.unguessed is not None
    assert found.unguessed.text == "bar de fe"
    assert found.unguessed.confidences == pytest.approx(read("bar de fe").confidences, abs=1e-3)
    assert list(found.centers) == list(read("bar de fe").centers)


def test_a_doubt_changes_neither_text_nor_confidence() -> None:
    found, sure = read("bar de fe", {2: 50.0}), read("bar de fe")
    assert (found.text, found.unguessed) == ("bar de fe", None)
    assert found.confidences == pytest.approx(sure.confidences, abs=1e-5)


def test_a_mark_makes_others_likely_in_its_word_alone() -> None:
    assert read("bar de fe", {0: 1e4, 2: 5.0, 4: 5.0, 7: 5.0}).text == "\ufffda\ufffd de fe"


def test_a_letter_that_vanished_becomes_a_mark() -> None:
    steps = steps_of("bad")
    steps[3, :] = 1e-9
    steps[3, CHARACTERS.index(UNKNOWN_LETTER)] = 1.0
    unknown = take_unknown(steps, CHARACTERS)
    evidence = Evidence(np.zeros((48, 48), np.uint8), steps, unknown)
    found = with_marks(decode(steps, CHARACTERS, 48), evidence, CHARACTERS, lambda reading: reading)
    assert found.text == "ba\ufffdd"


def test_a_network_without_the_class_marks_nothing() -> None:
    steps = steps_of("bad")
    before = steps.copy()
    assert not take_unknown(steps, CHARACTERS[:-2]).any()
    assert np.array_equal(steps, before)


def test_marks_of_a_line_in_another_script_are_no_guess() -> None:
    certain = read("bar de fe", dict.fromkeys((0, 1, 2, 4, 5), 1e6))
    assert certain.text == "\ufffd\ufffd\ufffd \ufffd\ufffd fe"
    assert certain.unguessed is None
    doubtful = read("bar de fe", dict.fromkeys((0, 1, 2, 4, 5), 500.0))
    assert doubtful.text == certain.text
    assert doubtful.unguessed is not None


def test_latin_letters_in_a_greek_word_become_marks() -> None:
    assert without_latin_in_greek(reading("o λóγοÇ ην")).text == "o λ\ufffdγο\ufffd ην"
    for text in ("o λόγος ην", "5 μm de Δt", "o raio αr e βγ", "de março"):
        assert without_latin_in_greek(reading(text)) == reading(text)


def guess(confidence: float) -> Reading:
    """A line of marks that may be letters of a hand, which the recognizer reads with some confidence."""
    marks = reading("\ufffd" * 6, MARK_CONFIDENCE)
    return Reading(marks.text, marks.confidences, marks.centers, unguessed=reading("MocKBa", confidence))


def test_one_line_in_another_script_on_a_page_of_print_stays_marked() -> None:
    page = [reading("de 12 de março"), guess(0.7), guess(0.3)]
    assert without_false_guesses(page, [False] * 3) == page


def test_a_page_that_reads_badly_everywhere_keeps_what_was_read() -> None:
    page = [reading("dom pedro", 0.6), guess(0.7), guess(0.3)]
    assert [line.text for line in without_false_guesses(page, [False] * 3)] == ["dom pedro", "MocKBa", "MocKBa"]
    assert without_false_guesses([guess(0.3)], [False])[0].text == "MocKBa"


def test_letters_of_another_script_that_were_seen_stay_marked_on_every_page() -> None:
    seen = read("bar de fe", dict.fromkeys((0, 1, 2, 4, 5), 1e6))
    assert without_false_guesses([seen, reading("dom pedro", 0.6)], [False] * 2)[0] == seen


def test_dirt_at_an_edge_is_no_script() -> None:
    page = [reading("de 12 de março"), guess(0.3), guess(0.7)]
    assert [line.text for line in without_false_guesses(page, [True] * 3)][1:] == ["MocKBa", "\ufffd" * 6]


def test_no_line_is_no_page() -> None:
    assert without_false_guesses([], []) == []


@pytest.fixture(scope="module", params=sorted(BACKENDS))
def recognizer(request: pytest.FixtureRequest) -> LineRecognizer:
    pytest.importorskip(request.param)
    return load_recognizer(choose_recognizer("pt"), request.param)


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


def test_a_page_with_a_foreign_letter_is_flagged(recognizer: LineRecognizer) -> None:
    reader = PpocrPageReader("onnxruntime", recognizer)
    output = read_page(reader, page(carons=True))
    assert [line.text for line in output.lines or ()][1] == f"o senhor Dvo{UNKNOWN_LETTER}ák respondeu que não"
    assert output.doubts == ("1 letter that the recognizer cannot spell stands as \ufffd",)
    plain = read_page(reader, page(carons=False))
    assert [line.text for line in plain.lines or ()][1] == "o senhor Dvorák respondeu que não"
    assert not plain.doubts


PORTUGUESE = (
    "Aos vinte e três dias do mês de março de mil novecentos",
    "A câmara resolve: os órgãos públicos têm função própria",
    "Município de São João d'Aliança, às 9h30, R$ 1.234,56",
    "Müller, Peña, Citroën, Zürich, Ångström, œuvre, Æneas",
    "SECRETARIA DE ADMINISTRAÇÃO E PLANEJAMENTO Nº 17/2020",
)
FOREIGN = (
    "o compositor Dvořák e o maestro Šafařík em Plzeň",
    "Lech Wałęsa nasceu perto de Łódź e viveu em Gdańsk",
    "a cidade de Beşiktaş, o senhor Erdoğan e Çiğdem",
    "os livros de Достоевский e de Толстой em russo",
    "o nome שלום עולם escrito em hebraico",
)
FONTS = Path("/usr/share/fonts/truetype/dejavu")


def line_of(text: str, font: Path) -> np.ndarray:
    shown = ImageFont.truetype(str(font), 32)
    image = Image.new("L", (int(shown.getlength(text)) + 24, 48), 246)
    ImageDraw.Draw(image).text((12, 5), text, fill=24, font=shown)
    return np.asarray(image)


def test_letters_of_other_languages_are_marked_and_no_others(recognizer: LineRecognizer) -> None:
    faces = [file for name in ("DejaVuSans.ttf", "DejaVuSerif.ttf") if (file := FONTS / name).is_file()]
    if not faces:
        pytest.skip("needs the DejaVu fonts")
    for text in FOREIGN[: 4 if len(faces) else 5]:
        for face in faces:
            (found,) = recognizer.read([line_of(text, face)])
            assert UNKNOWN_LETTER in found.text, text


@pytest.mark.parametrize("face", ["tinos-400-normal", "arimo-700-normal", "old-standard-tt-400-italic"])
def test_portuguese_letters_of_all_centuries_are_no_marks(recognizer: LineRecognizer, face: str) -> None:
    for text in PORTUGUESE:
        (found,) = recognizer.read([line_of(text, SHIPPED / f"{face}.ttf")])
        assert UNKNOWN_LETTER not in found.text, found.text
