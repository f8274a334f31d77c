import random
from dataclasses import replace

from data.layouts.page_composer import PageRequest, compose_page
from data.layouts.page_truth import LayoutPage, PageLine, PageWord
from training.layout.simulated_pieces import simulate

PAGE = compose_page(PageRequest("gazette", "simulated")).truth


def line(text: str, left: float, order: int, block: int = 0) -> PageLine:
    places = [(left + 60 * n, left + 60 * n + 50) for n in range(len(text.split()))]
    words = tuple(PageWord(word, (a, 100, b, 120)) for word, (a, b) in zip(text.split(), places, strict=True))
    return PageLine(words, "text", "paragraph", block, order, 25.0)


def test_every_word_is_known_by_its_line_and_equal_seeds_give_equal_pages() -> None:
    first, second = (simulate(PAGE, random.Random("a")) for _ in range(2))
    assert first.lines == second.lines and first.rulings == second.rulings
    for found in first.lines:
        for word in found.words:
            truth = PAGE.lines[first.truth_of[id(word)]]
            assert word.text in truth.text or word.text in "".join(one.text for one in truth.words)


def test_nearly_all_words_are_found() -> None:
    found = sum(len(line.words) for line in simulate(PAGE, random.Random("b")).lines)
    assert 0.9 < found / sum(len(line.words) for line in PAGE.lines if line.field != "noise") < 1.1


def test_what_stands_far_apart_is_two_lines_and_what_nearly_touches_is_one() -> None:
    far = LayoutPage("letter", "x", (), 200, 1200, 400, (line("uma linha", 100, 0), line("outra linha", 700, 1, 1)))
    close = replace(far, lines=(line("uma linha", 100, 0), line("outra linha", 212, 1, 1)))
    seeds = range(40)
    counts = [len(simulate(far, random.Random(seed)).lines) for seed in seeds]
    assert sum(count == 2 for count in counts) >= 37
    joined = [len(simulate(close, random.Random(seed)).lines) == 1 for seed in seeds]
    assert 2 <= sum(joined) <= 30


def test_a_page_without_lines_gives_none() -> None:
    assert simulate(LayoutPage("letter", "x", (), 200, 100, 100, ()), random.Random(0)).lines == ()
