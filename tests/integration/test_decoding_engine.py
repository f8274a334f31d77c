"""The engine `transformers` with a decoding mode reads pages as without one, several at once."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from vision_pages import page

from ocr.core.document import EngineOutput, Line
from ocr.engines.base import Request
from ocr.engines.vlm import transformers as engine_module
from ocr.engines.vlm.decoding.modes import DecodingSettings
from ocr.engines.vlm.request import Answer
from ocr.engines.vlm.transformers import TransformersEngine
from ocr.models import catalog
from ocr.models.catalog import Diffusion, ImageSize, Model

pytest.importorskip("transformers", reason="the extra gpu is not installed")
pytest.importorskip("trl", reason="the extra train is not installed")

from training.trainer.tiny_model import build, smallest

PAGES = 3


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder: Path = tmp_path_factory.mktemp("tiny")
    build(folder, smallest(hidden=64, vocabulary=320, gain=4.0), seed=0)
    asked = Model(image=ImageSize(max_pixels=0), max_tokens=24, diffusion=Diffusion(mask=5, block=8))
    catalog.save(asked, folder)
    return catalog.resolve(str(folder))


async def answers(engine: TransformersEngine, request: Request) -> list[Answer]:
    await engine.start()
    try:
        wanted = [replace(request, image=page(number)) for number in range(PAGES)]
        return await asyncio.gather(*(engine.answer(each) for each in wanted))
    finally:
        await engine.close()


def read(model: Model, request: Request, **decoding: object) -> list[Answer]:
    settings = DecodingSettings.model_validate(decoding)
    return asyncio.run(answers(TransformersEngine(model, settings), request))


def test_every_lossless_mode_writes_what_transformers_writes(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    request = Request(page(0))
    expected = read(model, request)

    class BuiltIn:
        """Reads every page as what the model writes of the first one."""

        async def start(self) -> None: ...

        async def close(self) -> None: ...

        async def read(self, request: Request) -> EngineOutput:
            line = Line(expected[0].text, (10, 20, 200, 40))
            return EngineOutput("stop", lines=(line,), width=request.image.width, height=request.image.height)

    monkeypatch.setattr(engine_module, "create_built_in", BuiltIn)
    for mode in ("ar", "self-speculation", "verify:rapid"):
        found = read(model, request, mode=mode)
        assert [replace(answer, passes=0) for answer in found] == expected
        assert all(answer.passes > 0 for answer in found)


def test_a_page_that_is_stopped_or_sampled_disturbs_no_other(model: Model) -> None:
    request = Request(page(0))
    expected = read(model, request)
    heard: list[str] = []

    def stop_at_once(piece: str) -> bool:
        heard.append(piece)
        return False

    async def mixed() -> list[Answer]:
        engine = TransformersEngine(model, DecodingSettings(mode="self-speculation"))
        await engine.start()
        try:
            warm = replace(request, image=page(2), sampling={"temperature": 0.5}, max_tokens=4)
            return await asyncio.gather(
                engine.answer(replace(request, on_text=stop_at_once)),
                engine.answer(replace(request, image=page(1))),
                engine.answer(warm),
            )
        finally:
            await engine.close()

    stopped, undisturbed, sampled = asyncio.run(mixed())
    assert (stopped.finish, len(heard)) == ("repetition", 1)
    assert expected[0].text.startswith(stopped.text)
    assert replace(undisturbed, passes=0) == expected[1]
    assert sampled.passes == 0, "a sampled page is written by transformers itself"


def test_a_page_that_does_not_fit_fails_alone(model: Model) -> None:
    narrow = model.model_copy(update={"max_tokens": 24, "image": ImageSize(max_pixels=28 * 28)})

    async def read_both() -> list[EngineOutput]:
        engine = TransformersEngine(narrow, DecodingSettings(mode="ar"))
        await engine.start()
        try:
            long = Request(page(1), prompt="palavra " * 2000)
            return list(await asyncio.gather(engine.read(long), engine.read(Request(page(0)))))
        finally:
            await engine.close()

    failed, written = asyncio.run(read_both())
    assert (failed.finish, "more than the model's context holds" in failed.reason) == ("error", True)
    assert written.finish in ("stop", "length")
