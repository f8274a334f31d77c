"""Tune the recognizer on 50, 200 and 1,000 lines of one archive: errors before and after, and what is lost elsewhere.

    python -m benchmarks.recognizer.archive_curve DIR [--sizes 50 200 1000] [--lines 1200] [--held-out 280] [--seed 1]

The archive is composed, so that nothing was tuned on it: carbon copies of one worn typewriter. Its face is made here
from a shipped one. Every type of the machine is bent, turned, moved and worn in its own way, always the same, and a
letter with an accent is as worn as the letter without. A document is 40 lines of one strength of wear. Documents are
either trained on or held out. For each size DIR/SIZE gets the lines, and the command that a user types trains on them:

    ocr finetune --part recognizer --stage domain --base pt --data DIR/SIZE --set minutes=0 --set lines=N

"Lines seen" are those of the archive and composed ones together, each as often as it came. "Weights kept" is the share
of the way from the base's weights to the tuned ones (`blends` of the recipe). Errors are those of the held-out lines,
read as the engine reads them; intervals are of 95%, by a bootstrap over documents. General and clean are the frozen
sets of the regression check. Exits with 1 where errors on the archive do not fall, or where the check
finds the general or the clean set worse. A command that was stopped goes on when it is typed again.
"""

import argparse
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.recognizer.worn_faces import TypeWear, write_face
from data.lines import WEARS, LineComposer, LineConfig, RealLine, write_lines
from eval.metrics.edit_distance import character_errors
from eval.metrics.stats import Interval, bootstrap_mean
from ocr.core.files import hash_file
from ocr.engines.local.rapidocr import choose_backend
from ocr.engines.local.recognizers.loading import load_recognizer
from ocr.engines.local.recognizers.selection import choose_recognizer
from training.recognizer.bases import base_file
from training.recognizer.stage.recognizer_run import RecognizerRun, recognizer_runs

FACE = "cousine-400-normal.ttf"
DOCUMENT = 40
"""Lines of a document."""
MACHINE = TypeWear(bent=0.065, turned=5.0, moved=0.04)
WEAR = {"typewriter": 1.0, "old-paper": 0.6, "letterpress": 0.6, "bad-photocopy": 0.4}
"""Ribbon, paper, clotted types and copies of copies; the shares of their kinds."""
STRENGTH = (1.0, 1.7)
"""Wear of the palest and of the worst document."""
COLUMNS = (
    "lines", "lines seen", "minutes", "archive, CER %", "change, points (95%)", "general, CER %", "clean, CER %",
    "weights kept", "check",
)  # fmt: skip
GATED = ("general", "clean")


def write_documents(machine: Path, numbers: Sequence[int], seed: int) -> list[RealLine]:
    """Return the lines of documents; the number of a document decides its text and its strength of wear."""
    lines = []
    for number in numbers:
        strength = random.Random(f"{seed}/{number}").uniform(*STRENGTH)
        wears = dict.fromkeys(WEARS, 0.0) | WEAR
        config = LineConfig(
            fonts=(machine,), shipped_fonts=False, wears=wears, strength=(0.8 * strength, strength), hard=0.1
        )
        composer = LineComposer(config, seed * 100_003 + number)
        composed = [composer.compose() for _ in range(DOCUMENT)]
        lines += [RealLine(line.pixels, line.text, f"document-{number:03d}") for line in composed]
    return lines


@dataclass(frozen=True, slots=True)
class Errors:
    """Edits and length of every held-out line."""

    edits: list[int]
    lengths: list[int]

    @property
    def rate(self) -> float:
        return sum(self.edits) / sum(self.lengths)


def read(model: str, lines: Sequence[RealLine]) -> Errors:
    """Return the errors of a recognizer, by the engine's own reading of lines."""
    recognizer = load_recognizer(choose_recognizer(model), choose_backend("auto"))
    found = [
        character_errors(line.text, reading.text, "normalized")
        for line, reading in zip(lines, recognizer.read([line.pixels for line in lines]), strict=True)
    ]
    return Errors([one.edits for one in found], [one.length for one in found])


def finetune(folder: Path, size: int, lines: int, seed: int) -> RecognizerRun:
    """Tune `pt` on the lines in DIR/SIZE by the command; return its run, promoted or refused."""
    runs = folder / f"runs-{size}"
    words = ["finetune", "--part", "recognizer", "--stage", "domain", "--base", "pt", "--data", str(folder / str(size))]
    words += ["--recipe", "recognizer-cpu", "--set", "minutes=0", "--set", f"lines={lines}"]
    words += ["--set", "check_seconds=3600", "--seed", str(seed)]
    program = Path(sys.executable).with_name("ocr")
    done = subprocess.run(
        [program, *words, "--runs", str(runs)], check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    found = recognizer_runs(runs)
    if not found or found[-1].state not in ("promoted", "refused"):
        raise SystemExit(done.stdout.decode("utf-8", "replace"))
    return found[-1]


def bounds(interval: Interval) -> str:
    """Return a change in points with its interval."""
    low, high = (100 * (value or 0.0) for value in (interval.low, interval.high))
    return f"{100 * interval.value:+.2f} ({low:+.2f} to {high:+.2f})"


def change(before: Errors, after: Errors, lines: Sequence[RealLine]) -> Interval:
    """Return the change of the character error rate; documents are resampled."""
    mean = sum(before.lengths) / len(before.lengths)
    changes = [(new - old) / mean for old, new in zip(before.edits, after.edits, strict=True)]
    return bootstrap_mean(changes, [line.source for line in lines], seed=0)


def describe(run: RecognizerRun, size: int, errors: tuple[Errors, Errors], found: Interval) -> str:
    """Return a row of the table."""
    gate = run.metrics.gate
    general = [f"{100 * gate[name].before:.2f} -> {100 * gate[name].after:.2f}" for name in GATED]
    before, after = errors
    verdict = (
        run.state
        if run.state == "promoted"
        else "; ".join(f"{n}: {s.complaint}" for n, s in gate.items() if s.complaint)
    )
    archive = f"{100 * before.rate:.2f} -> {100 * after.rate:.2f}"
    return (
        f"| {size} | {run.metrics.lines:,} | {run.seconds / 60:.1f} | {archive} | {bounds(found)} "
        f"| {' | '.join(general)} | {run.metrics.blend:.0%} | {verdict} |"
    )


def is_worse(run: RecognizerRun) -> bool:
    """Return whether the regression check finds the general or the clean set worse."""
    return any(run.metrics.gate[name].complaint for name in GATED)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sizes", type=int, nargs="+", default=[50, 200, 1000])
    parser.add_argument("--lines", type=int, default=1200)
    parser.add_argument("--held-out", type=int, default=280)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    machine = write_face(FACE, wanted.folder / "machine", wanted.seed, MACHINE)
    documents = -(-wanted.held_out // DOCUMENT)
    held_out = write_documents(machine, range(documents), wanted.seed)
    own = write_documents(machine, range(documents, documents - (-max(wanted.sizes) // DOCUMENT)), wanted.seed)
    print(f"pt is {hash_file(base_file('pt'))[:8]}")
    before = read("pt", held_out)
    stock = read("stock", held_out).rate
    print(f"{len(held_out)} held-out lines of {documents} documents; the stock recognizer: {100 * stock:.2f}% CER\n")
    print(f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|", flush=True)
    failed = False
    for size in wanted.sizes:
        if not (wanted.folder / str(size) / "lines.jsonl").is_file():
            (wanted.folder / str(size)).mkdir(parents=True, exist_ok=True)
            write_lines(wanted.folder / str(size), own[:size])
        run = finetune(wanted.folder, size, wanted.lines, wanted.seed)
        after = read(str(wanted.folder / f"runs-{size}" / run.name), held_out)
        found = change(before, after, held_out)
        print(describe(run, size, (before, after), found), flush=True)
        failed |= is_worse(run) or found.high is None or found.high >= 0
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
