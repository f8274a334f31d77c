"""Compose, simulate and label pages once, and keep them in the run's folder as arrays for training.

A stopped run goes on where it was: each file of `CHUNK` pages is written whole. Equal recipes give equal files.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.layouts.page_composer import KINDS, PageRequest, compose_page
from data.layouts.page_truth import LayoutPage
from ocr.core.environment import load
from ocr.core.errors import DataError
from ocr.layout.learned.features import Graph
from training.layout.labeled_graph import LabeledGraph, label

if TYPE_CHECKING:
    from numpy.typing import NDArray

CHUNK = 100
"""Pages of one file."""
COLUMNED = ("gazette", "newspaper", "edict")
"""Every third page is of these kinds, whose structure is hardest."""
HELD_OUT_SEED = "held-out"


@dataclass(frozen=True, slots=True)
class PageSupply:
    """Which pages are composed: `seed` makes them different, `without` names features that never occur."""

    seed: str
    count: int
    without: frozenset[str] = frozenset()
    views: int = 2
    """Simulated readings of each page."""

    def page(self, number: int) -> LayoutPage:
        """Return page `number`, from 0."""
        kinds = COLUMNED if number % 3 == 0 else KINDS
        kind = kinds[(number // 3 if number % 3 == 0 else number) % len(kinds)]
        return compose_page(PageRequest(kind, f"{self.seed}/{number}", without=self.without)).truth


def supply(pages: PageSupply, folder: Path) -> Iterator[list[LabeledGraph]]:
    """Yield the labeled graphs of each chunk, made now or before. Raises DataError where a file cannot be read."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, pages.count, CHUNK):
        file = folder / f"pages-{start:06d}.npz"
        if not file.is_file():
            made = [
                graph
                for number in range(start, min(start + CHUNK, pages.count))
                for page in [pages.page(number)]
                for view in range(pages.views)
                for graph in [label(page, random.Random(f"{pages.seed}/{number}/{view}"))]
                if graph is not None
            ]
            _save(made, file)
        yield _load(file)


def _save(graphs: Sequence[LabeledGraph], file: Path) -> None:
    np: Any = load("numpy")
    columns = {
        "sizes": np.array([len(one.graph.nodes) for one in graphs], np.int32),
        "nodes": np.concatenate([one.graph.nodes for one in graphs]).astype(np.float16),
        "boxes": np.concatenate([one.graph.boxes for one in graphs]).astype(np.float32),
        "neighbors": np.concatenate([one.graph.neighbors for one in graphs]).astype(np.int32),
        "links": np.concatenate([one.graph.links for one in graphs]) > 0.5,
        "fields": np.concatenate([one.fields for one in graphs]).astype(np.int8),
        "roles": np.concatenate([one.roles for one in graphs]).astype(np.int8),
        "relations": np.concatenate([one.relations for one in graphs]) > 0.5,
        "known": np.concatenate([one.known for one in graphs]) > 0.5,
        "lines": np.concatenate([one.lines for one in graphs]).astype(np.int32),
    }
    part = file.with_suffix(".part")
    with part.open("wb") as target:
        np.savez(target, **columns)
    part.replace(file)


def _load(file: Path) -> list[LabeledGraph]:
    np: Any = load("numpy")
    try:
        with np.load(file) as saved:
            columns = {name: saved[name] for name in saved.files}
    except (OSError, ValueError) as cause:
        raise DataError(f"{file}: not a file of labeled pages ({cause})", hint=f"rm {file}") from cause
    ends = np.cumsum(columns["sizes"])
    graphs = []
    for start, end in zip(ends - columns["sizes"], ends, strict=True):
        part: dict[str, NDArray[np.generic]] = {
            name: values[start:end] for name, values in columns.items() if name != "sizes"
        }
        graph = Graph(part["nodes"], part["boxes"], part["neighbors"], part["links"])
        graphs.append(
            LabeledGraph(graph, part["fields"], part["roles"], part["relations"], part["known"], part["lines"])
        )
    return graphs
