"""The classes of the recognizer's last layer: cut the stock alphabet, add characters, or start from random weights.

The stock file has 18,709 characters, most of them Chinese. The engine ignores those that Portuguese print cannot hold
(`in_alphabet`); training without them is what makes the last layer small.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray

from ocr.core.errors import DataError
from ocr.engines.local.ppocr import STOCK_ALPHABET, in_alphabet
from training.recognizer.ppocr_network.onnx_network import ALPHABET_KEY, characters_of, with_arrays

UNKNOWN = "\ufffd"
"""Class for a letter outside the alphabet."""
LIKE = {
    "¡": "i",
    "ẽ": "ê",
    "Ẽ": "Ê",
    "ỹ": "ÿ",
    "Ỹ": "Ý",
    "ũ": "û",
    "Ũ": "Û",
    "ĩ": "î",
    "Ĩ": "Î",
    "☐": "□",
    "☒": "⊠",
    "☑": "✓",
    "✗": "✘",
    "◦": "○",
    "·": "•",
    "№": "º",
    "⅓": "½",
    "⅔": "¾",
}
"""New character -> character of similar shape, whose weights it starts with."""
ADDED = ("¡", "ẽ", "Ẽ", "ỹ", "Ỹ", "✗", "◦", "№", "⅓", "⅔", UNKNOWN)
"""Characters of Portuguese print that the stock file lacks, and the class for letters outside the alphabet."""
HANDICAP = 2.0
"""Subtracted from the bias of a new class, so that it does not win before it is trained (natural logarithms)."""


def cut_alphabet(model: Any) -> Any:
    """Return the stock model with the classes of `in_alphabet` alone, the blank first and the space last.

    A model whose alphabet was chosen already is left alone: it may have classes of its own, such as `UNKNOWN`.
    """
    characters = characters_of(model)
    if len(characters) < STOCK_ALPHABET:
        return model
    keep = [0, *(place for place, character in enumerate(characters) if in_alphabet(character))]
    return _with_classes(model, [characters[place] for place in keep], _columns(model)[:, keep])


def extend_alphabet(model: Any, added: Iterable[str] = ADDED) -> Any:
    """Return the model with classes for `added` as well, before the space; known characters are left alone.

    A new class starts with the weights of a character of its shape (`LIKE`), else with the mean of all letters.
    Raises `DataError` for an entry that is not one character.
    """
    characters = list(characters_of(model))
    new = [character for character in dict.fromkeys(added) if character not in characters]
    if wrong := [entry for entry in new if len(entry) != 1]:
        raise DataError(f"{wrong[0]!r} is not one character", hint="name single characters, in composed form (NFC)")
    if not new:
        return model
    columns = _columns(model)
    mean = columns[:, [character.isalpha() for character in characters]].mean(axis=1)
    fresh = [columns[:, characters.index(LIKE[c])] if LIKE.get(c) in characters else mean for c in new]
    table = np.stack(fresh, axis=1)
    table[-1] -= HANDICAP
    columns = np.concatenate((columns[:, :-1], table, columns[:, -1:]), axis=1)
    return _with_classes(model, [*characters[:-1], *new, characters[-1]], columns)


def randomized(model: Any, seed: int) -> Any:
    """Return the model with random weights: He et al. 2015 for kernels, identity for normalization, zero for offsets.

    Statistics of batch normalization become mean 0 and variance 1, so that the layer only scales and shifts.
    """
    generator = np.random.default_rng(seed)
    roles = _roles(model)
    arrays = {}
    for initializer in model.graph.initializer:
        role = roles.get(initializer.name)
        if role is None:
            continue
        shape = tuple(initializer.dims)
        if role == "kernel":
            fan_in = shape[0] if len(shape) == 2 else int(np.prod(shape[1:]))
            arrays[initializer.name] = generator.normal(0.0, np.sqrt(2.0 / fan_in), shape)
        else:
            arrays[initializer.name] = np.full(shape, 1.0 if role == "scale" else 0.0)
    return with_arrays(model, arrays)


def _roles(model: Any) -> dict[str, str]:
    """Initializer -> kernel, scale or offset, by the place where a node takes it."""
    alias = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Identity"}
    places = {
        "Conv": {1: "kernel"},
        "MatMul": {1: "kernel"},
        "BatchNormalization": {1: "scale", 2: "offset", 3: "offset", 4: "scale"},
    }
    roles: dict[str, str] = {}
    arrays = {array.name: tuple(array.dims) for array in model.graph.initializer}
    for node in model.graph.node:
        for place, name in enumerate(alias.get(name, name) for name in node.input):
            if name not in arrays or sum(arrays[name]) <= 2:
                continue
            if node.op_type in places and place in places[node.op_type]:
                roles[name] = places[node.op_type][place]
            elif node.op_type in ("Add", "Mul") and max(arrays[name], default=0) > 1:
                roles.setdefault(name, "offset" if node.op_type == "Add" else "scale")
    return roles


def last_layer(model: Any) -> tuple[Any, Any]:
    """Return the initializers of the last linear layer: weights (features, classes) and bias (classes)."""
    alias = {node.output[0]: node.input[0] for node in model.graph.node if node.op_type == "Identity"}
    arrays = {array.name: array for array in model.graph.initializer}
    product = [node for node in model.graph.node if node.op_type == "MatMul"][-1]
    total = [node for node in model.graph.node if node.op_type == "Add"][-1]
    found = [alias.get(name, name) for name in (*product.input, *total.input)]
    weights, bias = [arrays[name] for name in found if name in arrays]
    return weights, bias


def _columns(model: Any) -> NDArray[np.float32]:
    """One column a class, (features + 1, classes): its weights, its bias last."""
    weights, bias = (onnx.numpy_helper.to_array(array) for array in last_layer(model))
    return np.concatenate((weights, bias.reshape(1, -1)))


def _with_classes(model: Any, characters: Sequence[str], columns: NDArray[np.float32]) -> Any:
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    weights, bias = last_layer(changed)
    bias_shape = (*tuple(bias.dims)[:-1], len(characters))
    weights.CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(columns[:-1]), weights.name))
    bias.CopyFrom(onnx.numpy_helper.from_array(columns[-1].reshape(bias_shape), bias.name))
    for entry in changed.metadata_props:
        if entry.key == ALPHABET_KEY:
            entry.value = "\n".join(characters[1:-1])
    for output in changed.graph.output:
        dimensions = output.type.tensor_type.shape.dim
        if dimensions and dimensions[-1].dim_value:
            dimensions[-1].dim_value = len(characters)
    del changed.graph.value_info[:]
    return changed
