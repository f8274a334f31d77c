"""Find, weigh and download the weights of a model."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

from ocr.core.environment import load
from ocr.core.errors import EngineError, UsageError
from ocr.models import catalog
from ocr.models.catalog import Model

COMMIT = re.compile(r"[0-9a-f]{40}")
"""A revision that cannot change."""


def find_weights(model: Model) -> Path | None:
    """Return the folder with the model's weights on this machine, None if they must be downloaded first.

    Raises `DependencyError` if the hub's client is not installed.
    """
    if model.is_local:
        return Path(model.id)
    hub, errors = load("huggingface_hub", extra="gpu"), load("huggingface_hub.errors", extra="gpu")
    try:
        found = hub.snapshot_download(model.id, revision=model.revision, local_files_only=True)
    except errors.LocalEntryNotFoundError:
        return None
    return Path(found)


def weigh_download(model: Model) -> int:
    """Return the bytes to download. Raises `EngineError` if the hub does not answer or has no such model."""
    hub, errors = load("huggingface_hub", extra="gpu"), load("huggingface_hub.errors", extra="gpu")
    try:
        described = hub.HfApi().model_info(model.id, revision=model.revision, files_metadata=True)
    except (*_http_errors(errors), errors.OfflineModeIsEnabled) as cause:
        raise _unreachable(model, cause) from cause
    return sum(part.size or 0 for part in described.siblings or [])


def download(model: Model) -> Path:
    """Download the weights from the hub and return their folder. Raises `EngineError` if that fails."""
    hub, errors = load("huggingface_hub", extra="gpu"), load("huggingface_hub.errors", extra="gpu")
    try:
        return Path(hub.snapshot_download(model.id, revision=model.revision))
    except (*_http_errors(errors), errors.OfflineModeIsEnabled) as cause:
        raise _unreachable(model, cause) from cause


def _http_errors(errors: ModuleType) -> tuple[type[Exception], ...]:
    """Return what the hub's HTTP client raises, `OSError` among it: without a network it is no error of the hub's."""
    return (errors.HfHubHTTPError, *errors.HfHubHTTPError.__bases__)


def _unreachable(model: Model, cause: Exception) -> EngineError:
    return EngineError(
        f"the weights of {model.name} ({model.id}) are not on this machine and cannot be downloaded: {cause}",
        hint="copy them here and name the folder: --model PATH",
    )


def obtain(name: str, *, agreed: bool, ask: Callable[[str], bool]) -> None:
    """Make sure that the weights of model `name` are on this machine.

    `ask` asks the user; `agreed` is the answer given beforehand. Raises `UsageError` if the answer is no, and
    `EngineError` if the weights cannot be downloaded.
    """
    _obtain(catalog.resolve(name or catalog.default_name()), agreed=agreed, ask=ask)


def _obtain(model: Model, *, agreed: bool, ask: Callable[[str], bool]) -> None:
    if find_weights(model) is not None:
        return
    size = weigh_download(model)
    words = (
        f"{model.name} ({model.id}, licence: {model.licence}) is not on this machine: {size / 1e9:.1f} GB to download"
    )
    if not agreed and not ask(f"{words}. Download it?"):
        raise UsageError(words, hint="type --yes to download it, or name a folder that holds it: --model PATH")
    download(model)


def allow_code(model: Model, *, agreed: bool, ask: Callable[[str], bool]) -> str:
    """Return the revision whose code may run, after the user has agreed; "" for a model without code of its own.

    `ask` asks the user; `agreed` is the answer given beforehand. Raises `UsageError` if the answer is no, or if the
    revision is a branch, whose code may change after the answer.
    """
    if not model.remote_code:
        return ""
    words = f"{model.name} runs Python code from {model.id}, revision {model.revision}"
    if not model.is_local and not COMMIT.fullmatch(model.revision):
        raise UsageError(f"{words}, which is not one commit", hint="look at the code, then name its commit")
    if not agreed and not ask(f"{words}. Run it?"):
        raise UsageError(words, hint="look at the code there, then type --trust-code")
    return model.revision


def trust_and_obtain(
    options: Mapping[str, object], *, agreed: tuple[bool, bool], ask: Callable[[str], bool]
) -> dict[str, str]:
    """Make sure that an engine's model is here and its code allowed; return the option that says so.

    `options` are those of the engine; `agreed` are the answers given beforehand, to the code and to the download.
    Raises what `allow_code` and `obtain` raise.
    """
    name, revision = str(options.get("model", "")), str(options.get("revision", ""))
    model = catalog.resolve(name or catalog.default_name())
    if revision and not model.is_local:
        model = model.model_copy(update={"revision": revision})
    trusted = allow_code(model, agreed=agreed[0], ask=ask)
    _obtain(model, agreed=agreed[1], ask=ask)
    return {"trusted_code": trusted} if trusted else {}


def warnings_about(model: catalog.Model) -> list[str]:
    """Return what a user should know about this model, a line each."""
    lines = [f"{model.name}: {trap}" for trap in model.traps]
    if not model.is_local and model.revision == "main":
        lines.insert(0, f"{model.name}: unpinned: revision main of {model.id} may change between runs")
    return lines
