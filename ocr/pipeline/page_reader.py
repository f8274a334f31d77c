"""Read one page with an engine: make attempts until one is accepted, and choose the attempt to keep."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Literal

from ocr.core.document import Attempt, EngineOutput, PageImage, Status, text_of
from ocr.core.errors import OcrError, ScanError
from ocr.core.files import seed_from
from ocr.engines.base import Engine, NotRenderedError, Request, capabilities_of, create
from ocr.engines.supervised import SupervisedEngine
from ocr.pipeline.page_builder import judge
from ocr.pipeline.retry import AS_ASKED, Step, Taken, join, next_step, take, vary
from ocr.rendering.renderer import PageRef
from ocr.repetition.detector import good_part
from ocr.text.crosscheck import cross_check

RESCUE_ENGINE = "rapid"

Witness = Literal["all", "share", "off"]
WITNESSED_SHARE = 0.05
"""Of pages with nothing wrong to see: 1,000 pages give 50 to estimate from what the others hold."""

# The less wrong of two answers, neither of which is good.
_PREFERENCE: tuple[Status, ...] = ("ok", "blank", "truncated", "degenerate", "refused", "failed")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The attempt that counts, and the others in the order in which they were made."""

    kept: Attempt
    rejected: tuple[Attempt, ...] = ()


@dataclass(slots=True)
class Spent:
    """What the readings of a run have cost, where a model wrote them."""

    pages: int = 0
    attempts: int = 0
    tokens: int = 0
    """Written by the model, rejected attempts included."""
    lost: int = 0
    """Of these, tokens of rejected attempts."""
    witnessed: int = 0
    unaided: str = ""
    """Why the embedded engine, which rescues and is the witness, could not be had."""
    drawn_here: int = 0
    """Pages that the engine was to draw and could not, although they can be drawn."""
    undrawn: str = ""
    """Why, of the last of them."""

    def add(self, outcome: Outcome) -> None:
        """Count one page."""
        lost = sum(attempt.generation.completion_tokens for attempt in outcome.rejected)
        self.pages += 1
        self.attempts += 1 + len(outcome.rejected)
        self.tokens += lost + outcome.kept.generation.completion_tokens
        self.lost += lost
        self.witnessed += outcome.kept.generation.witnessed

    def describe(self, seconds: float) -> str:
        """One line for the end of a run of `seconds`; "" where there is nothing to say."""
        remarks = []
        if self.unaided:
            remarks.append(f"no page was rescued or witnessed by the embedded engine: {self.unaided}")
        if self.drawn_here:
            remarks.append(f"pages drawn here, because workers could not: {self.drawn_here:,} ({self.undrawn})")
        if not self.tokens:
            return "; ".join(remarks)
        again = self.attempts - self.pages
        cost = (
            f"{self.tokens:,} tokens, {self.tokens / seconds:,.0f} tokens/s; {self.lost / self.tokens:.1%} of them "
            f"lost to {again:,} rejected attempts; {self.witnessed / self.pages:.1%} of {self.pages:,} pages witnessed"
        )
        return "; ".join((cost, *remarks))


class PageReader:
    """Reads pages with one engine, which is restarted when it crashes."""

    def __init__(
        self,
        engine: Engine,
        rescue: Engine | None = None,
        witness: Witness = "off",
        draw: Callable[[PageRef], Awaitable[PageImage]] | None = None,
    ) -> None:
        """`rescue` reads what `engine` cannot, and is heard as a witness to what it did read; by default a
        vision-language model has the embedded engine for that. `draw` draws what is wanted here of pages that the
        engine was to draw: those that it cannot, and those that are cut, rescued or witnessed."""
        self._engine = SupervisedEngine(engine)
        self._draw = draw
        self._witness = witness
        self.spent = Spent()
        self._rescue = rescue or (self._make_rescue() if capabilities_of(engine).generates_text else None)
        self._rescue_turns = asyncio.Semaphore(self._rescue.concurrency if self._rescue else 1)
        self._rescue_starting = asyncio.Lock()
        self._rescue_started = False

    def _make_rescue(self) -> Engine | None:
        try:
            return create(RESCUE_ENGINE, {})
        except OcrError as problem:
            if self._witness == "all":
                raise
            self.spent.unaided = problem.message
            return None

    async def read(self, request: Request, sha256: str) -> Outcome:
        """Read one page of the scan `sha256`. Raises `EngineError` when the engine is dead for good.

        Where every page is to be witnessed, a witness that does not start ends the run before its first page.
        """
        if self._witness == "all" and not self.spent.pages:
            await self._start_rescue()
        attempts: list[Attempt] = []
        history: list[Taken] = []
        shrunk = False
        while (step := next_step(history, rescue=self._rescue is not None, shrunk=shrunk)) is not None:
            number = len(attempts) + 1
            seed = seed_of(sha256, request.image.number, self._engine.fingerprint, number)
            generation = await self._try(step, replace(request, attempt=number, seed=seed), first=not attempts)
            if step is not AS_ASKED:
                generation = replace(generation, obtained=f"attempt {number}: {step.name}")
            attempts.append(Attempt(generation, *judge(generation)))
            history.append(take(step, generation))
            # An image that was drawn elsewhere has its size in the answer.
            shrunk = self._shrinks(generation if isinstance(request.image, PageRef) else request.image)
        kept = min(attempts, key=_worth)
        rejected = tuple(attempt for attempt in attempts if attempt is not kept)
        if self._is_witnessed(kept, f"{sha256}:{request.image.number}"):
            kept = replace(kept, generation=await self._cross_examine(kept.generation, request))
        outcome = Outcome(kept, rejected)
        self.spent.add(outcome)
        return outcome

    def _shrinks(self, page: PageImage | EngineOutput) -> bool:
        """Is a page of this size shown to a model with fewer pixels than it has?"""
        model = self._engine.capabilities.model
        return model is not None and page.width > 0 and model.budget.factor(page.width, page.height) < 1.0

    def _is_witnessed(self, kept: Attempt, page: str) -> bool:
        """Pages that were hard to get are heard always, others by lot; the lot falls the same way in every run."""
        if self._rescue is None or self._witness == "off" or not kept.generation.text:
            return False
        flagged = kept.status != "ok" or bool(kept.generation.obtained)
        lot = seed_from(page) / 2**32
        return flagged or self._witness == "all" or lot < WITNESSED_SHARE

    async def _cross_examine(self, generation: EngineOutput, request: Request) -> EngineOutput:
        try:
            witness = await self._be_rescued(request)
        except ScanError:  # gone since the engine drew it: what was read stands, unwitnessed
            return generation
        if witness.finish != "stop":
            return generation
        whole = generation.finish == "stop"
        said = await asyncio.to_thread(cross_check, generation.text or "", witness.lines or (), whole=whole)
        return replace(generation, witnessed=True, doubts=said)

    async def close(self) -> None:
        """Close the engine that was started for rescues; the other belongs to the caller."""
        if self._rescue is not None and self._rescue_started:
            self._rescue_started = False
            await self._rescue.close()

    async def _try(self, step: Step, request: Request, *, first: bool) -> EngineOutput:
        """One attempt. A page that nobody can draw any more ends no sooner than its first attempt: others are kept."""
        try:
            return await self._take(step, request)
        except ScanError as problem:
            if first:
                raise
            return EngineOutput("error", reason=problem.message)

    async def _take(self, step: Step, request: Request) -> EngineOutput:
        if step.rescue:
            return await self._be_rescued(request)
        if step.bands > 1:
            request = await self._drawn(request)
        try:
            parts = [await self._engine.read(varied) for varied in vary(request, step)]
        except NotRenderedError as cause:
            request = await self._drawn(request)
            self.spent.drawn_here += 1
            self.spent.undrawn = str(cause)
            parts = [await self._engine.read(varied) for varied in vary(request, step)]
        return join(parts, request.image)

    async def _drawn(self, request: Request) -> Request:
        """The request with pixels. Raises `ScanError` where the page cannot be drawn here either."""
        if isinstance(request.image, PageRef) and self._draw is not None:
            return replace(request, image=await self._draw(request.image))
        return request

    async def _be_rescued(self, request: Request) -> EngineOutput:
        rescue = self._rescue
        if rescue is None:
            return EngineOutput("error", reason=f"the embedded engine failed: {self.spent.unaided}")
        try:
            await self._start_rescue()
        except OcrError as problem:
            self._rescue, self.spent.unaided = None, problem.message
            return EngineOutput("error", reason=f"the embedded engine failed: {problem.message}")
        request = await self._drawn(request)
        try:
            async with self._rescue_turns:
                return await rescue.read(request)
        except OcrError as death:
            # It was to help with one page; the run does not end over it. The next page in need starts it anew.
            async with self._rescue_starting:
                await self.close()
            return EngineOutput("error", reason=f"the embedded engine failed: {death.message}")

    async def _start_rescue(self) -> None:
        async with self._rescue_starting:
            if self._rescue is None or self._rescue_started:
                return
            try:
                await self._rescue.start()
            except OcrError:
                await self._rescue.close()
                raise
            self._rescue_started = True


def _worth(attempt: Attempt) -> tuple[bool, int, int]:
    """Smallest for the best: what was read whole, then the most good text, then by verdict.

    So a page is believed to be blank only where nobody has read anything on it.
    """
    good = "" if attempt.status == "refused" else good_part(text_of(attempt.generation))
    return attempt.status != "ok", -len(good) if good.strip() else 0, _PREFERENCE.index(attempt.status)


def seed_of(sha256: str, number: int, fingerprint: str, attempt: int) -> int:
    """A seed for sampling that a repeated run computes again: 32 bits of a hash over the reading and the attempt."""
    return seed_from(f"{sha256}:{number}:{fingerprint}:{attempt}")
