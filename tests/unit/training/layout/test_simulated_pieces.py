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


def test_nearly_all_words_of_a_whole_page_are_found() -> None:
    found = sum(len(line.words) for line in simulate(PAGE, random.Random("b"), clipped=0.0).lines)
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


def test_a_clipping_holds_part_of_the_page_and_its_words_keep_their_lines() -> None:
    parts = [simulate(PAGE, random.Random(seed), clipped=1.0) for seed in range(20)]
    clipped = [part for part in parts if part.size != (PAGE.width, PAGE.height)]
    assert len(clipped) > 10
    assert any(part.size[0] < 0.6 * PAGE.width for part in clipped)
    for part in clipped:
        assert 2 <= len(part.lines) < len(PAGE.lines)
        for found in part.lines:
            left, top, right, bottom = found.box
            assert right > 0 and bottom > 0 and left < part.size[0] and top < part.size[1]
            assert found.text == " ".join(word.text for word in found.words)
            assert all(word.text in PAGE.lines[part.truth_of[id(word)]].text for word in found.words)
        for left, top, right, bottom in part.rulings:
            assert -1 <= left <= right <= part.size[0] + 1 and -1 <= top <= bottom <= part.size[1] + 1
