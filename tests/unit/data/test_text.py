import random
import re
from pathlib import Path

import pytest

from data.grammar import Grammar, read_banks
from data.kinds import KINDS
from data.text import (
    CHUNK,
    chunk_text,
    contract,
    grammar,
    in_words,
    money_in_words,
    read_text_folder,
    render_money,
    roman,
    write,
    write_document,
)
from ocr.errors import DataError
from ocr.identifiers import CHECKED, find


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "zero"),
        (16, "dezesseis"),
        (21, "vinte e um"),
        (100, "cem"),
        (101, "cento e um"),
        (999, "novecentos e noventa e nove"),
        (1000, "mil"),
        (1100, "mil e cem"),
        (1234, "mil duzentos e trinta e quatro"),
        (2005, "dois mil e cinco"),
        (1_000_000, "um milhão"),
        (2_350_012, "dois milhões trezentos e cinquenta mil e doze"),
    ],
)
def test_numbers_in_words(number: int, said: str) -> None:
    assert in_words(number) == said


def test_feminine_numbers_agree() -> None:
    assert in_words(242, feminine=True) == "duzentas e quarenta e duas"
    assert in_words(1_001, feminine=True) == "mil e uma"


def test_money() -> None:
    assert render_money(123_456_705) == "R$ 1.234.567,05"
    assert money_in_words(123_45) == "cento e vinte e três reais e quarenta e cinco centavos"
    assert money_in_words(100) == "um real"
    assert money_in_words(2_000_000_00) == "dois milhões de reais"
    assert money_in_words(1) == "um centavo"


def test_roman() -> None:
    assert [roman(number) for number in (4, 9, 14, 1988)] == ["IV", "IX", "XIV", "MCMLXXXVIII"]


@pytest.mark.parametrize(
    ("apart", "together"),
    [
        ("depende de a prova", "depende da prova"),
        ("quanto a o juiz", "quanto ao juiz"),
        ("diante de os autos", "diante dos autos"),
        ("fica responsável por o arquivo", "fica responsável pelo arquivo"),
        ("cabe a a mídia", "cabe à mídia"),
        ("acordo de Alagoas", "acordo de Alagoas"),
    ],
)
def test_prepositions_and_articles_are_drawn_together(apart: str, together: str) -> None:
    assert contract(apart) == together


@pytest.mark.parametrize("symbol", sorted({kind.symbol for kind in KINDS.values()}))
def test_every_kind_writes_documents_whose_identifiers_check(symbol: str) -> None:
    for seed in range(12):
        blocks = write_document(symbol, f"test/{seed}")
        assert len(blocks) >= 3
        said = "\n".join(text for _, text in blocks)
        assert "{" not in said and "¶" not in said
        for identifier in find(said):
            assert identifier.valid or identifier.kind not in CHECKED, identifier


def test_same_seed_same_words() -> None:
    assert write("ruling", "a") == write("ruling", "a") != write("ruling", "b")


def test_every_symbol_of_the_banks_exists() -> None:
    """Expanding each symbol many times reaches its productions; an unknown name would raise."""
    known = grammar()
    productions = "\n".join(line for lines in known.symbols.values() for line in lines)
    bound = dict.fromkeys(re.findall(r"\{[!^]?([a-z_0-9]+)=", productions), "someone")
    for symbol in known.symbols:
        for seed in range(30):
            known.expand("{" + symbol + "}", random.Random(f"{symbol}/{seed}"), dict(bound))


def test_bound_names_stay_and_alternatives_nest() -> None:
    known = Grammar({"who": ("Ana", "Rui", "Eva"), "twice": ("{one=who} e {one}",)}, {"n": lambda _: "7"})
    for seed in range(20):
        first, second = known.expand("{twice}", random.Random(seed)).split(" e ")
        assert first == second
        assert known.expand("{a|{b|{n}}}{|}", random.Random(seed)) in ("a", "b", "7")
        assert known.expand("{!who}", random.Random(seed)) in ("ANA", "RUI", "EVA")
        assert known.expand("{n*2-2}{n+2-2}", random.Random(seed)) == "7 77 ¶ 7"


def test_wrong_grammars_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no symbol 'nobody'"):
        Grammar({}, {}).expand("{nobody}", random.Random(1))
    with pytest.raises(DataError, match="never ends"):
        Grammar({"a": ("{a}",)}, {}).expand("{a}", random.Random(1))
    (tmp_path / "bad.txt").write_text("[a]\nopen {brace\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 2"):
        read_banks(tmp_path)


def test_text_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").write_text("Um parágrafo.\n\nOutro   parágrafo.\n", encoding="utf-8")
    assert read_text_folder(tmp_path) == [("sub/a", ["Um parágrafo.", "Outro parágrafo."])]


@pytest.mark.parametrize(
    ("content", "words"), [(b"", "no text"), (b" \n\n", "no text"), ("é".encode("latin-1"), "UTF-8")]
)
def test_bad_text_folder_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_text_folder(tmp_path)


def test_chunks_lose_no_word_and_are_a_page_long() -> None:
    paragraphs = [f"Frase número {number}. Mais uma frase; e outra ainda." * (number % 90 + 1) for number in range(60)]
    chunks = chunk_text([("a", paragraphs), ("b", ["Curto."])])
    joined = "".join("".join(parts) for name, parts in chunks if name == "a")
    assert joined.replace(" ", "") == "".join(paragraphs).replace(" ", "")
    assert all(sum(map(len, parts)) <= 2 * CHUNK for _, parts in chunks)
    assert chunks[-1] == ("b", ["Curto."])
