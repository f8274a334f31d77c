"""Compare the output files of two versions of the project byte by byte.

    python -m benchmarks.robustness.before_after OLD_TREE
    python -m benchmarks.robustness.before_after OLD_TREE NEW_TREE --only samples

Both versions read the same files: the samples with the built-in engine, every hostile file of
tests/support/hostile_files.py and a scan with engine faults with the fake engine. Every output format that both have is
compared. Texts that changed on purpose are listed in `CHANGED_TEXTS`. Exits with 1 if any other byte differs.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.paths import ROOT

sys.path.insert(0, str(ROOT / "tests" / "support"))
from command import make_scan, outputs
from hostile_files import CASES

FORMATS = "json,jsonl,md,txt"
CHANGED_TEXTS: tuple[tuple[str, str], ...] = (
    (r"attempt (\d+): the embedded engine", r"attempt \1: the built-in engine"),
    (r"the embedded engine failed: ", "the built-in engine failed: "),
    (r"a line that the witness reads is missing: ", "a line that the built-in engine reads is missing: "),
    (r"(\d+) lines that the witness reads are missing", r"\1 lines that the built-in engine reads are missing"),
    (r"invented: the witness does not see ", "invented: the built-in engine does not read "),
    (r"number: the witness reads ", "number: the built-in engine reads "),
)
"""(pattern in the old output, new text): flags and reasons that the new version words differently on purpose."""
FAULTS = {
    "truncates": 2,
    "empty": 3,
    "refuses": 4,
    "errs": 5,
    "timeouts": 6,
    "garbage": 7,
    "loops": 8,
    "raises": 9,
    "dies": 10,
    "chats": 11,
}
"""Fault of the fake engine -> page of the scan that meets it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One set of scans and the options to read it with."""

    name: str
    make: Callable[[Path], list[str]]
    """Makes the scans in a folder and returns what to type for them."""
    fake_engine: bool
    options: tuple[str, ...] = field(default=())


def make_samples(folder: Path) -> list[str]:
    """Use the samples as they are."""
    del folder
    return [str(ROOT / "samples")]


def make_hostile(folder: Path) -> list[str]:
    """Make every hostile file that needs no settings or password of its own."""
    paths = []
    for case in CASES:
        if not case.password and not case.settings:
            place = folder / case.name
            place.mkdir(parents=True)
            paths.append(str(case.make(place)))
    return paths


def make_faulty(folder: Path) -> list[str]:
    """Make a scan whose pages meet the faults of the fake engine, a copy of it and a scan without faults."""
    make_scan(folder / "faults.tiff", pages=12)
    make_scan(folder / "copy/faults.tiff", pages=12)
    make_scan(folder / "letter.png", shade=70)
    return [str(folder)]


COMPARISONS = (
    Comparison("samples", make_samples, fake_engine=False),
    Comparison("hostile", make_hostile, fake_engine=True),
    Comparison(
        "faults",
        make_faulty,
        fake_engine=True,
        options=tuple(word for fault, page in FAULTS.items() for word in ("--set", f"options.{fault}=[{page}]")),
    ),
)


def extract(tree: Path, comparison: Comparison, scans: list[str], out: Path) -> int:
    """Read the scans with the version in `tree`; return the exit code. Prints the end of standard error of a bug."""
    engine = ["--engine", fake_engine(tree)] if comparison.fake_engine else []
    words = ["extract", *engine, *comparison.options, "--out", FORMATS, "--to", str(out), "--quiet", "--", *scans]
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import sys, cli; cli.main(sys.argv[1:])", *words],
        cwd=out.parent,
        env={**os.environ, "PYTHONPATH": f"{tree}{os.pathsep}{tree / 'tests'}", "NO_COLOR": "1"},
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode not in (0, 3, 10):
        print(f"{tree}: exit {done.returncode}: {done.stderr[-2000:]}")
    return done.returncode


def fake_engine(tree: Path) -> str:
    """Return the name of the fake engine in a version; older ones have it among their tests."""
    return "ocr.engines.fake:create" if (tree / "ocr/engines/fake.py").is_file() else "fakes:create"


def differences(old: dict[str, bytes], new: dict[str, bytes]) -> Iterator[str]:
    """Yield a line for each output file that differs, with the first bytes that do."""
    for path in sorted(old.keys() | new.keys()):
        if path not in old or path not in new:
            yield f"{path!r}: only in the {'old' if path in old else 'new'} output"
            continue
        wanted, found = update_texts(old[path]), new[path]
        if wanted != found:
            place = next((at for at, pair in enumerate(zip(wanted, found, strict=False)) if pair[0] != pair[1]), 0)
            start = max(0, place - 40)
            yield f"{path!r}: byte {place}: {wanted[start : place + 40]!r} -> {found[start : place + 40]!r}"


def update_texts(content: bytes) -> bytes:
    """Return an old output with the texts that changed on purpose."""
    for pattern, text in CHANGED_TEXTS:
        content = re.sub(pattern.encode(), text.encode(), content)
    return content


def compare(comparison: Comparison, trees: list[Path]) -> bool:
    """Read one set of scans with both versions and print the result; return whether the outputs are equal."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "scans").mkdir()
        scans = comparison.make(folder / "scans")
        codes = [extract(tree, comparison, scans, folder / f"out-{place}") for place, tree in enumerate(trees)]
        old, new = (outputs(folder / f"out-{place}") for place in range(2))
        found = list(differences(old, new))
    size = sum(map(len, new.values()))
    print(f"{comparison.name}: {len(old)} files, {size:,} bytes, exit codes {codes}, {len(found)} files differ")
    for line in found[:20]:
        print(f"  {line}")
    return not found and bool(old) and codes[0] == codes[1]


def main() -> None:
    """Compare two trees; exit with 1 where an output differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path, help="checkout of the old version")
    parser.add_argument(
        "new", type=Path, nargs="?", default=ROOT, help="checkout of the new version; default: this one"
    )
    parser.add_argument("--only", choices=[comparison.name for comparison in COMPARISONS])
    given = parser.parse_args()
    trees = [given.old.resolve(), given.new.resolve()]
    chosen = [comparison for comparison in COMPARISONS if given.only in (None, comparison.name)]
    equal = [compare(comparison, trees) for comparison in chosen]
    sys.exit(0 if all(equal) else 1)


if __name__ == "__main__":
    main()
