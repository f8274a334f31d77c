"""Write the fast recognizer as an ONNX file, and read one back to train on.

The graph is written node by node, with tensors of (N, C, 1, T): so each layer is known, normalization goes into the
convolution before it, and no exporter is needed. Batch size and width are free; the width must be a multiple of twice
the stride, with 0.0 beyond the end of each line.
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from ocr.core.errors import DataError
from training.recognizer.fast_layers import (
    BLANK_SCORE,
    EPSILON,
    Attention,
    Block,
    FastNetwork,
    FastShape,
    MaskedNorm,
    Squeeze,
)

OPSET = 17
HALF_FROM = 64
"""Weights with at least so many values are stored as float16 in a half file."""
KIND = "lusocr-fast"

Array = NDArray[np.float32]


class Graph:
    """ONNX nodes and weights under construction. Weights bear the names of the modules that they come from."""

    def __init__(self, *, half: bool) -> None:
        self.nodes: list[Any] = []
        self.weights: list[Any] = []
        self._half = half

    def node(self, kind: str, inputs: list[str], **attributes: Any) -> str:
        """Add a node with one output and return that output's name."""
        name = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def weight(self, name: str, values: Array) -> str:
        """Add a float weight and return its name in the graph."""
        values = np.ascontiguousarray(values, np.float32)
        if not self._half or values.size < HALF_FROM:
            self.weights.append(numpy_helper.from_array(values, name))
            return name
        self.weights.append(numpy_helper.from_array(values.astype(np.float16), name))
        return self.node("Cast", [name], to=TensorProto.FLOAT)

    def whole(self, values: list[int]) -> str:
        """Add a constant vector of integers."""
        name = f"i{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def number(self, value: float) -> str:
        """Add a constant scalar."""
        name = f"f{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(value, np.float32), name))
        return name

    def convolution(self, x: str, name: str, layer: nn.Module, norm: nn.Module | None = None) -> str:
        """Add a convolution, with the normalization after it folded in."""
        weight, bias = fold(layer, norm)
        stride, padding = list(layer.stride), list(layer.padding)
        if weight.ndim == 3:
            weight, stride, padding = weight[:, :, None], [1, *stride], [0, *padding]
        return self.node(
            "Conv",
            [x, self.weight(f"{name}.weight", weight), self.weight(f"{name}.bias", bias)],
            kernel_shape=list(weight.shape[2:]),
            strides=stride,
            pads=[*padding, *padding],
            group=layer.groups,
        )


def fold(layer: nn.Module, norm: nn.Module | None) -> tuple[Array, Array]:
    """Return weight and bias of a convolution that does the work of `layer` and of `norm` after it."""
    weight = _array(layer.weight)
    bias = np.zeros(len(weight), np.float32) if layer.bias is None else _array(layer.bias)
    if norm is None:
        return weight, bias
    scale, shift = _scale_and_shift(norm)
    return weight * scale.reshape(-1, *(1,) * (weight.ndim - 1)), bias * scale + shift


def _scale_and_shift(norm: nn.Module) -> tuple[Array, Array]:
    if isinstance(norm, MaskedNorm):
        mean, variance, least = norm.get_buffer("mean"), norm.get_buffer("variance"), EPSILON
    else:
        mean, variance, least = norm.running_mean, norm.running_var, norm.eps
    scale = np.asarray(_array(norm.weight) / np.sqrt(_array(variance) + least), np.float32)
    return scale, np.asarray(_array(norm.bias) - _array(mean) * scale, np.float32)


def _array(tensor: Any) -> Array:
    return np.asarray(tensor.detach().float().cpu().numpy(), np.float32)


def write_onnx(network: FastNetwork, characters: tuple[str, ...], path: Path, *, half: bool) -> None:
    """Write a network: input "x" (N, H, W), output "probabilities" (N, T, C).

    `half` stores large weights as float16; the arithmetic stays float32.
    """
    graph = Graph(half=half)
    _whole_network(graph, network)
    shape = network.shape
    source = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["lines", shape.height, "width"])
    output = helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["lines", "steps", len(characters)])
    body = helper.make_graph(graph.nodes, KIND, [source], [output], graph.weights)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="lusocr")
    model.ir_version = 8
    facts = {
        "kind": KIND,
        "shape": json.dumps(asdict(shape)),
        "character": "\n".join(characters[1:-1]),
    }
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _whole_network(graph: Graph, network: FastNetwork) -> None:
    shape = network.shape
    pixels = graph.node("Unsqueeze", ["x", graph.whole([1])])
    mask = _mask(graph, shape)
    x = _stem(graph, network, pixels, mask)
    for place, block in enumerate(network.narrow):
        x = _block(graph, f"narrow.{place}", block, x, mask)
    if shape.wide_blocks:
        coarse = _coarse(graph, network, x, mask)
        x = graph.node("Relu", [graph.node("Add", [x, coarse])])
    scores = graph.node("Mul", [graph.convolution(x, "head", network.head), mask])
    beyond = graph.node("Sub", [graph.number(1.0), mask])
    blank = np.zeros((1, network.head.out_channels, 1, 1), np.float32)
    blank[:, 0] = BLANK_SCORE
    graph.weights.append(numpy_helper.from_array(blank, "blank"))
    scores = graph.node("Add", [scores, graph.node("Mul", [beyond, "blank"])])
    steps = graph.node("Transpose", [graph.node("Squeeze", [scores, graph.whole([2])])], perm=[0, 2, 1])
    graph.nodes.append(helper.make_node("Softmax", [steps], ["probabilities"], axis=-1))


def _mask(graph: Graph, shape: FastShape) -> str:
    """1 at steps that hold a pixel of the line: (N, 1, 1, T)."""
    ink = graph.node("ReduceMax", [graph.node("Abs", ["x"])], axes=[1], keepdims=1)
    ink = graph.node("Unsqueeze", [ink, graph.whole([1])])
    return graph.node("Sign", [_pool(graph, ink, shape.stride)])


def _pool(graph: Graph, x: str, size: int) -> str:
    return graph.node("MaxPool", [x], kernel_shape=[1, size], strides=[1, size])


def _stem(graph: Graph, network: FastNetwork, pixels: str, mask: str) -> str:
    stem = network.stem
    x = pixels
    if stem.grid:
        scales = np.array([1, 1, 1, stem.second.stride[1]], np.float32)
        graph.weights.append(numpy_helper.from_array(scales, "fine_scales"))
        half = graph.node(
            "Resize",
            [mask, "", "fine_scales"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        )
        x = graph.node("Relu", [graph.convolution(x, "stem.first", stem.first, stem.first_norm)])
        x = graph.node("Mul", [x, half])
        x = graph.node("Relu", [graph.convolution(x, "stem.second", stem.second, stem.second_norm)])
        x = graph.node("Mul", [x, mask])
    x = graph.node("Relu", [graph.convolution(x, "stem.column", stem.column, stem.column_norm)])
    return graph.node("Mul", [x, mask])


def _block(graph: Graph, name: str, block: nn.Module, x: str, mask: str) -> str:
    if isinstance(block, Attention):
        return _attention(graph, name, block, x, mask)
    assert isinstance(block, Block)
    y = graph.convolution(x, f"{name}.depth", block.depth, block.depth_norm)
    y = graph.node("Relu", [graph.convolution(y, f"{name}.expand", block.expand)])
    y = graph.convolution(y, f"{name}.project", block.project, block.project_norm)
    y = graph.node("Mul", [y, mask])
    if block.squeeze is not None:
        y = _squeeze(graph, f"{name}.squeeze", block.squeeze, y, mask)
    return graph.node("Add", [x, y])


def _squeeze(graph: Graph, name: str, squeeze: Squeeze, x: str, mask: str) -> str:
    total = graph.node("ReduceSum", [x, graph.whole([3])], keepdims=1)
    count = graph.node("ReduceSum", [mask, graph.whole([3])], keepdims=1)
    mean = graph.node("Div", [total, graph.node("Max", [count, graph.number(1.0)])])
    hidden = graph.node("Relu", [graph.convolution(mean, f"{name}.reduce", squeeze.reduce)])
    scale = graph.node("Sigmoid", [graph.convolution(hidden, f"{name}.restore", squeeze.restore)])
    return graph.node("Mul", [x, scale])


def _attention(graph: Graph, name: str, layer: Attention, x: str, mask: str) -> str:
    channels, heads = layer.output.in_channels, layer.heads
    weight, bias = _normalized_inputs(layer)
    stacked = graph.node(
        "Conv", [x, graph.weight(f"{name}.inputs.weight", weight), graph.weight(f"{name}.inputs.bias", bias)]
    )
    parts = graph.node("Split", [stacked], axis=1)
    names = [parts, f"{parts}k", f"{parts}v"]
    del graph.nodes[-1].output[:]
    graph.nodes[-1].output.extend(names)
    size = graph.whole([0, heads, channels // heads, -1])
    query, key, value = (graph.node("Reshape", [part, size]) for part in names)
    query = graph.node("Mul", [query, graph.number((channels // heads) ** -0.5)])
    scores = graph.node("MatMul", [graph.node("Transpose", [query], perm=[0, 1, 3, 2]), key])
    beyond = graph.node("Sub", [graph.number(1.0), mask])
    scores = graph.node("Sub", [scores, graph.node("Mul", [beyond, graph.number(1e4)])])
    shares = graph.node("Transpose", [graph.node("Softmax", [scores], axis=-1)], perm=[0, 1, 3, 2])
    y = graph.node("Reshape", [graph.node("MatMul", [value, shares]), graph.whole([0, channels, 1, -1])])
    y = graph.convolution(y, f"{name}.output", layer.output, layer.output_norm)
    return graph.node("Add", [x, graph.node("Mul", [y, mask])])


def _normalized_inputs(layer: Attention) -> tuple[Array, Array]:
    """Fold the normalization before the input layer into that layer; invalid steps are hidden by the mask."""
    weight = _array(layer.inputs.weight)[:, :, 0]
    scale, shift = _scale_and_shift(layer.norm)
    return (weight * scale)[:, :, None, None], _array(layer.inputs.bias) + weight @ shift


def _coarse(graph: Graph, network: FastNetwork, x: str, mask: str) -> str:
    """The blocks at twice the step; what they give goes back to the fine step."""
    shape = network.shape
    wide_mask = _pool(graph, mask, 2)
    y = graph.node("Relu", [graph.convolution(x, "down", network.down, network.down_norm)])
    y = graph.node("Mul", [y, wide_mask])
    for place, block in enumerate(network.wide):
        y = _block(graph, f"wide.{place}", block, y, wide_mask)
    y = graph.convolution(y, "up", network.up, network.up_norm)
    y = graph.node("Reshape", [y, graph.whole([0, shape.narrow, 2, -1])])
    y = graph.node("Transpose", [y], perm=[0, 1, 3, 2])
    y = graph.node("Reshape", [y, graph.whole([0, shape.narrow, 1, -1])])
    return graph.node("Mul", [y, mask])


def read_weights(path: Path, kind: str, name: str, options: str) -> tuple[dict[str, str], dict[str, NDArray[Any]]]:
    """Return the metadata and the weights of an ONNX file of one `kind`.

    `name` and `options` of `ocr finetune` tell the user what is expected. Raises `DataError` when the file is missing,
    broken, or of another kind.
    """
    hint = f"give a file that `ocr finetune {options}` wrote"
    try:
        model = onnx.load(str(path))
    except (OSError, ValueError, DecodeError) as cause:
        raise DataError(f"{path} does not load as an ONNX file: {cause}", hint=hint) from cause
    facts = {entry.key: entry.value for entry in model.metadata_props}
    if facts.get("kind") != kind:
        raise DataError(f"{path} is not a {name}", hint=hint)
    return facts, {weight.name: numpy_helper.to_array(weight) for weight in model.graph.initializer}


def read_onnx(path: Path) -> tuple[FastNetwork, tuple[str, ...]]:
    """Read a network and its characters from a file that `write_onnx` wrote, to train on.

    The file has normalization folded in. So each normalization starts as an identity with an offset, and keeps its
    statistics frozen. Raises `DataError` when the file is missing, broken, or of another network.
    """
    facts, weights = read_weights(path, KIND, "fast recognizer", "--part recognizer --set network=fast")
    characters = ("", *facts["character"].split("\n"), " ")
    network = FastNetwork(FastShape(**json.loads(facts["shape"])), len(characters))
    _load_weights(network, weights)
    return network, characters


def _load_weights(network: FastNetwork, weights: dict[str, Any]) -> None:
    norms = {name.removesuffix("_norm"): norm for name, norm in network.named_modules() if name.endswith("_norm")}
    for norm in (module for module in network.modules() if isinstance(module, MaskedNorm)):
        norm.weight.data.fill_(1.0)
        norm.get_buffer("variance").fill_(1.0 - EPSILON)
        norm.frozen = True
    for name, layer in network.named_modules():
        if not isinstance(layer, nn.Conv1d | nn.Conv2d):
            continue
        layer.weight.data.copy_(torch.tensor(weights[f"{name}.weight"]).float().view_as(layer.weight))
        bias = layer.bias if layer.bias is not None else norms[name].bias
        bias.data.copy_(torch.tensor(weights[f"{name}.bias"]).float())
