"""Generate text for pages: numbers, dates, identifiers with valid check digits, grammar text, folders of plain text."""

import random
import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import cache
from pathlib import Path

from data.text.consistency import render_amount, settle
from data.text.grammar import BLOCK, Grammar, read_banks
from data.text.places import DERIVATIONS
from ocr.core.errors import DataError
from ocr.text.identifiers import MONTHS, cnpj_digits, cpf_digits, process_digits

_CONTRACTIONS = (
    (re.compile(r"\b([Dd])e ([oa]s?)(?= [a-zà-ú])"), r"\1\2"),
    (re.compile(r"\bem ([oa]s?)(?= [a-zà-ú])"), r"n\1"),
    (re.compile(r"\bpor ([oa]s?)(?= [a-zà-ú])"), r"pel\1"),
    (re.compile(r"\ba (os?)(?= [a-zà-ú])"), r"a\1"),
    (re.compile(r"\ba a(s?)(?= [a-zà-ú])"), r"à\1"),
)

CHUNK = 2500
"""Characters of a folder's text for one document: about a page of most page types."""

BANKS = Path(__file__).parent / "banks"

_UNITS = (
    "zero", "um", "dois", "três", "quatro", "cinco", "seis", "sete", "oito", "nove", "dez", "onze", "doze", "treze",
    "quatorze", "quinze", "dezesseis", "dezessete", "dezoito", "dezenove",
)  # fmt: skip
_TENS = ("vinte", "trinta", "quarenta", "cinquenta", "sessenta", "setenta", "oitenta", "noventa")
_HUNDREDS = (
    "cento", "duzentos", "trezentos", "quatrocentos", "quinhentos", "seiscentos", "setecentos", "oitocentos",
    "novecentos",
)  # fmt: skip
_FIRST_DAY = date(1996, 1, 2)
_DAYS = 365 * 30


@cache
def grammar() -> Grammar:
    """Return the grammar that ships with the project: all bank files, the functions below, and derivations."""
    return Grammar(read_banks(BANKS), FUNCTIONS, {**DERIVATIONS, "words": _words_of_amount})


def write_document(symbol: str, seed: str) -> list[tuple[str, str]]:
    """Return the blocks of one document as (style, text), e.g. ("para", "Trata-se de ..."), fixed by the seed."""
    return settle(split_blocks(write(symbol, seed)))


def write(symbol: str, seed: str) -> str:
    """Return one expansion of a symbol of the project's grammar, prepositions and articles contracted."""
    return contract(grammar().expand("{" + symbol + "}", random.Random(f"{symbol}/{seed}")))


def contract(text: str) -> str:
    """Contract prepositions and articles, as Portuguese does: "de a prova" becomes "da prova", "a o" "ao"."""
    for pattern, put in _CONTRACTIONS:
        text = pattern.sub(put, text)
    return text


def split_blocks(written: str) -> list[tuple[str, str]]:
    """Split an expansion at the block marks; each block starts with its style and a colon."""
    blocks = []
    for part in written.split(BLOCK.strip()):
        style, _, text = part.strip().partition(":")
        if text.strip():
            blocks.append((style.strip(), " ".join(text.split())))
    return blocks


def read_text_folder(folder: Path) -> list[tuple[str, list[str]]]:
    """Return the `*.txt` files below a folder as (name, paragraphs): one paragraph a line, blank lines ignored.

    Raises DataError when there is none, when one is not UTF-8, or when all are empty.
    """
    texts = []
    for path in sorted(folder.rglob("*.txt")):
        try:
            content = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as failure:
            raise DataError(
                f"{path}: is not UTF-8 ({failure.reason} at byte {failure.start})", hint="save it as UTF-8"
            ) from failure
        paragraphs = [" ".join(line.split()) for line in content.splitlines() if line.strip()]
        if paragraphs:
            texts.append((path.relative_to(folder).with_suffix("").as_posix(), paragraphs))
    if not texts:
        raise DataError(f"{folder}: no text in any .txt file", hint="name a folder of plain UTF-8 text files")
    return texts


def chunk_text(texts: list[tuple[str, list[str]]]) -> list[tuple[str, list[str]]]:
    """Split texts into pieces of about a page, each with the name of its text; long paragraphs end at a sentence."""
    chunks = []
    for name, paragraphs in texts:
        piece: list[str] = []
        for part in (part for paragraph in paragraphs for part in _sentences(paragraph)):
            piece.append(part)
            if sum(map(len, piece)) > CHUNK:
                chunks.append((name, piece))
                piece = []
        if piece:
            chunks.append((name, piece))
    return chunks


def _sentences(paragraph: str) -> list[str]:
    """Return a paragraph unchanged, or in parts of at most half a chunk where it is longer."""
    parts = [""]
    for sentence in re.split(r"(?<=[.;:!?]) ", paragraph):
        if parts[-1] and len(parts[-1]) + len(sentence) > CHUNK // 2:
            parts.append("")
        parts[-1] = f"{parts[-1]} {sentence}".strip()
    return parts


def in_words(number: int, *, feminine: bool = False) -> str:
    """Return a number from 0 to 999,999,999 in Brazilian words: 1_234 is "mil duzentos e trinta e quatro"."""
    if number >= 1_000_000:
        head, rest = divmod(number, 1_000_000)
        name = f"{in_words(head)} {'milhão' if head == 1 else 'milhões'}"
        return name if not rest else f"{name}{_joint(rest)}{in_words(rest, feminine=feminine)}"
    if number >= 1000:
        head, rest = divmod(number, 1000)
        name = "mil" if head == 1 else f"{in_words(head, feminine=feminine)} mil"
        return name if not rest else f"{name}{_joint(rest)}{in_words(rest, feminine=feminine)}"
    said = _below_thousand(number)
    if feminine:
        said = said.replace("entos", "entas")
        said = f"{said[:-2]}uma" if said.endswith("um") else said[:-4] + "duas" if said.endswith("dois") else said
    return said


def money_in_words(cents: int) -> str:
    """Return an amount in words: 123_45 is "cento e vinte e três reais e quarenta e cinco centavos"."""
    whole, rest = divmod(cents, 100)
    of = " de" if whole >= 1_000_000 and whole % 1_000_000 == 0 else ""
    reais = f"{in_words(whole)}{of} {'real' if whole == 1 else 'reais'}" if whole else ""
    centavos = f"{in_words(rest)} {'centavo' if rest == 1 else 'centavos'}" if rest else ""
    return " e ".join(part for part in (reais, centavos) if part) or "zero real"


def render_money(cents: int) -> str:
    """Return an amount such as R$ 1.234,56."""
    return f"R$ {render_amount(cents)}"


def _words_of_amount(amount: str) -> str:
    return money_in_words(int(re.sub(r"\D", "", amount)))


def render_date(day: date) -> str:
    """Return a date such as 1º de março de 2004."""
    return f"{'1º' if day.day == 1 else day.day} de {MONTHS[day.month - 1]} de {day.year}"


def roman(number: int) -> str:
    """Return a number from 1 to 3,999 in Roman numerals."""
    signs = ((1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"),
             (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I"))  # fmt: skip
    said = ""
    for value, sign in signs:
        said += sign * (number // value)
        number %= value
    return said


def _joint(rest: int) -> str:
    return " e " if rest < 100 or (rest < 1000 and rest % 100 == 0) else " "


def _below_thousand(number: int) -> str:
    if number < 20:
        return _UNITS[number]
    if number < 100:
        tens, rest = divmod(number, 10)
        return _TENS[tens - 2] + (f" e {_UNITS[rest]}" if rest else "")
    if number == 100:
        return "cem"
    hundreds, rest = divmod(number, 100)
    return _HUNDREDS[hundreds - 1] + (f" e {_below_thousand(rest)}" if rest else "")


def _digits(generator: random.Random, count: int) -> str:
    return "".join(generator.choices("0123456789", k=count))


def _cpf(generator: random.Random) -> str:
    base = _digits(generator, 8) + "7"  # never one repeated digit, since 77777777-7 needs the other eight to be 7 too
    base = "1" + base[1:]
    number = base + cpf_digits(base)
    return f"{number[:3]}.{number[3:6]}.{number[6:9]}-{number[9:]}"


def _cnpj(generator: random.Random) -> str:
    base = _digits(generator, 8) + f"{generator.choice((1, 1, 1, 2, 3, 12)):04d}"
    number = base + cnpj_digits(base)
    return f"{number[:2]}.{number[2:5]}.{number[5:8]}/{number[8:12]}-{number[12:]}"


def _process(generator: random.Random) -> str:
    serial, year = _digits(generator, 7), str(generator.randint(2009, 2025))
    justice = generator.choice("4588")
    court, origin = f"{generator.randint(1, 27 if justice == '8' else 6):02d}", f"{generator.randint(1, 999):04d}"
    check = process_digits(serial + year + justice + court + origin)
    return f"{serial}-{check}.{year}.{justice}.{court}.{origin}"


def _day(generator: random.Random) -> date:
    return _FIRST_DAY + timedelta(days=generator.randrange(_DAYS))


def _cents(generator: random.Random) -> int:
    magnitude = generator.choice((1_000, 10_000, 100_000, 1_000_000, 10_000_000))
    cents = generator.randrange(magnitude, magnitude * 10)
    return cents if generator.random() < 0.6 else cents // 10_000 * 10_000 + 50_000


def _money_words(generator: random.Random) -> str:
    cents = _cents(generator)
    return f"{render_money(cents)} ({money_in_words(cents)})"


def _article(generator: random.Random) -> str:
    number = generator.randint(1, 1070)
    said = f"{number}º" if number < 10 else f"{number:,}".replace(",", ".")
    return said + generator.choice(("",) * 9 + ("-A", "-B"))


def _law_number(generator: random.Random) -> str:
    return f"{generator.randint(1_001, 14_999):,}".replace(",", ".")


def _ordinal_feminine(generator: random.Random) -> str:
    number = generator.randint(1, 24)
    return generator.choice((f"{number}ª", f"{number}ª", ORDINALS_F[number % 10 or 1]))


def _area(generator: random.Random) -> str:
    return generator.choice(
        (
            f"{generator.randint(120, 980)},{_digits(generator, 2)} m²",
            f"{generator.randint(2, 95)},{_digits(generator, 4)} ha",
        )
    )


def _count(generator: random.Random) -> str:
    number = generator.choice((generator.randint(2, 99), generator.randint(100, 2500)))
    return str(number)


def _phone(generator: random.Random) -> str:
    return f"({generator.randint(11, 99)}) {generator.choice('234')}{_digits(generator, 3)}-{_digits(generator, 4)}"


def _plate(generator: random.Random) -> str:
    letters = "".join(generator.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=4))
    return (
        f"{letters[:3]}-{_digits(generator, 4)}"
        if generator.random() < 0.5
        else f"{letters[:3]}{_digits(generator, 1)}{letters[3]}{_digits(generator, 2)}"
    )


def _access_key(generator: random.Random) -> str:
    """Return the access key of an electronic invoice: 43 digits and a check digit (modulo 11), in groups of four."""
    key = generator.choice(("35", "33", "31", "41", "43", "29", "26")) + _digits(generator, 41)
    rest = sum(int(digit) * (2 + place % 8) for place, digit in enumerate(reversed(key))) % 11
    key += str(0 if rest < 2 else 11 - rest)
    return " ".join(key[start : start + 4] for start in range(0, 44, 4))


ORDINALS_F = ["Décima", "Primeira", "Segunda", "Terceira", "Quarta", "Quinta", "Sexta", "Sétima", "Oitava", "Nona"]

FUNCTIONS: dict[str, Callable[[random.Random], str]] = {
    "cpf": _cpf,
    "cnpj": _cnpj,
    "process": _process,
    "date": lambda g: _day(g).strftime("%d/%m/%Y"),
    "date_words": lambda g: render_date(_day(g)),
    "birth_date": lambda g: date(g.randint(1938, 2003), g.randint(1, 12), g.randint(1, 28)).strftime("%d/%m/%Y"),
    "year": lambda g: str(_day(g).year),
    "old_day": lambda g: str(g.randint(1, 30)),
    "old_year": lambda g: str(g.randint(1872, 1932)),
    "month": lambda g: g.choice(MONTHS),
    "time": lambda g: f"{g.randint(7, 21)}h{g.randrange(60):02d}",
    "money": lambda g: render_money(_cents(g)),
    "money_words": _money_words,
    "price": lambda g: f"{g.randint(1, 899)},{_digits(g, 2)}",
    "percent": lambda g: f"{g.randint(1, 99)}%" if g.random() < 0.5 else f"{g.randint(1, 40)},{_digits(g, 1)}%",
    "article": _article,
    "paragraph": lambda g: f"{g.randint(1, 9)}º",
    "roman": lambda g: roman(g.randint(1, 24)),
    "alinea": lambda g: f"alínea “{g.choice('abcdefgh')}”",
    "law_number": _law_number,
    "ordinal_f": _ordinal_feminine,
    "number_f": lambda g: f"{g.randint(1, 24)}ª",
    "number_m": lambda g: f"{g.randint(1, 24)}º",
    "small": lambda g: str(g.randint(1, 499)),
    "house": lambda g: str(g.randint(10, 2990)),
    "digit": lambda g: g.choice("123456789"),
    "road": lambda g: f"{g.randint(10, 480):03d}",
    "folio": lambda g: str(g.randint(2, 980)),
    "long_id": lambda g: _digits(g, g.randint(7, 10)),
    "cep": lambda g: f"{_digits(g, 5)}-{_digits(g, 3)}",
    "rg": lambda g: f"{g.randint(1, 59)}.{_digits(g, 3)}.{_digits(g, 3)}-{g.choice('0123456789X')}",
    "state_registration": lambda g: f"{_digits(g, 3)}.{_digits(g, 3)}.{_digits(g, 3)}.{_digits(g, 3)}",
    "plate": _plate,
    "phone": _phone,
    "area": _area,
    "count": _count,
    "days": lambda g: f"{(n := g.randint(2, 180))} ({in_words(n)})",
    "months": lambda g: f"{(n := g.randint(2, 60))} ({in_words(n)})",
    "years": lambda g: str(g.randint(2, 38)),
    "matricula": lambda g: f"{_digits(g, 2)}.{_digits(g, 3)}-{g.choice('0123456789X')}",
    "access_key": _access_key,
    "hash": lambda g: "".join(g.choices("0123456789ABCDEF", k=16)),
    "few": lambda g: str(g.randint(1, 24)),
    "quantity": lambda g: str(g.randint(1, 480)),
    "cpf_bare": lambda g: re.sub(r"\D", "", _cpf(g)),
    "day_bare": lambda g: _day(g).strftime("%d%m%Y"),
    "cep_bare": lambda g: _digits(g, 8),
    "plate_bare": lambda g: _plate(g).replace("-", ""),
    "ncm_bare": lambda g: _digits(g, 8),
    "code5": lambda g: _digits(g, 5),
    "ncm": lambda g: f"{_digits(g, 4)}.{_digits(g, 2)}.{_digits(g, 2)}",
}
