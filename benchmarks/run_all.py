"""Run the benchmarks and write what each prints into docs/benchmarks.md: `python -m benchmarks.run_all [NAME...]`.

Each benchmark prints its numbers and exits with a code other than 0 when it misses a bar. Without names, every
benchmark runs that needs no GPU, no extra input and no more than about an hour; with names, only those. Text outside
the markers `<!-- table: NAME -->` and `<!-- end: NAME -->` is never changed. A benchmark whose data or program is
missing exits with 77 and keeps its last table. Exits with 1 when a benchmark failed.
"""

import argparse
import os
import platform
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.paths import ROOT

PAGE = ROOT / "docs/benchmarks.md"
NOT_RUN = 77
HEAD = "# Benchmarks\n"


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One table of docs/benchmarks.md: what it measures and the commands that print it."""

    name: str
    shows: str
    commands: tuple[str, ...]
    by_default: bool = True
    """Whether it runs when no name is given."""

    @property
    def group(self) -> str:
        """Return the heading of its section: the package of the last command."""
        found = re.search(r"benchmarks\.(\w+)\.", self.commands[-1])
        return found.group(1).capitalize() if found else "Robustness"


def _module(name: str, shows: str, command: str, *, by_default: bool = True) -> Benchmark:
    return Benchmark(name, shows, (f"python -m benchmarks.{command}",), by_default)


BENCHMARKS = (
    _module("character-errors", "Character error rate on real pages.", "accuracy.character_errors"),
    _module("beside-tesseract", "The default engine beside Tesseract on real pages.", "accuracy.beside_tesseract"),
    _module("orientation", "Sideways and upside-down pages that are turned upright.", "accuracy.orientation"),
    _module("sparse-pages", "Pages with one word, and blank pages.", "accuracy.sparse_pages"),
    _module("ink-overlays", "Stamps, pen strokes and highlighter over print.", "accuracy.ink_overlays"),
    _module(
        "resolutions",
        "The same pages at several resolutions.",
        "accuracy.resolutions ../shared/pages/manifest.jsonl",
        by_default=False,
    ),
    _module(
        "versions-compared",
        "Real pages read by two versions.",
        "accuracy.versions_compared OLD_TREE ../shared/pages/manifest.jsonl",
        by_default=False,
    ),
    _module("hyphenation", "Hyphenated words that are joined correctly.", "accuracy.hyphenation"),
    _module("crosscheck", "Precision and recall of the cross-check on inserted errors.", "accuracy.crosscheck"),
    _module("composed-layouts", "Rules and network on composed pages.", "layout.composed_pages 120", by_default=False),
    _module("leaning-tables", "Tables of pages that lean.", "layout.leaning 20"),
    _module("layout-peers", "The layout beside those of other programs.", "layout.peers 10", by_default=False),
    _module("layout-time", "Time of the layout of a page.", "layout.speed 5 ../shared/pages", by_default=False),
    _module(
        "layouts-left-out",
        "Rules and network on six layout features.",
        "layout.composed_pages 30 two_languages,dictionary,verse,drop_cap,continued_table,wide_heading",
        by_default=False,
    ),
    _module(
        "layout-clippings",
        "Rules and network on clippings of composed pages.",
        "layout.composed_pages 90 clippings",
        by_default=False,
    ),
    _module("table-order", "A real page of tables against the order of its rows.", "layout.table_order"),
    _module("viewer-search", "Phrases that a viewer finds.", "accuracy.viewer_search node_modules", by_default=False),
    _module("pdf-layer", "Text layers of PDF beside the text that was read.", "accuracy.pdf_layer"),
    _module("ocrmypdf-plugin", "OCRmyPDF with our plugin on real pages.", "accuracy.ocrmypdf_plugin"),
    _module("engine-speed", "Speed against a plain loop of the same recognizer.", "performance.engine_speed"),
    _module(
        "fast-reader",
        "The fast recognizer and the cascade beside the large one.",
        "accuracy.fast_reader --detector full --detector fast --most 2",
        by_default=False,
    ),
    _module(
        "beside-stock",
        "The default recognizer beside the stock one on composed lines.",
        "recognizer.beside_stock out/faces --each 12 --clean 60",
    ),
    Benchmark(
        "photocopied-pages",
        "Recognizers on whole composed photocopies, line by line.",
        (
            "ocr data compose --kind certificate,official-letter,letter,edict,newspaper,book,gazette,petition "
            "--degrade photocopy:1.7 --count 8 --seed 29 --to out/photocopies",
            "python -m benchmarks.recognizer.page_errors --model stock --model pt --pages none "
            "--composed photocopies=out/photocopies --most .333",
        ),
        by_default=False,
    ),
    _module(
        "archive-curve",
        "The recognizer tuned on 50, 200 and 1,000 lines of one archive.",
        "recognizer.archive_curve out/archive",
        by_default=False,
    ),
    _module(
        "decoding-modes",
        "Decoding modes on small forms, read by a miniature.",
        "decoding.modes_compared forms --pages 12 --stride 7 --plot docs/assets/decoding-thresholds.svg",
        by_default=False,
    ),
    _module(
        "decoding-drafter",
        "Self-speculation with an adapter that drafts.",
        "decoding.drafter_gain forms --name base-1-joint --pages 12",
        by_default=False,
    ),
    _module(
        "decoding-same-tokens",
        "Self-speculation and verify:rapid over blocks and batches.",
        "decoding.same_tokens forms --pages 100",
        by_default=False,
    ),
    _module(
        "decoding-loops",
        "Repetition by decoding mode, of a model that loops.",
        "decoding.loops_by_mode forms --pages 24",
        by_default=False,
    ),
    _module(
        "decoding-objectives",
        "The joint objective beside the autoregressive one, three seeds.",
        "decoding.objectives_compared forms --steps 60 --pages 48",
        by_default=False,
    ),
    _module(
        "drafts-of-real-pages",
        "Drafts of the built-in reader on real pages.",
        "decoding.drafts_of_real_pages 10",
        by_default=False,
    ),
    Benchmark(
        "drafts-of-composed-pages",
        "Drafts of the built-in reader on composed pages.",
        (
            "ocr data compose --kind all --count 15 --seed 20261127 --degrade scan --to out/scans",
            "python -m benchmarks.decoding.drafts_of_real_pages 15 32 out/scans",
        ),
        by_default=False,
    ),
    _module(
        "page-throughput",
        "The whole command on composed office pages.",
        "performance.page_throughput --pages 60",
        by_default=False,
    ),
    _module("memory", "Peak memory of a short and of a long scan.", "performance.memory --pages 10 5000"),
    _module(
        "export-beside-ocrmypdf",
        "Export of PDF beside OCRmyPDF's step from hOCR to PDF.",
        "performance.export_beside_ocrmypdf --rounds 1",
    ),
    _module("export-speed", "Cost and memory of PDF.", "performance.export_speed --pages 10 5000 --formats pdf"),
    _module(
        "scoring-speed",
        "Speed of the scores against rapidfuzz, nltk and jiwer.",
        "performance.scoring_speed --text ../shared/corpus_pt",
    ),
    _module("engine-occupancy", "Share of time that an engine is kept full.", "performance.engine_occupancy 1000"),
    _module("continuous-batching", "All pages in flight against one at a time.", "performance.continuous_batching"),
    _module("cluster-speed", "Cost of a page on a cluster.", "performance.cluster_speed SCAN.pdf", by_default=False),
    _module("gpu-throughput", "Throughput of a 3B model on a GPU.", "performance.gpu_throughput", by_default=False),
    _module("killed-runs", "Pages lost by killed runs.", "robustness.killed_runs --count 100 --seed 2"),
    _module("killed-runs-rapid", "The same with the real engine.", "robustness.killed_runs --count 3 --engine rapid"),
    _module("killed-workers", "Pages lost by killed cluster workers.", "robustness.killed_cluster_workers 20"),
    _module("before-after", "Output files of two versions.", "robustness.before_after OLD_TREE", by_default=False),
    Benchmark("hostile-files", "Damaged and hostile files.", ("python -m pytest -q -n0 tests/hostile",)),
    _module("detection", "Recall and false alarms of the repetition detector.", "repetition.detection"),
    *(
        _module(
            f"held-out-{number}",
            f"Recall on held-out loops, round {number}.",
            f"repetition.detection --only-held-out --held-out {number}",
            by_default=False,
        )
        for number in range(1, 7)
    ),
    _module("loop-types", "Recall for each type of loop.", "repetition.loop_types --each 20"),
    _module("token-cost", "Tokens that loops cost with and without the guard.", "repetition.token_cost 4000"),
    Benchmark(
        "repeated-phrases",
        "Phrases that composed pages share.",
        (
            "ocr data compose --kind all --count 10000 --to pages/ --seed 7 --dpi 30",
            "python -m benchmarks.synthesis.repeated_phrases pages/manifest.jsonl",
        ),
        by_default=False,
    ),
    _module("reference-check", "Composed pages read by the built-in engine.", "synthesis.reference_check 8"),
    _module("generation-speed", "Time to compose a page.", "synthesis.generation_speed 15"),
    _module("layout-speed", "Time to compose a layout.", "synthesis.layout_speed 45"),
    _module("near-duplicates", "Precision and recall of the duplicate search.", "synthesis.near_duplicates 5000 1000"),
    _module("realism", "Composed pages against real scans.", "synthesis.realism ../shared/pages 40"),
    _module("step-profile", "Where the time of a training step goes.", "training.step_cost profile", by_default=False),
    _module("step-kills", "Training killed and resumed.", "training.step_cost kills", by_default=False),
    _module(
        "stage-dpo",
        "The stage dpo after a model that repeats itself.",
        "training.stages dpo DIR --base curve/runs/general-1",
        by_default=False,
    ),
)


def run(benchmark: Benchmark) -> tuple[int, str]:
    """Run the commands in order, up to the first that fails; return its exit code and what the last one printed."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    code, printed = 0, ""
    for command in benchmark.commands:
        program, *words = shlex.split(command)
        path = sys.executable if program == "python" else Path(sys.executable).with_name(program)
        done = subprocess.run(
            [path, *words],
            cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False,
        )  # fmt: skip
        code, printed = done.returncode, done.stdout
        if code:
            break
    return code, printed


def render_table(benchmark: Benchmark, code: int, printed: str) -> str:
    """Return the Markdown between the markers: commands, output, and where it ran."""
    verdict = "Bars held" if code == 0 else f"**Bar missed (exit {code})**"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    commands = "\n".join(f"$ {command}" for command in benchmark.commands)
    return f"```console\n{commands}\n{printed.strip()}\n```\n\n{verdict} on {machine}."


def replace_table(page: str, benchmark: Benchmark, table: str) -> str:
    """Return the page with the table of a benchmark replaced, or added at the end of its section."""
    start, end = f"<!-- table: {benchmark.name} -->", f"<!-- end: {benchmark.name} -->"
    marked = f"{start}\n{table}\n{end}"
    if start in page:
        before, _, rest = page.partition(start)
        return before + marked + rest.partition(end)[2]
    new = f"### {benchmark.shows.rstrip('.')}\n\n{marked}\n"
    heading = f"## {benchmark.group}\n"
    if heading not in page:
        return f"{page.rstrip()}\n\n{heading}\n{new}"
    before, _, rest = page.partition(heading)
    section, *others = re.split(r"^(?=## )", rest, maxsplit=1, flags=re.MULTILINE)
    return before + heading + f"{section.rstrip()}\n\n{new}" + "".join(f"\n{other}" for other in others)


def main() -> None:
    """Run what was named, or everything that runs by default."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = [benchmark.name for benchmark in BENCHMARKS]
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(names))
    wanted = parser.parse_args().names
    if unknown := sorted(set(wanted) - set(names)):
        parser.error(f"no such benchmark: {', '.join(unknown)}")
    missed = []
    for benchmark in BENCHMARKS:
        if not (benchmark.name in wanted if wanted else benchmark.by_default):
            continue
        print(f"{benchmark.name}: {benchmark.commands[-1]}", flush=True)
        code, printed = run(benchmark)
        if code == NOT_RUN:
            print(f"    not run: {printed.strip()}")
            continue
        missed += [benchmark.name] if code else []
        page = PAGE.read_text(encoding="utf-8") if PAGE.exists() else HEAD
        PAGE.write_text(replace_table(page, benchmark, render_table(benchmark, code, printed)), encoding="utf-8")
    if missed:
        raise SystemExit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
