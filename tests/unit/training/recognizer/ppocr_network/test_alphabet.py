"""Cut, extended and random alphabets."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")
pytest.importorskip("onnx", reason="training needs the extra 'train'")

import torch

from ocr.core.errors import DataError
from ocr.engines.local.detectors.stock_models import RECOGNIZER, model_file
from training.recognizer.ppocr_network.alphabet import ADDED, UNKNOWN, cut_alphabet, extend_alphabet, randomized
from training.recognizer.ppocr_network.onnx_network import GraphRecognizer, characters_of, read_model


@pytest.fixture(scope="module")
def whole() -> Any:
    return read_model(model_file(RECOGNIZER))


@pytest.fixture(scope="module")
def cut(whole: Any) -> Any:
    return cut_alphabet(whole)


def logits(model: Any) -> Any:
    pixels = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (1, 48, 320)).astype(np.float32))
    with torch.no_grad():
        return GraphRecognizer(model).module(pixels).numpy()


def test_the_cut_keeps_the_scores_of_the_characters_that_stay(whole: Any, cut: Any) -> None:
    before, after = characters_of(whole), characters_of(cut)
    assert after[0] == ""
    assert after[-1] == " "
    assert len(after) < 1200 < len(before)
    places = [0, *(before.index(character, 1) for character in after[1:])]
    assert np.allclose(logits(whole)[..., places], logits(cut), atol=1e-5)
    assert cut_alphabet(cut) is cut


def test_new_characters_stand_before_the_space_and_change_no_score(cut: Any) -> None:
    extended = extend_alphabet(cut, ADDED)
    characters, known = characters_of(extended), characters_of(cut)
    assert characters[: len(known) - 1] == known[:-1]
    assert characters[-1] == " "
    assert UNKNOWN in characters
    scores = logits(extended)
    old = [*range(len(known) - 1), len(characters) - 1]
    assert np.allclose(scores[..., old], logits(cut), atol=1e-5)
    assert not np.isin(scores.argmax(-1), range(len(known) - 1, len(characters) - 1)).any()
    assert extend_alphabet(extended, ADDED) is extended
    assert cut_alphabet(extended) is extended


def test_a_new_character_starts_like_the_one_of_its_shape(cut: Any) -> None:
    extended = extend_alphabet(cut, ("✗",))
    scores, characters = logits(extended), characters_of(extended)
    assert np.allclose(scores[..., characters.index("✗")], scores[..., characters.index("✘")] - 2.0, atol=1e-5)


def test_what_is_not_one_character_is_refused(cut: Any) -> None:
    with pytest.raises(DataError, match="is not one character"):
        extend_alphabet(cut, ("e\u0303",))


def test_random_weights_depend_on_the_seed_and_are_tamed_by_lines(cut: Any) -> None:
    first, again, other = (GraphRecognizer(randomized(cut, seed)) for seed in (1, 1, 2))
    values = [recognizer.module.weights["linear_8__w_0"] for recognizer in (first, again, other)]
    assert torch.equal(values[0], values[1])
    assert not torch.equal(values[0], values[2])
    pixels = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (8, 48, 320)).astype(np.float32))
    with torch.no_grad():
        wild = first.module(pixels).std()
        first.module.standardize(pixels)
        tame = first.module(pixels).std()
    assert tame < 20 < wild
