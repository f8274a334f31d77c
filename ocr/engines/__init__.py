"""The seam: an engine reads one page at a time, many in flight. One file per engine, one line in `ENGINES`.

A bad page is a value (`Generation(finish="error", reason=...)`); a dead engine is an `EngineError`. Retries, the
guard against degeneration and the witness live in `ocr.extract`, never in an engine.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ocr.document import Generation, PageImage


@dataclass(frozen=True, slots=True)
class Request:
    """One attempt at one page."""

    image: PageImage
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
    """Called with each new piece of streamed text; answering False aborts the reading as `repetition`."""


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

    async def read(self, request: Request) -> Generation:
        """Read one page. Cancelling the await frees the slot."""

    async def close(self) -> None:
        """Free everything; safe to call twice and before `start`."""
