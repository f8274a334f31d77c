"""Compare the engines rapid and tesseract on real Portuguese pages.

    python -m benchmarks.accuracy.beside_tesseract [--pages ../shared/pages] [--to FOLDER]

Writes a manifest for each kind of page (pages of one issue or book are one document), runs `ocr bench` on each, and
then on all of them together from the cache. Run it again and nothing is read twice.
"""

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

from benchmarks.paths import PAGES
from eval.bench_result import load_results
from eval.report.report_tables import between, million, percent

SETS = {"book": "machado", "press": "hemdig", "gazette": "dodf", "hand": "iforal"}
"""Name of a set -> how the ids of its pages begin."""
MACHINE = "2-core=0.10"


def write_manifest(pages: Path, prefix: str, path: Path) -> None:
    """Write the rows whose id begins with `prefix`; the part before the last underscore is the document."""
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


def bench(manifest: Path, folder: Path) -> str:
    """Run `ocr bench` once; return its numbers as rows of a table."""
    ocr = Path(sys.executable).with_name("ocr")
    words = ["bench", "--data", manifest.name, "--engine", "rapid", "--compare", "tesseract", "--machine", MACHINE]
    subprocess.run([ocr, *words, "--to", folder.name], cwd=folder.parent, check=True, stdout=subprocess.DEVNULL)
    result = load_results(folder / "results.json")
    lines = []
    for system in result.measured:
        cer, wer = system.cer["normalized"], system.wer["normalized"]
        assert cer is not None and wer is not None
        lines.append(
            f"| {manifest.stem} | {system.title} | {system.pages} / {result.data.documents} "
            f"| {between(system.scores['published'].all)} | {percent(cer.capped)} | {percent(cer.micro)} "
            f"| {percent(wer.capped)} | {million(system.cost)} |"
        )
    found = result.comparisons["tesseract"]
    published = found["published"]
    lines.append(
        f"| {manifest.stem} | difference | | {between(published.difference)}, "
        f"p {published.p_adjusted:.3f}: {published.verdict} | {found['cer'].verdict} | | | |"
    )
    return "\n".join(lines)


def main() -> None:
    """Measure each set, then all pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=Path, default=PAGES)
    parser.add_argument("--to", type=Path, default=Path("ocr-bench/comparison"))
    options = parser.parse_args()
    if not (options.pages / "manifest.jsonl").is_file():
        print(f"{options.pages} is not here")
        sys.exit(77)
    print("| pages | system | pages / documents | published composite | CER | CER, all edits | WER | $ per million |")
    print("|---|---|---|---|---|---|---|---|")
    for name, prefix in SETS.items():
        manifest = options.to / f"{name}.jsonl"
        write_manifest(options.pages, prefix, manifest)
        print(bench(manifest, options.to / name), flush=True)
    write_manifest(options.pages, "", options.to / "all.jsonl")
    for name in SETS:
        shutil.copytree(options.to / name / "cache", options.to / "all" / "cache", dirs_exist_ok=True)
    print(bench(options.to / "all.jsonl", options.to / "all"))


if __name__ == "__main__":
    main()
