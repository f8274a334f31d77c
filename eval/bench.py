"""The story of a bench: open the pages, ask before money is spent, read, score, compare, report, and hold the gate."""

import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from eval.datasets import DataSet, open_data
from eval.regression import check_baseline, check_limits, hold
from eval.report import html
from eval.results import METRICS, Result, Terms, compare_all, compute_cost, finish_of, make_results, summarise
from eval.systems.pricing import Machine, read_table
from eval.systems.registry import Means, System, estimate, find_system, is_priced, read_recorded
from eval.systems.response_cache import Cache, Desk, Outcome, Session, read_pages
from eval.systems.vendor_engine import Budget, Policy
from ocr.core.environment import VERSION, package_version
from ocr.core.errors import DependencyError, EngineError, UsageError
from ocr.core.files import hash_bytes, write_private
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
    "anthropic",
    "openai",
    "google-genai",
)
"""Whose versions results.json names."""


@dataclass(frozen=True, slots=True)
class Job:
    """One call of `ocr bench`."""

    data: str
    settings: ExtractSettings
    """The engine that is judged, its options, and how pages are drawn for everybody."""
    compare: tuple[str, ...]
    to: Path
    command: str
    """As typed, for whoever wants to run it again."""
    seed: int = 0
    machine: Machine | None = None
    utilisation: float = 1.0
    yes: bool = False
    max_cost: float | None = None
    limits: dict[str, float] = field(default_factory=dict)
    baseline: Path | None = None
    policy: Policy = field(default_factory=Policy)


@dataclass(frozen=True, slots=True)
class Voice:
    """How the bench talks to whoever started it."""

    say: Callable[[str], None]
    ask: Callable[[str], bool] | None
    """A yes-or-no question; None where nobody is there to answer."""
    bar: Callable[[str, int], Callable[[], None]]
    """Starts a progress bar of so many pages; the answer moves it on by one."""


@dataclass
class Measured:
    """A system after its turn; without results where it was not run."""

    system: System
    results: list[Result] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    sessions: Session = field(default_factory=Session)
    reason: str = ""
    hint: str = ""


def run(job: Job, voice: Voice, show: Callable[[dict[str, Any]], None]) -> None:
    """Measure, write the report into `job.to` and `show` the results. Raises GateError at the very end."""
    data = open_data(job.data, job.to / "images")
    for reason in data.left_out:
        voice.say(f"left out: {reason}")
    systems = _find_systems(job)
    declined = _ask_first(job, data, systems, voice)
    measured = [_measure(job, data, system, declined, voice) for system in systems]
    results = _gather(job, data, measured)
    html.write(job.to, results, {each.system.name: each.results for each in measured if each.results})
    _write_pages(job.to / "pages.jsonl", measured)
    show(results)
    voice.say(f"report: {job.to / 'report.html'}")
    first = results["systems"][0]
    if (job.limits or job.baseline) and first["status"] == "measured":
        wrong = check_limits(first, job.limits)
        hold(wrong + (check_baseline(results, job.baseline) if job.baseline else []))


def _find_systems(job: Job) -> list[System]:
    """Ours first: the engine typed, or the one that `ocr extract` would choose here; then the rivals."""
    ours = Choice(job.settings.engine) if job.settings.engine else choose()
    purse = Budget(job.max_cost if job.max_cost is not None else float("inf"))
    means = Means(purse, job.policy, {**ours.options, **job.settings.options})
    rivals = dict.fromkeys(name for name in job.compare if name != ours.engine)
    return [
        replace(find_system(ours.engine, means), is_ours=True),
        *(find_system(name, replace(means, options={})) for name in rivals),
    ]


def _cache(job: Job, system: System) -> Cache:
    assert system.engine is not None
    settings = job.settings.render
    return Cache(job.to / "cache", f"{system.engine.fingerprint} at {settings.dpi} dpi by {settings.pdf}")


def _ask_first(job: Job, data: DataSet, systems: Sequence[System], voice: Voice) -> bool:
    """Say what would leave this machine, and ask; True where the answer was no. Raises UsageError if nobody answers."""
    estimates = []
    for system in systems:
        if system.price is None or system.missing:
            continue
        cache = _cache(job, system)
        pages = [page for page in data.pages if cache.get(page) is None]
        if cache.unusable:
            voice.say(f"{system.name}: {cache.unusable} cached answers cannot be used and will be asked for again")
        if pages:
            estimates.append(estimate(system, pages))
        if pages and job.max_cost is not None and not is_priced(system.price):
            raise UsageError(
                f"--max-cost: the price of {system.name} is unknown", hint="leave --max-cost out, or the model"
            )
    if not estimates:
        return False
    for one in estimates:
        voice.say(f"would send {one}")
    if job.yes or job.max_cost is not None:
        return False
    if voice.ask is None:
        total = sum(one.most for one in estimates)
        raise UsageError(
            "page images would leave this machine, and nobody is there to agree",
            hint=f"--yes, or --max-cost {total:.2f}",
        )
    return not voice.ask("Send them?")


def _measure(job: Job, data: DataSet, system: System, declined: bool, voice: Voice) -> Measured:
    """One system's turn. A rival that cannot be run here is a row with a reason; our own engine must run."""
    if system.folder is not None:
        outcomes = read_recorded(system.folder, data.pages)
        return Measured(system, make_results(data.pages, outcomes), outcomes)
    if system.missing:
        return Measured(system, reason=system.missing, hint=system.hint)
    if declined and system.price is not None:
        return Measured(system, reason="not agreed to", hint="run again and agree, or --yes")
    try:
        outcomes = asyncio.run(_read(job, data, system, voice))
    except (DependencyError, EngineError) as failure:
        if system.is_ours and system.price is None:
            raise
        return Measured(system, reason=failure.message, hint=failure.hint)
    return Measured(system, make_results(data.pages, outcomes), outcomes, _cache(job, system).sessions())


async def _read(job: Job, data: DataSet, system: System, voice: Voice) -> list[Outcome]:
    assert system.engine is not None
    renderer = Renderer(job.settings.render)
    desk = Desk(_cache(job, system), renderer, job.settings.seconds, voice.bar(system.name, len(data.pages)))
    try:
        return await read_pages(system.engine, data.pages, desk)
    finally:
        await renderer.close()


def _gather(job: Job, data: DataSet, measured: Sequence[Measured]) -> dict[str, Any]:
    """All numbers, JSON-ready: what results.json holds and every table and plot is made from."""
    ours, rivals = measured[0], {each.system.name: each.results for each in measured[1:] if each.results}
    digest = hash_bytes(json.dumps([(page.id, page.sha256, page.number, page.truth) for page in data.pages]).encode())
    return {
        "version": VERSION,
        "command": job.command,
        "seed": job.seed,
        "python": sys.version.split()[0],
        "packages": _versions(),
        "data": {
            "name": data.name,
            "pages": len(data.pages),
            "documents": len({page.document for page in data.pages}),
            "licence": data.licence,
            "left_out": list(data.left_out),
            "sha256": digest,
        },
        "systems": [_row(job, each) for each in measured],
        "comparisons": compare_all(ours.results, rivals, seed=job.seed) if ours.results and rivals else {},
        "published": [asdict(row) for row in read_table().published],
    }


def _row(job: Job, each: Measured) -> dict[str, Any]:
    """One system's entry in results.json."""
    system = each.system
    row: dict[str, Any] = {"name": system.name, "title": system.title}
    if not each.results:
        return {**row, "status": "not run", "reason": each.reason, "hint": each.hint}
    terms = Terms(None, job.machine, job.utilisation)
    if system.price:
        terms = Terms(system.price if is_priced(system.price) else None)
    engine = system.engine
    return {
        **row,
        "status": "measured",
        "fingerprint": engine.fingerprint if engine else "",
        **summarise(each.results, seed=job.seed),
        "cost": compute_cost(each.results, each.outcomes, each.sessions, terms),
        "per_page": {
            result.page.id: {
                "document": result.page.document,
                "status": result.status,
                **{name: metric(result) for name, metric in METRICS.items()},
            }
            for result in each.results
        },
    }


def _versions() -> dict[str, str]:
    return {package: package_version(package) or "missing" for package in PACKAGES}


def _write_pages(path: Path, measured: Sequence[Measured]) -> None:
    """Every page of every system on a line: what was true, what was read, and each of its scores."""
    lines = []
    for each in measured:
        for result, outcome in zip(each.results, each.outcomes, strict=True):
            values = {
                "system": each.system.name,
                "id": result.page.id,
                "document": result.page.document,
                "status": result.status,
                "reason": result.reason,
                "finish": finish_of(outcome),
                "loop": result.loop,
                "completion_tokens": result.completion_tokens,
                "wasted_tokens": result.wasted_tokens,
                "truth": result.page.truth,
                "reading": result.reading,
                "score": asdict(result.score),
            }
            lines.append(json.dumps(values, ensure_ascii=False) + "\n")
    write_private(path, "".join(lines))
