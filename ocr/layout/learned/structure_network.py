"""Run the network of the structure of pages in numpy.

It is a graph network over the nearest neighbors of each piece. Every layer passes messages along the links, weighs them
with attention in four heads, and updates pieces and links; the mean of a page reaches every piece. Heads on the pieces
give field and role, heads on the links give seven relations. Time and memory are linear in the number of pieces.
"""

import threading
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from ocr.core.errors import UsageError
from ocr.layout.learned.features import LINKS, NEIGHBORS, SIDES, Graph

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

RELATIONS = ("line", "next", "previous", "block", "table", "row", "column")
"""Same printed line, successor, predecessor, same block, same table, same row and column of a table."""
HEADS = 4
PAIR = 15
"""Numbers that the boxes of a piece and a neighbor give."""
LINK_INPUTS = PAIR + LINKS + len(SIDES) + 1
WEIGHTS = "structure.npz"
_ONE_AT_A_TIME = threading.Lock()
"""The number of BLAS threads belongs to the process: two pages at once could leave it at one."""


@dataclass(frozen=True, slots=True)
class Structure:
    """What the network says of the pieces of a page: probabilities."""

    fields: Floats
    """(n, fields)."""
    roles: Floats
    """(n, roles)."""
    relations: Floats
    """(n, NEIGHBORS, relations) of each piece to each of its neighbors."""


def pair_numbers(boxes: Any, neighbors: Any) -> Any:
    """Return (n, NEIGHBORS, PAIR): where each neighbor stands, relative to the piece."""
    mine, theirs = boxes[:, None, :], boxes[neighbors]
    across = np.maximum(theirs[..., 0] - mine[..., 2], mine[..., 0] - theirs[..., 2])
    down = np.maximum(theirs[..., 1] - mine[..., 3], mine[..., 1] - theirs[..., 3])
    width, other_width = mine[..., 2] - mine[..., 0], theirs[..., 2] - theirs[..., 0]
    height, other_height = mine[..., 3] - mine[..., 1], theirs[..., 3] - theirs[..., 1]
    left, right = theirs[..., 0] - mine[..., 0], theirs[..., 2] - mine[..., 2]
    middle_x = (theirs[..., 0] + theirs[..., 2] - mine[..., 0] - mine[..., 2]) / 2
    middle_y = (theirs[..., 1] + theirs[..., 3] - mine[..., 1] - mine[..., 3]) / 2
    return np.stack(
        [
            *(squeezed(value) for value in (left, right, middle_x, middle_y, across, down)),
            *(np.exp(-np.abs(left) * 2), np.exp(-np.abs(right) * 2), np.exp(-np.abs(middle_y) * 2)),
            np.clip(-across / np.maximum(np.minimum(width, other_width), 0.1), -1, 1),
            np.clip(-down / np.maximum(np.minimum(height, other_height), 0.1), -1, 1),
            np.log(np.maximum(other_height, 0.05) / np.maximum(height, 0.05)),
            np.log(np.maximum(other_width, 0.05) / np.maximum(width, 0.05)) / 3,
            np.exp(-np.maximum(across, 0)),
            np.exp(-np.maximum(down, 0)),
        ],
        axis=-1,
    )


def squeezed(value: Any) -> Any:
    """Return the sign times the logarithm of 1 plus the size."""
    return np.sign(value) * np.log1p(np.abs(value)) / 2


def link_inputs(graph: Graph) -> Any:
    """Return (n, NEIGHBORS, LINK_INPUTS): what the network sees of each link."""
    count = len(graph.nodes)
    sides = np.zeros((NEIGHBORS, len(SIDES)), np.float32)
    start = 0
    for place, (_, size) in enumerate(SIDES):
        sides[start : start + size, place] = 1
        start += size
    itself = (graph.neighbors == np.arange(count)[:, None])[..., None]
    pairs = pair_numbers(graph.boxes, graph.neighbors)
    shown = np.broadcast_to(sides, (count, *sides.shape))
    return np.concatenate((pairs, graph.links, shown, itself), axis=2).astype(np.float32)


def run_network(graph: Graph, weights: Mapping[str, Any] | None = None) -> Structure:
    """Return what the network says of a page. `weights` are those of `read_weights`; default: the shipped ones.

    The matrices are small: with two threads OpenBLAS spends five times the CPU time, waiting.
    """
    w = weights if weights is not None else read_weights(shipped_weights())
    with _ONE_AT_A_TIME, _blas().limit(limits=1, user_api="blas"):
        return _run(graph, w)


def _run(graph: Graph, w: Mapping[str, Any]) -> Structure:
    """Run the layers. Links are kept by neighbor and then by piece: sums over neighbors then add whole rows."""
    h = _normal(_linear(w, "nodes", (graph.nodes - w["mean"]) / w["scale"]), w, "nodes.norm")
    neighbors = np.ascontiguousarray(graph.neighbors.T)
    e = _positive(_linear(w, "links", np.ascontiguousarray(link_inputs(graph).swapaxes(0, 1))))
    real = (neighbors != np.arange(len(h)))[..., None]
    for number in range(int(w["layers"])):
        h, e = _layer(w, f"layer{number}", (h, e), (neighbors, real))
    h = _normal(h, w, "last")
    pair = _linear(w, "pair", e)
    pair += _linear(w, "from", h)
    pair += _linear(w, "to", h)[neighbors]
    relations = 1 / (1 + np.exp(-np.clip(_linear(w, "relations", _positive(pair)), -30, 30)))
    by_piece = np.ascontiguousarray(relations.swapaxes(0, 1), np.float32)
    return Structure(_softmax(_linear(w, "fields", h)), _softmax(_linear(w, "roles", h)), by_piece)


def _layer(w: Mapping[str, Any], name: str, state: tuple[Any, Any], links: tuple[Any, Any]) -> tuple[Any, Any]:
    """Return pieces (n, size) and links (NEIGHBORS, n, size) after one layer."""
    (h, e), (neighbors, real) = state, links
    x = _normal(h, w, f"{name}.norm1")
    message = _linear(w, f"{name}.c", e)
    message += _linear(w, f"{name}.a", x)
    message += _linear(w, f"{name}.b", x)[neighbors]
    message = _positive(message)
    weight = _softmax(np.where(real, _linear(w, f"{name}.score", message), -30.0), axis=0)
    around, count, size = message.shape
    weighted = message.reshape(around, count, HEADS, size // HEADS) * weight[..., None]
    gathered = weighted.sum(axis=0).reshape(count, size)
    page = _linear(w, f"{name}.page", x.mean(axis=0, keepdims=True))
    h = h + _linear(w, f"{name}.out", gathered) + page
    h = h + _linear(w, f"{name}.ff2", _positive(_linear(w, f"{name}.ff1", _normal(h, w, f"{name}.norm2"))))
    e = e + _linear(w, f"{name}.link", message)
    return h, e


def _linear(w: Mapping[str, Any], name: str, x: Any) -> Any:
    """Return x W + b. Links are one long matrix: a product for each piece would take twice the time."""
    weight = w[f"{name}.weight"]
    flat = x.reshape(-1, weight.shape[0]) @ weight
    flat += w[f"{name}.bias"]
    return flat.reshape(*x.shape[:-1], weight.shape[1])


def _normal(x: Any, w: Mapping[str, Any], name: str) -> Any:
    middle = x.mean(axis=-1, keepdims=True)
    spread = np.sqrt(((x - middle) ** 2).mean(axis=-1, keepdims=True) + 1e-5)
    return (x - middle) / spread * w[f"{name}.weight"] + w[f"{name}.bias"]


def _positive(x: Any) -> Any:
    return np.maximum(x, 0, out=x)


def _softmax(x: Any, axis: int = -1) -> Any:
    powers = np.exp(x - x.max(axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def shipped_weights() -> Path:
    """Return the file of the weights that come with lusocr."""
    return Path(str(files("ocr").joinpath("layout", "learned", "weights", WEIGHTS)))


@cache
def _blas() -> ThreadpoolController:
    """Return what sets the number of threads of numpy's BLAS. Finding the library takes milliseconds."""
    return ThreadpoolController()


@cache
def read_weights(file: Path) -> dict[str, Any]:
    """Return the arrays of a file of weights, as float32; linear weights have the shape (inputs, outputs).

    Raises `UsageError` where the file is no such file.
    """
    try:
        with np.load(file) as saved:
            arrays = {name: saved[name] for name in saved.files}
    except (OSError, ValueError, zipfile.BadZipFile) as cause:
        raise UsageError(f"{file} holds no weights of a layout: {cause}", hint="--set layout=rules") from cause
    return {name: array.astype(np.float32) for name, array in arrays.items() if array.dtype.kind in "fiu"}
