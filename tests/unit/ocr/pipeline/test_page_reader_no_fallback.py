"""A vision-language model without the built-in engine: it reads alone, and the run says so."""

import asyncio
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from ocr.core.document import EngineOutput, PageImage
from ocr.core.errors import DependencyError
from ocr.engines import fallback
from ocr.engines.base import Capabilities, Engine, Request
from ocr.pipeline.page_reader import CrossCheckMode, PageReader
from ocr.pipeline.retry import POLICY

LOOP = "e assim por diante " * 200


class Model:
    """Reads page 1 and loops on every other."""

    name, fingerprint, concurrency = "plugged-in", "fake", 2
    capabilities = Capabilities(generates_text=True)

    def __init__(self) -> None:
        self.asked = 0

    async def start(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def read(self, request: Request) -> EngineOutput:
        self.asked += 1
        good = request.image.number == 1
        return EngineOutput("stop" if good else "repetition", "Publique-se." if good else LOOP, completion_tokens=10)


@pytest.fixture(autouse=True)
def _no_built_in_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    def create(_name: str, _options: Mapping[str, Any]) -> Engine:
        raise DependencyError("the Python package 'rapidocr', which carries the models, is not installed")

    monkeypatch.setattr(fallback, "create", create)


def read(model: Model, mode: CrossCheckMode) -> PageReader:
    async def story() -> PageReader:
        readings = PageReader(model, cross_check=mode)
        pixels = np.full((80, 60, 3), 255, np.uint8)
        good, bad = [await readings.read(Request(PageImage(n, pixels, 200.0)), "a" * 64) for n in (1, 2)]
        assert (good.kept.status, bad.kept.status) == ("ok", "degenerate")
        assert not good.kept.generation.witnessed
        assert len(bad.rejected) == len(POLICY) - 2, "every step but the last is tried"
        return readings

    return asyncio.run(story())


@pytest.mark.parametrize("mode", ["share", "off"])
def test_the_model_reads_alone_and_the_run_says_so(mode: CrossCheckMode) -> None:
    said = read(Model(), mode).describe_usage(1.0)
    assert "no fallback and no cross-check, because there is no built-in engine" in said
    assert "rapidocr" in said


def test_nothing_is_read_where_every_page_needs_a_cross_check_that_is_impossible() -> None:
    model = Model()
    with pytest.raises(DependencyError, match="rapidocr"):
        read(model, "all")
    assert model.asked == 0
