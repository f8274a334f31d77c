"""Which engine reads where none was asked for, and whether its weights are here.

A vision-language model reads by itself only where a GPU, the extra and the weights are at hand; on a CPU it would take
minutes a page, so there it has to be asked for. A download is announced with its size and asked for once.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ocr.core.errors import UsageError
from ocr.models import catalog

EMBEDDED = "rapid"
STAGES = ("general", "domain", "dpo")
"""Stages of training, each made from the one before: of promoted runs, the last stage reads."""


@dataclass(frozen=True, slots=True)
class Choice:
    engine: str
    options: Mapping[str, Any] = field(default_factory=dict)
    hint: str = ""
    """What a better reader would need, in one line."""


def choose(runs: Path = Path("runs"), *, gpu: bool | None = None) -> Choice:
    """The reader for a folder that has none yet: a promoted run, the table's default, or the embedded engine."""
    run = promoted_run(runs)
    if not (catalog.sees_gpu() if gpu is None else gpu):
        return Choice(
            EMBEDDED, hint=f"{run} is promoted, but there is no GPU: --model {run} reads with it" if run else ""
        )
    if find_spec("vllm") is None:
        return Choice(EMBEDDED, hint="this machine has a GPU: pip install 'lusocr[gpu]' lets a specialist read")
    if run is not None:
        # The output folder remembers it, and may be gone on with from elsewhere.
        return Choice("vllm", {"model": str(run.resolve())})
    name = catalog.default_name()
    if catalog.find_weights(catalog.resolve(name)) is None:
        return Choice(EMBEDDED, hint=f"this machine has a GPU: --model {name} fetches a specialist and reads with it")
    return Choice("vllm", {"model": name})


def promoted_run(runs: Path) -> Path | None:
    """The run in the folder `runs` that passed its gate: of the last stage, and of these the newest."""
    found = []
    for file in runs.glob("*/run.json"):
        try:
            run = json.loads(file.read_text(encoding="utf-8"))
            if run["state"] == "promoted" and (file.parent / "config.json").is_file():
                found.append((STAGES.index(run["stage"]), str(run["started"]), file.parent))
        except (OSError, ValueError, KeyError, TypeError):
            continue  # a run that is being written, or not ours
    return max(found)[2] if found else None


def obtain(name: str, *, agreed: bool, ask: Callable[[str], bool]) -> None:
    """Make sure that the weights of model `name` are on this machine.

    `ask` puts the question to a person; `agreed` is the answer given beforehand. Raises `UsageError` when the answer is
    no, and `EngineError` when the weights cannot be fetched.
    """
    model = catalog.resolve(name or catalog.default_name())
    if catalog.find_weights(model) is not None:
        return
    size = catalog.weigh_download(model)
    words = f"{model.name} ({model.id}, licence: {model.licence}) is not on this machine: {size / 1e9:.1f} GB to fetch"
    if not agreed and not ask(f"{words}. Fetch it?"):
        raise UsageError(words, hint="type --yes to fetch it, or name a folder that holds it: --model PATH")
    catalog.download(model)


def warnings_about(model: catalog.Model) -> list[str]:
    """What a person should know before this model reads, a line each."""
    lines = [f"{model.name}: {trap}" for trap in model.traps]
    if not model.is_local and model.revision == "main":
        lines.insert(0, f"{model.name}: unpinned: revision main of {model.id} may change between runs")
    return lines
