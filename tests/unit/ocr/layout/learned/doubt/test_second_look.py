import numpy as np

from ocr.core.document import Line
from ocr.layout.learned.doubt.second_look import LOST, REACH, moved, shaken
from ocr.layout.learned.features import describe
from ocr.layout.learned.pieces import Piece

PIECES = [Piece(Line(f"linha {n}", (100, 100 + 40 * n, 500, 130 + 40 * n), 0.9), n) for n in range(30)]
GRAPH = describe(PIECES, (600, 1400))


def test_the_pieces_of_a_column_that_is_read_elsewhere_have_moved() -> None:
    assert moved([0, 1, 2, 3, 4, 5], [0, 1, 2, 3, 4, 5]) == set()
    assert moved([0, 1, 2, 3, 4, 5], [0, 4, 1, 2, 3, 5]) == {4}
    assert moved([0, 1, 2, 3, 4], [3, 4, 0, 1, 2]) == {3, 4}
    assert moved([0, 1], [0, 1, 2]) == {2}
    assert moved([], []) == set()


def test_a_shaken_graph_is_near_the_first_and_always_the_same() -> None:
    graph, again = shaken(GRAPH), shaken(GRAPH)
    assert np.array_equal(graph.boxes, again.boxes) and np.array_equal(graph.neighbors, again.neighbors)
    assert 0 < np.abs(graph.boxes - GRAPH.boxes).max() <= REACH + 1e-5
    assert (graph.boxes[:, 2:] > graph.boxes[:, :2]).all()
    real = GRAPH.neighbors != np.arange(len(PIECES))[:, None]
    assert LOST / 2 < (graph.neighbors != GRAPH.neighbors)[real].mean() < 2 * LOST
