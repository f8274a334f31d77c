"""The guard with an engine that follows a script, streamed token by token as a served model is."""

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from ocr.core.document import Attempt, EngineOutput, Line, PageImage
from ocr.core.errors import DependencyError, EngineError
from ocr.engines.base import Request
from ocr.models.answer_format import Fields, parse, render
from ocr.pipeline.page_builder import build_page
from ocr.pipeline.page_reader import Outcome, PageReader
from ocr.pipeline.retry import POLICY, cut_bands, join_bands, monitored
from ocr.repetition.detector import good_part

GOOD = "O réu interpôs apelação contra a sentença que julgou procedente o pedido de indenização por danos morais. "
LOOP = GOOD + "A parte autora requer o deferimento. " * 400


class Scripted:
    """Answers with the given texts in turn, the last one for ever, and stops when it is told to."""

    name, fingerprint, concurrency = "scripted", "scripted", 2

    def __init__(self, answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.requests: list[Request] = []

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def read(self, request: Request) -> EngineOutput:
        answer = self.answers[min(len(self.requests), len(self.answers) - 1)]
        self.requests.append(request)
        for place in range(0, len(answer), 4):
            if request.on_text is not None and not request.on_text(answer[place : place + 4]):
                return EngineOutput("repetition", answer[: place + 4], completion_tokens=place // 4 + 1)
        return EngineOutput("stop", answer, completion_tokens=len(answer) // 4)


class BuiltIn(Scripted):
    async def read(self, request: Request) -> EngineOutput:
        self.requests.append(request)
        return EngineOutput("stop", lines=(Line("lida pelo motor embutido", (0, 0, 100, 20)),))


def page(height: int = 100) -> PageImage:
    return PageImage(7, np.full((height, 80, 3), 255, dtype=np.uint8), 200.0)


def read(engine: Scripted, fallback: BuiltIn | None = None):  # type: ignore[no-untyped-def]
    return asyncio.run(PageReader(engine, fallback).read(Request(page()), "0" * 64))


def test_a_good_page_costs_one_attempt() -> None:
    outcome = read(Scripted([GOOD]))
    assert outcome.rejected == ()
    assert (outcome.kept.status, outcome.kept.generation.obtained) == ("ok", "")


def test_a_loop_is_aborted_while_it_is_written_and_cured_by_other_sampling() -> None:
    engine = Scripted([LOOP, GOOD])
    outcome = read(engine)
    (rejected,) = outcome.rejected
    assert rejected.status == "degenerate"
    assert rejected.generation.completion_tokens < len(LOOP) / 4 / 5
    assert engine.requests[1].sampling["temperature"] > 0
    assert engine.requests[0].seed != engine.requests[1].seed
    made = build_page(outcome.kept, 7)
    assert (made.status, made.flags) == ("ok", ("attempt 2: other sampling",))


def test_a_page_that_never_stops_looping_goes_to_the_built_in_engine_and_says_so() -> None:
    built_in = BuiltIn([])
    outcome = read(Scripted([LOOP]), built_in)
    assert len(outcome.rejected) == len(POLICY) - 1
    assert len(built_in.requests) == 1
    assert outcome.kept.generation.lines is not None
    assert outcome.kept.generation.obtained == f"attempt {len(POLICY)}: the built-in engine"


def test_an_built_in_engine_that_dies_costs_the_page_and_not_the_run() -> None:
    class Dying(BuiltIn):
        starts = 0

        async def start(self) -> None:
            self.starts += 1

        async def read(self, request: Request) -> EngineOutput:
            raise EngineError(f"the worker died over page {request.image.number}", retryable=True)

    dying = Dying([])

    async def run() -> list[Outcome]:
        readings = PageReader(Scripted([LOOP]), dying)
        return [await readings.read(Request(page()), digit * 64) for digit in "01"]

    first, second = asyncio.run(run())
    assert first.kept.status == second.kept.status == "degenerate"
    assert any("the worker died" in attempt.reason for attempt in second.rejected)
    assert dying.starts == 2


def test_without_a_fallback_the_good_prefix_is_kept_and_flagged() -> None:
    made = build_page(read(Scripted([LOOP])).kept, 7)
    assert made.status == "degenerate"
    assert made.text.startswith(GOOD.strip())
    assert len(made.text) < len(LOOP) / 10
    assert made.flags == ("attempt 4: in bands",)


def test_a_page_made_of_a_looping_text_says_what_was_cut() -> None:
    made = build_page(Attempt(EngineOutput("length", LOOP), "degenerate", "it loops"), 7)
    assert made.text == good_part(LOOP).strip()
    assert made.flags == (f"cut where it loops: {len(good_part(LOOP)):,} of {len(LOOP):,} characters are kept",)


def test_the_attempt_with_the_most_good_text_is_kept() -> None:
    longer = render(Fields(text=GOOD * 1 + "Segue o relatório dos fatos, na íntegra. " + LOOP))
    outcome = read(Scripted([LOOP, longer, LOOP]))
    assert outcome.kept.generation.obtained == "attempt 2: other sampling"


def test_bands_are_cut_in_empty_rows_and_cover_the_page() -> None:
    image = page(400)
    image.pixels[:] = np.random.default_rng(0).integers(0, 255, image.pixels.shape, dtype=np.uint8)
    image.pixels[180:190] = 255
    upper, lower = cut_bands(image, 2)
    assert 180 <= upper.height < 190
    assert np.array_equal(np.concatenate((upper.pixels, lower.pixels)), image.pixels)


@pytest.mark.parametrize(("height", "bands"), [(1, 2), (3, 2), (4, 2), (5, 5), (100, 7)])
def test_bands_of_any_page_lose_nothing(height: int, bands: int) -> None:
    image = page(height)
    parts = cut_bands(image, bands)
    assert sum(part.height for part in parts) == height
    assert all(part.height > 0 for part in parts)


def test_bands_join_into_one_page() -> None:
    parts = [
        EngineOutput(
            "stop", render(Fields(header="Diário", text="Art. 1º", footer="não é rodapé")), completion_tokens=5
        ),
        EngineOutput("stop", render(Fields(header="nem cabeçalho", text="Art. 2º", footer="12")), completion_tokens=6),
    ]
    joined = join_bands(parts, page())
    expected = Fields(header="Diário", footer="12", text="Art. 1º\nnão é rodapé\nnem cabeçalho\nArt. 2º")
    assert parse(joined.text or "") == expected
    assert (joined.finish, joined.completion_tokens) == ("stop", 11)


def test_a_looping_band_gives_its_good_part_and_the_verdict() -> None:
    joined = join_bands([EngineOutput("stop", "Art. 1º"), EngineOutput("length", LOOP)], page())
    assert joined.finish == "repetition"
    assert parse(joined.text or "").text == "Art. 1º\n" + good_part(LOOP).strip()


def test_the_monitor_leaves_legitimate_text_alone() -> None:
    request = monitored(Request(page()))
    assert request.on_text is not None
    assert all(request.on_text(GOOD[place : place + 4]) for place in range(0, len(GOOD), 4))


def test_a_page_is_blank_only_where_nobody_read_anything() -> None:
    class Blind(BuiltIn):
        async def read(self, request: Request) -> EngineOutput:
            self.requests.append(request)
            return EngineOutput("stop", lines=())

    kept = read(Scripted([LOOP]), Blind([])).kept
    assert kept.status == "degenerate"
    assert GOOD.strip() in (kept.generation.text or "")


def test_an_built_in_engine_that_does_not_load_ends_only_a_run_that_asked_for_it() -> None:
    class Missing(BuiltIn):
        async def start(self) -> None:
            raise DependencyError("rapidocr is not installed")

    async def run(readings: PageReader) -> Outcome:
        return await readings.read(Request(page()), "0" * 64)

    readings = PageReader(Scripted([LOOP]), Missing([]))
    assert asyncio.run(run(readings)).kept.status == "degenerate"
    assert "rapidocr is not installed" in readings.describe_usage(1.0)
    with pytest.raises(DependencyError):
        asyncio.run(run(PageReader(Scripted([GOOD]), Missing([]), "all")))
