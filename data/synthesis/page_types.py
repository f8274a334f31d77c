"""The kinds of page, as a Brazilian reader knows them, and how each may look."""

import random
from dataclasses import dataclass

from data.synthesis.fonts import Style
from ocr.core.errors import UsageError

A4 = (210.0, 297.0)


@dataclass(frozen=True, slots=True)
class PageType:
    """What a kind of page says (a symbol of the grammar) and the ranges that its look is drawn from."""

    symbol: str
    styles: tuple[Style, ...] = ("serif", "sans")
    sizes: tuple[float, float] = (10.5, 12.5)
    """Body size in points."""
    leading: tuple[float, float] = (0.62, 1.0)
    """Space between lines, in em."""
    paper: tuple[float, float] = A4
    """Width and height in millimetres."""
    margins: tuple[float, float] = (22.0, 30.0)
    """Millimetres."""
    columns: tuple[int, ...] = (1,)
    justified: float = 0.85
    """Share of pages that are justified and hyphenated."""
    head_rule: float = 0.3
    """Share of pages with a rule below the page header."""
    ruled: bool = False
    """Faint ruling below every line, as on essay paper."""
    hand: bool = False
    """Set in a script face."""
    pages: int = 3
    """A document is cut after so many pages."""
    language: str = "pt"
    """For hyphenation; empty where today's patterns would be wrong."""


PAGE_TYPES: dict[str, PageType] = {
    "ruling": PageType("ruling", sizes=(11, 12.5), leading=(0.75, 1.1), margins=(25, 32)),
    "sentence": PageType("sentence", sizes=(11, 12.5), leading=(0.7, 1.1)),
    "petition": PageType("petition", sizes=(11, 12.5), leading=(0.75, 1.1), margins=(24, 32)),
    "contract": PageType("contract", styles=("serif", "sans", "typewriter"), sizes=(10, 12)),
    "proxy": PageType("proxy", styles=("serif", "sans", "typewriter"), leading=(0.75, 1.2), pages=1),
    "certificate": PageType("certificate", styles=("serif", "sans", "typewriter"), sizes=(10, 12), pages=2),
    "official-letter": PageType("official_letter", pages=2),
    "gazette": PageType(
        "gazette", sizes=(7, 8.5), leading=(0.4, 0.55), margins=(14, 20), columns=(2, 3), justified=1,
        head_rule=1, pages=2,
    ),
    "edict": PageType(
        "edict", sizes=(8, 9.5), leading=(0.45, 0.6), margins=(15, 20), columns=(2,), justified=1,
        head_rule=1, pages=2,
    ),
    "invoice": PageType(
        "invoice", styles=("sans",), sizes=(8.5, 10), leading=(0.4, 0.5), margins=(14, 20), justified=0, pages=1
    ),
    "letter": PageType("letter", styles=("serif", "sans", "sans", "typewriter"), pages=2, justified=0.5),
    "book": PageType(
        "book", styles=("serif",), sizes=(10, 11.5), paper=(140.0, 210.0), margins=(16, 22), justified=1, pages=2
    ),
    "newspaper": PageType(
        "newspaper", styles=("antique",), sizes=(8, 9.5), leading=(0.2, 0.32), paper=(150.0, 230.0), margins=(10, 14),
        columns=(2, 2, 3), justified=1, head_rule=1, pages=1, language="",
    ),
    "form": PageType("form", styles=("sans", "serif"), sizes=(9, 10.5), justified=0, pages=1),
    "essay": PageType(
        "essay", styles=("script",), sizes=(13, 16), leading=(0.55, 0.7), justified=0, ruled=True, hand=True, pages=1
    ),
    "receipt": PageType(
        "receipt", styles=("sans", "serif", "typewriter"), sizes=(9.5, 11), paper=(148.0, 150.0), margins=(14, 18),
        justified=0, pages=1,
    ),
}  # fmt: skip

LINE = "line"
"""The kind that is not a page: single text lines, cut from pages set with nothing else on them."""

PRINTED = tuple(name for name, kind in PAGE_TYPES.items() if not kind.hand and name != "form")
"""Kinds without any handwriting."""


@dataclass(frozen=True, slots=True)
class Look:
    """One draw from a kind's ranges; lengths in points unless said otherwise."""

    size: float
    leading: float
    paper: tuple[float, float]
    """Millimetres."""
    margin: float
    """Millimetres."""
    columns: int
    justified: bool
    indent: float
    head_rule: bool
    ruled: bool
    language: str


def draw_look(kind: PageType, generator: random.Random) -> Look:
    """Sizes, leading, margins, columns and justification of one document."""
    justified = generator.random() < kind.justified
    return Look(
        size=round(generator.uniform(*kind.sizes), 1),
        leading=round(generator.uniform(*kind.leading), 2),
        paper=kind.paper,
        margin=round(generator.uniform(*kind.margins), 1),
        columns=generator.choice(kind.columns),
        justified=justified,
        indent=round(generator.choice((0.0, 1.5, 2.0, 3.0)), 1) if kind.columns == (1,) else 1.0,
        head_rule=generator.random() < kind.head_rule,
        ruled=kind.ruled,
        language=kind.language if justified else "",
    )


def parse_page_types(wanted: str) -> tuple[str, ...]:
    """The kinds named in "ruling,gazette", all page kinds for "all"; UsageError on an unknown one."""
    names = tuple(PAGE_TYPES) if wanted == "all" else tuple(name.strip() for name in wanted.split(","))
    for name in names:
        if name not in (*PAGE_TYPES, LINE):
            raise UsageError(f"there is no kind {name!r}", hint=f"name some of: all, {', '.join((*PAGE_TYPES, LINE))}")
    if LINE in names and len(names) > 1:
        raise UsageError("lines are made alone, without pages", hint="ocr data compose --kind line")
    return names
