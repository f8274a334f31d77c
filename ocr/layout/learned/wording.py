"""Describe the text of a piece to the network: how long it is, what it begins and ends with, what it is about."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocr.core.document import Line
from ocr.layout.reading_order import is_vertical

Floats = NDArray[np.float32]

LONG, LOWER, HYPHEN, SENTENCE_END, COLON, MARKED = 0, 5, 8, 9, 10, 12
"""Places of some numbers in a row: length, starts in lower case, ends with a hyphen, ends a sentence, ends with a
colon, starts with the marker of an item."""
FULL_LENGTH = 40
"""Letters of a line of usual length."""

_MARKER = re.compile(
    r"(?:Art\.|§|[—–•·\-]|Par[áa]grafo|[IVXLC]+\s*[-–—.)]|[a-z]\s*\)|\(?\d+(?:\.\d+)*\s*[-–—.)º°]|\d+(?:\.\d+)+)",
    re.ASCII,
)
_ONLY_MARKER = re.compile(r"\W{0,2}|\(?(?:\d{1,3}(?:\.\d{1,2})*|[IVXLC]{1,6}|[a-zA-Z])[.)º°ª]?\s*[-–—.]?")
_AMOUNT = re.compile(r"[\d.,/R$%\s\-:]+")
_CAPTION = re.compile(r"(?:figura|fig\.|tabela|quadro|gr[áa]fico|anexo)\b", re.IGNORECASE)
_NOTE = re.compile(r"\(?(?:\d{1,3}|[*†¹²³⁴⁵⁶⁷⁸⁹]+)\)?[.\s]?\s*\S")


@dataclass(frozen=True, slots=True)
class _Subject:
    """A pattern, and parts in lower case of which every text with it has one: they are found much faster."""

    parts: tuple[str, ...]
    pattern: re.Pattern[str]

    def is_in(self, text: str, lower: str) -> bool:
        for part in self.parts:
            if part in lower:
                return bool(self.pattern.search(text))
        return False


_PAGE = _Subject(("pag", "pág", "fl"), re.compile(r"\bp[áa]g(?:ina|\.)?\s*:?\s*\d|\bfls?\.\s*\d", re.IGNORECASE))
_LONE_NUMBER = re.compile(r"\W*\d{1,4}\W*")
_HEAD = _Subject(
    (
        *("diário", "diario", "jornal", "gazeta", "-feira", "poder ", "tribunal", "ministério", "ministerio"),
        *("prefeitura", "comarca", "estado d", "nº", "n°", "n."),
    ),
    re.compile(
        r"di[áa]rio|jornal|gazeta|-feira|poder (?:judici|exec|legisl)|tribunal|minist[ée]rio|prefeitura|comarca"
        r"|estado d|\bn[º°.]\s?\d",
        re.IGNORECASE,
    ),
)
_FOOT = _Subject(
    (
        *("http", "www.", "@", "assinad", "autenticidade", "código", "codigo", "cep", "tel", "fone"),
        *("endereço", "endereco"),
    ),
    re.compile(
        r"https?:|www\.|@\w|assinad|autenticidade|c[óo]digo|\bCEP\b|\btel|fone|endere[çc]o",
        re.IGNORECASE,
    ),
)
_STAMP = _Subject(
    (
        *("protocol", "confer", "assinad", "código", "codigo", "rubrica", "recebid", "documento", "cartório"),
        *("cartorio", "registr"),
    ),
    re.compile(
        r"protocol|confer|assinad|c[óo]digo|rubrica|recebid|documento|cart[óo]rio|registr",
        re.IGNORECASE,
    ),
)


def describe_wording(lines: Sequence[Line]) -> Floats:
    """Return (n, WORDING) numbers of what the texts of lines tell."""
    texts = [line.text.strip() for line in lines]
    counts = _count_letters(texts).tolist()
    return np.array(
        [_wording(line, text, count) for line, text, count in zip(lines, texts, counts, strict=True)], np.float32
    )


def _count_letters(texts: Sequence[str]) -> NDArray[np.int64]:
    """Return (n, 3): how many digits, capitals and letters each text has. The signs of a page are looked up once."""
    codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
    signs, places = np.unique(codes, return_inverse=True)
    kinds = [(sign.isdigit(), sign.isupper(), sign.isalpha()) for sign in map(chr, signs.tolist())]
    totals = np.zeros((len(codes) + 1, 3), np.int64)
    np.cumsum(np.array(kinds, np.int64).reshape(-1, 3)[places], axis=0, out=totals[1:])
    ends = np.cumsum([0, *map(len, texts)])
    counted: NDArray[np.int64] = np.diff(totals[ends], axis=0)
    return counted


def _wording(line: Line, text: str, counts: Sequence[int]) -> tuple[Any, ...]:
    digits, capitals, letters = counts
    size, lower = max(1, len(text)), text.lower()
    first, last = text[:1], text[-1:]
    left, top, right, bottom = line.box
    wide, tall = max(1.0, right - left, bottom - top), max(1.0, min(bottom - top, right - left))
    is_page = bool(digits) and (_PAGE.is_in(text, lower) or not (letters or not _LONE_NUMBER.fullmatch(text)))
    return (
        *(min(size, 3 * FULL_LENGTH) / FULL_LENGTH, size * tall / wide / 3, digits / size),
        *(capitals / max(1, letters), letters / size),
        *(first.islower(), first.isupper(), first.isdigit(), last in "-‐", last in ".;!?", last in ":", last in ","),
        *(bool(_MARKER.match(text)), bool(_ONLY_MARKER.fullmatch(text)), bool(_AMOUNT.fullmatch(text)), is_page),
        *(_HEAD.is_in(text, lower), _FOOT.is_in(text, lower), _STAMP.is_in(text, lower)),
        *(bool(_CAPTION.match(text)), bool(_NOTE.match(text)), " " in text, size < 4, text.isdigit()),
        *("___" in text or "☐" in text or "☒" in text, line.confidence or 0.0, is_vertical(line)),
    )
