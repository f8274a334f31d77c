"""Run the network of the structure of pages in numpy.

It is a graph network over the nearest neighbors of each piece. Every layer passes messages along the links, weighs them
with attention in four heads, and updates pieces and links; the mean of a page reaches every piece. Heads on the pieces
give field and role, heads on the links give seven relations. Time and memory are linear in the number of pieces.
"""

import threading
import zipfile
from collections.abc import Iterator, Mapping, Sequence
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
CHUNK = 128
"""Pieces whose links are worked on at once."""
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


@dataclass(frozen=True, slots=True)
class _Links:
    """The links of some pieces, by neighbor and then by piece: sums over neighbors add whole rows."""

    pieces: slice
    neighbors: Ints
    """(NEIGHBORS, m)."""
    real: NDArray[np.bool_]
    """(NEIGHBORS, m, 1): whether there is a neighbor."""
    state: Floats
    """(NEIGHBORS * m, size), changed by each layer; the constants that layers add are counted elsewhere."""
    message: Floats
    """(NEIGHBORS * m, size of a message), where layers work."""
    zeros: Floats
    """The same shape. For large arrays, the greater of two arrays is found three times as fast as that of one and 0."""


def _run(graph: Graph, w: Mapping[str, Any]) -> Structure:
    """Run the layers."""
    h = _normal(_linear(w, "nodes", (graph.nodes - w["mean"]) / w["scale"]), w, "nodes.norm")
    links = list(_links_of(graph, w))
    added = np.zeros_like(w["links.bias"])
    for number in range(int(w["layers"])):
        h = _layer(w, f"layer{number}", (h, added), links)
        added = added + w[f"layer{number}.link.bias"]
    h = _normal(h, w, "last")
    here, there = _linear(w, "from", h), _linear(w, "to", h)
    here += w["pair.bias"] + added @ w["pair.weight"]
    relations = np.empty((*graph.neighbors.shape, len(RELATIONS)), np.float32)
    for one in links:
        pair = _message(one, w["pair.weight"], here, there)
        said = 1 / (1 + np.exp(-np.clip(_linear(w, "relations", pair), -30, 30)))
        relations[one.pieces] = said.reshape(*one.neighbors.shape, -1).swapaxes(0, 1)
    return Structure(_softmax(_linear(w, "fields", h)), _softmax(_linear(w, "roles", h)), relations)


def _links_of(graph: Graph, w: Mapping[str, Any]) -> Iterator[_Links]:
    """Yield the links of `CHUNK` pieces each: what a layer works on stays in the cache of the processor."""
    inputs, count = link_inputs(graph), len(graph.nodes)
    longest = NEIGHBORS * min(CHUNK, count)
    size = w["pair.weight"].shape[1]
    message, zeros = np.empty((longest, size), np.float32), np.zeros((longest, size), np.float32)
    for start in range(0, count, CHUNK):
        pieces = slice(start, min(start + CHUNK, count))
        neighbors = np.ascontiguousarray(graph.neighbors[pieces].T)
        state = _linear(w, "links", np.ascontiguousarray(inputs[pieces].swapaxes(0, 1)))
        real = (neighbors != np.arange(pieces.start, pieces.stop))[..., None]
        used = neighbors.size
        np.maximum(state, 0, out=state)
        yield _Links(pieces, neighbors, real, state.reshape(used, -1), message[:used], zeros[:used])


def _layer(w: Mapping[str, Any], name: str, state: tuple[Any, Any], links: Sequence[_Links]) -> Any:
    """Return the pieces (n, size) after one layer, and change the links. `state` holds the pieces and what earlier
    layers added to every link.
    """
    h, added = state
    x = _normal(h, w, f"{name}.norm1")
    here, there = _linear(w, f"{name}.a", x), _linear(w, f"{name}.b", x)
    here += w[f"{name}.c.bias"] + added @ w[f"{name}.c.weight"]
    gathered = np.empty_like(here)
    heads = np.repeat(np.eye(HEADS, dtype=np.float32), here.shape[1] // HEADS, axis=1)
    for one in links:
        message = _message(one, w[f"{name}.c.weight"], here, there)
        np.add(one.state, message @ w[f"{name}.link.weight"], out=one.state)
        # The bias of the scores does not change their shares.
        scores = (message @ w[f"{name}.score.weight"]).reshape(*one.neighbors.shape, HEADS)
        shares = _softmax(np.where(one.real, scores, -30.0), axis=0)
        message *= shares.reshape(-1, HEADS) @ heads
        message.reshape(*one.neighbors.shape, -1).sum(axis=0, out=gathered[one.pieces])
    page = _linear(w, f"{name}.page", x.mean(axis=0, keepdims=True))
    h = h + _linear(w, f"{name}.out", gathered) + page
    return h + _linear(w, f"{name}.ff2", _positive(_linear(w, f"{name}.ff1", _normal(h, w, f"{name}.norm2"))))


def _message(links: _Links, weight: Floats, here: Floats, there: Floats) -> Floats:
    """Return what is sent along links, (links, size), 0 or more: of the link itself, its piece and its neighbor."""
    message: Floats = np.matmul(links.state, weight, out=links.message)
    of_pieces = message.reshape(*links.neighbors.shape, -1)
    of_pieces += here[links.pieces]
    message += np.take(there, links.neighbors.reshape(-1), axis=0)
    np.maximum(message, links.zeros, out=message)
    return message


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
