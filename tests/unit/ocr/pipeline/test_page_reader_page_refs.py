"""Pages that the engine draws: which of them are drawn here all the same, and what comes of it."""

import asyncio
import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ocr.core.document import EngineOutput, Line, PageImage
from ocr.core.errors import ScanError
from ocr.engines.base import Capabilities, NotRenderedError, Request
from ocr.pipeline.page_reader import CrossCheckMode, Outcome, PageReader
from ocr.rendering.renderer import PageRef, RenderSettings

PAGE = PageRef(Path("autos.pdf"), 3, "a" * 64, RenderSettings(), password="segredo")
PIXELS = np.full((80, 60, 3), 255, np.uint8)
GOOD = EngineOutput("stop", "O réu interpôs apelação contra a sentença.", width=60, height=80)
CUT = EngineOutput("length", "O réu interpôs", width=60, height=80)


class Drawing:
    """Answers in order, the last answer for ever; remembers whether it was given pixels."""

    name, fingerprint, concurrency = "drawing", "drawing", 4
    capabilities = Capabilities(renders=True, enforces_deadline=True)

    def __init__(self, answers: Sequence[EngineOutput], *, able: bool = True) -> None:
        self.answers = list(answers)
        self.able = able
        self.drawn: list[bool] = []

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def read(self, request: Request) -> EngineOutput:
        self.drawn.append(isinstance(request.image, PageImage))
        if not self.drawn[-1] and not self.able:
            raise NotRenderedError("the disk is full")
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class BuiltIn(Drawing):
    """Takes pixels only, as engines do."""

    capabilities = Capabilities()

    async def read(self, request: Request) -> EngineOutput:
        assert request.image.pixels.shape == PIXELS.shape
        return await super().read(request)


def read(
    engine: Drawing, fallback: BuiltIn | None = None, mode: CrossCheckMode = "off", *, damaged: bool = False
) -> tuple[Outcome, PageReader, int]:
    """One page; also how often it was drawn here."""
    count = 0

    async def draw(page: PageRef) -> PageImage:
        nonlocal count
        count += 1
        if damaged:
            raise ScanError(f"{page.path}: page {page.number}: is damaged")
        return PageImage(page.number, PIXELS, 200.0)

    readings = PageReader(engine, fallback, mode, draw)
    return asyncio.run(readings.read(Request(PAGE), "a" * 64)), readings, count


def test_a_page_that_the_engine_draws_is_not_drawn_here() -> None:
    engine = Drawing([GOOD])
    outcome, readings, count = read(engine)
    assert (outcome.kept.status, engine.drawn, count) == ("ok", [False], 0)
    assert readings.describe_usage(1.0) == ""


def test_a_page_that_the_engine_cannot_draw_is_drawn_here_and_said() -> None:
    engine = Drawing([GOOD], able=False)
    outcome, readings, count = read(engine)
    assert (outcome.kept.status, outcome.rejected, engine.drawn, count) == ("ok", (), [False, True], 1)
    assert (
        readings.describe_usage(1.0)
        == "pages rendered on this machine, because workers could not: 1 (the disk is full)"
    )


def test_a_page_that_nobody_can_draw_is_as_bad_as_without_a_cluster() -> None:
    with pytest.raises(ScanError, match="page 3: is damaged"):
        read(Drawing([GOOD], able=False), damaged=True)


def test_bands_and_fallback_have_pixels_and_other_attempts_have_not() -> None:
    lines = (Line("O réu interpôs apelação", (1.0, 1.0, 50.0, 20.0), 0.99),)
    fallback = BuiltIn([EngineOutput("stop", lines=lines, width=60, height=80)])
    loop = EngineOutput("repetition", "a ré e " * 200, width=60, height=80, completion_tokens=600)
    engine = Drawing([loop])
    outcome, _, count = read(engine, fallback)
    assert outcome.kept.generation.obtained.endswith("the built-in engine")
    assert engine.drawn == [False, False, False, True, True], "as asked, other sampling, a smaller image, two bands"
    assert (fallback.drawn, count) == ([True], 2)


def test_the_cross_check_has_pixels() -> None:
    lines = (Line("O réu interpôs apelação contra a sentença.", (1.0, 1.0, 50.0, 20.0), 0.99),)
    fallback = BuiltIn([EngineOutput("stop", lines=lines, width=60, height=80)])
    outcome, _, count = read(Drawing([GOOD]), fallback, "all")
    assert outcome.kept.generation.witnessed
    assert count == 1


def test_a_scan_that_is_gone_before_its_page_is_cross_checked_loses_no_output() -> None:
    outcome, _, count = read(Drawing([GOOD]), BuiltIn([GOOD]), "all", damaged=True)
    assert outcome.kept.generation == GOOD
    assert count == 1


def test_a_scan_that_is_gone_before_its_page_needs_the_fallback_costs_no_attempt() -> None:
    outcome, _, _ = read(Drawing([CUT]), BuiltIn([GOOD]), damaged=True)
    assert outcome.kept.generation.text == CUT.text
    assert "is damaged" in outcome.rejected[-1].generation.reason


def test_an_undrawn_page_is_never_taken_for_a_drawn_one() -> None:
    for side in ("pixels", "width", "height"):
        with pytest.raises(TypeError, match="page 3 is not rendered yet"):
            getattr(PAGE, side)


def test_an_undrawn_page_travels_and_keeps_its_password_to_itself() -> None:
    assert pickle.loads(pickle.dumps(PAGE)) == PAGE
    assert "segredo" not in repr(PAGE)
