"""Label the pieces of a simulated page: field and role of each, and how each pair of neighbors is related."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from data.layouts.page_truth import LINE_FIELDS, ROLES, CellPlace, LayoutPage, PageLine
from ocr.core.environment import load
from ocr.layout.learned.features import Graph, describe
from ocr.layout.learned.pieces import Piece, cut_lines
from ocr.layout.learned.structure_network import RELATIONS
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
    simulated = simulate(page, generator)
    pieces = cut_lines(simulated.lines, simulated.rulings)
    if not pieces:
        return None
    graph = describe(pieces, simulated.size, simulated.rulings)
    return label_pieces(page, pieces, simulated, graph)


def label_pieces(page: LayoutPage, pieces: Sequence[Piece], simulated: SimulatedPage, graph: Graph) -> LabeledGraph:
    """Return the labels of pieces that were cut from a simulated page."""
    np: Any = load("numpy")
    owners = [_owner(piece, simulated) for piece in pieces]
    lines = np.array([owner for owner, _ in owners])
    whole = np.array([alone for _, alone in owners])
    fields = np.array([LINE_FIELDS.index(page.lines[owner].field) for owner in lines])
    roles = np.array([ROLES.index(page.lines[owner].role) for owner in lines])
    here, there = lines[:, None], lines[graph.neighbors]
    itself = graph.neighbors == np.arange(len(lines))[:, None]
    known = (~itself & whole[:, None] & whole[graph.neighbors]).astype(np.float32)
    successors = _successors(page)
    columns = {
        "line": here == there,
        "next": successors[here] == there,
        "previous": successors[there] == here,
        "block": _same(np, [line.block for line in page.lines], here, there),
        "table": _same(
            np, [line.cell.table if line.cell else -1 - n for n, line in enumerate(page.lines)], here, there
        ),
        "row": _overlap(np, page.lines, here, there, rows=True),
        "column": _overlap(np, page.lines, here, there, rows=False),
    }
    relations = np.stack([columns[name] for name in RELATIONS], axis=2).astype(np.float32)
    mixed = ~whole
    fields[mixed], roles[mixed] = -1, -1
    return LabeledGraph(graph, fields, roles, relations, known, lines)


def _owner(piece: Piece, simulated: SimulatedPage) -> tuple[int, bool]:
    """Return the line that most letters of a piece belong to, and whether nearly all do."""
    letters: Counter[int] = Counter()
    for word in piece.line.words:
        letters[simulated.truth_of[id(word)]] += len(word.text)
    (owner, count), *_ = letters.most_common(1)
    return owner, count >= 0.85 * letters.total()


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
