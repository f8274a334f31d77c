"""The recognizer's ONNX file as a torch module, and back into the same graph.

A line is read at height 48; one CTC step stands for 8 pixels. Class 0 is the CTC blank. The graph is never rewritten:
`save` replaces initializers by value, so the tuned file costs exactly what the original costs.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from torch import nn

from ocr.core.errors import DataError
from training.recognizer.ppocr_network.onnx_graph import Step, translate

HEIGHT, STRIDE = 48, 8
ALPHABET_KEY = "character"
"""Metadata entry of a PP-OCR file: its characters one a line, without the blank (first) and the space (last)."""
LEAST_HALVED = 64
"""Initializers of fewer elements stay fp32: scales, offsets, small biases."""


class TrainableRecognizer(Protocol):
    """What the trainer needs of a network that reads one line."""

    height: int
    """Pixels: lines are scaled to this height."""
    stride: int
    """Pixels of width that one CTC step stands for."""
    characters: tuple[str, ...]
    """Class -> character; class 0 is the CTC blank."""
    module: Any
    """torch.nn.Module: forward(pixels (N, H, W) float32 in -1 to 1) -> logits (N, T, C)."""

    def save(self, path: Path, *, half: bool) -> None:
        """Write the ONNX file that the engine loads, weights as fp16 where `half`."""


def characters_of(model: Any) -> tuple[str, ...]:
    """Return the classes of an ONNX recognizer, blank first. Raises `DataError` where the file names none."""
    for entry in model.metadata_props:
        if entry.key == ALPHABET_KEY:
            return ("", *entry.value.splitlines(), " ")
    raise DataError(
        "the ONNX file has no metadata entry 'character'", hint="give a recognizer's file, such as --base pt"
    )


def read_model(file: Path) -> Any:
    """Load an ONNX file. Raises `DataError` where it is missing or broken."""
    try:
        return onnx.load(str(file))
    except OSError as cause:
        raise DataError(f"{file}: {cause.strerror}", hint="--base stock, pt, none, a run or an ONNX file") from cause
    except (ValueError, RuntimeError, onnx.checker.ValidationError) as cause:
        raise DataError(
            f"{file} is no ONNX model: {cause}", hint="--base stock, pt, none, a run or an ONNX file"
        ) from cause
    except Exception as cause:  # protobuf's DecodeError has no stable import path
        raise DataError(
            f"{file} is no ONNX model: {cause}", hint="--base stock, pt, none, a run or an ONNX file"
        ) from cause


class GraphModule(nn.Module):  # type: ignore[misc]
    """Interpret a translated graph: (N, H, W) float32 in -1 to 1 -> logits (N, W / 8, classes)."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        program = translate(model)
        self.names = {name: name.replace(".", "__") for name in (*program.trained, *program.frozen)}
        self.weights = nn.ParameterDict()
        for name, array in (*program.trained.items(), *program.frozen.items()):
            parameter = nn.Parameter(torch.from_numpy(array.copy()), requires_grad=name in program.trained)
            self.weights[self.names[name]] = parameter
        self.channels_last = False
        """Memory layout of images; what is fastest depends on the device."""
        self._program = program
        self._last_use = _last_uses(program)

    def forward(self, pixels: Any) -> Any:
        """Return logits for lines (N, H, W); values are freed once nothing reads them."""
        weights = {name: self.weights[key] for name, key in self.names.items()}
        values = {self._program.source: self._image(pixels)}
        for place, step in enumerate(self._program.steps):
            values[step.output] = step.compute(weights, *(values[name] for name in step.inputs))
            for name in self._last_use.get(place, ()):
                del values[name]
        return values[self._program.logits]

    def _image(self, pixels: Any) -> Any:
        layout = torch.channels_last if self.channels_last else torch.contiguous_format
        return pixels[:, None].expand(-1, 3, -1, -1).contiguous(memory_format=layout)

    def standardize(self, pixels: Any) -> None:
        """Scale each layer so that on `pixels` (N, H, W) its channels have mean 0 and variance 1, the logits aside.

        What batch normalization does during training, done once to random weights: without it the values of this
        graph, whose normalization is folded away, explode. Source: Salimans and Kingma 2016, section 3.
        """
        weights = {name: self.weights[key] for name, key in self.names.items()}
        with torch.no_grad():
            values = {self._program.source: self._image(pixels)}
            for step in self._program.steps:
                inputs = [values[name] for name in step.inputs]
                output = step.compute(weights, *inputs)
                if step.kernel and step.output != self._program.logits:
                    _standardize_step(step, weights, output)
                    output = step.compute(weights, *inputs)
                values[step.output] = output


def _standardize_step(step: Step, weights: Mapping[str, Any], output: Any) -> None:
    """Scale the kernel of a step by the spread of each channel of `output`, and center by its bias."""
    convolution = weights[step.kernel].ndim == 4
    channel = 1 if convolution else output.ndim - 1
    others = [axis for axis in range(output.ndim) if axis != channel]
    scale = output.std(others).clamp(min=1e-3)
    weights[step.kernel].div_(scale[:, None, None, None] if convolution else scale)
    if step.bias:
        weights[step.bias].copy_((-output.mean(others) / scale).reshape(weights[step.bias].shape))


def _last_uses(program: Any) -> dict[int, list[str]]:
    last = {name: place for place, step in enumerate(program.steps) for name in step.inputs}
    uses: dict[int, list[str]] = {}
    for name, place in last.items():
        uses.setdefault(place, []).append(name)
    return uses


class GraphRecognizer:
    """A `TrainableRecognizer` around an ONNX model of PP-OCRv6 recognition (small)."""

    height, stride = HEIGHT, STRIDE

    def __init__(self, model: Any) -> None:
        self.model = model
        self.characters = characters_of(model)
        self.module = GraphModule(model)

    @classmethod
    def load(cls, file: Path) -> "GraphRecognizer":
        """Read an ONNX file, fp32 or fp16 initializers. Raises `DataError` or `TrainingError` where it cannot."""
        return cls(widened(read_model(file)))

    def save(self, path: Path, *, half: bool) -> None:
        """Write the module's weights into the graph they came from."""
        with torch.no_grad():
            arrays = {name: self.module.weights[key].float().cpu().numpy() for name, key in self.module.names.items()}
        model = with_arrays(self.model, arrays)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_name(path.name + ".partial")
        onnx.save(halved(model) if half else model, str(partial))
        partial.replace(path)


def with_arrays(model: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Return a copy of an ONNX model with some initializers replaced, each in its own shape and type."""
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    for initializer in changed.graph.initializer:
        if initializer.name in arrays:
            old = onnx.numpy_helper.to_array(initializer)
            new = np.ascontiguousarray(arrays[initializer.name].reshape(old.shape).astype(old.dtype))
            initializer.CopyFrom(onnx.numpy_helper.from_array(new, initializer.name))
    return changed


_HALF_SUFFIX = ".fp16"


def halved(model: Any) -> Any:
    """Return the model with large initializers stored as fp16 and cast to fp32 by a Cast node each.

    Both onnxruntime and OpenVINO fold the casts when they load the file: half the size on disk, the same arithmetic.
    """
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    casts, kept = [], []
    for initializer in changed.graph.initializer:
        array = onnx.numpy_helper.to_array(initializer)
        if array.dtype != np.float32 or array.size < LEAST_HALVED:
            kept.append(initializer)
            continue
        name = initializer.name + _HALF_SUFFIX
        kept.append(onnx.numpy_helper.from_array(array.astype(np.float16), name))
        casts.append(onnx.helper.make_node("Cast", [name], [initializer.name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *changed.graph.node]
    del changed.graph.initializer[:], changed.graph.node[:]
    changed.graph.initializer.extend(kept)
    changed.graph.node.extend(nodes)
    return changed


def widened(model: Any) -> Any:
    """Undo `halved`: fp32 initializers again, no Cast nodes; a model without them comes back as it is."""
    arrays = {array.name: array for array in model.graph.initializer}
    casts = [n for n in model.graph.node if n.op_type == "Cast" and n.input[0] in arrays]
    if not casts:
        return model
    changed = onnx.ModelProto()
    changed.CopyFrom(model)
    target = {node.input[0]: node.output[0] for node in casts}
    initializers = [_widened(initializer, target) for initializer in changed.graph.initializer]
    nodes = [n for n in changed.graph.node if not (n.op_type == "Cast" and n.input[0] in target)]
    del changed.graph.initializer[:], changed.graph.node[:]
    changed.graph.initializer.extend(initializers)
    changed.graph.node.extend(nodes)
    return changed


def _widened(initializer: Any, target: Mapping[str, str]) -> Any:
    if initializer.name not in target:
        return initializer
    array = onnx.numpy_helper.to_array(initializer).astype(np.float32)
    return onnx.numpy_helper.from_array(array, target[initializer.name])
