"""Which pages are cross-checked, and which flags they get."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from ocr.core.document import Attempt, EngineOutput, Line, PageImage
from ocr.engines.base import Request
from ocr.pipeline.page_builder import build_page
from ocr.pipeline.page_reader import CROSS_CHECKED_SHARE, CrossCheckMode, Outcome, PageReader, Usage

LINES = (
    "O réu interpôs apelação contra a sentença proferida em primeira instância,",
    "requerendo a reforma integral da decisão que julgou procedente o pedido de",
    "indenização por danos morais no valor de quinze mil reais, acrescidos de juros.",
    "A parte autora apresentou contrarrazões pelo desprovimento do recurso interposto.",
)


class Fixed:
    """Answers every page alike."""

    name, fingerprint, concurrency = "fixed", "fixed", 4

    def __init__(self, generation: EngineOutput) -> None:
        self.generation = generation
        self.read_pages: list[int] = []

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def read(self, request: Request) -> EngineOutput:
        self.read_pages.append(request.image.number)
        return self.generation


def seen(texts: Sequence[str]) -> EngineOutput:
    lines = tuple(
        Line(text, (100.0, 100.0 + 40 * row, 900.0, 130.0 + 40 * row), 0.98) for row, text in enumerate(texts)
    )
    return EngineOutput("stop", lines=lines, width=1000, height=1400)


def read(model: Fixed, other: Fixed, mode: CrossCheckMode, pages: int = 1) -> list[Outcome]:
    async def run() -> list[Outcome]:
        readings = PageReader(model, other, mode)
        blank = np.full((60, 40, 3), 255, dtype=np.uint8)
        asked = [Request(PageImage(number, blank, 200.0)) for number in range(1, pages + 1)]
        return [await readings.read(request, "0" * 64) for request in asked]

    return asyncio.run(run())


def test_a_line_that_the_model_left_out_becomes_a_flag_with_its_place() -> None:
    model = Fixed(EngineOutput("stop", "\n".join((LINES[0], LINES[1], LINES[3]))))
    (outcome,) = read(model, Fixed(seen(LINES)), "all")
    page = build_page(outcome.kept, 1)
    assert outcome.kept.generation.witnessed
    (flag,) = page.flags
    assert flag.startswith("omitted: ")
    assert flag.endswith(" at 100, 180, 900, 210")
    assert page.status == "ok", "a discrepancy is a flag, not a status"


def test_a_faithful_output_has_no_discrepancy() -> None:
    (outcome,) = read(Fixed(EngineOutput("stop", "\n".join(LINES))), Fixed(seen(LINES)), "all")
    assert outcome.kept.generation.witnessed
    assert build_page(outcome.kept, 1).flags == ()


@pytest.mark.parametrize(
    ("mode", "pages", "least", "most"), [("off", 100, 0, 0), ("share", 1000, 30, 70), ("all", 100, 100, 100)]
)
def test_how_many_pages_are_cross_checked_and_always_the_same(
    mode: CrossCheckMode, pages: int, least: int, most: int
) -> None:
    engines = [Fixed(seen(LINES)) for _ in range(2)]
    for other in engines:
        read(Fixed(EngineOutput("stop", "\n".join(LINES))), other, mode, pages=pages)
    assert engines[0].read_pages == engines[1].read_pages
    assert least <= len(engines[0].read_pages) <= most
    assert CROSS_CHECKED_SHARE * 1000 == 50


def test_what_a_run_has_cost_is_said_in_one_line() -> None:
    usage = Usage()
    good, loop = EngineOutput("stop", "a", completion_tokens=300, witnessed=True), EngineOutput("repetition", "b")
    loop = replace(loop, completion_tokens=100)
    usage.add(Outcome(Attempt(good, "ok"), (Attempt(loop, "degenerate"),)))
    usage.add(Outcome(Attempt(replace(good, witnessed=False), "ok")))
    assert usage.describe(10.0) == (
        "700 tokens, 70 tokens/s; 14.3% of them in 1 rejected attempts; 50.0% of 2 pages cross-checked"
    )
    assert Usage(pages=3, attempts=3).describe(1.0) == ""
