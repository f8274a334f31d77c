"""The page types of Brazilian documents, and the range of looks of each."""

import random
from dataclasses import dataclass

from data.synthesis.fonts import Style
from ocr.core.errors import UsageError

A4 = (210.0, 297.0)


@dataclass(frozen=True, slots=True)
class PageType:
    """The text of a page type (a symbol of the grammar) and the ranges of its look."""

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
    """Typeset in a script face."""
    pages: int = 3
    """Maximum number of pages of a document."""
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
"""The type that is no page: single text lines, cut from pages that hold nothing else."""

PRINTED = tuple(name for name, page_type in PAGE_TYPES.items() if not page_type.hand and name != "form")
"""Page types without handwriting."""


@dataclass(frozen=True, slots=True)
class Look:
    """A look chosen from the ranges of a page type; lengths in points unless stated otherwise."""

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


def draw_look(page_type: PageType, generator: random.Random) -> Look:
    """Choose sizes, leading, margins, columns and justification of one document at random."""
    justified = generator.random() < page_type.justified
    return Look(
        size=round(generator.uniform(*page_type.sizes), 1),
        leading=round(generator.uniform(*page_type.leading), 2),
        paper=page_type.paper,
        margin=round(generator.uniform(*page_type.margins), 1),
        columns=generator.choice(page_type.columns),
        justified=justified,
        indent=round(generator.choice((0.0, 1.5, 2.0, 3.0)), 1) if page_type.columns == (1,) else 1.0,
        head_rule=generator.random() < page_type.head_rule,
        ruled=page_type.ruled,
        language=page_type.language if justified else "",
    )


def parse_page_types(wanted: str) -> tuple[str, ...]:
    """Parse "ruling,gazette" into names; "all" gives all page types. Raises UsageError on an unknown one."""
    names = tuple(PAGE_TYPES) if wanted == "all" else tuple(name.strip() for name in wanted.split(","))
    for name in names:
        if name not in (*PAGE_TYPES, LINE):
            raise UsageError(
                f"there is no page type {name!r}", hint=f"name some of: all, {', '.join((*PAGE_TYPES, LINE))}"
            )
    if LINE in names and len(names) > 1:
        raise UsageError("lines cannot be generated together with pages", hint="ocr data compose --kind line")
    return names
