"""Typeset blocks of text into a PDF with typst. templates/page.typ defines the looks; this module fills them in."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from data.synthesis.page_types import Look
from ocr.core.environment import load
from ocr.core.errors import DataError

TEMPLATE = Path(__file__).parent / "templates" / "page.typ"

Block = tuple[str, str]
CELL = " :: "
"""Separator of the cells of a row, or of a label and its value."""

_BLOCKS = 64
"""Block numbers are coded in six bits of color; it is enough that neighbors differ."""
_PAIRS = ("role", "box", "field")
_NAMES = {"box": "cell-box"}
_RULED = (
    "#set text(top-edge: 0.75em, bottom-edge: -0.25em); #set par(spacing: {pitch}em - 1em); "
    "#let title(n, said) = par(align(center, body(n, said))); "
    "#set page(background: context {{ let pitch = {pitch}em.to-absolute(); let y = {margin}mm + 0.86em.to-absolute(); "
    "while y < page.height - {margin}mm {{ place(top + left, dx: {margin}mm, dy: y, "
    "line(length: page.width - 2 * {margin}mm, stroke: 0.4pt + rgb(150, 170, 200))); y += pitch }} }})"
)
"""Ruled paper: lines of fixed height with a rule below each."""
_INKS = ((160, 24, 40), (24, 40, 144), (40, 40, 56))


@dataclass(frozen=True, slots=True)
class Setting:
    """How one document is typeset: its look, the body face, the face of handwritten parts, and a seed."""

    look: Look
    face: str
    hand: str
    seed: str


def typeset(source: str, folders: tuple[Path, ...]) -> bytes:
    """Compile a typst source to PDF with the fonts below `folders` only. Raises DataError when typst fails."""
    typst: Any = load("typst", extra="data")
    try:
        pdf: bytes = _compiler(folders).compile(input=source.encode("utf-8"), format="pdf", timestamp=0)
    except typst.TypstError as failure:
        raise DataError(f"typst cannot typeset the page: {failure}") from failure
    return pdf


def build_source(blocks: Sequence[Block], setting: Setting) -> str:
    """Return the typst source of one document."""
    generator = random.Random(f"setting/{setting.seed}")
    look = setting.look
    repeated = {style: [text for name, text in blocks if name == style] for style in ("head", "foot", "side")}
    body = [block for block in blocks if block[0] not in repeated]
    parts = [_preamble(setting), _page(look, repeated), *_render_blocks(body, setting, generator)]
    return "\n".join(parts)


def build_lines_source(texts: Sequence[str], setting: Setting) -> str:
    """Return the source of a page with only the given texts, each on a line of its own that never breaks."""
    look = setting.look
    lines = [f"#block(spacing: 9pt, box(body({number % _BLOCKS}, {quote(text)})))" for number, text in enumerate(texts)]
    page = f"#set page(width: 2000pt, height: auto, margin: {look.margin}mm)"
    return "\n".join([_preamble(setting), page, "#set par(justify: false, first-line-indent: 0pt)", *lines])


def quote(text: str) -> str:
    """Return a typst string literal."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@cache
def _compiler(folders: tuple[Path, ...]) -> Any:
    typst: Any = load("typst", extra="data")
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder) for folder in folders]
    )
    return typst.Compiler(font_paths=fonts, ignore_system_fonts=True)


@cache
def _template() -> str:
    return TEMPLATE.read_text(encoding="utf-8")


def _preamble(setting: Setting) -> str:
    look = setting.look
    hyphenate = "true" if look.language else "false"
    return (
        f"{_template()}\n"
        f'#set text(font: {quote(setting.face)}, size: {look.size}pt, lang: "pt", region: "BR", '
        f"hyphenate: {hyphenate}, fallback: false)\n"
        f"#set par(justify: {str(look.justified).lower()}, leading: {look.leading}em, "
        f"spacing: {look.leading * 1.3:.2f}em, "
        f"first-line-indent: (amount: {look.indent}em, all: true))"
    )


def _page(look: Look, repeated: dict[str, list[str]]) -> str:
    width, height = look.paper
    numbered = "@numbers" in repeated["side"]
    sides = [text for text in repeated["side"] if text != "@numbers"]
    parts = [
        f"#set page(width: {width}mm, height: {height}mm, margin: {look.margin}mm, columns: {look.columns}, "
        f"header: {_header(repeated['head'], look)}, footer: {_footer(repeated['foot'])}, "
        f"background: {_background(sides, look)})",
        "#set columns(gutter: 6mm)",
    ]
    if look.ruled:
        parts.append(_RULED.format(margin=look.margin, pitch=1 + look.leading))
    if numbered:
        parts.append(
            "#set par.line(numbering: n => text(size: 0.8em, tag(margin-field, calc.rem(n, 64), str(n))), "
            'numbering-scope: "page")'
        )
    return "\n".join(parts)


def _header(texts: list[str], look: Look) -> str:
    if not texts:
        return "none"
    rows = []
    for number, text in enumerate(texts):
        if CELL in text:
            left, right = text.split(CELL, 1)
            cells = ", ".join(
                f"tag(header-field, {number * 2 + place}, {quote(cell)})" for place, cell in enumerate((left, right))
            )
            rows.append(f"grid(columns: (1fr, 1fr), align: (left, right), {cells})")
        else:
            rows.append(f"align(center, tag(header-field, {number}, {quote(text)}))")
    rule = ", line(length: 100%, stroke: 0.6pt)" if look.head_rule else ""
    return (
        "{ set text(size: 0.92em, hyphenate: false); set par(first-line-indent: 0pt, justify: false, leading: 0.4em); "
        f"stack(spacing: 0.55em, {', '.join(rows)}{rule}) }}"
    )


def _footer(texts: list[str]) -> str:
    rows = []
    for number, text in enumerate(texts):
        said = {
            "@page": '"Página " + counter(page).display() + " de " + str(counter(page).final().first())',
            "@number": "counter(page).display()",
        }.get(text, quote(text))
        rows.append(f"align(center, tag(footer-field, {number}, {said}))")
    if not rows:
        return "none"
    setup = "set text(size: 0.82em, hyphenate: false); set par(first-line-indent: 0pt, justify: false)"
    return f"context {{ {setup}; stack(spacing: 0.5em, {', '.join(rows)}) }}"


def _background(texts: list[str], look: Look) -> str:
    if not texts:
        return "none"
    size = 0.62 if len(" ".join(texts)) > 90 else 0.7
    rows = ", ".join(f"tag(margin-field, {number}, {quote(text)})" for number, text in enumerate(texts))
    width = look.paper[1] - 2 * look.margin
    return (
        f"place(right + horizon, dx: -4mm, rotate(-90deg, reflow: true, block(width: {width}mm, {{ "
        f"set text(size: {size}em, hyphenate: false); set par(first-line-indent: 0pt, justify: false, leading: 0.4em); "
        f"stack(spacing: 0.5em, {rows}) }})))"
    )


def _render_blocks(blocks: Sequence[Block], setting: Setting, generator: random.Random) -> list[str]:
    parts: list[str] = []
    number = 0
    table: list[list[str]] = []
    for style, text in [*blocks, ("", "")]:
        if style == "row":
            table.append(text.split(CELL))
            continue
        if table:
            parts.append(_render_table(number, table))
            number, table = number + len(table), []
        if style:
            parts.append(_render_block(number % _BLOCKS, (style, text), setting, generator))
            number += 2
    return parts


def _render_block(number: int, block: Block, setting: Setting, generator: random.Random) -> str:
    style, text = block
    name = _NAMES.get(style, style)
    if style in _PAIRS:
        label, _, value = text.partition(CELL)
        hand = f", {quote(setting.hand)}" if style == "field" else ""
        return f"#{name}({number}, {quote(label)}, {quote(value)}{hand})"
    if style == "hand":
        return f"#hand({number}, {quote(text)}, {quote(setting.hand)})"
    if style == "sign":
        return f"#sign({number}, {quote(text.removeprefix('// '))}, {_scribble(generator)})"
    if style == "stamp":
        ink = generator.choice(_INKS)
        return f"#stamp({number}, {quote(text)}, {ink}, {generator.uniform(-9, 9):.1f}deg)"
    return f"#{name}({number}, {quote(text)})"


def _render_table(number: int, rows: list[list[str]]) -> str:
    longest = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    widest = longest.index(max(longest))
    widths = ", ".join("1fr" if column == widest else "auto" for column in range(len(longest)))
    cells = ", ".join("(" + ", ".join(quote(cell) for cell in row) + ",)" for row in rows)
    return f"#rows({number % _BLOCKS}, ({cells},), ({widths},))"


def _scribble(generator: random.Random) -> str:
    """Return a signature: a drawn line of a few loops, which therefore has no text."""
    at, parts = 0.0, ["curve.move((0pt, 14pt))"]
    for _ in range(generator.randint(5, 9)):
        step, tall = generator.uniform(8, 22), generator.uniform(-8, 26)
        parts.append(
            f"curve.cubic(({at + step * 0.2:.1f}pt, {14 - tall:.1f}pt), ({at + step * 1.3:.1f}pt, {14 - tall:.1f}pt), "
            f"({at + step:.1f}pt, {generator.uniform(10, 20):.1f}pt))"
        )
        at += step
    parts.append(f"curve.cubic(({at}pt, 22pt), ({at * 0.4:.1f}pt, 26pt), ({at * 0.3:.1f}pt, 20pt))")
    stroke = f"{generator.uniform(0.7, 1.4):.1f}pt + rgb(16, 24, {generator.choice((40, 120, 160))})"
    return f"curve(stroke: {stroke}, {', '.join(parts)})"
