"""rapid against tesseract on real Portuguese pages: the numbers of docs/bench.md.

    python benchmarks/comparison.py [--pages ../shared/pages] [--to FOLDER]

Writes a manifest for each kind of page (pages of one issue or book are one document), runs `ocr bench` on each, and
then on all of them together from the cache. Run it again and nothing is read twice.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

SETS = {"book": "machado", "press": "hemdig", "gazette": "dodf", "hand": "iforal"}
"""Name of a set -> how the ids of its pages begin."""
MACHINE = "2-core=0.10"


def write_manifest(pages: Path, prefix: str, path: Path) -> None:
    """The rows whose id begins with `prefix`; what comes before the last underscore is the document."""
    rows = [json.loads(line) for line in (pages / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    kept = [
        {
            "id": row["id"],
            "document": row["id"].rpartition("_")[0],
            "image": str((pages / row["image"]).resolve()),
            "text": row["text"],
        }
        for row in rows
        if row["id"].startswith(prefix)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in kept), encoding="utf-8")


def bench(manifest: Path, folder: Path) -> None:
    """One `ocr bench`, printed as it is typed."""
    ocr = Path(sys.executable).with_name("ocr")
    words = ["bench", "--data", manifest.name, "--engine", "rapid", "--compare", "tesseract", "--machine", MACHINE]
    print("$ ocr", *words, flush=True)
    subprocess.run([ocr, *words, "--to", folder.name], cwd=folder.parent, check=True)


def main() -> None:
    """All sets, then everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, default=Path(__file__).resolve().parents[1] / "../shared/pages")
    parser.add_argument("--to", type=Path, default=Path("comparison"))
    options = parser.parse_args()
    for name, prefix in SETS.items():
        manifest = options.to / f"{name}.jsonl"
        write_manifest(options.pages, prefix, manifest)
        bench(manifest, options.to / name)
    write_manifest(options.pages, "", options.to / "all.jsonl")
    for name in SETS:
        shutil.copytree(options.to / name / "cache", options.to / "all" / "cache", dirs_exist_ok=True)
    bench(options.to / "all.jsonl", options.to / "all")


if __name__ == "__main__":
    main()
