"""Read one page with an engine: make attempts until one is accepted, and choose the attempt to keep."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Literal

from ocr.core.document import Attempt, EngineOutput, PageImage, Status, text_of
from ocr.core.errors import ScanError
from ocr.core.files import seed_from
from ocr.engines.base import Engine, NotRenderedError, Request, capabilities_of
from ocr.engines.fallback import FallbackEngine, create_built_in
from ocr.engines.supervised import SupervisedEngine
from ocr.pipeline.page_builder import classify
from ocr.pipeline.retry import AS_ASKED, PastAttempt, Step, join_bands, next_step, remember, requests_for
from ocr.rendering.renderer import PageRef
from ocr.repetition.detector import good_part
from ocr.text.crosscheck import cross_check

LOG = logging.getLogger(__name__)

CrossCheckMode = Literal["all", "share", "off"]
CROSS_CHECKED_SHARE = 0.05
"""Share of the pages without any sign of a problem: of 1,000 pages, 50 tell how many of the others have errors."""

# The better of two attempts that are both not accepted.
_PREFERENCE: tuple[Status, ...] = ("ok", "blank", "truncated", "degenerate", "refused", "failed")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The attempt to keep, and the other attempts in the order in which they were made."""

    kept: Attempt
    rejected: tuple[Attempt, ...] = ()


@dataclass(slots=True)
class Usage:
    """Tokens and attempts of a run with a vision-language model."""

    pages: int = 0
    attempts: int = 0
    tokens: int = 0
    """Tokens that the model wrote, rejected attempts included."""
    lost: int = 0
    """Tokens of rejected attempts."""
    cross_checked: int = 0
    rendered_here: int = 0
    """Pages that the engine should have rendered and could not, and that were rendered here."""
    render_problem: str = ""
    """Why the engine could not render the last of them."""
    lines: int = 0
    """Lines of pages that a cascade read."""
    lines_reread: int = 0
    """Of these, lines that its large recognizer read again."""

    def add(self, outcome: Outcome) -> None:
        """Count one page."""
        lost = sum(attempt.generation.completion_tokens for attempt in outcome.rejected)
        self.pages += 1
        self.attempts += 1 + len(outcome.rejected)
        self.tokens += lost + outcome.kept.generation.completion_tokens
        self.lost += lost
        self.cross_checked += outcome.kept.generation.witnessed
        if outcome.kept.generation.lines_reread is not None:
            self.lines += len(outcome.kept.generation.lines or ())
            self.lines_reread += outcome.kept.generation.lines_reread

    def describe(self, seconds: float) -> str:
        """Return one line for the end of a run of `seconds`; "" where there is nothing to say."""
        parts = []
        if self.tokens:
            again = self.attempts - self.pages
            parts.append(
                f"{self.tokens:,} tokens, {self.tokens / seconds:,.0f} tokens/s; {self.lost / self.tokens:.1%} of them "
                f"in {again:,} rejected attempts; {self.cross_checked / self.pages:.1%} of {self.pages:,} pages "
                "cross-checked"
            )
        if self.lines:
            share = self.lines_reread / self.lines
            parts.append(f"the large recognizer read {share:.1%} of {self.lines:,} lines again")
        if self.rendered_here:
            parts.append(
                f"pages rendered on this machine, because workers could not: {self.rendered_here:,} "
                f"({self.render_problem})"
            )
        return "; ".join(parts)


class PageReader:
    """Read pages with one engine, which is restarted when it crashes.

    A vision-language model gets the built-in engine as a fallback, which reads what the model cannot and cross-checks
    what it did read.
    """

    def __init__(
        self,
        engine: Engine,
        fallback: Engine | None = None,
        cross_check: CrossCheckMode = "off",
        render: Callable[[PageRef], Awaitable[PageImage]] | None = None,
        *,
        places: bool = False,
    ) -> None:
        """Use `fallback` in place of the built-in engine, and `render` for pages that the engine does not render.

        With `places` the built-in engine reads every page of a model too, so that words of the model get boxes.

        Such pages are cut into bands or read by the fallback, or the engine failed to render them. Raises an `OcrError`
        where `cross_check` is "all" and there is no built-in engine.
        """
        self._engine = SupervisedEngine(engine)
        self._render = render
        self._mode = cross_check
        self._places = places
        self.usage = Usage()
        if fallback is None and capabilities_of(engine).generates_text:
            self.fallback = create_built_in()
        else:
            self.fallback = FallbackEngine(fallback)
        if cross_check == "all":
            self.fallback.check()

    async def read(self, request: Request, sha256: str) -> Outcome:
        """Read one page of the scan `sha256`. Raises `EngineError` when the engine is given up.

        Where every page is cross-checked, a built-in engine that does not start ends the run before its first page.
        """
        if self._mode == "all" and not self.usage.pages:
            await self.fallback.start()
        attempts = await self._attempt(request, sha256)
        kept = min(attempts, key=_rank)
        rejected = tuple(attempt for attempt in attempts if attempt is not kept)
        page = f"{sha256}:{request.image.number}"
        if self._needs_cross_check(kept, page) or self._needs_places(kept):
            kept = replace(kept, generation=await self._cross_check(kept.generation, request))
        outcome = Outcome(kept, rejected)
        self.usage.add(outcome)
        return outcome

    def describe_usage(self, seconds: float) -> str:
        """Return one line for the end of a run of `seconds`; "" where there is nothing to say."""
        parts = [self.usage.describe(seconds)]
        if self.fallback.problem:
            parts.append(
                f"no fallback and no cross-check, because there is no built-in engine: {self.fallback.problem}"
            )
        return "; ".join(filter(None, parts))

    async def close(self) -> None:
        """Close the fallback; the caller closes the engine."""
        await self.fallback.close()

    async def _attempt(self, request: Request, sha256: str) -> list[Attempt]:
        """Make attempts as the retry policy says; return all of them."""
        attempts: list[Attempt] = []
        history: list[PastAttempt] = []
        shrunk = False
        while (step := next_step(history, fallback=self.fallback.is_available, shrunk=shrunk)) is not None:
            number = len(attempts) + 1
            seed = seed_of(sha256, request.image.number, self._engine.fingerprint, number)
            output = await self._try(step, replace(request, attempt=number, seed=seed), first=not attempts)
            if step is not AS_ASKED:
                output = replace(output, obtained=f"attempt {number}: {step.name}")
            attempts.append(Attempt(output, *classify(output)))
            LOG.debug("page %d: attempt %d, %s: %s", request.image.number, number, step.name, attempts[-1].status)
            history.append(remember(step, output))
            # An engine that renders the page returns the size of the image.
            shrunk = self._shrinks(output if isinstance(request.image, PageRef) else request.image)
        return attempts

    def _shrinks(self, page: PageImage | EngineOutput) -> bool:
        """Return whether the model sees a page of this size with fewer pixels than it has."""
        model = self._engine.capabilities.model
        return model is not None and page.width > 0 and model.budget.factor(page.width, page.height) < 1.0

    def _needs_cross_check(self, kept: Attempt, page: str) -> bool:
        """Return True for every page that took more than one attempt, and for a random share of the others.

        The share depends on the scan's content only, so it is the same in every run.
        """
        if not self.fallback.is_available or self._mode == "off" or not kept.generation.text:
            return False
        difficult = kept.status != "ok" or bool(kept.generation.obtained)
        return difficult or self._mode == "all" or seed_from(page) / 2**32 < CROSS_CHECKED_SHARE

    def _needs_places(self, kept: Attempt) -> bool:
        return self._places and self.fallback.is_available and bool(kept.generation.text)

    async def _cross_check(self, output: EngineOutput, request: Request) -> EngineOutput:
        try:
            other = await self._read_with_fallback(request)
        except ScanError:  # The scan is gone since the engine rendered it: the output stays, without a cross-check.
            return output
        if other.finish != "stop":
            return output
        lines, whole = other.lines or (), output.finish == "stop"
        output = replace(output, places=lines, width=other.width, height=other.height, rotation=other.rotation)
        if self._mode == "off":
            return output
        found = await asyncio.to_thread(cross_check, output.text or "", lines, whole=whole)
        return replace(output, witnessed=True, doubts=found)

    async def _try(self, step: Step, request: Request, *, first: bool) -> EngineOutput:
        """Make one attempt. A page that can no longer be rendered ends with its attempts so far, if there are any."""
        try:
            return await self._take(step, request)
        except ScanError as problem:
            if first:
                raise
            return EngineOutput("error", reason=problem.message)

    async def _take(self, step: Step, request: Request) -> EngineOutput:
        if step.fallback:
            return await self._read_with_fallback(request)
        if step.bands > 1:
            request = await self._rendered(request)
        try:
            parts = [await self._engine.read(part) for part in requests_for(request, step)]
        except NotRenderedError as cause:
            request = await self._rendered(request)
            self.usage.rendered_here += 1
            self.usage.render_problem = str(cause)
            parts = [await self._engine.read(part) for part in requests_for(request, step)]
        return join_bands(parts, request.image)

    async def _rendered(self, request: Request) -> Request:
        """Return the request with pixels. Raises `ScanError` where the page cannot be rendered here either."""
        if isinstance(request.image, PageRef) and self._render is not None:
            return replace(request, image=await self._render(request.image))
        return request

    async def _read_with_fallback(self, request: Request) -> EngineOutput:
        return await self.fallback.read(await self._rendered(request))


def _rank(attempt: Attempt) -> tuple[bool, int, int]:
    """Return a sort key, smallest for the best attempt: accepted first, then most good text, then by status.

    So a page counts as blank only where no attempt has found any text.
    """
    good = "" if attempt.status == "refused" else good_part(text_of(attempt.generation))
    return attempt.status != "ok", -len(good) if good.strip() else 0, _PREFERENCE.index(attempt.status)


def seed_of(sha256: str, number: int, fingerprint: str, attempt: int) -> int:
    """Return the random seed of an attempt, 32 bits: the same scan, page, engine and attempt give the same seed."""
    return seed_from(f"{sha256}:{number}:{fingerprint}:{attempt}")
