"""The model card of a run, written from its run.json: what it is, what it was made from, and what the gate saw."""

from pathlib import Path

from data.examples import write_whole
from training.runs import Run


def write_card(run: Run, folder: Path) -> None:
    """Write `folder/README.md`."""
    write_whole(folder / "README.md", describe(run).encode("utf-8"))


def describe(run: Run) -> str:
    """The card as Markdown."""
    numbers = run.recipe.optimisation(run.stage)
    lines = [
        f"# {run.name}",
        "",
        f"Stage `{run.stage}` of the lusocr hierarchy, {'promoted against the gate' if run.forced else run.state}.",
        "",
        "| | |",
        "|---|---|",
        f"| started from | {run.base} ({run.base_digest[:16]}) |",
        f"| parent run | {run.parent or 'none'} |",
        f"| recipe | {run.recipe.name}, {numbers.method}, learning rate {numbers.learning_rate:g} |",
        f"| prompt | {run.recipe.prompt}, {run.recipe.image.max_pixels} pixels a page |",
        f"| seed | {run.seed} |",
        f"| training took | {run.seconds:.0f} s |",
        *(f"| data | {path} ({digest[:16]}) |" for path, digest in run.data.items()),
        *(f"| {name} | {version} |" for name, version in run.packages.items()),
        "",
        "## The gate",
        "",
        "| set | pages | composite before | after | degeneration before | after | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, seen in run.metrics.get("gate", {}).items():
        lines.append(
            f"| {name} | {seen['pages']} | {seen['score_before']:.4f} | {seen['score_after']:.4f} | "
            f"{seen['degeneration_before']:.2%} | {seen['degeneration_after']:.2%} | "
            f"{'; '.join(seen['complaints']) or 'no worse'} |"
        )
    lines += ["", "Read with it: `ocr extract scans/ --model " + f"runs/{run.name}`", ""]
    return "\n".join(lines)
