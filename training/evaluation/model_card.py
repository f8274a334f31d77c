"""The model card of a run, written from its run.json: its origin, its recipe and its regression check."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ocr.core.files import write_atomic
from training.evaluation.model_regression import WORST_DEGENERATION
from training.run import DraftComparison, Run, SetComparison


def write_card(run: Run, card: Path) -> None:
    """Write the model card to the file `card`."""
    write_atomic(card, describe(run).encode("utf-8"))


def describe(run: Run) -> str:
    """Return the card as Markdown."""
    numbers = run.numbers
    state = "promoted by force: the regression check failed" if run.forced else run.state
    lines = [
        f"# {run.name}",
        "",
        f"Stage `{run.stage}` of the lusocr hierarchy, {state}.",
        "",
        "| | |",
        "|---|---|",
        f"| started from | {_short(run.base)} ({run.base_digest[:16]}) |",
        f"| parent run | {run.parent or 'none'} |",
        f"| recipe | {run.recipe.name}, {numbers.method}, learning rate {numbers.learning_rate:g} |",
        f"| prompt | {run.recipe.prompt}, {run.recipe.image.max_pixels} pixels a page |",
        f"| pages are shrunk by | {run.page_resize or 'not recorded: another way than now, if shrunk at all'} |",
        f"| seed | {run.seed} |",
        f"| training took | {run.seconds:.0f} s, {run.tokens:,} tokens of answers{_describe_losses(run)} |",
        *_describe_quantised(run),
        *(f"| data | {_short(path)} ({digest[:16]}) |" for path, digest in run.data.items()),
        *(f"| {name} | {version} |" for name, version in run.packages.items()),
        "",
        "## Regression check",
        "",
        describe_gate(run),
        "",
        *describe_lost(run),
        f"Use it: `ocr extract scans/ {how_to_use(replace(run, base=_short(run.base)), Path('runs') / run.name)}`"
        if run.state == "promoted"
        else "Do not use it: the regression check failed.",
        "",
    ]
    return "\n".join(lines)


def how_to_use(run: Run, folder: Path) -> str:
    """Return the options of `ocr extract` that read with the run in `folder`."""
    if run.stage != "drafter":
        return f"--model {folder}"
    base = folder.parent / run.parent if run.parent else run.base
    return f"--model {base} --decoding self-speculation --set decoding.drafter={folder}"


def describe_gate(run: Run) -> str:
    """Return the regression check as a Markdown table whose columns are aligned for a terminal."""
    if run.metrics.drafts:
        return _align([DRAFT_COLUMNS, _draft_row(run.metrics.drafts)])
    rows = [COLUMNS]
    for name, seen in run.metrics.gate.items():
        score, loops = seen.score, seen.degeneration
        rows.append(
            (
                name,
                str(seen.pages),
                f"{seen.score_before:.4f} -> {seen.score_after:.4f}",
                f"{score.value:+.4f} (>= {_signed(score.low, '+.4f')})",
                f"{seen.degeneration_before:.2%} -> {seen.degeneration_after:.2%}",
                f"{100 * loops.value:+.2f} (<= {_signed(loops.high, '+.2f', 100)})",
                "; ".join(seen.complaints) or _verdict(seen),
            )
        )
    return _align(rows)


def _draft_row(seen: DraftComparison) -> tuple[str, ...]:
    low = "not known" if seen.change.low is None else f"{seen.change.low:+.3f}"
    return (
        str(seen.pages),
        f"{seen.before:.2f} -> {seen.after:.2f}",
        f"{seen.change.value:+.3f} (>= {low})",
        f"{seen.different_before} -> {seen.different_after}",
        "; ".join(seen.complaints) or "drafts better",
    )


def _align(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    first, *others = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return "\n".join([first, rule, *others])


def _verdict(seen: SetComparison) -> str:
    """Return the verdict of a set that passes, with the bound where no page shows repetition.

    With zero repetitions the interval is degenerate. The rule of three gives the bound 3/n (Hanley and Lippman-Hand
    1983).
    """
    hidden = 3 / seen.pages
    if seen.degeneration_before or seen.degeneration_after or hidden <= WORST_DEGENERATION:
        return "no worse"
    return f"no worse; repetition on up to {hidden:.1%} of pages may not show"


def describe_lost(run: Run) -> list[str]:
    """Return a list, under its heading, of what the run reads worse than its base; empty where that is nothing."""
    lost = [f"- {what}: {change}" for what, change in run.metrics.lost.items()]
    return ["Worse in:", "", *lost, ""] if lost else []


DRAFT_COLUMNS = ("pages", "tokens per pass", "change a page (95% bound)", "pages unlike ar", "verdict")
COLUMNS = ("set", "pages", "composite", "change (95% bound)", "degeneration", "change in points (95% bound)", "verdict")


def _signed(value: float | None, form: str, times: float = 1) -> str:
    return "not known" if value is None else format(times * value, form)


def _describe_losses(run: Run) -> str:
    losses = run.metrics.loss
    return f", loss {losses.first:.3f} -> {losses.last:.3f} in {losses.steps} steps" if losses else ""


def _describe_quantised(run: Run) -> list[str]:
    seen = run.metrics.quantised
    if seen is None:
        return []
    before, after = seen.bytes_before / 1e6, seen.bytes_after / 1e6
    return [f"| quantized | {seen.preset}, {seen.pages} calibration pages, {before:,.1f} -> {after:,.1f} MB |"]


def _short(path: str) -> str:
    """Return the last two parts of a path, which name no machine; a hub id stays whole."""
    return "/".join(Path(path).parts[-2:]) or "nothing"
