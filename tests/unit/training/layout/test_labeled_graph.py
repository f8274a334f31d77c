import random
from dataclasses import replace

import numpy as np

from data.layouts.page_composer import PageRequest, compose_page
from data.layouts.page_truth import CellPlace, LayoutPage, PageLine, PageTable, PageWord
from ocr.core.document import Line, Word
from ocr.layout.learned.features import describe
from ocr.layout.learned.pieces import Piece
from ocr.layout.learned.structure_network import RELATIONS
from training.layout.labeled_graph import LabeledGraph, label, label_pieces
from training.layout.simulated_pieces import SimulatedPage


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


def test_a_piece_of_a_label_and_its_value_is_a_label() -> None:
    """A detector joins them; what follows the value follows the piece."""
    words = (PageWord("Nome:", (100, 100, 180, 122)), PageWord("Ana", (190, 100, 240, 122)))
    lines = (
        PageLine(words[:1], "text", "form_label", 0, 0, 24.0),
        PageLine(words[1:], "text", "form_value", 1, 1, 24.0, label=0),
        line("linha-seguinte-do-texto", (100, 140, 500, 162), 2),
    )
    box, sure = (100.0, 98.0, 240.0, 124.0), 0.99
    read = [Word(word.text, word.box, sure) for word in (*words, lines[2].words[0])]
    pieces = [
        Piece(Line("Nome: Ana", box, sure, tuple(read[:2])), 0),
        Piece(Line("linha", lines[2].box, sure, tuple(read[2:])), 1),
    ]
    simulated = SimulatedPage((), {id(word): place for place, word in enumerate(read)}, (), (1000, 600))
    page = replace(PAGE, lines=lines, tables=())
    graph = label_pieces(page, pieces, simulated, describe(pieces, (1000, 600)))
    assert graph.roles.tolist() == [7, 2] and graph.fields.tolist() == [1, 1]
    assert related(graph, "next") == {(0, 2)} or related(graph, "next") == {(1, 2)}


def test_blanks_are_found_where_underscores_were_not_read() -> None:
    page = compose_page(PageRequest("form", "blanks/2", ("blanks",))).truth
    graphs = [label(page, random.Random(seed)) for seed in range(3)]
    values = {place for place, one in enumerate(page.lines) if set(one.text) == {"_"}}
    assert values and any(values & set(graph.lines.tolist()) for graph in graphs if graph)
