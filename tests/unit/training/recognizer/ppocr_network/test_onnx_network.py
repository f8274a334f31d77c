"""The ONNX graph as a torch module: equal to onnxruntime, and written back without a change of the graph."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")
pytest.importorskip("onnx", reason="training needs the extra 'train'")

import onnx
import onnxruntime as ort
import torch

from ocr.core.errors import DataError, TrainingError
from ocr.engines.local.detectors.stock_models import RECOGNIZER, model_file
from training.recognizer.ppocr_network.alphabet import cut_alphabet
from training.recognizer.ppocr_network.onnx_graph import translate
from training.recognizer.ppocr_network.onnx_network import GraphRecognizer, halved, read_model, widened


@pytest.fixture(scope="module")
def stock() -> Any:
    """The stock model with the Portuguese alphabet."""
    return cut_alphabet(read_model(model_file(RECOGNIZER)))


def run_onnx(file: Path, pixels: Any) -> Any:
    session = ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: np.repeat(pixels[:, None], 3, 1)})[0]


def lines(width: int) -> Any:
    return np.random.default_rng(width).uniform(-1, 1, (2, 48, width)).astype(np.float32)


@pytest.mark.parametrize("width", [320, 384, 648, 1024])
def test_the_module_equals_onnxruntime(stock: Any, tmp_path: Path, width: int) -> None:
    onnx.save(stock, str(tmp_path / "stock.onnx"))
    recognizer = GraphRecognizer.load(tmp_path / "stock.onnx")
    with torch.no_grad():
        found = recognizer.module(torch.from_numpy(lines(width))).softmax(-1).numpy()
    wanted = run_onnx(tmp_path / "stock.onnx", lines(width))
    assert found.shape == (2, width // recognizer.stride, len(recognizer.characters))
    assert abs(found - wanted).max() < 1e-4


@pytest.mark.parametrize(("half", "tolerance"), [(False, 1e-4), (True, 2e-2)])
def test_changed_weights_are_written_into_the_same_graph(
    stock: Any, tmp_path: Path, half: bool, tolerance: float
) -> None:
    recognizer, file = GraphRecognizer(stock), tmp_path / "deep" / "tuned.onnx"
    with torch.no_grad():
        for parameter in recognizer.module.parameters():
            parameter.mul_(1.01)
        wanted = recognizer.module(torch.from_numpy(lines(320))).softmax(-1).numpy()
    recognizer.save(file, half=half)
    assert abs(run_onnx(file, lines(320)) - wanted).max() < tolerance
    kinds = Counter(node.op_type for node in onnx.load(str(file)).graph.node)
    kinds.pop("Cast", None)
    assert kinds == Counter(node.op_type for node in stock.graph.node)
    again = GraphRecognizer.load(file)
    with torch.no_grad():
        read = again.module(torch.from_numpy(lines(320))).softmax(-1).numpy()
    assert abs(read - wanted).max() < tolerance


def test_half_precision_is_half_the_size_and_can_be_undone(stock: Any) -> None:
    small = halved(stock)
    assert small.ByteSize() < 0.55 * stock.ByteSize()
    back = widened(small)
    assert [node.op_type for node in back.graph.node] == [node.op_type for node in stock.graph.node]
    assert widened(stock) is stock


def test_every_weight_can_be_trained_except_running_statistics(stock: Any) -> None:
    recognizer = GraphRecognizer(stock)
    recognizer.module(torch.from_numpy(lines(320))).square().mean().backward()
    still = {name for name, key in recognizer.module.names.items() if recognizer.module.weights[key].grad is None}
    assert still == set(translate(stock).frozen)
    assert len(still) == 6  # mean and variance of three batch normalizations


@pytest.mark.parametrize("content", [None, b"", b"no model"])
def test_a_file_that_is_no_model_is_named(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "broken.onnx"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.onnx|character"):
        GraphRecognizer.load(file)


def test_another_network_is_refused_by_the_operation_that_is_unknown() -> None:
    node = onnx.helper.make_node("LSTM", ["x"], ["y"])
    values = [onnx.helper.make_tensor_value_info(name, 1, None) for name in "xy"]
    graph = onnx.helper.make_graph([node], "other", values[:1], values[1:])
    with pytest.raises(TrainingError, match="LSTM"):
        translate(onnx.helper.make_model(graph))
