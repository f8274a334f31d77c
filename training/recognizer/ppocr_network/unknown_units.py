"""Units of the recognizer's graph that see letters outside the alphabet.

The last features of a tuned network keep little of a mark that its alphabet does not have: they were made to read the
letter below it. So a few units look at them and at what the first layers saw, and go into the last layer beside the
features, where they count for the class U+FFFD alone. All other classes read as before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ocr.core.errors import TrainingError
from training.recognizer.ppocr_network.alphabet import UNKNOWN, last_layer
from training.recognizer.ppocr_network.onnx_network import characters_of

PREFIX = "unknown."
"""How the names of their weights and values begin."""
SEEN = f"{PREFIX}seen"
"""What the units look at: an image (N, features + channels of the first layers, 1, T)."""


@dataclass(frozen=True, slots=True)
class UnknownUnits:
    """Weights of the units: units = swish(seen @ weights + bias)."""

    weights: NDArray[np.float32]
    """(seen, units)."""
    bias: NDArray[np.float32]
    """(units,)."""
    column: NDArray[np.float32]
    """(features + units + 1,): what features and units count for the class U+FFFD, its bias last."""


def with_unknown_units(model: Any, units: UnknownUnits) -> Any:
    """Return an ONNX model that has the class U+FFFD with these units, instead of those that it has.

    Raises `TrainingError` for another graph than that of PP-OCRv6 recognition (small), and where other classes use the
    units that it has.
    """
    changed = without_unknown_units(model)
    nodes = list(changed.graph.node)
    place, features, early = _sources(nodes)
    nodes[place].input[0] = f"{PREFIX}features"
    del changed.graph.node[:], changed.graph.value_info[:]
    changed.graph.node.extend([*nodes[:place], *_nodes(features, early), *nodes[place:]])
    kernel = units.weights.T[:, :, None, None]
    arrays = {"weights": kernel, "bias": units.bias.reshape(1, -1, 1, 1)}
    changed.graph.initializer.extend(
        onnx.numpy_helper.from_array(np.ascontiguousarray(array, np.float32), PREFIX + name)
        for name, array in arrays.items()
    )
    unknown = characters_of(changed).index(UNKNOWN)
    weights, bias = last_layer(changed)
    table, offsets = (onnx.numpy_helper.to_array(array).copy() for array in (weights, bias))
    table = np.concatenate((table, np.zeros((len(units.bias), table.shape[1]), np.float32)))
    table[:, unknown] = units.column[:-1]
    offsets[..., unknown] = units.column[-1]
    weights.CopyFrom(onnx.numpy_helper.from_array(table, weights.name))
    bias.CopyFrom(onnx.numpy_helper.from_array(offsets, bias.name))
    return changed


def without_unknown_units(model: Any) -> Any:
    """Return a copy of an ONNX model without its units. Raises `TrainingError` where other classes use them."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    added = [node for node in changed.graph.node if node.output[0].startswith(PREFIX)]
    if not added:
        return changed
    weights, _ = last_layer(changed)
    table = onnx.numpy_helper.to_array(weights)
    count = next(array.dims[0] for array in changed.graph.initializer if array.name == f"{PREFIX}weights")
    others = np.delete(table[-count:], characters_of(changed).index(UNKNOWN), axis=1)
    if others.any():
        raise TrainingError("other classes use the units of U+FFFD: all weights were trained since they were made")
    weights.CopyFrom(onnx.numpy_helper.from_array(table[:-count].copy(), weights.name))
    features = added[-1].input[0]
    for node in changed.graph.node:
        if node not in added and f"{PREFIX}features" in node.input:
            node.input[0] = features
    for part, name in ((changed.graph.node, _output), (changed.graph.initializer, _name)):
        kept = [entry for entry in part if not name(entry).startswith(PREFIX)]
        del part[:]
        part.extend(kept)
    return changed


def _output(node: Any) -> str:
    return str(node.output[0])


def _name(array: Any) -> str:
    return str(array.name)


def seeing(model: Any) -> Any:
    """Return the part of an ONNX model that ends with what units look at: (N, T, seen) instead of probabilities."""
    changed = without_unknown_units(model)
    _, features, early = _sources(list(changed.graph.node))
    node, columns, rows = onnx.helper.make_node, f"{PREFIX}columns", f"{PREFIX}rows"
    changed.graph.node.extend(
        [
            node("Concat", [features, early], [SEEN], axis=1),
            node("Squeeze", [SEEN], [columns], axes=[2]),
            node("Transpose", [columns], [rows], perm=[0, 2, 1]),
        ]
    )
    del changed.graph.output[:], changed.graph.value_info[:]
    changed.graph.output.append(onnx.helper.make_tensor_value_info(rows, onnx.TensorProto.FLOAT, [None, None, None]))
    return changed


def _sources(nodes: list[Any]) -> tuple[int, str, str]:
    """Place of the node that turns the last features into a sequence, and the names of both images."""
    alias = {node.output[0]: node.input[0] for node in nodes if node.op_type == "Identity"}
    pooled = [node.output[0] for node in nodes if node.op_type == "AveragePool"]
    squeezed = [place for place, node in enumerate(nodes) if node.op_type == "Squeeze"]
    if not pooled or not squeezed:
        raise TrainingError(
            "the ONNX graph has no place for units that see unknown letters",
            hint="only graphs of PP-OCRv6 recognition (small) can be trained",
        )
    features = nodes[squeezed[-1]].input[0]
    while features in alias:
        features = alias[features]
    return squeezed[-1], features, pooled[-1]


def _nodes(features: str, early: str) -> Iterator[Any]:
    node, name = onnx.helper.make_node, PREFIX.__add__
    facts: dict[str, Any] = {
        "kernel_shape": [1, 1],
        "strides": [1, 1],
        "dilations": [1, 1],
        "pads": [0, 0, 0, 0],
        "group": 1,
    }
    yield node("Concat", [features, early], [SEEN], axis=1)
    yield node("Conv", [SEEN, name("weights")], [name("product")], **facts)
    yield node("Add", [name("product"), name("bias")], [name("sum")])
    yield node("Sigmoid", [name("sum")], [name("gate")])
    yield node("Mul", [name("sum"), name("gate")], [name("units")])
    yield node("Concat", [features, name("units")], [name("features")], axis=1)
