"""One training session of a recognizer: the starting weights by name, its lines, the loop, and what is kept of it."""

import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import rapidfuzz  # noqa: F401  (a clear failure now, instead of at the first held-out reading)

from data.lines import LineComposer, LineConfig
from ocr.core.errors import DataError
from ocr.engines.local.rapidocr import RECOGNISER, model_file
from training.recognizer.ctc.ctc_trainer import Trainer
from training.recognizer.ctc.loop_settings import Progress, Training
from training.recognizer.line_supply.batches import (
    Encoded,
    Labels,
    LineSource,
    Mixture,
)
from training.recognizer.line_supply.line_farm import LineFarm, Sample, compose_lines
from training.recognizer.line_supply.line_folder import encode_all, read_line_folder, split_own
from training.recognizer.ppocr_network.alphabet import cut_alphabet, extend_alphabet, randomized
from training.recognizer.ppocr_network.onnx_network import GraphRecognizer, TrainableRecognizer, read_model, widened

STOCK, NOTHING = "stock", "none"
HELD_OUT_SEED = 20_261_126
"""Of the frozen lines that judge every run; training seeds are small numbers."""
STANDARDIZED_LINES = 32


@dataclass(frozen=True, slots=True)
class Lines:
    """Where lines come from."""

    texts: tuple[Path, ...] = ()
    """Folders of texts, besides the project's grammar."""
    fonts: tuple[Path, ...] = ()
    """Folders of fonts, besides the shipped ones."""
    held_out_fonts: tuple[Path, ...] = ()
    """Folders of fonts that only held-out lines are set in, and nothing else is; where empty, the training fonts."""
    processes: int = 1
    """Composing processes; 0 only reads what others put into `store`."""
    store: Path | None = None
    """Folder of chunk files that is kept, for several runs on the same lines; by default one inside the run."""
    window: int = 256
    columns: int = 16 * 640
    """Lines of a batch times their width in pixels."""
    own: Path | None = None
    """Folder of an archive's own lines."""
    own_share: float = 0.5
    own_held_out: float = 0.2
    """Share of the archive's lines that judges the run instead of training it."""
    styles: tuple[tuple[str, float], ...] = ()
    """Weights of styles of face that differ from those of `data.lines`."""

    def config(self, *, held_out: bool) -> LineConfig:
        """Return what the composer is built from; held-out lines come from texts that training never sees."""
        apart = held_out and bool(self.held_out_fonts)
        return LineConfig(
            texts=self.texts,
            fonts=self.held_out_fonts if apart else self.fonts,
            shipped_fonts=not apart,
            held_out=held_out,
            styles=dict(self.styles),
        )


@dataclass(frozen=True, slots=True)
class Session:
    """Everything that decides the weights of one run."""

    base: str
    lines: Lines
    training: Training
    held_out: int = 1000
    """Composed lines, from held-out texts, that judge the run."""
    added: tuple[str, ...] = field(default=())
    """Characters beyond the alphabet of the base."""


def base_file(base: str) -> Path:
    """Return the ONNX file of a base by name. Raises `DataError` where there is none."""
    if base in (STOCK, NOTHING):
        return model_file(RECOGNISER)
    file = Path(base)
    if not file.is_file():
        raise DataError(f"--base {base}: no such file", hint="--base stock, pt, none, a run or an ONNX file")
    return file


def open_base(base: str, *, seed: int, added: Sequence[str] = ()) -> GraphRecognizer:
    """Return the recognizer to start from: `stock` with the alphabet cut, `none` with random weights, or a file."""
    model = extend_alphabet(cut_alphabet(widened(read_model(base_file(base)))), added)
    return GraphRecognizer(randomized(model, seed) if base == NOTHING else model)


def digest_base(base: str) -> str:
    """Return the SHA-256 of the base's file; random weights have that of their graph's."""
    return hashlib.sha256(base_file(base).read_bytes()).hexdigest()


def train(
    session: Session, folder: Path, recognizer: TrainableRecognizer, teacher: TrainableRecognizer | None = None
) -> Progress:
    """Train a recognizer in `folder`, where a run that was killed goes on.

    Raises `TrainingError` and `DataError`.
    """
    lines, labels = session.lines, Labels.of(recognizer.characters, recognizer.height, recognizer.stride)
    own, own_held_out = own_lines(lines, labels, session.training.seed)
    make = partial(LineComposer, lines.config(held_out=False), session.training.seed)
    farm = LineFarm(make, lines.store or folder / "lines", processes=lines.processes, keep=lines.store is not None)
    mixture = Mixture(lines.window, lines.columns, session.training.seed, own, lines.own_share)
    trainer = Trainer(recognizer, session.training, folder)
    if session.base == NOTHING and isinstance(recognizer, GraphRecognizer) and not trainer.resumes:
        _standardize(recognizer, trainer.device, session)
    if teacher is not None:
        trainer.teach(teacher)
    trainer.judge_by([*own_held_out, *held_out_lines(session)])
    return trainer.run(LineSource(farm, labels, mixture, pin=trainer.device.type == "cuda"))


def own_lines(lines: Lines, labels: Labels, seed: int) -> tuple[tuple[Encoded, ...], list[Sample]]:
    """Return an archive's own lines for training and for judging; none where no folder is given."""
    if lines.own is None:
        return (), []
    training, held_out = split_own(read_line_folder(lines.own), lines.own_held_out, seed)
    return encode_all(training, labels, lambda text: print(text, file=sys.stderr)), held_out


def held_out_lines(session: Session) -> list[Sample]:
    """Return the frozen composed lines: the same for every run with the same texts and fonts."""
    make = partial(LineComposer, session.lines.config(held_out=True), HELD_OUT_SEED)
    return compose_lines(make, session.held_out)


def _standardize(recognizer: GraphRecognizer, device: Any, session: Session) -> None:
    import torch

    from training.recognizer.ctc.ctc_losses import prepare
    from training.recognizer.line_supply.batches import build_batches

    make = partial(LineComposer, session.lines.config(held_out=False), session.training.seed)
    samples = compose_lines(make, STANDARDIZED_LINES)
    encoded = [Encoded(sample, [0]) for sample in samples if sample.pixels.shape[1] <= 640]
    import random

    batch = build_batches(encoded, 640 * STANDARDIZED_LINES, random.Random(0))[0]
    with torch.no_grad():
        pixels, _ = prepare(batch.to(device), recognizer.height, None)
        recognizer.module.standardize(pixels)


def describe_session(session: Session) -> str:
    """Return every number of a session as JSON, for the lineage of its run."""
    from dataclasses import asdict

    return json.dumps(asdict(session), default=str, sort_keys=True)
