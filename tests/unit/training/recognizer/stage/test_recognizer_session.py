"""What the engine reads with a file that the trainer wrote: the file's own alphabet, on both backends."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")
pytest.importorskip("onnx", reason="training needs the extra 'train'")

import torch

from ocr.engines.local.ppocr import BACKENDS, Recognizer
from training.recognizer.line_training import open_base
from training.recognizer.ppocr_network.alphabet import ADDED


@pytest.fixture(scope="module")
def tuned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stock weights with new characters, one of which wins everywhere, as fp16."""
    recognizer = open_base("stock", seed=0, added=ADDED)
    with torch.no_grad():
        bias = recognizer.module.weights["linear_8__b_0"]
        bias[recognizer.characters.index("✗")] = 1000.0
    file = tmp_path_factory.mktemp("run") / "recognizer.onnx"
    recognizer.save(file, half=True)
    return file


@pytest.mark.parametrize("backend", BACKENDS)
def test_the_alphabet_of_a_tuned_file_is_not_cut(tuned: Path, backend: str) -> None:
    pytest.importorskip(backend)
    recognizer = Recognizer(backend, tuned)
    (reading,) = recognizer.read([np.full((48, 320), 200, np.uint8)])
    assert reading.text == "✗"
    assert reading.confidences[0] > 0.99
