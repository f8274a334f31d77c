"""Fit the cascade's calibration on composed lines: `python -m benchmarks.accuracy.cascade_calibration FILE [LINES]`.

FILE is a fast recognizer. Lines are held out: other blocks of the texts (../shared/corpus_pt where it is there), other
documents of the grammar. The expected number of errors of a line is `scale * doubt ** power`, fitted by Poisson
regression with a logarithmic link (McCullagh and Nelder 1989). The table compares expected and real errors per
character in bins of equal size; the last line is the mean absolute difference over bins (expected calibration error).
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.arguments import parse_positional
from benchmarks.paths import CORPUS
from data.lines import LineComposer, LineConfig
from eval.metrics.edit_distance import character_errors
from ocr.engines.local.recognizers.fast_reader import FastReader

BINS = 10
ROUNDS = 50
PAGE = 64
"""Lines that are read at once, as on a page."""
Values = NDArray[np.float64]


def measure(file: Path, lines: int, backend: str) -> tuple[Values, Values, Values]:
    """Return doubt, edits and characters of composed lines."""
    texts = (CORPUS,) if CORPUS.is_dir() else ()
    composer = LineComposer(LineConfig(texts=texts, held_out=True), 20261126)
    reader = FastReader(file, backend)
    rows: list[tuple[float, float, float]] = []
    while len(rows) < lines:
        part = [composer.compose() for _ in range(min(PAGE, lines - len(rows)))]
        for line, fast in zip(part, reader.read_with_doubt([line.pixels for line in part]), strict=True):
            errors = character_errors(line.text, fast.reading.text, "normalized")
            rows.append((fast.doubt, errors.edits, max(1, len(fast.reading.text.strip()))))
    doubt, edits, characters = np.array(rows).T
    return doubt, edits, characters


def fit(doubt: Values, edits: Values) -> tuple[float, float]:
    """Return scale and power by Newton's method, started at scale 1 and power 1."""
    design = np.stack((np.ones_like(doubt), np.log(np.maximum(doubt, 1e-6))), axis=1)
    weights = np.array((0.0, 1.0))
    for _ in range(ROUNDS):
        mean = np.exp(np.clip(design @ weights, -20, 8))
        hessian = design.T @ (design * mean[:, None]) + 1e-9 * np.eye(2)
        weights += np.clip(np.linalg.solve(hessian, design.T @ (edits - mean)), -1, 1)
    return float(np.exp(weights[0])), float(weights[1])


def report(doubt: Values, edits: Values, characters: Values, found: Sequence[float]) -> None:
    """Print the table of bins."""
    expected = found[0] * doubt ** found[1]
    print("| lines | doubt up to | expected CER % | real CER % |\n|---|---|---|---|")
    differences = []
    for part in np.array_split(np.argsort(expected / characters), BINS):
        total = characters[part].sum()
        pair = 100 * expected[part].sum() / total, 100 * edits[part].sum() / total
        differences.append(abs(pair[0] - pair[1]))
        print(f"| {len(part)} | {doubt[part].max():.3f} | {pair[0]:.2f} | {pair[1]:.2f} |")
    print(f"CER {100 * edits.sum() / characters.sum():.2f}%; calibration error {np.mean(differences):.2f} points")


def main(file: Path, lines: int, backend: str) -> int:
    cv2.setNumThreads(1)
    doubt, edits, characters = measure(file, lines, backend)
    found = fit(doubt, edits)
    print(f"Calibration(scale={found[0]:.3g}, power={found[1]:.3g})")
    report(doubt, edits, characters, found)
    return 0


if __name__ == "__main__":
    arguments = parse_positional(__doc__, file=Path, lines=3000, backend="openvino")
    sys.exit(main(arguments.file, arguments.lines, arguments.backend))
