import random
import re
from pathlib import Path

import pytest

from data.synthesis.page_types import PAGE_TYPES
from data.text.generators import (
    BANKS,
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
from data.text.grammar import Grammar, read_banks
from data.text.places import STATES, city, state
from ocr.core.errors import DataError
from ocr.text.identifiers import CHECKED, find


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


@pytest.mark.parametrize("symbol", sorted({kind.symbol for kind in PAGE_TYPES.values()}))
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
    bound = dict.fromkeys(re.findall(r"\{[!^]?([a-z_0-9]+)=", productions), "someone") | {
        "home": "Sobral/CE",
        "amount": "R$ 12,30",
        "written": "1º de maio de 2001",
        "made": "01/05/2001",
    }
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


def amounts_in(text: str) -> list[int]:
    return [int(re.sub(r"\D", "", found)) for found in re.findall(r"[\d.]+,\d\d", text)]


@pytest.mark.parametrize("seed", range(6))
def test_an_invoice_adds_up(seed: int) -> None:
    blocks = write_document("invoice", f"sum/{seed}")
    rows = [text.split(" :: ") for style, text in blocks if style == "row"][1:]
    boxes = dict(text.split(" :: ", 1) for style, text in blocks if style == "box")
    for *_, quantity, price, total in rows:
        assert int(quantity) * amounts_in(price)[0] == amounts_in(total)[0]
    goods = sum(amounts_in(row[-1])[0] for row in rows)
    base, tax = amounts_in(boxes["Base de cálculo e ICMS (18%)"])
    assert base == goods and abs(tax - goods * 0.18) <= 0.5
    owed = amounts_in(boxes["Total da nota"])[0]
    assert owed == goods + sum(amounts_in(boxes["Frete e seguro"]))
    assert sum(amounts_in(boxes["Informações complementares"].partition("Pagamento de")[2])) == owed
    key = boxes["Chave de acesso"].replace(" ", "")
    rest = sum(int(digit) * (2 + place % 8) for place, digit in enumerate(reversed(key[:-1]))) % 11
    assert len(key) == 44 and int(key[-1]) == (0 if rest < 2 else 11 - rest)


def test_receipts_add_up_and_say_one_amount() -> None:
    tills = 0
    for seed in range(20):
        blocks = write_document("receipt", f"sum/{seed}")
        boxes = dict(text.split(" :: ", 1) for style, text in blocks if style == "box")
        rows = [text.split(" :: ") for style, text in blocks if style == "row"][1:]
        if rows:
            tills += 1
            assert amounts_in(boxes["TOTAL"]) == [sum(amounts_in(row[-1])[0] for row in rows)]
        else:
            said = next(text for style, text in blocks if style == "para")
            assert f"importância de {boxes['Valor']} ({money_in_words(amounts_in(boxes['Valor'])[0])})" in said
    assert 0 < tills < 20


@pytest.mark.parametrize("symbol", ["sentence", "certificate", "official_letter", "ruling", "letter"])
def test_heads_and_datelines_name_one_place(symbol: str) -> None:
    for seed in range(12):
        blocks = write_document(symbol, f"place/{seed}")
        date = next(text for style, text in blocks if style == "date")
        said = date.partition(",")[0]
        homes = [place for place in PLACES if said in (city(place), STATES[state(place)].capital)]
        elsewhere = " ".join(text for style, text in blocks if style in ("head", "foot", "caption"))
        assert any(
            name in elsewhere
            for place in homes
            for name in (city(place), STATES[state(place)].name, f"{STATES[state(place)].labour}ª Região")
        ), (date, elsewhere)


def test_every_place_lies_in_a_known_state() -> None:
    assert {state(place) for place in PLACES} <= STATES.keys()


PLACES = grammar().symbols["place"]


def test_items_and_articles_count_up() -> None:
    for seed in range(5):
        said = [text for _, text in write_document("edict", f"count/{seed}")]
        numbers = [
            tuple(map(int, found[0].split("."))) for text in said if (found := re.findall(r"^([\d.]+)\. ", text))
        ]
        assert numbers == sorted(numbers) and len(set(numbers)) == len(numbers) > 8
        acts: list[list[int]] = []
        for style, text in write_document("gazette", f"count/{seed}"):
            acts += [[]] if style == "act" else []
            if article := re.match(r"Art\. (\d+)", text):
                acts[-1].append(int(article.group(1)))
        assert any(acts) and all(numbers == list(range(1, len(numbers) + 1)) for numbers in acts)


def test_a_symbol_is_opened_once_in_all_banks() -> None:
    """A symbol that two banks open would mix their texts, and change the pages of every seed."""
    opened = [line for path in sorted(BANKS.glob("*.txt")) for line in path.read_text("utf-8").splitlines()]
    symbols = [line for line in opened if line.startswith("[") and line.endswith("]")]
    assert len(symbols) > 200 and not {symbol for symbol in symbols if symbols.count(symbol) > 1}


@pytest.mark.parametrize("symbol", ["wide_table", "invoice", "gazette", "receipt"])
def test_rows_of_a_table_have_as_many_cells_as_its_head(symbol: str) -> None:
    for seed in range(60):
        blocks = write_document(symbol, f"rows/{seed}")
        lengths = {len(text.split(" :: ")) for style, text in blocks if style == "row"}
        assert not any(text.endswith("::") for style, text in blocks if style == "row")
        assert symbol == "gazette" or len(lengths) <= 1, (seed, lengths)
