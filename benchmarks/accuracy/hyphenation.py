"""How often a broken word is joined rightly: `python -m benchmarks.accuracy.hyphenation [CORPUS]`.

CORPUS is a folder of Portuguese texts (../shared/corpus_pt, books in the old spelling left out). Every hyphenated word
is broken at each of its own hyphens, which must stay; every other word that stands there three times or more is
broken wherever a typesetter may break it, and that hyphen must go. Each word counts as often as it stands in the texts.
"""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from benchmarks.arguments import parse_positional
from benchmarks.paths import CORPUS
from ocr.text.hyphenation import keeps_hyphen

VOWELS = "aeiouáéíóúâêôãõàü"
DIPHTHONGS = {"ai", "ei", "oi", "ui", "au", "eu", "ou", "iu", "ão", "ãe", "õe"}
ONSETS = {consonant + liquid for consonant in "pbtdcgfv" for liquid in "rl"} | {"ch", "lh", "nh", "qu", "gu"}
"""Pairs of consonants that open a syllable together."""
LAST_LETTERS = VOWELS + "lmnrsxzbcdpt"


def count_words(folder: Path) -> Counter[str]:
    """Words in lower case, with their hyphens."""
    words: Counter[str] = Counter()
    for file in sorted(folder.glob("*.txt")):
        if "antiga" not in file.name:
            text = file.read_text(encoding="utf-8")
            words.update(word.lower() for word in re.findall(r"[A-Za-zÀ-ÿ]+(?:-[A-Za-zÀ-ÿ]+)*", text))
    return words


def breaks(word: str) -> Iterator[tuple[str, str]]:
    """The ways to break a word between syllables, at least two letters on either side."""
    for place in range(2, len(word) - 1):
        before, after = word[:place], word[place:]
        pair = before[-1] + after[0]
        if not set(before) & set(VOWELS) or not set(after) & set(VOWELS):
            continue
        hiatus = before[-1] in VOWELS and pair not in DIPHTHONGS and pair not in ONSETS
        opens = after[1] in VOWELS or after[:2] in ONSETS
        if hiatus if after[0] in VOWELS else opens and before[-1] in LAST_LETTERS and pair not in ONSETS:
            yield before, after


def main(folder: Path) -> None:
    words = count_words(folder)
    kept: Counter[bool] = Counter()
    removed: Counter[bool] = Counter()
    for word, count in words.items():
        parts = word.split("-")
        for place in range(1, len(parts)):
            kept[keeps_hyphen("-".join(parts[:place]), "-".join(parts[place:]))] += count
        if len(parts) == 1 and count >= 3:
            for before, after in breaks(word):
                removed[not keeps_hyphen(before, after)] += count
    print(f"own hyphens kept: {kept[True]:,} of {kept.total():,} ({kept[True] / kept.total():.1%})")
    print(f"typeset hyphens removed: {removed[True]:,} of {removed.total():,} ({removed[True] / removed.total():.2%})")


if __name__ == "__main__":
    main(parse_positional(__doc__, corpus=CORPUS).corpus)
