"""The trainer on a network of a few thousand weights and a store of composed chunks: fast, on the CPU."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="training needs the extra 'train'")
pytest.importorskip("onnx", reason="training needs the extra 'train'")

import torch

from ocr.core.errors import TrainingError
from training.recognizer.ctc.ctc_trainer import CHECKPOINT, CURVES, SNAPSHOT, WEIGHTS, Trainer
from training.recognizer.ctc.line_reading import read_lines
from training.recognizer.ctc.line_scores import ALL, rates, score
from training.recognizer.ctc.loop_settings import Training
from training.recognizer.line_supply.batches import Labels, LineSource, Mixture
from training.recognizer.line_supply.line_farm import CHUNK, ChunkStore, LineFarm, Sample

ALPHABET = ("", "a", "b", "c", " ")


class TinyRecognizer:
    """Reads stripes of gray: two convolutions, one step for 8 pixels."""

    height, stride, characters = 48, 8, ALPHABET

    def __init__(self, seed: int = 0) -> None:
        torch.manual_seed(seed)
        self.module = torch.nn.Sequential(
            torch.nn.Unflatten(1, (1, 48)),
            torch.nn.Conv2d(1, 16, (48, 8), stride=(48, 8)),
            torch.nn.ReLU(),
            torch.nn.Flatten(1, 2),
            torch.nn.Conv1d(16, len(ALPHABET), 3, padding=1),
            torch.nn.Unflatten(1, (len(ALPHABET), 1)),
            torch.nn.Flatten(2, 2),
        )
        inner = self.module
        self.module = _Transposed(inner)

    def save(self, path: Path, *, half: bool) -> None:
        torch.save({"half": half, "weights": self.module.state_dict()}, path)


class _Transposed(torch.nn.Module):  # type: ignore[misc]
    def __init__(self, inner: Any) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, pixels: Any) -> Any:
        found = self.inner(pixels)
        return found.reshape(found.shape[0], found.shape[1], -1).transpose(1, 2)


def stripes(text: str) -> Sample:
    """A line of which each character is a gray level, 24 pixels wide, with 8 white pixels between."""
    levels = {"a": 0, "b": 90, "c": 160, " ": 220}
    pixels = np.full((48, 32 * len(text)), 255, np.uint8)
    for place, character in enumerate(text):
        pixels[:, 32 * place : 32 * place + 24] = levels[character]
    return Sample(pixels, text, "clean")


def texts(count: int, seed: int) -> list[str]:
    generator = np.random.default_rng(seed)
    return ["".join(generator.choice(list("abc"), size=generator.integers(4, 12))) for _ in range(count)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("store")
    for number in range(40):
        ChunkStore(folder).write(number, [stripes(text) for text in texts(CHUNK, number)])
    return folder


def no_composer() -> Any:
    raise AssertionError("this store is full")


def source(store: Path, seed: int = 0) -> LineSource:
    farm = LineFarm(no_composer, store, processes=0, keep=True)
    labels = Labels.of(ALPHABET, 48, 8)
    return LineSource(farm, labels, Mixture(window=CHUNK, columns=16 * 448, seed=seed))


SETTINGS = Training(lines=1200, learning_rate=3e-2, warmup=5, averaging=0.9, seed=3, threads=1)


def test_a_small_network_learns_lines_it_has_not_seen(store: Path, tmp_path: Path) -> None:
    recognizer, held_out = TinyRecognizer(), [stripes(text) for text in texts(30, 999)]
    before = rates(score(held_out, read_lines(recognizer, held_out, columns=8192)))[ALL]
    trainer = Trainer(recognizer, SETTINGS, tmp_path)
    trainer.judge_by(held_out)
    progress = trainer.run(source(store))
    after = rates(score(held_out, read_lines(recognizer, held_out, columns=8192)))[ALL]
    assert progress.lines >= 1200
    assert before > 0.5
    assert after < 0.05
    rows = [json.loads(row) for row in (tmp_path / CURVES).read_text(encoding="utf-8").splitlines()]
    assert rows[-1]["cer"][ALL] == pytest.approx(after, abs=1e-6)
    assert (tmp_path / WEIGHTS).is_file()


def test_a_run_that_was_stopped_and_resumed_gives_the_same_weights(store: Path, tmp_path: Path) -> None:
    whole, parts = TinyRecognizer(), TinyRecognizer()
    Trainer(whole, replace(SETTINGS, lines=400), tmp_path / "whole").run(source(store))
    _run_until(parts, replace(SETTINGS, lines=400), tmp_path / "parts", source(store), steps=11)
    resumed = TinyRecognizer(seed=5)
    Trainer(resumed, replace(SETTINGS, lines=400), tmp_path / "parts").run(source(store))
    for name, value in whole.module.state_dict().items():
        assert torch.equal(value, resumed.module.state_dict()[name]), name


def _run_until(recognizer: Any, training: Training, folder: Path, lines: LineSource, *, steps: int) -> None:
    """Train, save at one step, and die a little later, as a kill between two checkpoints does."""
    trainer = Trainer(recognizer, training, folder)
    make_step = trainer._step

    def step(*arguments: Any) -> None:
        make_step(*arguments)
        if trainer.progress.step == steps:
            trainer._save_checkpoint()
        if trainer.progress.step == steps + 2:
            raise KeyboardInterrupt

    trainer._step = step  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        trainer.run(lines)
    assert (folder / CHECKPOINT).is_file()


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(store: Path, tmp_path: Path) -> None:
    found = []
    for run, seed in enumerate((0, 0, 1)):
        recognizer = TinyRecognizer()
        Trainer(recognizer, replace(SETTINGS, lines=200), tmp_path / str(run)).run(source(store, seed))
        found.append(torch.cat([value.flatten() for value in recognizer.module.state_dict().values()]))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_a_loss_that_is_not_finite_stops_the_run_and_says_so(store: Path, tmp_path: Path) -> None:
    recognizer = TinyRecognizer()
    with torch.no_grad():
        next(recognizer.module.parameters()).fill_(float("nan"))
    with pytest.raises(TrainingError, match="not a finite number") as raised:
        Trainer(recognizer, SETTINGS, tmp_path).run(source(store))
    assert "learning_rate" in (raised.value.hint or "")
    assert not (tmp_path / CHECKPOINT).exists()


def test_memory_that_does_not_suffice_names_the_key_to_lower(store: Path, tmp_path: Path) -> None:
    recognizer = TinyRecognizer()
    trainer = Trainer(recognizer, SETTINGS, tmp_path)

    def fail(*_: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    trainer._loss = fail  # type: ignore[method-assign]
    with pytest.raises(TrainingError) as raised:
        trainer.run(source(store))
    assert "columns" in (raised.value.hint or "")


def test_a_checkpoint_of_other_settings_is_refused(store: Path, tmp_path: Path) -> None:
    Trainer(TinyRecognizer(), replace(SETTINGS, lines=100), tmp_path).run(source(store))
    with pytest.raises(TrainingError, match="learning_rate"):
        Trainer(TinyRecognizer(), replace(SETTINGS, lines=100, learning_rate=1e-4), tmp_path).run(source(store))


def test_the_anchor_holds_the_weights_near_the_start(store: Path, tmp_path: Path) -> None:
    distances = []
    for anchor in (0.0, 0.2):
        recognizer = TinyRecognizer()
        start = [value.clone() for value in recognizer.module.parameters()]
        Trainer(recognizer, replace(SETTINGS, lines=300, anchor=anchor), tmp_path / str(anchor)).run(source(store))
        moved = zip(recognizer.module.parameters(), start, strict=True)
        distances.append(sum(float((one - other).detach().square().sum()) for one, other in moved))
    assert distances[1] < 0.5 * distances[0]


def test_a_student_learns_from_a_teacher_of_another_alphabet(store: Path, tmp_path: Path) -> None:
    teacher = TinyRecognizer()
    Trainer(teacher, SETTINGS, tmp_path / "teacher").run(source(store))
    held_out = [stripes(text) for text in texts(20, 7)]
    teacher.characters = ("", "a", "b", "c", "?")  # type: ignore[assignment]
    found = []
    for distillation in (0.0, 3.0):
        student = TinyRecognizer(seed=4)
        trainer = Trainer(
            student, replace(SETTINGS, lines=250, distillation=distillation), tmp_path / str(distillation)
        )
        trainer.teach(teacher)
        trainer.run(source(store))
        found.append(rates(score(held_out, read_lines(student, held_out, columns=8192)))[ALL])
    assert found[1] < found[0]


def test_snapshots_hold_the_averaged_weights(store: Path, tmp_path: Path) -> None:
    recognizer = TinyRecognizer()
    trainer = Trainer(recognizer, replace(SETTINGS, lines=64, check_seconds=0), tmp_path)
    trainer.judge_by([stripes("abc")])
    trainer.run(source(store))
    snapshot = torch.load(tmp_path / SNAPSHOT)
    assert snapshot["half"] is True
    final = torch.load(tmp_path / WEIGHTS)["weights"]
    assert all(torch.equal(final[name], value) for name, value in snapshot["weights"].items())


def test_replay_stands_in_for_lines_that_are_not_composed_yet(store: Path, tmp_path: Path) -> None:
    recognizer = TinyRecognizer()
    trainer = Trainer(recognizer, replace(SETTINGS, lines=300, replay=2), tmp_path)
    real = source(store)
    calls = iter(range(10_000))

    def take(*, wait: bool) -> Any:
        return real.take(wait=True) if wait or next(calls) % 2 == 0 else None

    slow: Any = SimpleNamespace(start=real.start, take=take, close=real.close)
    progress = trainer.run(slow)
    assert 0 < progress.again < progress.lines
