"""Return the structure of a page, and say where it is doubtful.

Signs of doubt are what the network is unsure of, and where the structure is not what it is sure of. Their weights come
with those of the network; `training.layout.doubt` fits them on composed pages. A page that they do not clear is looked
at again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from typing import Any

import numpy as np

from ocr.core.document import Field, box_around
from ocr.layout.learned.doubt.second_look import moved, shaken
from ocr.layout.learned.features import describe
from ocr.layout.learned.learned_structure import LearnedPage
from ocr.layout.learned.pieces import Piece
from ocr.layout.learned.structure_network import RELATIONS, read_weights, run_network, shipped_weights
from ocr.layout.page_structure import LevelPage, PageStructure

FIRST, SECOND = "doubt.first", "doubt.second"
"""Arrays in a file of weights: the weights of the signs of the first look, and of all signs, each followed by a
constant and by the score from which a page is looked at again, and is flagged. Files without them flag no page."""
UNSURE = (0.2, 0.8)
"""Probabilities between which a relation is unsure."""
WATCHED = ("next", "table")
"""Relations whose uncertainty tells of wrong pages."""
AGAIN: tuple[Field, Field] = ("text", "footer")
"""Fields whose order a second look may change."""
MOST_PIECES = 2000
"""Pieces up to which a page is looked at again."""
SHARE = 20.0
"""Factor by which a share is weighed like a number."""
CERTAIN = 0.8
"""Probability from which the network is sure of a link; below 1 less this, that there is none."""


def learned_structure(
    pieces: Sequence[Piece], page: LevelPage, weights: Mapping[str, Any] | None = None
) -> PageStructure:
    """Return the structure of a page from its level pieces, one or more; `weights` are the shipped ones by default."""
    weights = read_weights(shipped_weights()) if weights is None else weights
    look = _Look(pieces, page, weights)
    signs = look.signs()
    if not _reaches(signs, weights.get(FIRST)):
        return look.found
    if not any(_reaches([*signs, change], weights.get(SECOND)) for change in (0.0, look.most_change)):
        return look.found  # Whatever a second look changes.
    again = look.again() if len(pieces) <= MOST_PIECES else look.pieces
    if not _reaches([*signs, look.change(again)], weights.get(SECOND)):
        return look.found
    return replace(look.found, flags=(look.doubt(again),))


def signs_of_doubt(pieces: Sequence[Piece], page: LevelPage, weights: Mapping[str, Any]) -> list[float]:
    """Return all signs of doubt of a page, that of the second look last, to fit their weights."""
    look = _Look(pieces, page, weights)
    return [*look.signs(), look.change(look.again())]


def _reaches(signs: Sequence[float], weights: Any) -> bool:
    """Return whether the score of signs reaches the bound. Weights of another version do not fit: it does not."""
    if weights is None or len(weights) != len(signs) + 2:
        return False
    *factors, bound = weights.tolist()
    return bool(score_of(signs, factors) >= bound)


def score_of(signs: Sequence[float], weights: Sequence[float]) -> float:
    """Return the weighted sum of signs; the last weight is a constant."""
    return sum(sign * weight for sign, weight in zip((*signs, 1.0), weights, strict=True))


class _Look:
    """What the network says of a page, and the structure that is made of it."""

    def __init__(self, pieces: Sequence[Piece], page: LevelPage, weights: Mapping[str, Any]) -> None:
        self._level, self._weights = page, weights
        self.graph = describe(pieces, page.size, page.rulings)
        self.said = run_network(self.graph, weights)
        self.page = LearnedPage(pieces, self.graph, self.said, page)
        self.found = self.page.structure()
        numbers = {id(piece.line): number for number, piece in enumerate(pieces)}
        line_of = {piece: place for place, line in enumerate(self.page.lines) for piece in line.pieces}
        body, foot = ([numbers[id(line)] for row in self.found.rows[name] for line in row] for name in AGAIN)
        self.pieces = [*body, *foot]
        """The pieces of body and footer in reading order."""
        self.order = [place for place, _ in groupby(line_of[piece] for piece in body)]
        """The printed lines of the body in reading order."""
        self.cells = {place for table in self.page.tables for place in table.lines}

    def again(self) -> list[int]:
        """Return the pieces in the order of a second look, at the shaken page."""
        graph = shaken(self.graph)
        said = run_network(graph, self._weights)
        page = LearnedPage(self.page.pieces, graph, said, self._level, self.page.rule_fields)
        return [piece for name in AGAIN for piece in page.read_order(name)]

    def change(self, again: Sequence[int]) -> float:
        """Return the sign of a second look: the share of pieces whose place in the order changes."""
        return self._sign_of(len(moved(self.pieces, again)))

    @property
    def most_change(self) -> float:
        """The sign of a second look that reads every piece at another place."""
        return self._sign_of(len(self.page.pieces))

    def _sign_of(self, pieces: int) -> float:
        return float(np.log1p(SHARE * pieces / max(1, len(self.pieces))))

    def signs(self) -> list[float]:
        """Return the signs: the number of pieces, lines that stand above the line read before them, unsure relations,
        links that were not followed, and steps that no link supports, each as its logarithm.
        """
        lines = self.page.lines
        up = sum(lines[after].box[1] < lines[before].box[1] - 1 for before, after in pairwise(self.order))
        unsure = self._unsure().sum(axis=(0, 1)).tolist()
        broken, jumps = len(list(self._broken())), len(list(self._jumps()))
        signs: list[float] = np.log1p([len(self.graph.boxes), up, *unsure, broken, jumps]).tolist()
        return signs

    def doubt(self, again: Sequence[int]) -> str:
        """Return what is doubtful and where: what moves in a second look, else where links are not followed, or any."""
        lines = self.page.lines
        pieces = moved(self.pieces, again) or {
            piece for pair in (*self._broken(), *self._jumps()) for place in pair for piece in lines[place].pieces
        }
        pieces = pieces or set(range(len(self.page.pieces)))
        cells = {piece for place in self.cells for piece in lines[place].pieces}
        said = "reading order is doubtful"
        if 2 * len(pieces & cells) > len(pieces):
            said = "rows or columns of a table are doubtful"
        box = box_around(self.page.pieces[piece].line.box for piece in pieces)
        return f"{said} at ({', '.join(str(round(edge)) for edge in box)})"

    def _unsure(self) -> Any:
        """Return (pieces, neighbors, watched relations): whether the network is unsure."""
        values = self.said.relations[..., [RELATIONS.index(name) for name in WATCHED]]
        real = self.graph.neighbors != np.arange(len(self.graph.boxes))[:, None]
        return (values > UNSURE[0]) & (values < UNSURE[1]) & real[..., None]

    def _broken(self) -> Iterator[tuple[int, int]]:
        """Yield the lines of the body that certainly follow each other and are not read so."""
        after, body = dict(pairwise(self.order)), set(self.order)
        for (one, other), value in self.page.following.items():
            if value >= CERTAIN and {one, other} <= body and after.get(one) != other and not {one, other} <= self.cells:
                yield one, other

    def _jumps(self) -> Iterator[tuple[int, int]]:
        """Yield lines outside tables that are read one after the other although no link supports it."""
        for pair in pairwise(self.order):
            if self.cells.isdisjoint(pair) and self.page.following.get(pair, 0.0) < 1 - CERTAIN:
                yield pair
