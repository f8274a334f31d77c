"""Find the rows of column heads at the top of a table, by what their cells say.

A head has no figures, other than a year, and stands over columns of figures; or it has the words that head columns
nearly everywhere. A second row belongs to the heads where it stands under heads that cover several columns.
"""

import re
from collections.abc import Sequence
from typing import Literal

from ocr.core.document import CellSpan

MOST = 3
"""Most rows of heads."""
FIGURES = 0.5
"""Least share of the filled cells below a head that are figures, for a column of figures."""
HEADED = 0.6
"""Least share of the columns of figures that have a head; without such columns, of the heads that are usual words."""

Kind = Literal["empty", "figure", "year", "text"]

_YEAR = re.compile(r"(?:1[89]|20)\d\d")
_NOTHING = re.compile(r"[\s.\-–—_*]*")
_USUAL = re.compile(
    r"(?:item|ordem|n[º°.]?|nr|n[úu]mero|c[óo]d(?:igo|\.)?|nome|servidor|cargo|fun[çc][ãa]o|matr[íi]cula|lota[çc][ãa]o"
    r"|descri[çc][ãa]o|especifica[çc][ãa]o|discrimina[çc][ãa]o|hist[óo]rico|documento|unid(?:ade|\.)?|qtd\.?|quant(?:idade|\.)?"
    r"|valor|pre[çc]o|total|subtotal|saldo|data|per[íi]odo|prazo|processo|interessado|assunto|empresa"
    r"|fornecedor|local(?:idade)?|munic[íi]pio|regi[ãa]o|situa[çc][ãa]o|observa[çc](?:[õo]es|[ãa]o)|respons[áa]vel"
    r"|a[çc][ãa]o|ato|candidato|inscri[çc][ãa]o|classifica[çc][ãa]o|nota|pontos|setor|[óo]rg[ãa]o|s[íi]mbolo|cpf|cnpj|ncm|cst|cfop)"
    r"\b.{0,16}",
    re.IGNORECASE,
)


def count_header_rows(rows: Sequence[Sequence[str]], spans: Sequence[CellSpan] = ()) -> int:
    """Return how many rows at the top of a table are column heads; 0 where that is not clear."""
    if len(rows) < 2 or len(rows[0]) < 2:
        return 0
    kinds = [[_kind(cell) for cell in row] for row in rows]
    heads = 1
    while heads < min(MOST, len(rows) - 1) and _goes_on(kinds, heads, spans):
        heads += 1
    if any("figure" in row for row in kinds[:heads]) or any(cell.rstrip().endswith(":") for cell in rows[0]):
        return 0
    return heads if _stand_over_figures(kinds, heads) or _are_usual(rows[0]) else 0


def _kind(cell: str) -> Kind:
    text = cell.strip()
    if _NOTHING.fullmatch(text):
        return "empty"
    if _YEAR.fullmatch(text):
        return "year"
    digits = sum(map(str.isdigit, text))
    return "figure" if digits and digits >= sum(map(str.isalpha, text)) else "text"


def _goes_on(kinds: Sequence[Sequence[Kind]], row: int, spans: Sequence[CellSpan]) -> bool:
    """Return whether a row stands under heads and is one itself: without a stub of its own, and without figures."""
    above, here = kinds[row - 1], kinds[row]
    if "figure" in here or not {"text", "year"} & {*here}:
        return False
    if any(span.row < row < span.row + span.rows for span in spans):
        return True
    return "figure" not in above and (here[0] == "empty") != (above[0] == "empty")


def _stand_over_figures(kinds: Sequence[Sequence[Kind]], heads: int) -> bool:
    """Return whether columns of figures stand below the heads, and nearly all of them have one."""
    figures = headed = 0
    for column in range(len(kinds[0])):
        below = [row[column] for row in kinds[heads:] if row[column] != "empty"]
        if below and sum(kind in ("figure", "year") for kind in below) >= FIGURES * len(below):
            figures += 1
            headed += any(row[column] != "empty" for row in kinds[:heads])
    return figures > 0 and headed >= HEADED * figures


def _are_usual(row: Sequence[str]) -> bool:
    """Return whether most cells of a row are words that head columns."""
    filled = [cell.strip() for cell in row if cell.strip()]
    return len(filled) > 1 and sum(bool(_USUAL.fullmatch(cell)) for cell in filled) >= HEADED * len(filled)
