"""Text for lines: alphabet, sides of a file, cuts."""

import random
from pathlib import Path

import pytest

from data.lines.texts import (
    ALPHABET,
    BLOCK,
    LONGEST,
    TextFile,
    Texts,
    clean,
    cut_line,
    divide,
    draw_length,
    find_files,
    is_held_out,
)
from ocr.core.errors import DataError
from ocr.engines.local.ppocr import in_alphabet

PARAGRAPH = "A lei entra em vigor na data de sua publicação, revogadas as disposições em contrário. "


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    path = tmp_path / "leis.txt"
    lines = (f"{number}. {PARAGRAPH * (1 + number % 4)}" for number in range(3000))
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_the_recognizer_knows_every_character_of_the_alphabet() -> None:
    assert all(in_alphabet(character) for character in ALPHABET)
    assert len(set(ALPHABET)) == len(ALPHABET)


def test_text_is_composed_and_what_leaves_the_alphabet_is_dropped() -> None:
    assert clean("cafe\u0301\u00a0com  le\u00adite") == "café com leite"
    assert clean("ﬁm") == "fim"
    assert clean("дом") == ""


def test_a_block_is_on_one_side_only(long_file: Path) -> None:
    content = long_file.read_bytes()
    blocks = [content[start : start + BLOCK] for start in range(0, len(content), BLOCK)]
    held = [is_held_out(block) for block in blocks]
    assert 0 < sum(held) < len(blocks) / 5
    generator = random.Random(1)
    training, kept = TextFile(long_file, held_out=False), TextFile(long_file, held_out=True)
    for file, side in ((training, False), (kept, True)):
        mine = "".join(block.decode("utf-8", "ignore") for block, out in zip(blocks, held, strict=True) if out == side)
        for _ in range(40):
            assert file.draw(generator)[:60] in " ".join(mine.split())


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (b"caf\xe9 na cidade " * 20, "not UTF-8"), (b"Um texto muito curto.", "no block")],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "mau.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said) as failure:
        Texts([path], held_out=True)
    assert "mau.txt" in failure.value.message
    assert failure.value.hint


def test_an_excerpt_may_cut_characters_at_its_ends(tmp_path: Path) -> None:
    path = tmp_path / "parte.txt"
    path.write_bytes(("ç" + PARAGRAPH * 80 + "ç").encode()[1:-1])
    assert TextFile(path, held_out=False).draw(random.Random(1))


def test_folders_and_files_are_found(tmp_path: Path, long_file: Path) -> None:
    assert find_files([tmp_path, long_file]) == [long_file, long_file]
    with pytest.raises(DataError):
        find_files([tmp_path / "nada"])


def test_without_files_the_grammar_writes(long_file: Path) -> None:
    generator = random.Random(2)
    assert all(Texts([]).draw(generator).domain.startswith("grammar:") for _ in range(10))
    domains = {Texts([long_file], grammar=0.5).draw(generator).domain for _ in range(40)}
    assert "leis" in domains
    assert any(domain.startswith("grammar:") for domain in domains)


def test_held_out_and_trained_documents_of_the_grammar_differ() -> None:
    draws = [
        {Texts([], held_out=held_out).draw(random.Random(seed)).text for seed in range(30)}
        for held_out in (True, False)
    ]
    assert len(draws[0] & draws[1]) < 10


def test_lines_are_cut_at_words_and_divided_words_keep_their_letters() -> None:
    generator = random.Random(3)
    words = set(PARAGRAPH.split())
    passage = (PARAGRAPH * 5).strip()
    for _ in range(200):
        line = cut_line(passage, draw_length(generator), generator)
        assert 0 < len(line) <= LONGEST
        inner = line.split(" ")[1:-1]
        assert set(inner) <= words
    assert cut_line("Um só.", 40, generator) == "Um só."


def test_division_leaves_two_letters_on_either_side() -> None:
    generator = random.Random(4)
    for _ in range(30):
        first, second = divide("administração,", generator) or ("", "")
        assert first + second == "administração,"
        assert min(len(first), len(second)) >= 2
    assert divide("pé", generator) is None
    assert divide("1.234", generator) is None
