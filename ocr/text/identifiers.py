"""Find and validate CPF, CNPJ and CNJ process numbers, dates and amounts in a text.

One wrong digit of a CPF names another person. Three kinds carry check digits, so a misreading shows without ground
truth; dates are checked against the calendar. The cross-check and the metrics of `ocr bench` use these functions.

Sources: CPF and CNPJ by Receita Federal (weights modulo 11; letters in a CNPJ count as their ASCII code minus 48,
Instrução Normativa RFB 2.229/2024); process numbers by CNJ (Resolução 65/2008, ISO 7064 modulo 97, base 10).
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["cpf", "cnpj", "process", "date", "amount"]
KIND_NAMES: dict[Kind, str] = {
    "cpf": "CPF",
    "cnpj": "CNPJ",
    "process": "CNJ case number",
    "date": "date",
    "amount": "R$ amount",
}
"""Each kind as tables name it."""
KINDS: tuple[Kind, ...] = tuple(KIND_NAMES)
CHECKED: frozenset[Kind] = frozenset({"cpf", "cnpj", "process"})
"""The kinds that carry check digits."""

MONTHS = (
    "janeiro", "fevereiro", "março", "abril", "maio", "junho",
    "julho", "agosto", "setembro", "outubro", "novembro", "dezembro",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier in a text."""

    kind: Kind
    """cpf, cnpj, process, date or amount."""
    text: str
    """As written."""
    value: str
    """Normal form: digits (and letters) of numbers, ISO dates, cents of amounts. Equal values mean the same."""
    valid: bool
    """Check digits agree (cpf, cnpj, process), the day exists (date); an amount is always valid."""
    start: int
    """Offset in the text; the identifier is `text[start:start + len(identifier.text)]`."""


def find(text: str) -> tuple[Identifier, ...]:
    """Return the identifiers in `text`, in order, without overlap.

    A CPF or CNPJ is found by its punctuation, or bare (11 or 14 characters) right after its name. Spaces beside the
    punctuation and a line break inside are allowed: columns and engines cause both.
    """
    found: list[Identifier] = []
    taken = 0
    for match in _PATTERN.finditer(text):
        if match.start() < taken:
            continue
        kind = _KIND_OF[str(match.lastgroup)]
        written = match.group(str(match.lastgroup))
        value, valid = _READERS[kind](written)
        if value:
            start = match.start(str(match.lastgroup))
            found.append(Identifier(kind, written, value, valid, start))
            taken = start + len(written)
    return tuple(found)


def cpf_digits(base: str) -> str:
    """Return the two check digits for the nine digits `base` of a CPF."""
    first = _modulo_11(base, range(10, 1, -1))
    return first + _modulo_11(base + first, range(11, 1, -1))


def cnpj_digits(base: str) -> str:
    """Return the two check digits for the twelve characters `base` (digits or capital letters) of a CNPJ."""
    weights = (5, 4, 3, 2, 9, 8, 7, 6, 5, 4, 3, 2)
    first = _modulo_11(base, weights)
    return first + _modulo_11(base + first, (6, *weights))


def process_digits(base: str) -> str:
    """Return the two check digits for the 18 other digits `base` (NNNNNNN AAAA J TR OOOO) of a CNJ process number."""
    return f"{98 - int(base + '00') % 97:02d}"


def _modulo_11(characters: str, weights: "range | tuple[int, ...]") -> str:
    total = sum((ord(character) - 48) * weight for character, weight in zip(characters, weights, strict=True))
    rest = total % 11
    return "0" if rest < 2 else str(11 - rest)


def _read_cpf(written: str) -> tuple[str, bool]:
    value = re.sub(r"\D", "", written)
    # Receita Federal never issued the ten numbers of one repeated digit, although their check digits are right.
    return value, len(set(value)) > 1 and cpf_digits(value[:9]) == value[9:]


def _read_cnpj(written: str) -> tuple[str, bool]:
    value = re.sub(r"[^0-9A-Z]", "", written)
    return value, len(set(value)) > 1 and cnpj_digits(value[:12]) == value[12:]


def _read_process(written: str) -> tuple[str, bool]:
    value = re.sub(r"\D", "", written)
    return value, process_digits(value[:7] + value[9:]) == value[7:9]


def _read_date(written: str) -> tuple[str, bool]:
    day, month, year = re.split(r"\s*[/.-]\s*|\s+de\s+", written.strip().lower())
    number = MONTHS.index(month.replace("marco", "março")) + 1 if month.isalpha() else int(month)
    digits = re.sub(r"\D", "", day)
    value = f"{year}-{number:02d}-{int(digits):02d}"
    try:
        date(int(year), number, int(digits))
    except ValueError:
        return value, False
    return value, True


def _read_amount(written: str) -> tuple[str, bool]:
    whole, _, cents = re.sub(r"[^\d,]", "", written).partition(",")
    return f"{int(whole)}{cents or '00'}", True


_READERS: dict[Kind, Callable[[str], tuple[str, bool]]] = {
    "cpf": _read_cpf,
    "cnpj": _read_cnpj,
    "process": _read_process,
    "date": _read_date,
    "amount": _read_amount,
}

_DASH = r"\s?[-‐‑–—]\s?"
_DOT = r"\s?\.\s?"
_NAMED = r"(?:\s*(?:/\s*M\.?F\.?)?\s*(?:n\.?\s?[º°o]\.?)?\s*:?\s*)"
_KIND_OF: dict[str, Kind] = {
    "process": "process", "cnpj": "cnpj", "cnpj_bare": "cnpj", "cpf": "cpf", "cpf_bare": "cpf",
    "date": "date", "date_words": "date", "amount": "amount",
}  # fmt: skip
# The look-ahead saves eight attempts at every lower-case letter: seven times as fast on prose.
_PATTERN = re.compile(
    rf"""
    (?=[0-9A-Z])(?:
    (?<![\d.])(?P<process>[0-9]{{7}}{_DASH}[0-9]{{2}}{_DOT}[0-9]{{4}}{_DOT}[0-9]{_DOT}[0-9]{{2}}{_DOT}[0-9]{{4}})(?!\d)
    | (?<![\w.])(?P<cnpj>[0-9A-Z]{{2}}{_DOT}[0-9A-Z]{{3}}{_DOT}[0-9A-Z]{{3}}\s?/\s?[0-9A-Z]{{4}}{_DASH}[0-9]{{2}})(?!\w)
    | (?<![\d.])(?P<cpf>[0-9]{{3}}{_DOT}[0-9]{{3}}{_DOT}[0-9]{{3}}{_DASH}[0-9]{{2}})(?!\d)
    | \bCNPJ{_NAMED}(?P<cnpj_bare>[0-9A-Z]{{12}}[0-9]{{2}})(?!\w)
    | \bCPF{_NAMED}(?P<cpf_bare>[0-9]{{11}})(?!\d)
    | (?<![\d/.-])(?P<date>[0-9]{{1,2}}\s?(?P<mark>[/.-])\s?[0-9]{{1,2}}\s?(?P=mark)\s?[0-9]{{4}})(?![\d/])
    | (?<!\d)(?P<date_words>[0-9]{{1,2}}\s?[º°]?\s+(?i:de)\s+(?i:{"|".join(MONTHS)}|marco)\s+(?i:de)\s+[0-9]{{4}})(?!\d)
    | (?P<amount>R\s?\$\s?(?:[0-9]{{1,3}}(?:\.[0-9]{{3}})+|[0-9]+)(?:,[0-9]{{2}})?)(?!\d)
    )
    """,
    re.VERBOSE,
)
