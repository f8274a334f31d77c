"""Compose a page of one kind with layout features: placed text with its truth, not drawn.

    page = compose_page(PageRequest("gazette", seed="7"))            # features are chosen by the seed
    page = compose_page(PageRequest("ruling", "7", ("side_stamp",))) # these features and no others
    page.truth.lines                                                 # see data.layouts.page_truth

Equal requests give equal pages. Nothing is drawn here; see data.layouts.page_drawing.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace

from data.layouts.draft import Draft, text_piece
from data.layouts.features.feature_catalog import FEATURES, choose_features
from data.layouts.page_flow import Columns, Frame, Piece, flow
from data.layouts.page_truth import LineField
from data.layouts.setting.block_setting import Block
from data.layouts.setting.glyph_metrics import FAMILIES
from data.layouts.setting.line_breaking import Align, Ink, Measure, line_width, tokens_of
from data.layouts.setting.strips import Desk, Strip, Stroke, TextPart, Type, one_line
from data.layouts.sheet import ComposedPage, PageName, Sheet
from data.synthesis.page_types import PAGE_TYPES, Look, PageType, draw_look
from data.synthesis.typesetting import CELL
from data.text.generators import write_document
from ocr.core.errors import UsageError

VERSION = 9
"""Raised when equal requests give other pages than before; a correction of wrong truth alone does not raise it."""
MILLIMETER = 72 / 25.4
KINDS = tuple(name for name, page_type in PAGE_TYPES.items() if not page_type.hand)
"""Page types that can be composed here: all but essays."""
_REPEATED = ("head", "foot", "side")
_LATER_PAGE = 0.35
"""Share of the pages of a longer document that begin somewhere inside it."""


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What to compose."""

    kind: str
    seed: str
    features: tuple[str, ...] | None = None
    """Names of layout features; None chooses some that suit the kind, by the seed."""
    without: frozenset[str] = frozenset()
    """Features that are never chosen, such as those held out of training."""
    dpi: int = 200


def compose_page(request: PageRequest) -> ComposedPage:
    """Return one page. Raises UsageError on an unknown kind or feature."""
    _check(request)
    generator = random.Random(f"layout/{VERSION}/{request.kind}/{request.seed}")
    page_type = PAGE_TYPES[request.kind]
    chosen = request.features
    names = choose_features(request.kind, generator, request.without) if chosen is None else chosen
    draft = _begin(request, page_type, generator)
    features = [FEATURES[name] for name in sorted(names, key=list(FEATURES).index)]
    for feature in features:
        feature.prepare(draft)
    _fill(draft)
    for feature in features:
        feature.finish(draft)
    name = PageName(request.kind, request.seed, tuple(names), request.dpi)
    return draft.sheet.finish(name, draft.desk.grids)


def _check(request: PageRequest) -> None:
    if request.kind not in KINDS:
        raise UsageError(f"no layout of the kind {request.kind!r}", hint=f"kinds: {', '.join(KINDS)}")
    for name in (*(request.features or ()), *request.without):
        if name not in FEATURES:
            raise UsageError(f"no layout feature {name!r}", hint=f"features: {', '.join(FEATURES)}")


def _begin(request: PageRequest, page_type: PageType, generator: random.Random) -> Draft:
    """Return the page before anything is placed: its paper, its type and its text."""
    look = draw_look(page_type, generator)
    blocks = write_document(page_type.symbol, f"layout/{request.seed}")
    width, height = (side * MILLIMETER for side in look.paper)
    margin = look.margin * MILLIMETER
    body = [block for block in blocks if block[0] not in _REPEATED]
    if page_type.pages > 1 and len(body) > 12 and generator.random() < _LATER_PAGE:
        body = body[generator.randrange(1, len(body) // 2) :]
    return Draft(
        kind=request.kind,
        seed=request.seed,
        random=generator,
        desk=Desk(_type_of(look, page_type, generator), generator),
        sheet=Sheet(width, height),
        frame=Frame(margin, margin, width - 2 * margin, height - 2 * margin),
        columns=Columns(look.columns, rules=look.columns > 1 and generator.random() < 0.5),
        head_rule=look.head_rule,
        repeated={style: [text for name, text in blocks if name == style] for style in _REPEATED},
        pieces=[*_pieces(body)],
    )


def _type_of(look: Look, page_type: PageType, generator: random.Random) -> Type:
    style = generator.choice(page_type.styles)
    return Type(
        family=generator.choice(FAMILIES[style]),
        hand=generator.choice(FAMILIES["script"]),
        size=look.size,
        leading=0.72 + look.leading,
        justified=look.justified,
        hyphenate=bool(look.language),
        indent=look.indent,
    )


def _pieces(blocks: Sequence[Block]) -> list[Piece]:
    """Return the blocks as pieces; rows of a table that follow each other are one."""
    groups: list[list[Block]] = []
    for block in blocks:
        if groups and block[0] == "row" and groups[-1][-1][0] == "row":
            groups[-1].append(block)
        else:
            groups.append([block])
    return [text_piece(*group) for group in groups]


def _fill(draft: Draft) -> None:
    """Place header, body and footer."""
    header = [*_set_all(draft.head, draft), *_repeated_strips(draft, "head", "header")]
    head_end = draft.sheet.stack(header, draft.frame.x, draft.frame.y * 0.45)
    if header and draft.head_rule and not draft.head:
        draft.sheet.strokes.append(
            Stroke(draft.frame.x, head_end + 2, draft.frame.x + draft.frame.width, head_end + 2, 0.6)
        )
    top = max(draft.frame.y, head_end + draft.desk.type.size)
    footer = [*_repeated_strips(draft, "foot", "footer"), *_set_all(draft.tail, draft)]
    tall = sum(strip.height for strip in footer)
    bottom = draft.frame.y + draft.frame.height
    foot = min(bottom + 8, draft.sheet.height - tall - 12)
    draft.sheet.stack(footer, draft.frame.x, foot)
    bottom = min(bottom, foot - 4)
    notes = _set_all(draft.foot, draft)
    reserved = sum(strip.height + strip.above for strip in notes)
    draft.frame = replace(draft.frame, y=top, height=bottom - top - reserved)
    draft.end = flow(draft.pieces, draft.columns, draft.frame, draft.sheet, draft.desk)
    draft.sheet.stack(notes, draft.frame.x, bottom - reserved)


def _set_all(pieces: Sequence[Piece], draft: Draft) -> list[Strip]:
    return [strip for piece in pieces for strip in piece.set(draft.frame.width, draft.desk)]


def _repeated_strips(draft: Draft, style: str, field: LineField) -> list[Strip]:
    """Return the lines of the page header or footer; two texts between cell marks stand left and right."""
    ink, width = draft.desk.ink(0.9 if field == "header" else 0.82), draft.frame.width
    number = str(draft.random.randint(1, 400))
    strips = []
    for text in draft.repeated[style]:
        said = {"@page": f"Página {number} de {int(number) + draft.random.randint(0, 30)}", "@number": number}
        cells = said.get(text, text).split(CELL)
        inner = _fitting(cells, ink, width)
        aligned: tuple[Align, ...] = ("center",) if len(cells) == 1 else ("left", "right")
        parts = [
            one_line(
                tokens_of(cell, inner),
                TextPart((), 0, ink.size, "page_header", next(draft.desk.blocks), field),
                Measure(width, align=align),
            )
            for cell, align in zip(cells, aligned, strict=False)
        ]
        strips.append(Strip(ink.size * 1.35, 0, tuple(parts)))
    return strips


def _fitting(cells: Sequence[str], ink: Ink, width: float) -> Ink:
    """Return the ink, smaller where texts side by side need more than the width."""
    wide = sum(line_width(tokens_of(cell, ink)) for cell in cells) + 2 * ink.size * (len(cells) - 1)
    return ink._replace(size=round(ink.size * min(1.0, width / wide), 2))
