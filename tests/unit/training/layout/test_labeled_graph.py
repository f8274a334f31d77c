import random

import numpy as np

from data.layouts.page_truth import CellPlace, LayoutPage, PageLine, PageTable, PageWord
from ocr.layout.learned.structure_network import RELATIONS
from training.layout.labeled_graph import LabeledGraph, label


def line(text: str, box: tuple[float, float, float, float], order: int, cell: CellPlace | None = None) -> PageLine:
    role = "table_cell" if cell else "paragraph"
    return PageLine((PageWord(text, box),), "text", role, 0 if cell is None else 1 + order, order, 24.0, cell=cell)


def at(row: int, column: int) -> CellPlace:
    return CellPlace(0, row, column)


PAGE = LayoutPage(
    "letter",
    "x",
    (),
    200,
    1000,
    600,
    (
        line("primeira-linha-do-texto", (100, 100, 500, 122), 0),
        line("segunda-linha-do-texto", (100, 140, 500, 162), 1),
        *(
            line(
                f"c{r}{c}",
                (100 + 300 * c, 220 + 40 * r, 180 + 300 * c, 242 + 40 * r),
                2 + 2 * r + c,
                CellPlace(0, r, c),
            )
            for r in range(2)
            for c in range(2)
        ),
    ),
    (PageTable(0, (100, 220, 500, 300), 2, 2, 0, False),),
)


def labeled() -> LabeledGraph:
    graphs = (label(PAGE, random.Random(seed)) for seed in range(20))
    return next(graph for graph in graphs if graph is not None and len(graph.lines) == 6)


def related(graph: LabeledGraph, name: str) -> set[tuple[int, int]]:
    here, place = np.nonzero((graph.relations[..., RELATIONS.index(name)] > 0) & (graph.known > 0))
    there = graph.graph.neighbors[here, place]
    return set(zip(graph.lines[here].tolist(), graph.lines[there].tolist(), strict=True))


def test_the_relations_of_a_small_page() -> None:
    graph = labeled()
    assert {(0, 1), (2, 3), (4, 5)} <= related(graph, "next")
    assert {(1, 0), (3, 2)} <= related(graph, "previous")
    assert related(graph, "block") == {(0, 1), (1, 0)}
    assert related(graph, "row") == {(2, 3), (3, 2), (4, 5), (5, 4)}
    assert {(2, 4), (4, 2), (3, 5), (5, 3)} <= related(graph, "column")
    assert not related(graph, "line")
    assert all(pair[0] > 1 and pair[1] > 1 for pair in related(graph, "table"))


def test_pieces_know_field_and_role() -> None:
    graph = labeled()
    assert set(graph.fields.tolist()) == {1}
    assert sorted(graph.roles.tolist()) == [2, 2, 6, 6, 6, 6]
