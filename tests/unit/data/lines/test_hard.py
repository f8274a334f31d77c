"""Hard lines: the right text of each kind."""

import random
import re

import pytest

from data.lines.hard import CASES, Run, fill, text_of, word_source, write_case
from data.lines.texts import ALPHABET, FOREIGN

PASSAGE = "O conselho reuniu-se em sessão ordinária e deliberou pela aprovação do cronograma apresentado pela comissão"


def lines(name: str, count: int = 60) -> list[tuple[Run, ...]]:
    generator = random.Random(name)
    words = word_source(PASSAGE, generator)
    return [write_case(name, generator, words) for _ in range(count)]


@pytest.mark.parametrize("name", sorted(CASES.keys() - {"foreign"}))
def test_every_kind_stays_within_the_alphabet(name: str) -> None:
    for runs in lines(name):
        assert text_of(runs)
        assert set(text_of(runs)) <= set(ALPHABET), text_of(runs)
        assert set("".join(run.printed for run in runs)) <= set(ALPHABET)
        assert not re.search(r"[{}]" if name == "bars" else r"[{}|]", text_of(runs))


def test_bars_part_words() -> None:
    texts = [text_of(runs) for runs in lines("bars", 200)]
    assert all("|" in text for text in texts)
    assert sum(bool(re.search(r"\S \| \S", text)) for text in texts) > 100


def test_letters_that_no_recognizer_spells_are_marks() -> None:
    marks = 0
    for (run,) in lines("foreign", 200):
        assert len(run.text) == len(run.printed)
        assert set(run.printed) <= set(ALPHABET + FOREIGN)
        for said, shown in zip(run.text, run.printed, strict=True):
            assert said == shown or (said == "\ufffd" and shown in FOREIGN), (said, shown)
            assert not (said == shown and shown in "řłşЖя"), "a letter that is not in the alphabet stays in the text"
        marks += "\ufffd" in run.text
    assert marks > 140


def test_note_marks_are_superscripts_and_printed_as_small_digits() -> None:
    marks = [run for runs in lines("note-mark") for run in runs if run.look == "raised"]
    assert len(marks) == 60
    for mark in marks:
        assert re.fullmatch("[⁰¹²³⁴⁵⁶⁷⁸⁹]+", mark.text)
        assert mark.printed.isascii()
        assert len(mark.printed) == len(mark.text)


def test_check_boxes_say_their_state() -> None:
    texts = [text_of(runs) for runs in lines("check-box", 200)]
    assert any(re.search("☐ [A-Z]", text) and re.search("[☒☑] [A-Z]", text) for text in texts)
    assert any("( ) " in text and re.search(r"\([Xx]\) ", text) for text in texts)
    assert all(sum(text.count(mark) for mark in "☒☑") <= 1 for text in texts)


def test_letter_spaced_words_and_boxes_for_letters_are_whole_words() -> None:
    for name, look in (("spaced", "spaced"), ("comb", "comb")):
        for runs in lines(name):
            run = next(run for run in runs if run.look == look)
            assert run.text == run.printed
            assert "  " not in run.text
    assert any(run.text == "RESOLVE:" for runs in lines("spaced", 300) for run in runs)


def test_small_capitals_read_as_capitals() -> None:
    run = lines("small-capitals", 1)[0][0]
    assert run.text == run.text.upper() == run.printed.upper()
    assert run.printed != run.text


def test_lone_letters_stand_alone() -> None:
    for runs in lines("lone-letter"):
        assert re.search(r"(^|\s)[oaeéàOAEÉÀ](\s|$)", text_of(runs))


def test_line_ends_come_with_and_without_a_full_stop() -> None:
    ends = [text_of(runs)[-1] for runs in lines("line-end", 200)]
    assert 30 < ends.count(".") < 100
    assert ends.count("-") > 20
    assert sum(end.isalpha() for end in ends) > 40


def test_dashes_come_in_three_lengths() -> None:
    text = "".join(text_of(runs) for runs in lines("dashes", 100))
    assert all(text.count(dash) > 10 for dash in "-–—")


def test_roman_numerals_and_identifiers_are_well_formed() -> None:
    assert any(re.match("[IVXLCDM]+ [-–—] ", text_of(runs)) for runs in lines("roman"))
    texts = [text_of(runs) for runs in lines("identifier", 300)]
    assert any(re.search(r"\d{3}\.\d{3}\.\d{3}-\d\d", text) for text in texts)
    assert any(re.search(r"\d{7}-\d\d\.\d{4}\.\d\.\d\d\.\d{4}", text) for text in texts)


def test_templates_are_filled() -> None:
    generator = random.Random(1)
    words = word_source(PASSAGE, generator)
    assert re.fullmatch(r"\d{4}", fill("{d:4}", generator, words))
    assert 1 <= int(fill("{n:2}", generator, words)) <= 99
    assert fill("{º|ª}", generator, words) in "ºª"
    assert int(fill("{r:5-7}", generator, words)) in (5, 6, 7)
    assert fill("{W:12}", generator, words).isupper()
    assert set(fill("{blank:3-5}", generator, words)) == {"_"}
