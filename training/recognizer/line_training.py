"""Train one recognizer on lines: the starting weights by name, where its lines come from, and the loop."""

import itertools
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import torch

from data.lines import WEARS, LineComposer, LineConfig
from training.recognizer.bases import NOTHING, base_file
from training.recognizer.ctc.ctc_losses import prepare
from training.recognizer.ctc.ctc_trainer import Trainer
from training.recognizer.ctc.loop_settings import Progress, Training
from training.recognizer.line_supply.batches import Encoded, Labels, LineSource, Mixture, build_batches
from training.recognizer.line_supply.line_farm import CHUNK, LineFarm, Sample, compose_lines
from training.recognizer.line_supply.line_folder import encode_all, read_line_folder, split_own
from training.recognizer.ppocr_network.alphabet import UNKNOWN, cut_alphabet, extend_alphabet, randomized
from training.recognizer.ppocr_network.onnx_network import GraphRecognizer, TrainableRecognizer, read_model, widened
from training.recognizer.ppocr_network.unknown_units import without_unknown_units
from training.recognizer.unknown_training import train_unknown

LINES = "lines"
"""Folder of chunk files in that of a run."""
HELD_OUT_SEED = 20_261_126
"""Of the frozen lines that judge every run; training seeds are small numbers."""
CHOOSING_SEED = HELD_OUT_SEED + 1
"""Of composed lines that choose between weights, and so must not judge them."""
STANDARDIZED_LINES, STANDARDIZED_WIDTH = 24, 704
"""Lines that random weights are scaled by, and their greatest width in pixels."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Where lines come from."""

    texts: tuple[Path, ...] = ()
    """Folders of texts, besides the project's grammar."""
    fonts: tuple[Path, ...] = ()
    """Folders of fonts, besides the shipped ones."""
    held_out_texts: tuple[Path, ...] = ()
    """Texts of held-out lines alone; where empty, the held-out blocks of `texts`."""
    held_out_fonts: tuple[Path, ...] = ()
    """Fonts of held-out lines alone, which then use no others; where empty, the training fonts."""
    processes: int = 1
    """Composing processes; 0 only reads what others put into `store`."""
    store: Path | None = None
    """Folder of chunk files that is kept, for several runs on the same lines; by default one inside the run."""
    window: int = 256
    """Lines that are sorted into batches together."""
    columns: int = 16 * 640
    """Lines of a batch times their width in pixels."""
    distinct: int = 0
    """Composed lines that are different, after which they come again; 0 for no repetition."""
    own: Path | None = None
    """Folder of an archive's own lines."""
    own_share: float = 0.5
    """Share of an archive's own lines in training."""
    own_held_out: float = 0.2
    """Share of the archive's lines that judges the run instead of training it."""
    hard: float = LineConfig.hard
    """Share of hard cases in training."""
    cases: tuple[tuple[str, float], ...] = ()
    """Weights of hard cases in training that differ from those of `data.lines`."""
    styles: tuple[tuple[str, float], ...] = ()
    """Weights of styles of face that differ from those of `data.lines`."""
    wears: tuple[tuple[str, float], ...] = ()
    """Weights of wears that differ from those of `data.lines`."""

    def config(self, *, held_out: bool) -> LineConfig:
        """Return what the composer is built from; held-out lines come from texts that training never sees."""
        apart = held_out and bool(self.held_out_fonts)
        texts = self.held_out_texts if held_out and self.held_out_texts else self.texts
        return LineConfig(
            texts=texts,
            fonts=self.held_out_fonts if apart else self.fonts,
            shipped_fonts=not apart,
            held_out=held_out,
            hard=LineConfig.hard if held_out else self.hard,
            cases={} if held_out else dict(self.cases),
            styles=dict(self.styles),
            wears=dict(self.wears),
        )


@dataclass(frozen=True, slots=True)
class Session:
    """Everything that decides the weights of one run, its starting weights aside."""

    lines: Lines
    training: Training
    held_out: int = 400
    """Composed lines, from held-out texts, that are read during training."""
    added: tuple[str, ...] = field(default=())
    """Characters beyond the alphabet of the base."""


def open_base(base: str, *, seed: int, added: Sequence[str] = (), only: str = "") -> GraphRecognizer:
    """Return the recognizer to start from: the file with the alphabet cut and extended, for `none` with random weights.

    It has the class U+FFFD; with `only` = "unknown" it has no units of that class, which are to be trained. Raises
    `DataError` and `TrainingError` for a file that is not one.
    """
    model = extend_alphabet(cut_alphabet(widened(read_model(base_file(base)))), (*added, UNKNOWN))
    if only:
        model = without_unknown_units(model)
    if base != NOTHING:
        return GraphRecognizer(model)
    recognizer = GraphRecognizer(randomized(model, seed))
    _standardize(recognizer, seed)
    return recognizer


def _standardize(recognizer: GraphRecognizer, seed: int) -> None:
    """Scale random weights by lines in the shipped fonts."""
    samples = compose_lines(partial(LineComposer, LineConfig(), seed), 3 * STANDARDIZED_LINES)
    narrow = [Encoded(sample, [0]) for sample in samples if sample.pixels.shape[1] <= STANDARDIZED_WIDTH]
    columns = STANDARDIZED_WIDTH * STANDARDIZED_LINES
    batch = build_batches(narrow[:STANDARDIZED_LINES], columns, random.Random(seed))[0]
    pixels, _ = prepare(batch, recognizer.height, None)
    recognizer.module.standardize(pixels)


def train_lines(
    session: Session, folder: Path, recognizer: TrainableRecognizer, teacher: TrainableRecognizer | None = None
) -> Progress:
    """Train a recognizer in `folder`, where a run that was killed goes on, and leave `recognizer.onnx` there.

    Raises `TrainingError` and `DataError`.
    """
    lines, seed = session.lines, session.training.seed
    labels = Labels.of(recognizer.characters, recognizer.height, recognizer.stride)
    training, held_out = own_lines(lines, seed, _complain)
    own = encode_all(training, labels, _complain)
    distinct = -(-lines.distinct // CHUNK)
    keep = lines.store is not None or bool(distinct)
    make = partial(LineComposer, lines.config(held_out=False), seed)
    farm = LineFarm(make, lines.store or folder / LINES, processes=lines.processes, keep=keep, end=distinct)
    mixture = Mixture(lines.window, lines.columns, seed, own, lines.own_share, distinct)
    trainer = Trainer(recognizer, session.training, folder)
    if teacher is not None:
        trainer.teach(teacher)
    trainer.judge_by([*held_out, *held_out_lines(lines, session.held_out)])
    return trainer.run(LineSource(farm, labels, mixture, pin=_on_gpu(trainer.device)))


def train_unknown_lines(session: Session, folder: Path, recognizer: GraphRecognizer, distinct: int) -> Progress:
    """Train what sees letters outside the alphabet, and leave `recognizer.onnx` in `folder`.

    An archive's own lines come first, then composed ones, `distinct` in all.

    Raises `TrainingError` and `DataError`.
    """
    labels = Labels.of(recognizer.characters, recognizer.height, recognizer.stride)
    own, _ = own_lines(session.lines, session.training.seed, _complain)
    composer = LineComposer(session.lines.config(held_out=False), session.training.seed)
    lines = (composer.compose() for _ in itertools.count())
    samples = (Sample(line.pixels, line.text, line.wear) for line in lines)
    composed = (Encoded(sample, codes) for sample in samples if (codes := labels.encode(sample)))
    encoded = itertools.chain(encode_all(own, labels, _complain), composed)
    return train_unknown(recognizer, encoded, session.training, distinct, folder)


def _on_gpu(device: Any) -> bool:
    return bool(torch.device(device).type == "cuda")


def own_lines(
    lines: Lines, seed: int, complain: Callable[[str], None] = lambda _text: None
) -> tuple[list[Sample], list[Sample]]:
    """Return an archive's own lines for training and for judging; none where no folder is given.

    `complain` gets the reasons for which lines were left out.
    """
    if lines.own is None:
        return [], []
    return split_own(read_line_folder(lines.own, complain), lines.own_held_out, seed)


def _complain(text: str) -> None:
    print(text, file=sys.stderr)


def held_out_lines(lines: Lines, count: int, *, wear: str = "", seed: int = HELD_OUT_SEED) -> list[Sample]:
    """Return the first `count` frozen composed lines, of one wear where it is named; another seed gives others.

    They are the same for every run with the same texts and fonts.
    """
    config = lines.config(held_out=True)
    if wear:
        config = LineConfig(
            texts=config.texts, fonts=config.fonts, shipped_fonts=config.shipped_fonts, held_out=True, wears=only(wear)
        )
    return compose_lines(partial(LineComposer, config, seed), count)


def only(wear: str) -> dict[str, float]:
    """Return weights that leave one wear alone."""
    return {name: float(name == wear) for name in WEARS}
