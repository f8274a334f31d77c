"""`ocr finetune --part layout`: compose pages, train, compare and promote a network of the structure of pages.

Each step leaves its result in the run's folder: a run that was killed goes on where it stopped, and a finished one is
not run twice.
"""

import random
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from data.layouts.features.feature_catalog import FEATURES
from data.layouts.page_composer import PageRequest, compose_page
from data.layouts.page_truth import LayoutPage
from ocr.core.environment import load, package_version
from ocr.core.errors import GateError, UsageError
from ocr.core.files import hash_file, write_atomic
from ocr.layout.learned.structure_network import WEIGHTS, read_weights
from ocr.layout.page import RULES, weights_file
from training.layout.doubt.doubt_fit import doubt_pages, fit_doubt
from training.layout.graph_supply import PageSupply, supply
from training.layout.layout_check import LayoutComparison, check_pages, compare
from training.layout.layout_recipe import read_layout_recipe
from training.layout.layout_run import (
    PART,
    LayoutRun,
    describe_gate,
    describe_layout_run,
    layout_runs,
    save_layout_run,
)
from training.run_dir import RunDir, free_name

STAGE = "general"
PAGES = "pages"
"""The folder of labeled pages in that of a run."""
PACKAGES = ("lusocr", "torch", "numpy")


@dataclass(frozen=True, slots=True)
class LayoutRequest:
    """What the user asked for."""

    stage: str = STAGE
    home: Path = Path("runs")
    base: str = ""
    """What the run is compared with: rules, learned, or the folder of a run; default: rules. Training starts from the
    weights of the base; from random ones for rules."""
    recipe: str = ""
    assignments: tuple[str, ...] = ()
    seed: int = 0
    force: bool = False


def plan_layout(request: LayoutRequest) -> LayoutRun:
    """Return the run that fulfills a request; nothing is written.

    Raises `UsageError` for an unknown stage, recipe, key, base or layout feature.
    """
    if request.stage != STAGE:
        raise UsageError(f"no such stage of the layout: {request.stage}", hint=f"--stage {STAGE}")
    recipe = read_layout_recipe(request.recipe, list(request.assignments))
    for name in recipe.without:
        if name not in FEATURES:
            raise UsageError(f"no layout feature {name!r}", hint=f"features: {', '.join(FEATURES)}")
    base = request.base or RULES
    run = LayoutRun(
        name=free_name(request.home, PART),
        recipe=recipe,
        base=base,
        base_digest="" if base == RULES else hash_file(weights_file(base)),
        packages={name: version for name in PACKAGES if (version := package_version(name))},
        command=_command(request),
        seed=request.seed,
        started=datetime.now(UTC).isoformat(),
    )
    return next((other for other in layout_runs(request.home) if other.key == run.key), run)


def finetune_layout(request: LayoutRequest) -> LayoutRun:
    """Carry out a run and return it, promoted. Raises `GateError` where the regression check fails."""
    load("torch", extra="train")
    run = plan_layout(request)
    directory = RunDir(request.home / run.name)
    if not (run.state == "promoted" or (run.state == "refused" and not request.force)):
        with directory.lock():
            save_layout_run(run, directory.path)
            run = _trained(run, directory.path)
            run = _promoted(run, request, directory.path)
    if run.state != "promoted":
        complaints = [f"{name}: {seen.complaint}" for name, seen in run.gate.items() if seen.complaint]
        raise GateError(
            "\n".join([f"{run.name} fails the regression check", *complaints, describe_gate(run)]),
            hint=f"look at {directory.path}; train longer with --set steps=6000; --force-promote promotes it all the "
            "same and records that in run.json",
        )
    return run


def describe_layout_plan(request: LayoutRequest) -> str:
    """Return the plan in words."""
    run = plan_layout(request)
    recipe = run.recipe
    return "\n".join(
        (
            f"{run.name}: layout, recipe {recipe.name}, compared with {run.base}",
            f"trains on {recipe.pages:,} composed pages for {recipe.steps:,} steps, "
            f"learning rate {recipe.learning_rate:g}, without {', '.join(recipe.without) or 'nothing left out'}",
            f"is judged by {recipe.held_out} composed pages and by as many with the features left out",
        )
    )


def _command(request: LayoutRequest) -> str:
    parts = ["ocr", "finetune", "--part", "layout", "--stage", request.stage]
    parts += ["--base", request.base] if request.base else []
    parts += ["--recipe", request.recipe] if request.recipe else []
    parts += [part for assignment in request.assignments for part in ("--set", assignment)]
    return shlex.join([*parts, "--seed", str(request.seed)])


def _trained(run: LayoutRun, folder: Path) -> LayoutRun:
    """Train the weights, or go on with it. A trained run is left as it is."""
    if run.state != "training":
        return run
    from training.layout.structure_module import load_weights
    from training.layout.structure_trainer import LoopSettings, StructureTrainer, new_network

    recipe = run.recipe
    pages = PageSupply(
        PART if not run.seed else f"{PART}/{run.seed}", recipe.pages, frozenset(recipe.without), recipe.views
    )
    graphs = [graph for chunk in supply(pages, folder / PAGES) for graph in chunk]
    settings = LoopSettings(
        recipe.steps, recipe.learning_rate, recipe.warmup, recipe.weight_decay, run.seed, recipe.save_seconds
    )
    network = new_network(graphs, run.seed)
    if run.base != RULES:
        load_weights(network, read_weights(weights_file(run.base)))
    trainer = StructureTrainer(network, settings, folder)
    trainer.resume()
    trainer.train(graphs)
    trainer.write(folder / WEIGHTS)
    fit_doubt(doubt_pages(recipe.doubt_pages, run.seed), folder)
    run = replace(run, state="trained", seconds=trainer.seconds, loss=trainer.loss)
    save_layout_run(run, folder)
    return run


def _promoted(run: LayoutRun, request: LayoutRequest, folder: Path) -> LayoutRun:
    """Arrange held-out pages with the base and with the run, compare, and mark the run promoted or refused."""
    gate = {
        name: _compared(pages, run.base, folder, run.seed)
        for name, pages in (("other documents", _others(run)), ("features left out", _left_out(run)))
        if pages
    }
    passed = not any(seen.complaint for seen in gate.values())
    forced = request.force and not passed
    run = replace(run, state="promoted" if passed or forced else "refused", gate=gate, forced=forced)
    save_layout_run(run, folder)
    write_atomic(RunDir(folder).card, describe_layout_run(run).encode("utf-8"))
    return run


def _compared(pages: Sequence[LayoutPage], base: str, folder: Path, seed: int) -> LayoutComparison:
    return check_pages(compare(pages, base, str(folder)), seed)


def _others(run: LayoutRun) -> list[LayoutPage]:
    """Return composed pages of other documents, with the features that training has."""
    pages = PageSupply(f"held-out/{run.seed}", run.recipe.held_out, frozenset(run.recipe.without))
    return [pages.page(number) for number in range(pages.count)]


def _left_out(run: LayoutRun) -> list[LayoutPage]:
    """Return composed pages that each have one of the features that training has not."""
    return list(_with_features(run)) if run.recipe.without else []


def _with_features(run: LayoutRun) -> Iterator[LayoutPage]:
    generator = random.Random(f"left out/{run.seed}")
    for number in range(run.recipe.held_out):
        name = run.recipe.without[number % len(run.recipe.without)]
        kinds = sorted(FEATURES[name].kinds or ("letter",))
        kind = generator.choice(kinds)
        yield compose_page(PageRequest(kind, f"left out/{run.seed}/{number}", (name,))).truth
