"""Run a benchmark: open the pages, ask before money is spent, read, score, compare, report, check for regressions."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from eval.bench_regression import Limits, check
from eval.bench_result import BenchResult, DataSummary, NotRun, SystemResult, write_forms
from eval.costs import CostTerms, compute_cost
from eval.datasets import DataSet, open_data
from eval.metrics.page_scores import PageScore
from eval.report import html
from eval.results import PageResult, SystemName, compare_all, finish_of, score_outputs, summarize
from eval.systems.pricing import CPU_MACHINE, Machine, find_machine, read_table
from eval.systems.registry import System, SystemOptions, estimate, find_system, is_priced, read_recorded
from eval.systems.response_cache import ReadContext, Response, ResponseCache, Session, read_pages
from eval.systems.vendor_engine import Budget, RetryPolicy
from eval.systems.vendors import VENDORS
from ocr.core.environment import VERSION, package_version
from ocr.core.errors import DependencyError, EngineError, UsageError
from ocr.core.files import hash_bytes, write_private
from ocr.engines.base import capabilities_of, identity_of
from ocr.engines.vlm.decoding.modes import Mode
from ocr.pipeline.engine_selection import Choice, choose
from ocr.pipeline.options import ExtractSettings
from ocr.rendering.renderer import Renderer

PACKAGES = (
    "rapidocr",
    "openvino",
    "onnxruntime",
    "rapidfuzz",
    "numpy",
    "pillow",
    *(vendor.package for vendor in VENDORS.values()),
)
"""Packages whose versions results.json states."""


@dataclass(frozen=True, slots=True)
class BenchConfig:
    """One run of `ocr bench`."""

    data: str
    settings: ExtractSettings
    """The evaluated engine, its options, and how pages are rendered for every system."""
    compare: tuple[str, ...]
    to: Path
    command: str
    """The command line as typed, so that the run can be repeated."""
    seed: int = 0
    machine: Machine | None = None
    utilization: float = 1.0
    yes: bool = False
    max_cost: float | None = None
    limits: Limits = field(default_factory=dict)
    baseline: Path | None = None
    decoding: tuple[Mode, ...] = ()
    """A row for each of these decoding modes of the evaluated model; the first is compared with the others."""
    policy: RetryPolicy = field(default_factory=RetryPolicy)


@dataclass(frozen=True, slots=True)
class Interface:
    """How the benchmark talks to the user."""

    say: Callable[[str], None]
    ask: Callable[[str], bool] | None
    """Ask a yes-or-no question; None without a terminal."""
    start_bar: Callable[[str, int], Callable[[], None]]
    """Start a progress bar for a number of pages; the function that it returns advances it by one."""


@dataclass
class Measured:
    """A system after its run; without results where it was not run."""

    system: System
    results: list[PageResult] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)
    sessions: Session = field(default_factory=Session)
    reason: str = ""
    hint: str = ""


def run(config: BenchConfig, interface: Interface, show: Callable[[BenchResult], None]) -> BenchResult:
    """Measure, write the report into `config.to`, `show` and return the result. Raises GateError at the very end."""
    data = open_data(config.data, config.to / "images")
    for reason in data.left_out:
        interface.say(f"left out: {reason}")
    systems = _find_systems(config)
    declined = _ask_first(config, data, systems, interface)
    measured = [_measure(config, data, system, declined, interface) for system in systems]
    result = _gather(config, data, measured)
    html.write(config.to, result, {each.system.name: each.results for each in measured if each.results})
    _write_pages(config.to / "pages.jsonl", measured)
    show(result)
    interface.say(f"report: {config.to / 'report.html'}")
    check(result, config.limits, config.baseline).raise_if_failed()
    return result


def _find_systems(config: BenchConfig) -> list[System]:
    """Return the evaluated engine (the one typed, or the one that `ocr extract` would choose), then the others."""
    ours = Choice(config.settings.engine) if config.settings.engine else choose()
    budget = Budget(config.max_cost if config.max_cost is not None else float("inf"))
    options = SystemOptions(budget, config.policy, {**ours.options, **config.settings.engine_options})
    others = dict.fromkeys(name for name in config.compare if name != ours.engine)
    evaluated = [_by_mode(ours.engine, options, mode) for mode in config.decoding] or [
        find_system(ours.engine, options)
    ]
    return [
        replace(evaluated[0], is_ours=True),
        *evaluated[1:],
        *(find_system(name, replace(options, options={})) for name in others),
    ]


def _by_mode(engine: str, options: SystemOptions, mode: Mode) -> System:
    """Return the row of one decoding mode."""
    decoding = options.options.get("decoding", {})
    settings = {**(decoding if isinstance(decoding, dict) else {}), "mode": mode}
    system = find_system(engine, replace(options, options={**options.options, "decoding": settings}))
    return replace(system, name=f"{engine} {mode}", title=f"{engine} {mode}", decoding=mode)


def _cache(config: BenchConfig, system: System) -> ResponseCache:
    assert system.engine is not None
    # Modes that write the same text have the same identity, but each one's speed is measured.
    folder = config.to / "cache" / system.decoding.replace(":", "-")
    return ResponseCache(folder, identity_of(system.engine, config.settings.render))


def _ask_first(config: BenchConfig, data: DataSet, systems: Sequence[System], interface: Interface) -> bool:
    """State what would leave this machine and ask; return whether the user declined.

    Raises UsageError without a terminal.
    """
    estimates = []
    for system in systems:
        if system.price is None or system.missing:
            continue
        cache = _cache(config, system)
        pages = [page for page in data.pages if cache.get(page) is None]
        if cache.unusable:
            interface.say(f"{system.name}: {cache.unusable} cached responses are unusable and will be requested again")
        if pages:
            estimates.append(estimate(system, pages))
        if pages and config.max_cost is not None and not is_priced(system.price):
            raise UsageError(
                f"--max-cost: the price of {system.name} is unknown", hint="remove --max-cost, or the model"
            )
    if not estimates:
        return False
    for one in estimates:
        interface.say(f"would send {one}")
    if config.yes or config.max_cost is not None:
        return False
    if interface.ask is None:
        total = sum(one.most for one in estimates)
        raise UsageError(
            "page images would leave this machine, and there is no terminal to ask on",
            hint=f"--yes, or --max-cost {total:.2f}",
        )
    return not interface.ask("Send them?")


def _measure(config: BenchConfig, data: DataSet, system: System, declined: bool, interface: Interface) -> Measured:
    """Run one system. Where another system cannot be run, its row states the reason; the evaluated one must run."""
    if system.folder is not None:
        responses = read_recorded(system.folder, data.pages)
        return Measured(system, score_outputs(data.pages, responses), responses)
    if system.missing:
        return Measured(system, reason=system.missing, hint=system.hint)
    if declined and system.price is not None:
        return Measured(system, reason="not agreed to", hint="run again and agree, or --yes")
    try:
        responses = asyncio.run(_read(config, data, system, interface))
    except (DependencyError, EngineError) as failure:
        if system.is_ours and system.price is None:
            raise
        return Measured(system, reason=failure.message, hint=failure.hint)
    return Measured(system, score_outputs(data.pages, responses), responses, _cache(config, system).sessions())


async def _read(config: BenchConfig, data: DataSet, system: System, interface: Interface) -> list[Response]:
    assert system.engine is not None
    renderer = Renderer(config.settings.render)
    on_page = interface.start_bar(system.name, len(data.pages))
    context = ReadContext(_cache(config, system), renderer, config.settings.seconds, on_page)
    try:
        return await read_pages(system.engine, data.pages, context)
    finally:
        await renderer.close()


def _gather(config: BenchConfig, data: DataSet, measured: Sequence[Measured]) -> BenchResult:
    """Return all numbers of the run: what results.json holds, and what tables and plots are made from."""
    ours, others = measured[0], {each.system.name: each.results for each in measured[1:] if each.results}
    identity = [(page.id, page.sha256, page.number, page.reference) for page in data.pages]
    return BenchResult(
        version=VERSION,
        command=config.command,
        seed=config.seed,
        python=sys.version.split()[0],
        packages=_versions(),
        data=DataSummary(
            name=data.name,
            pages=len(data.pages),
            documents=len({page.document for page in data.pages}),
            license=data.licence,
            left_out=data.left_out,
            sha256=hash_bytes(json.dumps(identity).encode()),
        ),
        systems=tuple(_summarize(config, each) for each in measured),
        comparisons=compare_all(ours.results, others, seed=config.seed) if ours.results and others else {},
        published=read_table().published,
    )


def _summarize(config: BenchConfig, each: Measured) -> SystemResult | NotRun:
    system = each.system
    if not each.results:
        return NotRun(system.name, system.title, "not run", each.reason, each.hint)
    cost = compute_cost(each.results, each.responses, each.sessions, _cost_terms(config, system))
    name = SystemName(system.name, system.title, system.engine.fingerprint if system.engine else "")
    return summarize(name, each.results, cost, seed=config.seed)


def _cost_terms(config: BenchConfig, system: System) -> CostTerms:
    """Return a vendor's price, or the machine named; for an engine that runs on the CPU, a CPU machine by default."""
    if system.price:
        return CostTerms(system.price if is_priced(system.price) else None)
    on_cpu = system.engine is not None and not capabilities_of(system.engine).generates_text
    machine = config.machine or (find_machine(CPU_MACHINE) if on_cpu else None)
    return CostTerms(None, machine, config.utilization)


def _versions() -> dict[str, str]:
    return {package: package_version(package) or "missing" for package in PACKAGES}


def _score_to_json(score: PageScore) -> dict[str, object]:
    values = asdict(score)
    values |= {rates: write_forms(values[rates]) for rates in ("characters", "words")}
    return {("accents" if name == "diacritics" else name): value for name, value in values.items()}


def _write_pages(path: Path, measured: Sequence[Measured]) -> None:
    """Write every page of every system on a line: its reference, the output, and each of its scores."""
    lines = []
    for each in measured:
        for result, response in zip(each.results, each.responses, strict=True):
            score = _score_to_json(result.score)
            values = {
                "system": each.system.name,
                "id": result.page.id,
                "document": result.page.document,
                "status": result.status,
                "reason": result.reason,
                "finish": finish_of(response),
                "loop": result.loop,
                "completion_tokens": result.completion_tokens,
                "wasted_tokens": result.wasted_tokens,
                "truth": result.page.reference,
                "reading": result.output,
                "score": score,
            }
            lines.append(json.dumps(values, ensure_ascii=False) + "\n")
    write_private(path, "".join(lines))
