"""Training of the class U+FFFD alone finds what tells letters outside the alphabet, and keeps the rest."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")
pytest.importorskip("onnx", reason="training needs the extra 'train'")

import torch

from ocr.core.errors import UsageError
from training.recognizer.ctc.loop_settings import Training
from training.recognizer.line_training import Lines, Session, open_base, train_unknown_lines
from training.recognizer.ppocr_network.alphabet import UNKNOWN
from training.recognizer.stage.recognizer_recipe import read_recognizer_recipe
from training.recognizer.unknown_training import SeenLine, fit, loss_of


def seen_line(generator: np.random.Generator, *, foreign: bool) -> SeenLine:
    """A line of three letters, the middle one with a sign in one channel where it is foreign."""
    seen = generator.normal(0, 1, (6, 12))
    seen[2, 7] += 8 * foreign
    scores = np.full((6, 3), 0.0)
    scores[np.arange(6), (1, 0, 2, 0, 1, 0)] = 12.0
    others = np.log(np.exp(scores).sum(1))
    return SeenLine(
        seen.astype(np.float16),
        scores.astype(np.float16),
        others.astype(np.float32),
        [1, 3 if foreign else 2, 1],
    )


def test_units_learn_the_sign_of_a_foreign_letter() -> None:
    generator = np.random.default_rng(0)
    lines = [seen_line(generator, foreign=place % 2 == 0) for place in range(256)]
    units = fit(lines, 4, Training(learning_rate=1e-2, warmup=5), 30, lambda _text: None)
    assert loss_of(units, lines).item() < 0.3
    foreign, plain = (seen_line(generator, foreign=foreign) for foreign in (True, False))
    for line, wanted in ((foreign, [2]), (plain, [])):
        with torch.no_grad():
            unknown = units(torch.from_numpy(line.seen.astype(np.float32))[None])[0].numpy()
        assert np.flatnonzero(unknown > line.scores.max(1)).tolist() == wanted


def test_a_run_moves_the_class_of_unknown_letters_alone(tmp_path: Path) -> None:
    base = open_base("pt", seed=0)
    trained = open_base("pt", seed=0, only="unknown")
    lines = Lines(hard=1.0, cases=(("foreign", 1000.0),))
    progress = train_unknown_lines(Session(lines, Training(lines=24, warmup=1)), tmp_path, trained, 12)
    assert (progress.lines, progress.again) == (24, 12)
    pixels = torch.from_numpy(np.random.default_rng(0).uniform(-1, 1, (1, 48, 320)).astype(np.float32))
    saved = open_base(str(tmp_path / "recognizer.onnx"), seed=0)
    with torch.no_grad():
        before, after = base.module(pixels).numpy(), saved.module(pixels).numpy()
    unknown = base.characters.index(UNKNOWN)
    assert np.allclose(np.delete(before, unknown, 2), np.delete(after, unknown, 2), atol=1e-5)
    assert not np.allclose(before[..., unknown], after[..., unknown])


def test_the_recipe_trains_it_alone() -> None:
    recipe = read_recognizer_recipe("unknown-letters", "general", [])
    assert recipe.only == "unknown"
    assert recipe.lines > recipe.distinct > 0


@pytest.mark.parametrize("changed", ["network=fast", "distinct=0"])
def test_a_recipe_that_cannot_train_it_is_refused(changed: str) -> None:
    with pytest.raises(UsageError, match="only=unknown"):
        read_recognizer_recipe("unknown-letters", "general", [changed])
