"""The seam: an engine reads one page at a time, many in flight. One file per engine, one line in `ENGINES`.

A bad page is a value (`EngineOutput(finish="error", reason=...)`); a dead engine is an `EngineError`. Retries, the
guard against degeneration and the witness live in `ocr.pipeline.page_reader`, never in an engine.

An engine is made by a function that takes its options (the `[options]` table of the settings) and checks them:
`def create(options: Mapping[str, Any]) -> Engine`. It loads nothing heavy before `start`. Besides the names of
`ENGINES`, `--engine package.module:function` takes any such function, so that an engine of your own needs no fork.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

from ocr.core.document import EngineOutput, PageImage
from ocr.core.errors import UsageError
from ocr.rendering.renderer import PageRef


@dataclass(frozen=True, slots=True)
class Request:
    """One attempt at one page."""

    image: PageImage | PageRef
    """Drawn, unless the engine `draws`."""
    attempt: int = 1
    seed: int = 0
    """Seeds any sampling; derived from the reading's identity and the attempt, so that runs repeat."""
    seconds: float = 600.0
    """Time allowed for this attempt; past it the engine answers `finish="timeout"`."""
    prompt: str = ""
    max_tokens: int = 0
    """Token budget of the answer; 0 lets the engine choose."""
    sampling: Mapping[str, float] = field(default_factory=dict)
    """temperature, top_p, repetition_penalty: whatever the engine knows; classical engines ignore it."""
    decoding: Mapping[str, object] = field(default_factory=dict)
    """Engine-specific options, such as a decoding mode (autoregressive, diffusion, self-speculation)."""
    on_text: Callable[[str], bool] | None = None
    """Called with each new piece of streamed text; answering False aborts the reading as `repetition`. An empty piece
    says that the text begins anew, because a broken stream or a dead engine is asked again."""


class Engine(Protocol):
    """What reads pages. `start` comes first and `close` last; `read` may be awaited `concurrency` times at once."""

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str:
        """All that decides what is read: model, revision, versions, prompt id, image size, sampling, adapter."""

    @property
    def concurrency(self) -> int:
        """How many pages it wants in flight."""

    async def start(self) -> None:
        """Load. Raises `EngineError` or `DependencyError` here, before the first page."""

    async def read(self, request: Request) -> EngineOutput:
        """Read one page. Cancelling the await frees the slot."""

    async def close(self) -> None:
        """Free everything; safe to call twice and before `start`."""


class NotRenderedError(Exception):
    """An engine that draws could not draw this page. It says nothing of the page: it is to be drawn here instead."""


def draws(engine: Engine) -> bool:
    """Does the engine draw the pages that it reads? It says so by an attribute `draws`; most have none.

    Such an engine takes pages that are `PageRef` too, raises `NotRenderedError` where it cannot draw one, and keeps
    time itself: a page that waits in it, or is being drawn, is not being read.
    """
    return bool(getattr(engine, "draws", False))


ENGINES: Mapping[str, str] = {
    "ray": "ocr.engines.ray.ray_engine:create",
    "rapid": "ocr.engines.local.rapidocr:create",
    "tesseract": "ocr.engines.local.tesseract:create",
    "server": "ocr.engines.vlm.openai_server:create",
    "transformers": "ocr.engines.vlm.transformers:create",
    "vllm": "ocr.engines.vlm.vllm:create",
}
"""Name -> "module:function" that makes the engine; imported only when the engine is asked for."""

VISION_ENGINES = frozenset({"server", "transformers", "vllm"})
"""Those whose language model writes the text: they can loop and invent, so they are watched and cross-examined."""


def create(name: str, options: Mapping[str, Any]) -> Engine:
    """Make (not start) the engine called `name`: a key of `ENGINES`, or "package.module:function".

    Raises `UsageError` for a name that leads nowhere, and whatever the engine says about its options.
    """
    module, colon, function = ENGINES.get(name, name).partition(":")
    if not colon:
        near = difflib.get_close_matches(name, ENGINES, n=1)
        known = f"did you mean {near[0]}?" if near else f"known engines: {', '.join(ENGINES)}"
        raise UsageError(f"unknown engine {name!r}", hint=f"{known}; or your own as package.module:function")
    try:
        factory = getattr(import_module(module), function)
    except (ImportError, AttributeError) as cause:
        raise UsageError(f"the engine {name} cannot be imported: {cause}") from cause
    engine: Engine = factory(options)
    return engine
