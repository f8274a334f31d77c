"""Compose held-out lines and measure recognizers on them: character error rate by kind of wear.

    python -m benchmarks.recognizer.held_out_lines TEXTS FONTS [--lines 3000] [--seed 20261126] [--to held.npz]
    python -m benchmarks.recognizer.held_out_lines --from held.npz --model stock --model FILE.onnx

TEXTS is a folder of plain text of which only the blocks count that training never reads, FONTS a folder of faces that
training never sees. Every kind of wear has the same number of lines, so "all" is the mean over kinds of wear. The same
arguments give the same lines. `--model` may be repeated; "stock" is the model that ships with rapidocr. A ratio below
each further model says how its errors compare with those of the first.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from data.lines import HEIGHT, WEARS, ComposedLine, LineComposer, LineConfig
from eval.metrics.edit_distance import character_errors
from ocr.core.errors import DataError
from ocr.engines.local.detectors.stock_models import RECOGNIZER, model_file
from ocr.engines.local.ppocr import BACKENDS

STEP, LEAST_WIDTH = 64, 320
"""Pixels: the engine pads strips to multiples of one and at least the other."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Errors and reference characters of a group of lines."""

    errors: int = 0
    characters: int = 0

    @property
    def percent(self) -> float:
        return 100 * self.errors / max(1, self.characters)


def compose_held_out(texts: Sequence[Path], fonts: Sequence[Path], count: int, seed: int) -> list[ComposedLine]:
    """Return about `count` lines, the same number of each kind of wear, from what training never sees."""
    each = -(-count // len(WEARS))
    lines = []
    for place, name in enumerate(WEARS):
        wears = {other: float(other == name) for other in WEARS}
        config = LineConfig(tuple(texts), tuple(fonts), shipped_fonts=False, held_out=True, wears=wears)
        composer = LineComposer(config, seed)
        lines += [composer.compose(index) for index in range(place * each, (place + 1) * each)]
    return lines


def save(path: Path, lines: Sequence[ComposedLine]) -> None:
    """Write lines to a compressed NumPy archive; their pixels are kept without loss."""
    packed = [cv2.imencode(".png", line.pixels, (cv2.IMWRITE_PNG_COMPRESSION, 9))[1].ravel() for line in lines]
    ends = np.cumsum([len(part) for part in packed])
    rows = [[line.text, line.wear, line.domain, line.face] for line in lines]
    about = np.frombuffer(json.dumps(rows, ensure_ascii=False).encode("utf-8"), np.uint8)
    np.savez_compressed(path, images=np.concatenate(packed), ends=ends, about=about)


def load(path: Path) -> list[ComposedLine]:
    """Return the lines that `save` wrote. Raises DataError when the file is not one of its archives."""
    try:
        with np.load(path) as archive:
            images, ends, about = archive["images"], archive["ends"], archive["about"].tobytes()
    except (OSError, KeyError, ValueError) as failure:
        raise DataError(f"{path}: is no archive of held-out lines: {failure}", hint="compose it with --to") from failure
    starts = [0, *ends[:-1].tolist()]
    lines = []
    for start, end, row in zip(starts, ends.tolist(), json.loads(about), strict=True):
        pixels = np.asarray(cv2.imdecode(images[start:end], cv2.IMREAD_GRAYSCALE), np.uint8)
        lines.append(ComposedLine(pixels, *row))
    return lines


def read_lines(model: Path, lines: Sequence[ComposedLine]) -> list[str]:
    """Return what a recognizer reads of each line, one at a time as the engine does it."""
    run, alphabet = BACKENDS["onnxruntime"](model, True)
    return [_read(line.pixels, run, alphabet.own) for line in lines]


def _read(pixels: NDArray[np.uint8], run: object, characters: Sequence[str]) -> str:
    width = pixels.shape[1]
    batch = np.zeros((1, 3, HEIGHT, max(LEAST_WIDTH, -(-width // STEP) * STEP)), np.float32)
    batch[..., :width] = (pixels.astype(np.float32) - 127.5) / 127.5
    best = run(batch)[0].argmax(axis=1)  # type: ignore[operator]
    kept = best[np.flatnonzero(np.diff(best, prepend=-1))]
    return "".join(characters[place] for place in kept.tolist() if place)


def rates(lines: Sequence[ComposedLine], readings: Sequence[str]) -> dict[str, Rate]:
    """Return the error rate of each kind of wear, and of "all" lines."""
    found: defaultdict[str, Rate] = defaultdict(Rate)
    for line, reading in zip(lines, readings, strict=True):
        errors = character_errors(line.text, reading.strip(), "raw")
        for group in (line.wear, "all"):
            known = found[group]
            found[group] = Rate(known.errors + errors.edits, known.characters + errors.length)
    return dict(found)


def print_table(names: Sequence[str], tables: Sequence[dict[str, Rate]]) -> None:
    """Print one row for each kind of wear, one column for each model."""
    print("| wear | characters | " + " | ".join(f"{name}, CER %" for name in names) + " |")
    print("|---" * (2 + len(names)) + "|")
    for group in (*sorted(set(tables[0]) - {"all"}), "all"):
        cells = [f"{table[group].percent:.2f}" for table in tables]
        print(f"| {group} | {tables[0][group].characters} | {' | '.join(cells)} |")
    for name, table in zip(names[1:], tables[1:], strict=True):
        print(f"{name}: {table['all'].errors / max(1, tables[0]['all'].errors):.2f} times the errors of {names[0]}")


def main() -> None:
    """Compose or load the lines, save them where asked to, and measure each model."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", type=Path, nargs="?")
    parser.add_argument("fonts", type=Path, nargs="?")
    parser.add_argument("--lines", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=20261126)
    parser.add_argument("--from", dest="source", type=Path)
    parser.add_argument("--to", type=Path)
    parser.add_argument("--model", action="append", default=[])
    given = parser.parse_args()
    if given.source:
        lines = load(given.source)
    elif given.texts and given.fonts:
        lines = compose_held_out((given.texts,), (given.fonts,), given.lines, given.seed)
    else:
        parser.error("name TEXTS and FONTS, or --from FILE")
    if given.to:
        save(given.to, lines)
    if given.model:
        files = [model_file(RECOGNIZER) if name == "stock" else Path(name) for name in given.model]
        names = [name if name == "stock" else Path(name).stem for name in given.model]
        print_table(names, [rates(lines, read_lines(file, lines)) for file in files])
    print(f"{len(lines)} lines, {sum(line.pixels.shape[1] for line in lines) / len(lines):.0f} pixels wide on average")


if __name__ == "__main__":
    main()
