"""Translate the recognizer's ONNX graph into torch operations whose weights are the initializers of the graph.

Chains of ONNX nodes that spell out one operation (GELU, layer normalization, attention, a bias) become one step. The
arithmetic stays the same; training just needs fewer kernels. Source of the architecture: PP-OCRv6 (PaddleOCR).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch.nn import functional

from ocr.core.errors import TrainingError

Weights = Mapping[str, Any]
"""Initializer name -> torch parameter."""
Compute = Callable[..., Any]
"""compute(weights, *inputs) -> output, all torch tensors."""


@dataclass(frozen=True, slots=True)
class Node:
    """One ONNX node; names refer to values behind any Identity nodes."""

    kind: str
    inputs: tuple[str, ...]
    output: str
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Step:
    """One torch operation of the program."""

    inputs: tuple[str, ...]
    output: str
    compute: Compute
    kernel: str = ""
    """Its weight, where the step is a convolution or a linear layer."""
    bias: str = ""


@dataclass(slots=True)
class Program:
    """The steps in order, and the weights that they use."""

    steps: list[Step] = field(default_factory=list)
    trained: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """Initializers that training moves."""
    frozen: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    """Initializers that it does not: running statistics of batch normalization."""
    source: str = ""
    logits: str = ""
    """Name of the value before the last soft-max."""


@dataclass(frozen=True, slots=True)
class _Chain:
    """Consecutive nodes that match a pattern, with the arrays and the program they add to."""

    nodes: Sequence[Node]
    arrays: Mapping[str, NDArray[Any]]
    program: Program

    def weight(self, node: int, place: int, *, frozen: bool = False) -> str:
        """Name of an initializer, now part of the program's weights."""
        name = self.nodes[node].inputs[place]
        target = self.program.frozen if frozen else self.program.trained
        target[name] = self.arrays[name].astype(np.float32)
        return name

    def constant(self, node: int) -> NDArray[Any]:
        """The one constant input of a node."""
        return next(self.arrays[name] for name in self.nodes[node].inputs if name in self.arrays)

    def variables(self, node: int = 0) -> tuple[str, ...]:
        """The inputs of a node that are not constant."""
        return tuple(name for name in self.nodes[node].inputs if name not in self.arrays)

    def step(self, compute: Compute, *, start: int = 0) -> Step:
        return Step(self.variables(start), self.nodes[-1].output, compute)


def translate(model: Any) -> Program:
    """Return the program of an ONNX model. Raises `TrainingError` for a graph with an operation it does not know."""
    arrays = {array.name: onnx.numpy_helper.to_array(array) for array in model.graph.initializer}
    nodes = _nodes(model.graph)
    program = Program(source=model.graph.input[0].name)
    place = 0
    while place < len(nodes):
        if place == len(nodes) - 1 and nodes[place].kind == "Softmax":
            program.logits = nodes[place].inputs[0]
            return program
        pattern = _matching(nodes, place, arrays)
        chain = _Chain(nodes[place : place + len(pattern)], arrays, program)
        program.steps.append(_PATTERNS[pattern](chain))
        place += len(pattern)
    raise TrainingError("the ONNX graph does not end with a soft-max over characters", hint="give a recognizer's file")


def _nodes(graph: Any) -> list[Node]:
    alias: dict[str, str] = {}
    nodes = []
    for node in graph.node:
        inputs = tuple(alias.get(name, name) for name in node.input)
        if node.op_type in ("Identity", "Cast"):
            alias[node.output[0]] = inputs[0]
            continue
        attributes = {entry.name: onnx.helper.get_attribute_value(entry) for entry in node.attribute}
        nodes.append(Node(node.op_type, inputs, node.output[0], attributes))
    return nodes


def _matching(nodes: Sequence[Node], place: int, arrays: Mapping[str, Any]) -> tuple[str, ...]:
    """The longest pattern that the nodes from `place` on match."""
    for pattern in _BY_LENGTH:
        chain = nodes[place : place + len(pattern)]
        if tuple(node.kind for node in chain) == pattern and _fits(chain, arrays):
            return pattern
    node = nodes[place]
    raise TrainingError(
        f"node {place} of the ONNX graph, {node.kind} -> {node.output}, has no torch counterpart here",
        hint="only graphs of PP-OCRv6 recognition (small) can be trained",
    )


def _fits(chain: Sequence[Node], arrays: Mapping[str, Any]) -> bool:
    """Tell whether an Add that would become a bias adds a constant, and a bare Add or Mul joins two variables."""
    kinds = tuple(node.kind for node in chain)
    if kinds in (("Conv", "Add"), ("MatMul", "Add")):
        return any(name in arrays for name in chain[1].inputs)
    if kinds == ("Sigmoid", "Mul"):
        return set(chain[1].inputs) == {chain[0].inputs[0], chain[0].output}
    if kinds in (("Add",), ("Mul",)):
        return not any(name in arrays for name in chain[0].inputs)
    return True


def _convolution(chain: _Chain) -> Step:
    node = chain.nodes[0]
    weight = chain.weight(0, 1)
    bias = (
        chain.weight(1, [name in chain.arrays for name in chain.nodes[1].inputs].index(True)) if chain.nodes[1:] else ""
    )
    stride, groups, kernel = (
        tuple(node.attributes["strides"]),
        node.attributes["group"],
        node.attributes["kernel_shape"],
    )
    top, left, bottom, right = _padding(node, kernel)
    even = (top, left) == (bottom, right)

    def compute(weights: Weights, x: Any) -> Any:
        if not even:
            x = functional.pad(x, (left, right, top, bottom))
        offset = weights[bias].reshape(-1) if bias else None
        return functional.conv2d(x, weights[weight], offset, stride, (top, left) if even else 0, 1, groups)

    return replace(chain.step(compute), kernel=weight, bias=bias)


def _padding(node: Node, kernel: Sequence[int]) -> tuple[int, int, int, int]:
    """Padding as (top, left, bottom, right); SAME_UPPER, at stride 1, puts the odd pixel below and to the right."""
    if node.attributes.get("auto_pad") != b"SAME_UPPER":
        top, left, bottom, right = node.attributes.get("pads", (0, 0, 0, 0))
        return top, left, bottom, right
    height, width = kernel
    return (height - 1) // 2, (width - 1) // 2, height // 2, width // 2


def _batch_normalization(chain: _Chain) -> Step:
    scale, shift = chain.weight(0, 1), chain.weight(0, 2)
    mean, variance = chain.weight(0, 3, frozen=True), chain.weight(0, 4, frozen=True)
    epsilon = chain.nodes[0].attributes["epsilon"]
    return Step(
        chain.nodes[0].inputs[:1],
        chain.nodes[0].output,
        lambda w, x: functional.batch_norm(x, w[mean], w[variance], w[scale], w[shift], False, 0.0, epsilon),
    )


def _linear(chain: _Chain) -> Step:
    weight = chain.weight(0, 1)
    bias = chain.weight(1, [name in chain.arrays for name in chain.nodes[1].inputs].index(True))
    return replace(chain.step(lambda w, x: x @ w[weight] + w[bias]), kernel=weight, bias=bias)


def _layer_normalization(chain: _Chain) -> Step:
    epsilon = float(chain.constant(4))
    scale, shift = chain.weight(7, 1), chain.weight(8, 1)
    return chain.step(lambda w, x: functional.layer_norm(x, x.shape[-1:], w[scale], w[shift], epsilon))


def _attention(chain: _Chain) -> Step:
    """Multi-head self-attention over (N, T, 3 x heads x size): queries, keys and values side by side."""
    *_, heads, size = (int(number) for number in chain.constant(0))
    scale = float(chain.constant(4).reshape(-1)[0])

    def compute(_: Weights, x: Any) -> Any:
        parts = x.reshape(x.shape[0], x.shape[1], 3, heads, size).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(parts[0], parts[1], parts[2], scale=scale)
        return mixed.transpose(1, 2).reshape(x.shape[0], x.shape[1], heads * size)

    return chain.step(compute)


def _mean(chain: _Chain) -> Step:
    axes, kept = tuple(chain.nodes[0].attributes["axes"]), bool(chain.nodes[0].attributes.get("keepdims", 1))
    return chain.step(lambda _, x: x.mean(axes, keepdim=kept))


def _hard_sigmoid(chain: _Chain) -> Step:
    slope, offset = chain.nodes[0].attributes["alpha"], chain.nodes[0].attributes["beta"]
    return chain.step(lambda _, x: torch.clamp(x * slope + offset, 0.0, 1.0))


def _max_pool(chain: _Chain) -> Step:
    kernel, stride = chain.nodes[0].attributes["kernel_shape"], tuple(chain.nodes[0].attributes["strides"])
    top, left, bottom, right = _padding(chain.nodes[0], kernel)
    lowest = -1e30
    return chain.step(
        lambda _, x: functional.max_pool2d(
            functional.pad(x, (left, right, top, bottom), value=lowest), tuple(kernel), stride
        )
    )


def _average_pool(chain: _Chain) -> Step:
    kernel, stride = (tuple(chain.nodes[0].attributes[name]) for name in ("kernel_shape", "strides"))
    return chain.step(lambda _, x: functional.avg_pool2d(x, kernel, stride))


def _join(chain: _Chain) -> Step:
    axis = chain.nodes[0].attributes["axis"]
    return chain.step(lambda _, *parts: torch.cat(parts, axis))


def _to_sequence(chain: _Chain) -> Step:
    return chain.step(lambda _, x: x.flatten(2).transpose(1, 2))


def _to_image(chain: _Chain) -> Step:
    """(N, T, C) -> (N, C, 1, T); the nodes before the reshape only compute its shape."""
    return Step(chain.nodes[3].inputs[:1], chain.nodes[-1].output, lambda _, x: x.transpose(1, 2).unsqueeze(2))


_GELU = ("Div", "Erf", "Add", "Mul", "Mul")
_LAYER_NORM = ("ReduceMean", "Sub", "Pow", "ReduceMean", "Add", "Sqrt", "Div", "Mul", "Add")
_ATTENTION = (
    *("Reshape", "Transpose", "Slice", "Squeeze", "Mul", "Add", "Slice", "Squeeze", "Slice", "Squeeze"),
    *("Transpose", "MatMul", "Softmax", "MatMul", "Transpose", "Reshape"),
)
_PATTERNS: dict[tuple[str, ...], Callable[[_Chain], Step]] = {
    ("Conv", "Add"): _convolution,
    ("Conv",): _convolution,
    ("BatchNormalization",): _batch_normalization,
    ("MatMul", "Add"): _linear,
    _GELU: lambda chain: chain.step(lambda _, x: functional.gelu(x)),
    _LAYER_NORM: _layer_normalization,
    _ATTENTION: _attention,
    ("Sigmoid", "Mul"): lambda chain: chain.step(lambda _, x: functional.silu(x)),
    ("ReduceMean",): _mean,
    ("HardSigmoid",): _hard_sigmoid,
    ("Relu",): lambda chain: chain.step(lambda _, x: functional.relu(x)),
    ("Add",): lambda chain: chain.step(lambda _, x, y: x + y),
    ("Mul",): lambda chain: chain.step(lambda _, x, y: x * y),
    ("MaxPool",): _max_pool,
    ("AveragePool",): _average_pool,
    ("Concat",): _join,
    ("Shape", "Slice", "Squeeze", "Shape", "Slice", "Concat", "Reshape", "Transpose"): _to_sequence,
    ("Reshape", "Unsqueeze", "Concat", "Reshape", "Transpose"): _to_image,
    ("Squeeze", "Transpose"): lambda chain: chain.step(lambda _, x: x.squeeze(2).transpose(1, 2)),
}
_BY_LENGTH = sorted(_PATTERNS, key=len, reverse=True)
