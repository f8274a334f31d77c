"""Label the pieces of a simulated page: field and role of each, and how each pair of neighbors is related."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from data.layouts.page_truth import LINE_FIELDS, ROLES, CellPlace, LayoutPage, PageLine
from ocr.core.environment import load
from ocr.layout.learned.features import Graph, describe
from ocr.layout.learned.pieces import Piece, cut_lines
from ocr.layout.learned.structure_network import RELATIONS
from ocr.layout.reading_order import line_height
from ocr.layout.ruled.blanks import blank_at, find_blanks
from training.layout.simulated_pieces import SimulatedPage, simulate

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LabeledGraph:
    """A page for training: its graph and the right answers."""

    graph: Graph
    fields: "NDArray[np.int64]"
    """(n,) place in LINE_FIELDS; -1 where a piece holds several lines."""
    roles: "NDArray[np.int64]"
    """(n,) place in ROLES; -1 as above."""
    relations: "NDArray[np.float32]"
    """(n, NEIGHBORS, relations) 0 or 1."""
    known: "NDArray[np.float32]"
    """(n, NEIGHBORS) 1 where a relation is known, 0 for the piece itself and for pieces of several lines."""
    lines: "NDArray[np.int64]"
    """(n,) place of the page's line that the piece belongs to."""


def label(page: LayoutPage, generator: random.Random) -> LabeledGraph | None:
    """Return a simulated reading of a page with its labels; None where nothing was found."""
    simulated = _with_blanks(simulate(page, generator))
    pieces = cut_lines(simulated.lines, simulated.rulings)
    if not pieces:
        return None
    graph = describe(pieces, simulated.size, simulated.rulings)
    return label_pieces(page, pieces, simulated, graph)


def _with_blanks(page: SimulatedPage) -> SimulatedPage:
    """Return a simulated page with the blanks that are found among its ruling lines, as the reader adds them."""
    height = line_height(page.lines)
    places = find_blanks(page.lines, page.rulings, height) if height else []
    lines, truth_of = list(page.lines), dict(page.truth_of)
    for box in (page.rulings[place] for place in places):
        if box in page.blanks:
            lines.append(blank_at(box, height))
            truth_of[id(lines[-1].words[0])] = page.blanks[box]
    return replace(page, lines=tuple(lines), truth_of=truth_of)


def label_pieces(page: LayoutPage, pieces: Sequence[Piece], simulated: SimulatedPage, graph: Graph) -> LabeledGraph:
    """Return the labels of pieces that were cut from a simulated page."""
    np: Any = load("numpy")
    runs = [_run_of(piece, simulated, page.lines) for piece in pieces]
    lines, first, last = (np.array([getattr(run, name) for run in runs]) for name in ("most", "first", "last"))
    clear = np.array([run.clear for run in runs])
    here, there = lines[:, None], lines[graph.neighbors]
    itself = graph.neighbors == np.arange(len(lines))[:, None]
    known = (~itself & clear[:, None] & clear[graph.neighbors]).astype(np.float32)
    successors, blocks = _successors(page), np.array([line.block for line in page.lines])
    first_there, last_there = first[graph.neighbors], last[graph.neighbors]
    tables = _table_parts(page.lines)
    columns = {
        "line": (first[:, None] <= last_there) & (first_there <= last[:, None]),
        "next": successors[last][:, None] == first_there,
        "previous": successors[last_there] == first[:, None],
        "block": (blocks[last][:, None] == blocks[first_there]) | (blocks[first][:, None] == blocks[last_there]),
        "table": _same(np, tables, here, there),
        "row": _overlap(np, page.lines, here, there, rows=True) & _same(np, tables, here, there),
        "column": _overlap(np, page.lines, here, there, rows=False) & _same(np, tables, here, there),
    }
    relations = np.stack([columns[name] for name in RELATIONS], axis=2).astype(np.float32)
    fields, roles = np.array([run.field for run in runs]), np.array([run.role for run in runs])
    return LabeledGraph(graph, fields, roles, relations, known, lines)


class _Run(NamedTuple):
    """The lines of the truth that a piece holds."""

    most: int
    """The one that most of its letters belong to."""
    first: int
    last: int
    clear: bool
    """It holds one line, or lines that follow each other in one field."""
    field: int
    role: int
    """Place in `ROLES`, -1 where its lines have several; labels with their values count as labels."""


def _run_of(piece: Piece, simulated: SimulatedPage, lines: Sequence[PageLine]) -> _Run:
    """Return the lines of a piece. A few letters of another line do not count."""
    letters: Counter[int] = Counter()
    for word in piece.line.words:
        letters[simulated.truth_of[id(word)]] += len(word.text)
    (most, count), *_ = letters.most_common(1)
    held = [most] if count >= 0.85 * letters.total() else sorted(letters)
    fields, roles = {lines[place].field for place in held}, {lines[place].role for place in held}
    clear = len(fields) == 1 and held[-1] - held[0] == len(held) - 1
    role = "form_label" if roles == {"form_label", "form_value"} else min(roles) if len(roles) == 1 else None
    field = LINE_FIELDS.index(lines[most].field) if len(fields) == 1 else -1
    return _Run(most, held[0], held[-1], clear, field, ROLES.index(role) if clear and role else -1)


def _table_parts(lines: Sequence[PageLine]) -> list[int]:
    """Return the number of the table of each line; the parts of a table in different columns are tables of their own.

    Lines outside tables have numbers of their own.
    """
    parts: list[int] = []
    before: PageLine | None = None
    number = -1
    for place, line in enumerate(lines):
        if line.cell is None:
            parts.append(-1 - place)
            continue
        fresh = before is None or before.cell is None or before.cell.table != line.cell.table
        higher = before is not None and before.cell is not None and line.cell.row > before.cell.row
        number += fresh or (higher and before is not None and line.box[3] < before.box[1])
        before = line
        parts.append(number)
    return parts


def _successors(page: LayoutPage) -> Any:
    """Return for each line the place of the next line of its field, -1 for the last."""
    np: Any = load("numpy")
    order = sorted(range(len(page.lines)), key=lambda place: page.lines[place].order)
    following = np.full(len(page.lines), -1)
    for before, after in pairwise(order):
        if page.lines[before].field == page.lines[after].field:
            following[before] = after
    return following


def _same(np: Any, keys: Sequence[int], here: Any, there: Any) -> Any:
    array = np.array(keys)
    return array[here] == array[there]


def _overlap(np: Any, lines: Sequence[PageLine], here: Any, there: Any, *, rows: bool) -> Any:
    """Return whether two cells of one table share a row, or a column."""
    nothing = CellPlace(-1, 0, 0)
    cells = [line.cell or nothing for line in lines]
    table = np.array([cell.table for cell in cells])
    start = np.array([cell.row if rows else cell.column for cell in cells])
    end = start + np.array([cell.row_span if rows else cell.column_span for cell in cells])
    same = (table[here] == table[there]) & (table[here] >= 0)
    return same & (start[here] < end[there]) & (start[there] < end[here])
