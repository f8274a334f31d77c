"""The engine interface: an engine reads one page at a time, with many pages in flight.

A bad page is a value (`EngineOutput(finish="error", reason=...)`). A dead engine is an `EngineError`. Retries,
restarts, repetition detection and cross-checks happen outside the engine (`ocr.engines.supervised`,
`ocr.pipeline.page_reader`).

A factory function makes an engine: `def create(options: Mapping[str, Any]) -> Engine`. It validates its options (the
`[options]` table of the settings) and loads nothing heavy before `start`. `--engine` accepts a name of `ENGINES` or
`package.module:function`, so an engine of your own needs no fork.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

from ocr.core.document import EngineIdentity, EngineOutput, PageImage
from ocr.core.errors import UsageError
from ocr.models.catalog import Model
from ocr.rendering.renderer import PageRef, RenderSettings


@dataclass(frozen=True, slots=True)
class Request:
    """One attempt at one page."""

    image: PageImage | PageRef
    """The rendered page. A `PageRef` only for an engine whose capabilities say that it renders pages itself."""
    attempt: int = 1
    seed: int = 0
    """Random seed for sampling, derived from scan, page, engine and attempt, so that runs are reproducible."""
    seconds: float = 600.0
    """Time limit of this attempt; past it the engine returns `finish="timeout"`."""
    prompt: str = ""
    max_tokens: int = 0
    """Token budget of the output; 0 lets the engine choose."""
    sampling: Mapping[str, float] = field(default_factory=dict)
    """temperature, top_p, repetition_penalty: what the engine supports; classical engines ignore it."""
    decoding: Mapping[str, object] = field(default_factory=dict)
    """Engine-specific options, such as a decoding mode (autoregressive, diffusion, self-speculation)."""
    on_text: Callable[[str], bool] | None = None
    """Called with each new piece of streamed text; returning False aborts the attempt as `repetition`. An empty piece
    says that the text starts again, because a broken stream or a crashed engine is asked again."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the pipeline must know about an engine to use it correctly."""

    generates_text: bool = False
    """A language model writes the text, so it can repeat itself or invent text. The pipeline checks such an engine
    with the canary page, detects repetition, falls back to the built-in engine and cross-checks with it."""
    renders: bool = False
    """The engine renders the pages that it reads: it accepts `PageRef`, and raises `NotRenderedError` for a page that
    it cannot render."""
    enforces_deadline: bool = False
    """The engine enforces `Request.seconds` itself, and time that a page waits in it does not count. Other engines are
    cancelled some time after the deadline."""
    model: Model | None = None
    """The model that a vision engine asks, where it is a `Model`: its image size, canary limit and known problems."""


class Engine(Protocol):
    """Reads pages. Call `start` first and `close` last; up to `concurrency` calls of `read` may be awaited at once.

    An engine may also have an attribute `capabilities: Capabilities`; see `capabilities_of`.
    """

    @property
    def name(self) -> str: ...

    @property
    def fingerprint(self) -> str:
        """All that decides the output: model, revision, versions, prompt id, image size, sampling, adapter."""

    @property
    def concurrency(self) -> int:
        """How many pages the engine wants in flight."""

    async def start(self) -> None:
        """Load. Raises `EngineError` or `DependencyError` here, before the first page."""

    async def read(self, request: Request) -> EngineOutput:
        """Read one page. Cancelling the await frees the slot."""

    async def close(self) -> None:
        """Release all resources; safe to call twice and before `start`."""


class NotRenderedError(Exception):
    """An engine that renders pages could not render this one. The caller renders it and asks again."""


def capabilities_of(engine: Engine) -> Capabilities:
    """Return the engine's `capabilities`; the defaults for an engine that does not declare any."""
    declared = getattr(engine, "capabilities", None)
    return declared if isinstance(declared, Capabilities) else Capabilities()


def identity_of(engine: Engine, render: RenderSettings) -> EngineIdentity:
    """Return the identity under which a folder records what `engine` reads from pages rendered with `render`."""
    return EngineIdentity(engine.name, f"{engine.fingerprint} at {render.dpi} dpi by {render.pdf}")


ENGINES: Mapping[str, str] = {
    "ray": "ocr.engines.ray.ray_engine:create",
    "rapid": "ocr.engines.local.rapidocr:create",
    "tesseract": "ocr.engines.local.tesseract:create",
    "server": "ocr.engines.vlm.openai_server:create",
    "transformers": "ocr.engines.vlm.transformers:create",
    "vllm": "ocr.engines.vlm.vllm:create",
}
"""Name -> "module:function" that makes the engine; imported only when the engine is requested."""


def create(name: str, options: Mapping[str, Any]) -> Engine:
    """Make (not start) the engine called `name`: a key of `ENGINES`, or "package.module:function".

    Raises `UsageError` for a name that leads nowhere, and what the engine raises about its options.
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
