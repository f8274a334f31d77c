"""Read real pages with two versions: `python -m benchmarks.accuracy.versions_compared OLD_TREE MANIFEST`.

OLD_TREE and this version each read every page anew with `ocr extract` and its default engine. MANIFEST is a
manifest.jsonl beside its images; the first letters and digits of a page's id name its set. CER is computed on header,
text, margin and footer, as printed. CPU seconds are those of the whole command on one set, its start included, a page.
`--to FOLDER` keeps the outputs, so that a stopped run goes on; CPU seconds then count only what was read anew. Every
page that got worse is named. Exits with 1 where the mean of a set got worse by more than .02 points; with 77 without
the pages.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import mean
from typing import Any

from benchmarks.paths import ROOT
from benchmarks.run_all import NOT_RUN
from eval.metrics.edit_distance import character_errors

WORSE = 0.0002
"""Share of characters by which a set may get worse: .02 points."""
FIELDS = ("header", "text", "margin", "footer")


def set_of(name: str) -> str:
    """Return the set of a page: its id up to the first letter or digit that differs between pages of one source."""
    found = re.match(r"dodf20\d\d|[a-z]+", name)
    return found[0] if found else name


def read(tree: Path, images: list[Path], out: Path) -> float:
    """Read images with the version in `tree`; pages that `out` holds are not read again. Return CPU seconds."""
    words = [
        "extract",
        "--out",
        "json",
        "--to",
        str(out),
        "--quiet",
        "--set",
        "options.workers=1",
        "--",
        *map(str, images),
    ]
    start = os.times()
    done = subprocess.run(
        [sys.executable, "-P", "-c", "import sys, cli; cli.main(sys.argv[1:])", *words],
        cwd=out.parent, env={**os.environ, "PYTHONPATH": str(tree), "NO_COLOR": "1"}, check=False,
    )  # fmt: skip
    if done.returncode not in (0, 3, 10):
        raise SystemExit(f"{tree}: ocr extract: exit {done.returncode}")
    end = os.times()
    return end.children_user + end.children_system - start.children_user - start.children_system


def printed_in(file: Path) -> str:
    """Return what the pages of an output file hold, as printed."""
    pages = json.loads(file.read_text(encoding="utf-8"))["pages"]
    return "\n".join(filter(None, (page[field] for page in pages for field in FIELDS)))


def rates(rows: list[dict[str, Any]], out: Path) -> Iterator[float]:
    """Yield the rate of each page."""
    for row in rows:
        (file,) = out.rglob(f"{row['image']}.json")
        yield character_errors(row["text"], printed_in(file), "normalized").rate


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("--to", type=Path)
    given = parser.parse_args()
    if not given.manifest.is_file():
        print(f"{given.manifest} does not exist")
        return NOT_RUN
    sets: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for line in given.manifest.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        sets[set_of(row["id"])].append(row)
    with tempfile.TemporaryDirectory() as place:
        missed = compare(sets, (given.old.resolve(), ROOT), (given.to or Path(place)).resolve(), given.manifest.parent)
    return int(missed)


def compare(sets: dict[str, list[dict[str, Any]]], trees: tuple[Path, Path], folder: Path, images: Path) -> bool:
    """Print one row a set, and the pages that got worse; return whether a set got worse."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = (
        "| set | pages | before | after | change, points | pages better / worse | CPU s before / after | times less |"
    )
    print(f"{columns}\n{'|---' * 8}|")
    missed, worse = False, []
    for name, rows in sorted(sets.items()):
        found, seconds = [], []
        for tree, label in zip(trees, ("before", "after"), strict=True):
            used = read(tree, [(images / row["image"]).resolve() for row in rows], folder / label)
            seconds.append(used / len(rows))
            found.append(list(rates(rows, folder / label)))
        before, after = found
        changes = [new - old for old, new in zip(before, after, strict=True)]
        missed |= mean(changes) > WORSE
        counts = f"{sum(change < 0 for change in changes)} / {sum(change > 0 for change in changes)}"
        print(
            f"| {name} | {len(rows)} | {mean(before):.2%} | {mean(after):.2%} | {100 * mean(changes):+.2f} "
            f"| {counts} | {seconds[0]:.2f} / {seconds[1]:.2f} | {seconds[0] / seconds[1]:.1f} |",
            flush=True,
        )
        worse += [(row["id"], *pair) for row, pair in zip(rows, zip(before, after, strict=True), strict=True)]
    for page, old, new in worse:
        if new > old:
            print(f"worse: {page}, {old:.2%} to {new:.2%}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
