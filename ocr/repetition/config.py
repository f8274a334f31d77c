"""All tuned numbers of the repetition detector, each with its unit and how it was tuned.

The numbers were tuned on the tuning split of `benchmarks/repetition/synthetic_loops.py`. docs/concepts/repetition.md
reports the test split. The two splits share no document and no seed.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CopyConfig:
    """Numbers of `ocr.repetition.copied`. Evidence is counted in characters."""

    reach: int = 4096
    """Tokens between a copy and its source, at most. About 20 kB: the fullest gazette page of the tuning split."""
    new_word: float = 32.0
    """Evidence against a repetition in a new word of more than `short_word` letters."""
    new_short_word: float = 12.0
    """Evidence against, in a shorter new word, or in one that begins or ends like the word in its place."""
    new_digit: float = 5.0
    """Evidence against, in each digit of a number that was not expected."""
    broken_count: float = 60.0
    """Evidence against, where a number breaks a steady count."""
    short_word: int = 3
    """Letters. A word of at most so many may be part of a code, so it is no new word for a table."""
    word_evidence: tuple[float, ...] = (0.0, 0.5, 1.5, *(float(length) for length in range(3, 25)))
    """Evidence for, in a copied word of 0 to 24 letters."""
    cell_evidence: float = 0.5
    """Evidence for, in a copied cell border."""
    step_evidence: float = 5.0
    """Evidence for, in a number that counts on as in the period before: bare counting alarms after 130 numbers."""
    jump: float = 6.0
    """Evidence against, where the copy goes on from another source: a column of three words in random order."""
    least_evidence: float = 250.0
    """Least evidence for a repetition. `CopiedRun.is_repetition` adds to it by the length of the period."""
    least_periods: float = 2.5
    """Least number of periods: rulings and laws quote a paragraph three times."""
    period_factor: float = 34.0
    """Further evidence for each character of a period, up to `most_extra`. For short periods."""
    most_extra: float = 300.0
    """Most further evidence that the length of a period asks for."""
    long_period: float = 12_000.0
    """For long periods: the further evidence is at most this number over the length of the period."""
    count_share: float = 0.5
    """Counting steps a period from which on a run is a count."""
    count_factor: float = 1.3
    """Factor on the evidence that a count needs: legitimate forms have numbered rows that are otherwise alike."""
    least_share: float = 0.35
    """Least evidence over copied characters: gazette acts from one template have 0.28 to 0.57."""
    most_new: float = 80.0
    """Most new content a period, as evidence against: gazette acts from one template have 180 and more."""
    end_drop: float = 100.0
    """A run ends when it has lost so much of its highest evidence."""


@dataclass(frozen=True, slots=True)
class StructureConfig:
    """Numbers of `ocr.repetition.structure`. Rows and words are counted from one new word to the next."""

    widest_row: int = 64
    """Cells in a row, at most: a month of days has 31, a year of weeks 52."""
    most_rows: int = 100
    """Rows without a new word, at most."""
    deepest: int = 5
    """Tables inside tables, at most."""
    ragged_rows: int = 4
    """Consecutive record rows (wider than all before) from which on a row must not double the first of them."""
    growing_row: int = 16
    """Least cells of a row that may be called too wide by `ragged_rows`: a triangle of distances grows slowly."""
    most_records: int = 32
    """Rows each wider than all before, at most: a triangle of distances between 27 capitals has 26."""
    most_tokens: int = 6000
    """Tokens without a new word, at most. A full page of numbers is 65 rows of 13 sums; real text had up to 472."""
    most_known_words: int = 250
    """Known words without a new one, at most: labels of three words in 80 rows. Real text had up to 160."""
    empty_line: int = 200
    """Characters of leaders, rules, zeros and blanks in one line, at most. The tuning split has 134, but for nine
    lines of dots that were joined."""
    empty_lines: int = 80
    """Lines without a new word or number, at most: a list of zeros in the tuning split has 61."""
    empty_page: int = 4500
    """Characters without a new word or number, at most: a ruled page in the tuning split has 3,900."""
    cell_size: int = 2
    """Characters that a cell border counts, at most: a month of blank days is a row of 31 cells."""


@dataclass(frozen=True, slots=True)
class NoveltyConfig:
    """Numbers of `ocr.repetition.novelty`. New information is counted in characters."""

    block: int = 96
    """Tokens of a block, about 450 characters of prose. 64 find a little more and cost a third more; 128 find less."""
    head: int = 4
    """Letters that identify a word: endings, doubled letters and joined syllables make no new word."""
    rich: int = 6
    """New words that make a block rich, so that it needs no further check: most blocks of prose have them."""
    new_word: float = 15.0
    """New information in a new word. Tuned, with the four numbers below, for the least `room`."""
    new_pair: float = 3.0
    """New information in two words that never stood together."""
    fresh_letter: float = 2.5
    """New information in a letter of a word that was not in the block before."""
    stale_letter: float = 1.75
    """New information in a letter of a word that was in the block before."""
    digit: float = 2.0
    """New information in a digit of a new number."""
    full_digits: int = 40
    """Digits of a block that count `digit` each."""
    dense_digit: float = 1.0
    """New information in each further digit: on a page of sums the digits must not pay for the brackets as well."""
    whole_number: int = 9
    """Digits of the longest token: one such token after another is part of an endless number, and is not new."""
    told_digits: int = 3
    """Digits of a number that is not new if the block before had it: years do that, minutes of a timetable do not."""
    counted: int = 4
    """Numbers back from which a number may count on."""
    longest_word: int = 9
    """Letters of a word that count, at most."""
    room: float = 580.0
    """Characters without new information, at most: timetables, repealed articles and litanies have up to 440."""
    shuffled: float = 52.0
    """Known words and signs in new orders, at most. 8,800 pages of the tuning split have up to 35, 500 indexes of 32
    names up to 48. Each token that never stood behind the one before it counts 1."""
    shuffled_pair: float = 0.3
    """What a word of `head` letters or more counts instead of 1."""
    shuffled_new: float = 15.0
    """What a new word takes away."""
    sign: int = 10
    """What a sign of markup counts; another sign counts 1."""
    again: float = 780.0
    """Known words in known orders, at most. Each letter of a word of `head` letters or more counts 1. Real pages
    (deputies of few names) have up to 628 with `lately` = 6."""
    again_pair: float = 11.0
    """What two words that never stood together take away."""
    again_number: float = 10.0
    """What each character of new information in numbers takes away."""
    again_letter: float = 2.5
    """What each letter of a word takes away that was not in the last `lately` blocks."""
    lately: int = 3
    """Blocks: a passage that is quoted once lies further back."""
    memory: int = 1500
    """Words, about two pages: after so many others a word is new again."""
    markup_room: int = 5
    """Characters that a sign of markup counts: print has few, a model that lost the page writes many. Words pay for
    the boxes around them."""
    copied_periods: float = 3.0
    """Periods from which on a repetition without new information is named by its copies."""
    copied_share: float = 0.5
    """Evidence of the copies over what has no new information, from which on it is named by its copies."""


@dataclass(frozen=True, slots=True)
class RepetitionConfig:
    """All numbers of the detector."""

    copied: CopyConfig = CopyConfig()
    structure: StructureConfig = StructureConfig()
    novelty: NoveltyConfig = NoveltyConfig()


DEFAULT = RepetitionConfig()
"""The numbers that docs/concepts/repetition.md reports results for."""
