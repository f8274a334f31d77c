"""Write the fast detector as an ONNX file, and read one back to train on.

Normalization goes into the convolution before it. Height and width are free, in multiples of 32.
"""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from ocr.engines.local.detectors.fast_detector import KIND
from training.detector.detector_network import DetectorNetwork, Separable, shape_of
from training.recognizer.fast_onnx import OPSET, Graph, read_weights


def write_detector(network: DetectorNetwork, path: Path, *, half: bool = True) -> None:
    """Write a network: input "ink" (1, 1, H, W) from 0 to 1, output "probability" (1, 1, H / 2, W / 2).

    `half` stores large weights as float16; the arithmetic stays float32.
    """
    graph = Graph(half=half)
    x = graph.node("Relu", [graph.convolution("ink", "stem", network.stem, network.stem_norm)])
    kept: list[str] = []
    for place, level in enumerate(network.levels):
        if place:
            kept.append(x)
            x = _separable(graph, f"downs.{place - 1}", network.downs[place - 1], x)
        for number, block in enumerate(level):
            x = _separable(graph, f"levels.{place}.{number}", block, x)
    scales = np.array([1, 1, 2, 2], np.float32)
    graph.weights.append(numpy_helper.from_array(scales, "twice"))
    for place in reversed(range(len(network.ups))):
        raised = graph.convolution(x, f"ups.{place}", network.ups[place], network.up_norms[place])
        raised = graph.node(
            "Resize", [raised, "", "twice"], mode="nearest",
            coordinate_transformation_mode="asymmetric", nearest_mode="floor",
        )  # fmt: skip
        x = graph.node("Relu", [graph.node("Add", [kept[place], raised])])
        x = _separable(graph, f"merged.{place}", network.merged[place], x)
    scores = graph.node("Sigmoid", [graph.convolution(x, "head", network.head)])
    graph.nodes.append(helper.make_node("DepthToSpace", [scores], ["probability"], blocksize=2, mode="CRD"))
    source = helper.make_tensor_value_info("ink", TensorProto.FLOAT, [1, 1, "height", "width"])
    output = helper.make_tensor_value_info("probability", TensorProto.FLOAT, [1, 1, "rows", "columns"])
    body = helper.make_graph(graph.nodes, KIND, [source], [output], graph.weights)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="lusocr")
    model.ir_version = 8
    helper.set_model_props(model, {"kind": KIND, "shape": json.dumps(asdict(network.shape))})
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _separable(graph: Graph, name: str, layer: Separable, x: str) -> str:
    y = graph.convolution(x, f"{name}.depth", layer.depth, layer.depth_norm)
    y = graph.node("Relu", [graph.convolution(y, f"{name}.point", layer.point, layer.point_norm)])
    return graph.node("Add", [x, y]) if layer.identity else y


def read_detector(path: Path) -> DetectorNetwork:
    """Read a network that `write_detector` wrote, to train on.

    Each normalization starts as an identity with an offset; in training it adapts within the first steps. Raises
    `DataError` when the file is missing, broken, or of another network.
    """
    facts, weights = read_weights(path, KIND, "fast detector", "--part fast-detector")
    shape: dict[str, Any] = json.loads(facts["shape"])
    network = DetectorNetwork(replace(shape_of(shape["channels"], shape["blocks"]), kernel=shape["kernel"]))
    norms = {name: module for name, module in network.named_modules() if isinstance(module, nn.BatchNorm2d)}
    for norm in norms.values():
        nn.init.ones_(norm.weight)
        norm.running_var.fill_(1.0 - norm.eps)
    for name, layer in network.named_modules():
        if isinstance(layer, nn.Conv2d):
            layer.weight.data.copy_(torch.tensor(weights[f"{name}.weight"]).float())
            bias = layer.bias if layer.bias is not None else norms[_norm_of(name)].bias
            bias.data.copy_(torch.tensor(weights[f"{name}.bias"]).float())
    return network


def _norm_of(layer: str) -> str:
    """Return the name of the normalization after a layer."""
    return layer.replace("ups.", "up_norms.") if layer.startswith("ups.") else f"{layer}_norm"
