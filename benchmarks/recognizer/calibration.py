"""Hold the confidence of each character against whether it is right: reliability by bins, on held-out lines.

    python -m benchmarks.recognizer.calibration held.npz --model stock --model FILE.onnx

held.npz is what `held_out_lines --to` wrote. A character is right where the alignment of least edits keeps it. The
expected calibration error is the mean distance between confidence and accuracy over bins, weighted by their characters
(Naeini et al. 2015). The last columns say which share of the wrong characters and of all characters a flag at that
bin's upper end would mark.
"""

import argparse
import itertools
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein

from benchmarks.recognizer.held_out_lines import load
from data.lines import ComposedLine
from ocr.engines.local.ppocr import Recognizer

EDGES = (0.0, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1.0)


def judge(line: ComposedLine, text: str) -> NDArray[np.bool_]:
    """Whether each character of `text` is right."""
    right = np.ones(len(text), bool)
    for edit in Levenshtein.editops(text, line.text):
        if edit.tag != "insert":
            right[edit.src_pos] = False
    return right


def measure(recognizer: Recognizer, lines: Sequence[ComposedLine]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidence and correctness of every character read."""
    confidences, rights = [], []
    for line in lines:
        reading = recognizer(line.pixels)
        confidences.append(np.array(reading.confidences))
        rights.append(judge(line, reading.text))
    return np.concatenate(confidences), np.concatenate(rights)


def report(name: str, confidence: NDArray[np.float64], right: NDArray[np.bool_]) -> None:
    """One row a bin, and the expected calibration error."""
    error = 0.0
    wrong = max(1, int((~right).sum()))
    print(f"\n{name}: {len(right)} characters, {100 * right.mean():.2f}% right")
    print("| confidence | characters | mean confidence | accuracy | wrong below the bin's end | all below it |")
    print("|---|---|---|---|---|---|")
    for low, high in itertools.pairwise(EDGES):
        inside = (confidence >= low) & (confidence < high if high < 1 else confidence <= high)
        if not inside.any():
            continue
        error += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
        below = confidence < high
        print(
            f"| {low:g} to {high:g} | {inside.sum()} | {confidence[inside].mean():.3f} | {right[inside].mean():.3f} "
            f"| {(below & ~right).sum() / wrong:.1%} | {below.mean():.2%} |"
        )
    print(f"expected calibration error {100 * error:.2f} points")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lines", type=Path)
    parser.add_argument("--model", action="append", required=True)
    parser.add_argument("--backend", default="openvino", choices=("openvino", "onnxruntime"))
    given = parser.parse_args()
    cv2.setNumThreads(1)
    lines = load(given.lines)
    for model in given.model:
        recognizer = Recognizer(given.backend, None if model == "stock" else Path(model))
        report(model if model == "stock" else Path(model).stem, *measure(recognizer, lines))


if __name__ == "__main__":
    main()
