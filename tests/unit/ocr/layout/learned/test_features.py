import numpy as np
import pytest

from ocr.core.document import Line
from ocr.layout.learned.features import LINKS, NEIGHBORS, SIDES, describe
from ocr.layout.learned.pieces import Piece

SIZE = (1240, 1754)


def page(scale: float = 1.0) -> list[Piece]:
    boxes = [(100 + 500 * (n % 2), 100 + 40 * (n // 2), 500 + 500 * (n % 2), 130 + 40 * (n // 2)) for n in range(20)]
    lines = [Line(f"linha {n} do texto", tuple(scale * edge for edge in box), 0.9) for n, box in enumerate(boxes)]
    return [Piece(line, place) for place, line in enumerate(lines)]


def test_the_nearest_on_each_side_come_first() -> None:
    graph = describe(page(), SIZE)
    starts = dict(zip((name for name, _ in SIDES), np.cumsum([0, *(count for _, count in SIDES)]), strict=False))
    assert graph.neighbors.shape == (20, NEIGHBORS) and graph.links.shape == (20, NEIGHBORS, LINKS)
    assert graph.neighbors[4, starts["right"]] == 5 and graph.neighbors[5, starts["left"]] == 4
    assert graph.neighbors[4, starts["below"]] == 6 and graph.neighbors[4, starts["above"]] == 2
    assert graph.neighbors[0, starts["above"]] == 0  # There is none: the piece itself.


def test_neither_resolution_nor_place_in_the_list_matters() -> None:
    once, twice = describe(page(), SIZE), describe(page(2.0), (2 * SIZE[0], 2 * SIZE[1]))
    assert np.allclose(once.nodes, twice.nodes, atol=1e-4)
    assert (once.neighbors == twice.neighbors).all()


def test_ruling_lines_between_neighbors_are_seen() -> None:
    links = describe(page(), SIZE, [(549.0, 50.0, 551.0, 600.0)]).links
    assert links[4, 0, 1] == 1 and links[5, SIDES[0][1], 1] == 1
    assert links[..., 2].sum() == 0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_very_few_pieces(count: int) -> None:
    graph = describe(page()[:count], SIZE)
    assert len(graph.nodes) == count and np.isfinite(graph.nodes).all()
