"""Compose held-out lines and measure recognizers on them: character error rate by kind of wear.

    python -m benchmarks.recognizer.held_out_lines TEXTS FONTS [--lines 3000] [--seed 20261126] [--to held.npz]
    python -m benchmarks.recognizer.held_out_lines --from held.npz --model stock --model FILE.onnx

TEXTS is a folder of plain text of which only the blocks count that training never reads, FONTS a folder of faces that
training never sees. Every kind of wear has the same number of lines, so "all" is the mean over kinds of wear. The same
arguments give the same lines. `--model` may be repeated; "stock" is the model that ships with rapidocr. A ratio below
each further model says how its errors compare with those of the first.

`--marks` measures what the engine makes of letters outside the alphabet, which the text of a line has as U+FFFD: how
many are marked, and how many marks stand elsewhere. As many lines of foreign words are composed besides.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from data.lines import WEARS, ComposedLine, LineComposer, LineConfig
from data.lines.hard import CASES
from eval.metrics.edit_distance import character_errors
from ocr.core.document import UNKNOWN_LETTER
from ocr.core.errors import DataError
from ocr.engines.local.detectors.stock_models import RECOGNIZER, model_file
from ocr.engines.local.ppocr import Recognizer
from ocr.engines.local.rapidocr import choose_backend
from ocr.engines.local.recognizers.loading import load_recognizer
from ocr.engines.local.recognizers.selection import NAMES, choose_recognizer

FOREIGN = "foreign"
"""The hard case with foreign words."""
SCRIPT_LETTERS = 3
"""Letters outside the alphabet in a row from which on a line counts as one with another script."""


@dataclass(frozen=True, slots=True)
class Rate:
    """Errors and reference characters of a group of lines."""

    errors: int = 0
    characters: int = 0

    @property
    def percent(self) -> float:
        return 100 * self.errors / max(1, self.characters)


def compose_held_out(
    texts: Sequence[Path], fonts: Sequence[Path], count: int, seed: int, *, foreign: bool = False
) -> list[ComposedLine]:
    """Return about `count` lines, the same number of each kind of wear, from what training never sees.

    With `foreign` each holds foreign words, most of them with letters outside the alphabet.
    """
    each = -(-count // len(WEARS))
    cases: dict[str, Any] = {"hard": 1.0, "cases": {name: float(name == FOREIGN) for name in CASES}} if foreign else {}
    lines = []
    for place, name in enumerate(WEARS):
        wears = {other: float(other == name) for other in WEARS}
        config = LineConfig(tuple(texts), tuple(fonts), shipped_fonts=False, held_out=True, wears=wears, **cases)
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
    """Return what a recognizer reads of each line, one at a time as the engine does it; U+FFFD takes no part."""
    recognizer = Recognizer("onnxruntime", model)
    return [reading.text for reading in recognizer.read([line.pixels for line in lines])]


def rates(lines: Sequence[ComposedLine], readings: Sequence[str]) -> dict[str, Rate]:
    """Return the error rate of each kind of wear, and of "all" lines."""
    found: defaultdict[str, Rate] = defaultdict(Rate)
    for line, reading in zip(lines, readings, strict=True):
        errors = character_errors(line.text, reading.strip(), "raw")
        for group in (line.wear, "all"):
            known = found[group]
            found[group] = Rate(known.errors + errors.edits, known.characters + errors.length)
    return dict(found)


@dataclass(frozen=True, slots=True)
class Marks:
    """Letters outside the alphabet in some lines, and what became of them."""

    lines: int = 0
    letters: int = 0
    found: int = 0
    """Letters with a mark in their place."""
    false: int = 0
    """Marks elsewhere."""
    marked: int = 0
    """Lines with a mark."""


def count_marks(lines: Sequence[ComposedLine], readings: Sequence[str]) -> dict[str, Marks]:
    """Return the marks of lines with letters of other scripts, with other letters of Latin script, and with neither."""
    found: defaultdict[str, Marks] = defaultdict(Marks)
    for line, reading in zip(lines, readings, strict=True):
        run = UNKNOWN_LETTER * SCRIPT_LETTERS
        group = "other scripts" if run in line.text else "Latin" if UNKNOWN_LETTER in line.text else "no such letter"
        blocks = SequenceMatcher(None, line.text, reading.strip(), autojunk=False).get_matching_blocks()
        kept = "".join(line.text[block.a : block.a + block.size] for block in blocks).count(UNKNOWN_LETTER)
        known, marks = found[group], reading.count(UNKNOWN_LETTER)
        found[group] = Marks(
            known.lines + 1,
            known.letters + line.text.count(UNKNOWN_LETTER),
            known.found + kept,
            known.false + marks - kept,
            known.marked + (marks > 0),
        )
    return dict(found)


def print_marks(name: str, marks: dict[str, Marks]) -> None:
    """Print one row for each group of lines."""
    print("| recognizer | lines with | lines | with a mark | letters | marked, % | other marks |\n" + "|---" * 7 + "|")
    for group, seen in sorted(marks.items()):
        share = f"{100 * seen.found / seen.letters:.1f}" if seen.letters else ""
        print(f"| {name} | {group} | {seen.lines} | {seen.marked} | {seen.letters} | {share} | {seen.false} |")


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
    parser.add_argument("--marks", action="store_true")
    given = parser.parse_args()
    if given.source:
        lines = load(given.source)
    elif given.texts and given.fonts:
        lines = compose_held_out((given.texts,), (given.fonts,), given.lines, given.seed)
        if given.marks:
            lines += compose_held_out((given.texts,), (given.fonts,), given.lines, given.seed + 1, foreign=True)
    else:
        parser.error("name TEXTS and FONTS, or --from FILE")
    if given.to:
        save(given.to, lines)
    if given.marks:
        for name in given.model:
            recognizer = load_recognizer(choose_recognizer(name), choose_backend("auto"))
            readings = [recognizer.read([line.pixels])[0].text for line in lines]
            print_marks(name if name in NAMES else Path(name).stem, count_marks(lines, readings))
    elif given.model:
        files = [model_file(RECOGNIZER) if name == "stock" else Path(name) for name in given.model]
        names = [name if name == "stock" else Path(name).stem for name in given.model]
        print_table(names, [rates(lines, read_lines(file, lines)) for file in files])
    print(f"{len(lines)} lines, {sum(line.pixels.shape[1] for line in lines) / len(lines):.0f} pixels wide on average")


if __name__ == "__main__":
    main()
