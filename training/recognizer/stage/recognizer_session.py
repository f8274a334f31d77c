"""What a recognizer's stage does with networks and lines: open, train, and read the frozen lines.

Imports torch; the planning of a stage (`recognizer_stage`) does not.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ocr.engines.local.rapidocr import choose_backend
from ocr.engines.local.recognizers.loading import load_recognizer
from ocr.engines.local.recognizers.selection import RecognizerChoice, choose_recognizer
from training.recognizer.bases import NOTHING, STOCK, base_file
from training.recognizer.ctc.ctc_trainer import CHECKPOINT, WEIGHTS
from training.recognizer.ctc.line_reading import read_lines
from training.recognizer.ctc.line_scores import LineResult, score
from training.recognizer.ctc.loop_settings import Progress, Training
from training.recognizer.fast_network import FastRecognizer, create_fast_recognizer
from training.recognizer.fast_onnx import read_onnx
from training.recognizer.line_supply.line_farm import Sample
from training.recognizer.line_training import (
    CHOOSING_SEED,
    HELD_OUT_SEED,
    LINES,
    Lines,
    Session,
    held_out_lines,
    open_base,
    own_lines,
    train_lines,
    train_unknown_lines,
)
from training.recognizer.ppocr_network.onnx_network import TrainableRecognizer
from training.recognizer.stage.recognizer_blend import choose_blend, weights_of
from training.recognizer.stage.recognizer_recipe import RecognizerRecipe, resolved
from training.recognizer.stage.recognizer_regression import LEAST_LINES
from training.recognizer.stage.recognizer_run import RecognizerRun

COMPOSED = "composed"
CLEAN = "clean"
"""The wear of clean print, and the frozen set of it."""


def train_run(run: RecognizerRun, data: str, folder: Path, clean: int) -> Progress:
    """Train the weights of a run in its folder, or go on with it; what only a resumed run needs is deleted at the end.

    `clean` lines of clean print are among those that choose the place between base and tuned weights. Raises
    `TrainingError` and `DataError`.
    """
    session = _session(run, data)
    if run.recipe.only:
        base = open_base(run.base, seed=run.seed, added=tuple(run.recipe.added), only=run.recipe.only)
        return train_unknown_lines(session, folder, base, run.recipe.distinct)
    recognizer = open_network(run.base, run.recipe, run.seed)
    teacher = open_base(run.recipe.teacher, seed=run.seed) if run.recipe.teacher else None
    start = weights_of(recognizer.module) if run.recipe.blends and data != COMPOSED else {}
    progress = train_lines(session, folder, recognizer, teacher)
    if start:
        sets = _composed_sets(session.lines, run.recipe.held_out, clean, seed=CHOOSING_SEED)
        read = partial(_read_set, recognizer, sets, run.recipe.columns)
        share = choose_blend(recognizer.module, start, run.recipe.blends, tuple(sets), read)
        progress = replace(progress, blend=share)
        recognizer.save(folder / WEIGHTS, half=False)
    shutil.rmtree(folder / LINES, ignore_errors=True)
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return progress


def _read_set(
    recognizer: TrainableRecognizer, sets: Mapping[str, Sequence[Sample]], columns: int, name: str
) -> list[LineResult]:
    return score(sets[name], read_lines(recognizer, sets[name], columns=columns))


def _composed_sets(lines: Lines, held_out: int, clean: int, seed: int) -> dict[str, list[Sample]]:
    return {
        "clean": held_out_lines(lines, clean, wear=CLEAN, seed=seed),
        "general": held_out_lines(lines, held_out, seed=seed),
    }


def open_network(base: str, recipe: RecognizerRecipe, seed: int) -> TrainableRecognizer:
    """Return the network to train: the base's weights, or random ones where the base is `none`."""
    if recipe.network == "ppocr":
        return open_base(base, seed=seed, added=tuple(recipe.added))
    if base == NOTHING:
        return create_fast_recognizer(recipe.network, seed=seed)
    network, characters = read_onnx(base_file(base))
    recognizer = FastRecognizer(network.shape, characters)
    recognizer.module = network
    return recognizer


def frozen_lines(run: RecognizerRun, data: str, clean: int) -> dict[str, list[Sample]]:
    """Return the lines that judge a run by set: composed ones, clean ones, and held-out lines of the archive."""
    lines = _session(run, data).lines
    sets = _composed_sets(lines, run.recipe.held_out, clean, HELD_OUT_SEED)
    _, own = own_lines(lines, run.seed)
    return sets | ({"domain": own} if len(own) >= LEAST_LINES else {})


def read_base(run: RecognizerRun, frozen: Mapping[str, Sequence[Sample]]) -> dict[str, list[str]]:
    """Return what the base reads of the frozen lines; random weights are read from a file made for that."""
    if run.base == STOCK:
        return _read(RecognizerChoice(), frozen)
    if run.base != NOTHING:
        return read_file(base_file(run.base), frozen)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "random.onnx"
        open_network(run.base, run.recipe, run.seed).save(file, half=False)
        return read_file(file, frozen)


def read_file(file: Path, frozen: Mapping[str, Sequence[Sample]]) -> dict[str, list[str]]:
    """Return what the engine reads of the frozen lines with an ONNX file, by set."""
    return _read(choose_recognizer(str(file)), frozen)


def _read(choice: RecognizerChoice, frozen: Mapping[str, Sequence[Sample]]) -> dict[str, list[str]]:
    recognizer = load_recognizer(choice, choose_backend("auto"))
    return {
        name: [reading.text for reading in recognizer.read([line.pixels for line in lines])]
        for name, lines in frozen.items()
    }


def _session(run: RecognizerRun, data: str) -> Session:
    recipe = run.recipe
    lines = Lines(
        texts=resolved(recipe.texts),
        fonts=resolved(recipe.fonts),
        held_out_texts=resolved(recipe.held_out_texts),
        held_out_fonts=resolved(recipe.held_out_fonts),
        processes=recipe.processes,
        window=recipe.window,
        columns=recipe.columns,
        distinct=recipe.distinct,
        own=None if data == COMPOSED else Path(data),
        own_share=recipe.own_share,
        own_held_out=recipe.own_held_out,
        hard=recipe.hard,
        cases=tuple(recipe.cases.items()),
        styles=tuple(recipe.styles.items()),
        wears=tuple(recipe.wears.items()),
    )
    training = Training(
        lines=recipe.lines,
        minutes=recipe.minutes,
        learning_rate=recipe.learning_rate,
        warmup=recipe.warmup,
        weight_decay=recipe.weight_decay,
        clip=recipe.clip,
        averaging=recipe.averaging,
        anchor=recipe.anchor,
        distillation=recipe.distillation,
        replay=recipe.replay,
        seed=run.seed,
        save_seconds=recipe.save_seconds,
        check_seconds=recipe.check_seconds,
        check_columns=recipe.columns,
    )
    return Session(lines, training, recipe.held_out, tuple(recipe.added))
