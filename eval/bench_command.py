"""The command `ocr bench`, and `--compare opus gpt gemini` rewritten into what the command-line library understands."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ocr.extract_commands import Assignments, Config, ModelOption

MachinePrice = Annotated[
    str,
    typer.Option(help="Price of your own hardware: c7i (CPU), l4, l40s, a100, h100, h200 or NAME=DOLLARS_PER_HOUR."),
]
Utilization = Annotated[
    float,
    typer.Option(
        "--utilization", "--utilisation", help="Share of paid hours in which the machine reads.", min=0.01, max=1
    ),
]


def bench(
    data: Annotated[
        str,
        typer.Option(help="samples, dharma, a folder of scans and texts, a manifest.jsonl or a .parquet file."),
    ] = "samples",
    engine: Annotated[
        str, typer.Option(help="Engine to evaluate; NAME=MODEL for engines that serve models. Default: as ocr extract.")
    ] = "",
    model: ModelOption = None,
    decoding: Annotated[
        str,
        typer.Option(
            metavar="MODE,MODE",
            help="Decoding modes of the model, a row each: ar, diffusion, self-speculation, verify:rapid.",
        ),
    ] = "",
    compare: Annotated[
        list[str] | None,
        typer.Option(help="Systems to compare with: opus, gpt, gemini, a model id, an engine, recorded:DIR."),
    ] = None,
    to: Annotated[Path, typer.Option(help="Output folder for the report, results and response cache.")] = Path(
        "ocr-bench"
    ),
    machine: MachinePrice = "",
    utilization: Utilization = 1.0,
    yes: Annotated[bool, typer.Option("--yes", help="Send page images to the vendors without asking.")] = False,
    max_cost: Annotated[float | None, typer.Option(help="Upper limit of the cost in dollars.", min=0)] = None,
    fail_under: Annotated[
        list[str] | None,
        typer.Option(help="Exit with code 11 if a metric is worse than this, such as score=0.90 or cer=0.02."),
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="An earlier results.json: exit with code 11 if the engine got worse.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed of the intervals and tests.")] = 0,
    config: Config = None,
    assignments: Assignments = None,
) -> None:
    """Evaluate an engine on pages with ground truth beside other systems: quality, repetition, cost, with intervals."""
    from eval.bench import BenchConfig, run
    from eval.bench_regression import parse_limits
    from eval.console import make_interface, show
    from eval.systems.pricing import find_machine
    from ocr.core.settings import load
    from ocr.engines.vlm.decoding.modes import parse_mode
    from ocr.pipeline.options import ExtractSettings

    modes = tuple(parse_mode(mode) for mode in decoding.split(",")) if decoding else ()
    flags = {
        "engine": engine or ("transformers" if modes else "vllm" if model else None),
        "options.model": model,
        "decoding.mode": modes[0] if modes else None,
    }
    bench_config = BenchConfig(
        data=data,
        settings=load(ExtractSettings, file=config, assignments=assignments or [], flags=flags),
        decoding=modes,
        compare=tuple(compare or ()),
        to=to,
        command=shlex.join(["ocr", *sys.argv[1:]]),
        seed=seed,
        machine=find_machine(machine) if machine else None,
        utilization=utilization,
        yes=yes,
        max_cost=max_cost,
        limits=parse_limits(fail_under or []),
        baseline=baseline,
    )
    run(bench_config, make_interface(), show)


def spread_compare(arguments: Sequence[str]) -> list[str]:
    """Repeat `--compare` before each of the systems that follow it; return anything else unchanged.

    Systems may be separated by spaces (`--compare opus gpt`) or commas (`--compare opus,gpt`), or follow an equals sign
    (`--compare=opus`), in any combination. The list ends at the next option. The library takes one value an option
    only; without this, the second system would be an "unexpected extra argument".
    """
    words = list(arguments)
    if next((word for word in words if not word.startswith("-")), "") != "bench":
        return words
    spread: list[str] = []
    listing = False
    for place, word in enumerate(words):
        if word == "--":
            return spread + words[place:]
        option, equals, value = word.partition("=")
        if word.startswith("-"):
            listing = option == "--compare"
            # `--compare` without a value is left unchanged: the library reports the error.
            follower = words[place + 1] if place + 1 < len(words) else "-"
            if not listing or (not equals and follower.startswith("-")):
                spread.append(word)
                continue
        names = (value if word.startswith("-") else word).split(",")
        spread += [part for name in names if name for part in ("--compare", name)] if listing else [word]
    return spread
