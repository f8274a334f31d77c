"""Units of the class U+FFFD change that class alone, and can be taken out again."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")
pytest.importorskip("onnx", reason="training needs the extra 'train'")

import onnx
import torch

from ocr.core.errors import TrainingError
from ocr.engines.local.detectors.stock_models import RECOGNIZER, model_file
from training.recognizer.ppocr_network.alphabet import UNKNOWN, cut_alphabet, extend_alphabet, last_layer
from training.recognizer.ppocr_network.onnx_network import GraphRecognizer, read_model
from training.recognizer.ppocr_network.unknown_units import (
    UnknownUnits,
    seeing,
    with_unknown_units,
    without_unknown_units,
)

FEATURES, SEEN, COUNT = 120, 504, 5
PIXELS = np.random.default_rng(0).uniform(-1, 1, (1, 48, 320)).astype(np.float32)


@pytest.fixture(scope="module")
def plain() -> Any:
    return extend_alphabet(cut_alphabet(read_model(model_file(RECOGNIZER))), (UNKNOWN,))


@pytest.fixture(scope="module")
def units() -> UnknownUnits:
    generator = np.random.default_rng(1)
    shapes = ((SEEN, COUNT), (COUNT,), (FEATURES + COUNT + 1,))
    return UnknownUnits(*(generator.normal(0, 0.1, shape).astype(np.float32) for shape in shapes))


def logits(model: Any) -> Any:
    with torch.no_grad():
        return GraphRecognizer(model).module(torch.from_numpy(PIXELS)).numpy()


def test_units_change_their_class_alone(plain: Any, units: UnknownUnits) -> None:
    model = with_unknown_units(plain, units)
    onnx.checker.check_model(model)
    unknown = GraphRecognizer(plain).characters.index(UNKNOWN)
    before, after = logits(plain), logits(model)
    assert np.array_equal(np.delete(before, unknown, 2), np.delete(after, unknown, 2))
    seen = _seen(plain)
    hidden = seen @ units.weights + units.bias
    swish = hidden / (1 + np.exp(-hidden))
    wanted = np.concatenate((seen[..., :FEATURES], swish, np.ones_like(seen[..., :1])), -1) @ units.column
    assert np.allclose(after[..., unknown], wanted, atol=1e-3)


def _seen(model: Any) -> Any:
    onnxruntime = pytest.importorskip("onnxruntime")
    session = onnxruntime.InferenceSession(seeing(model).SerializeToString())
    pixels = np.ascontiguousarray(np.broadcast_to(PIXELS[:, None], (1, 3, 48, 320)))
    (seen,) = session.run(None, {session.get_inputs()[0].name: pixels})
    assert seen.shape == (1, 40, SEEN)
    return seen


def test_units_are_replaced_and_taken_out(plain: Any, units: UnknownUnits) -> None:
    twice = with_unknown_units(with_unknown_units(plain, units), units)
    assert np.array_equal(logits(twice), logits(with_unknown_units(plain, units)))
    unknown = GraphRecognizer(plain).characters.index(UNKNOWN)
    without = without_unknown_units(twice)
    assert len(without.graph.node) == len(plain.graph.node)
    assert np.array_equal(np.delete(logits(without), unknown, 2), np.delete(logits(plain), unknown, 2))


def test_units_that_other_classes_use_stay(plain: Any, units: UnknownUnits) -> None:
    model = with_unknown_units(plain, units)
    weights, _ = last_layer(model)
    table = onnx.numpy_helper.to_array(weights).copy()
    table[-1, 3] = 0.5
    weights.CopyFrom(onnx.numpy_helper.from_array(table, weights.name))
    with pytest.raises(TrainingError, match="other classes"):
        without_unknown_units(model)


def test_another_graph_has_no_place_for_units() -> None:
    with pytest.raises(TrainingError, match="no place"):
        seeing(onnx.helper.make_model(onnx.helper.make_graph([], "empty", [], [])))
