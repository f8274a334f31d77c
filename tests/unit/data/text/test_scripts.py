"""Words in other scripts."""

import random
import unicodedata

from data.text.scripts import SCRIPT_LETTERS, in_other_script
from ocr.engines.local.ppocr import in_alphabet


def test_words_keep_their_shape_and_no_letter_is_one_of_ours() -> None:
    scripts = set()
    for seed in range(300):
        shown = in_other_script("pela vertigem da embriaguez", random.Random(seed))
        letters = [sign for sign in shown if sign.isalpha()]
        assert letters
        assert not [sign for sign in letters if sign.isascii()]
        scripts.add(unicodedata.name(letters[0]).split()[0])
    assert scripts >= {"CYRILLIC", "GREEK", "HEBREW", "ARABIC", "CJK", "HANGUL", "HIRAGANA", "THAI"}
    assert not [sign for sign in SCRIPT_LETTERS if in_alphabet(sign)]


def test_arabic_letters_join_from_right_to_left() -> None:
    shown = next(
        shown
        for seed in range(300)
        if "ARABIC" in unicodedata.name((shown := in_other_script("abc", random.Random(seed)))[0])
    )
    names = [unicodedata.name(letter) for letter in shown]
    assert names[0].endswith(("FINAL FORM", "ISOLATED FORM"))
    assert names[-1].endswith(("INITIAL FORM", "ISOLATED FORM"))
