"""The command `ocr finetune`."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocr.core.errors import ExitCode, UsageError
from ocr.extract_commands import confirm

if TYPE_CHECKING:
    from training.detector.detector_stage import DetectorRequest
    from training.layout.layout_stage import LayoutRequest
    from training.plan import StageRequest
    from training.recognizer.stage.recognizer_stage import RecognizerRequest


def finetune(
    stage: Annotated[str, typer.Option(help="Training stage: general, domain, dpo or drafter.")],
    part: Annotated[
        str,
        typer.Option(
            help="What to train: model (a vision-language model), recognizer (the built-in reader's), fast-detector "
            "(what finds its lines) or layout (what decides reading order and tables)."
        ),
    ] = "model",
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder that ocr data split wrote; for the recognizer a folder of lines, or composed. "
            "Default: that of the parent run; for the recognizer composed."
        ),
    ] = None,
    base: Annotated[
        str, typer.Option("--base", "--model", help="Model to start from, instead of the parent run.")
    ] = "",
    recipe: Annotated[
        str,
        typer.Option(
            help="Name of a built-in recipe, or a TOML file. Default: the parent run's, else nanonets-ocr2-3b-24gb."
        ),
    ] = "",
    runs: Annotated[Path, typer.Option(help="Folder of training runs.")] = Path("runs"),
    general: Annotated[
        Path | None,
        typer.Option(help="Manifest of the general test set. Default: the parent run's, or synthetic pages."),
    ] = None,
    pairs_from: Annotated[
        Path | None,
        typer.Option(help="Take preference pairs from an output folder of ocr extract, or from a pairs.jsonl."),
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Number of training processes, one for each GPU.")] = 1,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change one value of the recipe. May be repeated.", metavar="KEY=VALUE"),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and train nothing.")] = False,
    force_promote: Annotated[
        bool, typer.Option("--force-promote", help="Promote the model even if the regression check fails.")
    ] = False,
    quantize: Annotated[str, typer.Option(help="Also quantize the promoted model: awq (4-bit weights) or fp8.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Download base weights and what --quantize needs without asking.")
    ] = False,
) -> int:
    """Fine-tune a model by one training stage. It is promoted only if it passes the regression check."""
    if part == "recognizer":
        from training.recognizer.stage.recognizer_stage import COMPOSED, RecognizerRequest

        wanted = RecognizerRequest(
            stage, runs, str(data or COMPOSED), base, recipe, tuple(assignments or ()), seed, force_promote
        )
        return _finetune_recognizer(wanted, dry_run=dry_run)
    if part == "layout":
        from training.layout.layout_stage import LayoutRequest

        layout = LayoutRequest(stage, runs, base, recipe, tuple(assignments or ()), seed, force_promote)
        return _finetune_layout(layout, dry_run=dry_run)
    if part == "fast-detector":
        from training.detector.detector_stage import DetectorRequest

        detector = DetectorRequest(stage, runs, base, recipe, tuple(assignments or ()), seed, force_promote)
        return _finetune_detector(detector, dry_run=dry_run)
    if part != "model":
        raise UsageError(f"--part {part}: no such part", hint="--part model, recognizer, fast-detector or layout")
    from training.plan import StageRequest

    request = StageRequest(stage, runs, recipe, assignments or (), data, base, seed=seed, force=force_promote)
    request = replace(request, general=general, processes=processes, pairs_from=pairs_from)
    return _finetune_model(request, quantize, agreed=yes, dry_run=dry_run)


def _finetune_model(request: "StageRequest", quantize: str, *, agreed: bool, dry_run: bool) -> int:
    from ocr.models.weights import obtain
    from training import stages
    from training.evaluation.model_card import describe_gate, how_to_use
    from training.plan import describe_plan
    from training.quantization import compressor_environment
    from training.quantization.quantize import choose_scheme, quantise

    if dry_run:
        typer.echo(describe_plan(request))
        return ExitCode.OK
    scheme = choose_scheme(quantize) if quantize else None
    if scheme and request.stage == "drafter":
        raise UsageError("--quantize is for a model; --stage drafter leaves an adapter", hint="leave out --quantize")
    if scheme:
        compressor_environment.obtain(agreed=agreed, ask=confirm)
    run = stages.finetune(request, obtain=partial(obtain, agreed=agreed, ask=confirm))
    if scheme:
        run = quantise(run, scheme, request)
    typer.echo(describe_gate(run))
    typer.echo(f"{run.name} is promoted: ocr extract scans/ {how_to_use(run, request.home / run.name)}")
    return ExitCode.OK


def _finetune_recognizer(request: "RecognizerRequest", *, dry_run: bool) -> int:
    from training.recognizer.stage.recognizer_regression import describe_comparison
    from training.recognizer.stage.recognizer_stage import describe_recognizer_plan, finetune_recognizer

    if dry_run:
        typer.echo(describe_recognizer_plan(request))
        return ExitCode.OK
    run = finetune_recognizer(request)
    typer.echo(describe_comparison(run.metrics.gate))
    typer.echo(f"{run.name} is promoted: ocr extract scans/ --engine rapid --model {request.home / run.name}")
    return ExitCode.OK


def _finetune_layout(request: "LayoutRequest", *, dry_run: bool) -> int:
    from training.layout.layout_run import describe_gate
    from training.layout.layout_stage import describe_layout_plan, finetune_layout

    if dry_run:
        typer.echo(describe_layout_plan(request))
        return ExitCode.OK
    run = finetune_layout(request)
    typer.echo(describe_gate(run))
    typer.echo(f"{run.name} is promoted: ocr extract scans/ --set layout={request.home / run.name}")
    return ExitCode.OK


def _finetune_detector(request: "DetectorRequest", *, dry_run: bool) -> int:
    from training.detector.detector_run import describe_detector_gate
    from training.detector.detector_stage import describe_detector_plan, finetune_detector

    if dry_run:
        typer.echo(describe_detector_plan(request))
        return ExitCode.OK
    run = finetune_detector(request)
    typer.echo(describe_detector_gate(run))
    typer.echo(f"{run.name} is promoted: ocr extract scans/ --set options.detector={request.home / run.name}")
    return ExitCode.OK
