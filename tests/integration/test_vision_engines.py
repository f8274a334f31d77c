"""Real vLLM against real transformers on tiny checkpoints of both architectures, on a CPU."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from processes import alive
from vision_pages import PAGES, page, plain

from ocr.core.errors import EngineError
from ocr.engines.base import Request
from ocr.engines.vlm.request import DETECT_REPEATS, STRUCTURED, Answer
from ocr.engines.vlm.transformers import TransformersEngine
from ocr.engines.vlm.vllm import VllmEngine
from ocr.models import catalog
from ocr.models.answer_format import is_complete
from ocr.models.catalog import ImageSize, Model
from training.trainer.tiny_model import ARCHITECTURES, build, smallest

pytestmark = pytest.mark.serial

pytest.importorskip("vllm", reason="the extra gpu is not installed")
pytest.importorskip("trl", reason="the extra train is not installed")

TOKENS = 48


@pytest.fixture(scope="session")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@pytest.fixture(
    scope="session",
    params=[ARCHITECTURES[0], *(pytest.param(name, marks=pytest.mark.slow) for name in ARCHITECTURES[1:])],
)
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Model:
    folder = tmp_path_factory.mktemp(request.param)
    build(folder, smallest(architecture=request.param, gain=4.0), seed=0)
    asked = Model(
        prompt="page-text-1", image=ImageSize(max_pixels=0), max_tokens=TOKENS, serving={"max_model_len": 1024}
    )
    catalog.save(asked, folder)
    return catalog.resolve(str(folder))


@pytest.fixture(scope="session")
def vllm(model: Model, loop: asyncio.AbstractEventLoop) -> Iterator[VllmEngine]:
    engine = VllmEngine(model)
    loop.run_until_complete(engine.start())
    yield engine
    loop.run_until_complete(engine.close())


@pytest.fixture(scope="session")
def reference(model: Model, loop: asyncio.AbstractEventLoop) -> Iterator[TransformersEngine]:
    engine = TransformersEngine(model)
    loop.run_until_complete(engine.start())
    yield engine
    loop.run_until_complete(engine.close())


async def read_all(engine: VllmEngine | TransformersEngine) -> list[Answer]:
    return await asyncio.gather(*(engine.answer(plain(number)) for number in range(1, PAGES + 1)))


def test_greedy_ids_are_equal(vllm: VllmEngine, reference: TransformersEngine, loop: asyncio.AbstractEventLoop) -> None:
    expected, got = loop.run_until_complete(read_all(reference)), loop.run_until_complete(read_all(vllm))
    assert [answer.ids for answer in got] == [answer.ids for answer in expected]
    assert [answer.prompt_tokens for answer in got] == [answer.prompt_tokens for answer in expected]
    assert len({answer.ids for answer in got}) > PAGES // 2, "the pages must matter to the answer"


def test_structured_output_is_json_or_cut_by_the_budget(vllm: VllmEngine, loop: asyncio.AbstractEventLoop) -> None:
    trained = vllm.model.model_copy(update={"structured": True})
    other = VllmEngine(trained)
    other._engine = vllm._engine
    answers = [
        loop.run_until_complete(other.answer(Request(page(n), max_tokens=40, decoding={STRUCTURED: True})))
        for n in (1, 2)
    ]
    for answer in answers:
        assert answer.text.startswith('{"header":"')
        assert is_complete(answer.text) or answer.finish in ("length", "repetition")


def test_an_exact_loop_stops_in_the_engine_unless_asked_not_to(
    vllm: VllmEngine, loop: asyncio.AbstractEventLoop
) -> None:
    async def finishes(detect: bool) -> set[str]:
        asked = [Request(page(n), max_tokens=400, decoding={DETECT_REPEATS: detect}) for n in range(1, PAGES + 1)]
        return {reading.finish for reading in await asyncio.gather(*map(vllm.read, asked))}

    # An untrained model loops on most pages.
    assert "repetition" in loop.run_until_complete(finishes(True))
    assert loop.run_until_complete(finishes(False)) <= {"stop", "length"}


def test_on_text_aborts_the_reading(
    vllm: VllmEngine, reference: TransformersEngine, loop: asyncio.AbstractEventLoop
) -> None:
    for engine in (vllm, reference):
        heard: list[str] = []

        def stop_early(piece: str, heard: list[str] = heard) -> bool:
            heard.append(piece)
            return len("".join(heard)) < 20

        reading = loop.run_until_complete(engine.read(Request(page(1), on_text=stop_early)))
        assert reading.finish == "repetition"
        assert reading.text is not None
        assert reading.text.startswith("".join(heard)[:15])
        assert reading.completion_tokens < TOKENS


def test_cancelling_frees_the_slot(vllm: VllmEngine, loop: asyncio.AbstractEventLoop) -> None:
    async def cancel() -> int:
        long = Request(page(1), max_tokens=990, decoding={DETECT_REPEATS: False})
        task = asyncio.create_task(vllm.read(long))
        await asyncio.sleep(1)
        assert vllm._engine.get_num_unfinished_requests() == 1
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return int(vllm._engine.get_num_unfinished_requests())

    assert loop.run_until_complete(cancel()) == 0


def test_the_deadline_is_kept(vllm: VllmEngine, loop: asyncio.AbstractEventLoop) -> None:
    request = Request(page(1), max_tokens=900, seconds=0.05, decoding={DETECT_REPEATS: False})
    assert loop.run_until_complete(vllm.read(request)).finish == "timeout"


def test_a_page_too_large_for_the_context_is_a_failed_page(vllm: VllmEngine, loop: asyncio.AbstractEventLoop) -> None:
    reading = loop.run_until_complete(vllm.read(Request(page(1), prompt="palavra " * 2_000)))
    assert reading.finish == "error"
    assert "vLLM refused the page" in reading.reason


@pytest.mark.parametrize("missing", ["config.json", "model.safetensors", "processor_config.json"])
def test_a_damaged_checkpoint_is_named_before_anything_starts(
    missing: str, model: Model, tmp_path: Path, loop: asyncio.AbstractEventLoop
) -> None:
    for part in Path(model.id).iterdir():
        if not part.name.startswith(missing) and not (
            missing == "preprocessor" and part.name == "processor_config.json"
        ):
            (tmp_path / part.name).write_bytes(part.read_bytes())
    damaged = model.model_copy(update={"id": str(tmp_path)})
    for engine in (VllmEngine(damaged), TransformersEngine(damaged)):
        with pytest.raises(EngineError, match="config" if missing == "config.json" else "holds no"):
            loop.run_until_complete(engine.start())


@pytest.mark.slow
def test_a_killed_engine_process_is_a_retryable_error(
    vllm: VllmEngine, model: Model, loop: asyncio.AbstractEventLoop
) -> None:
    if "qwen3" in model.id:
        pytest.skip("starting once more takes half a minute: one architecture is enough")
    before = loop.run_until_complete(vllm.answer(plain(1)))
    for process in vllm._engine.engine_core.resources.engine_manager.processes:
        os.kill(process.pid, signal.SIGKILL)
    long = Request(page(1), max_tokens=900, decoding={DETECT_REPEATS: False})
    with pytest.raises(EngineError) as caught:
        while True:
            loop.run_until_complete(vllm.read(long))
    assert caught.value.retryable
    loop.run_until_complete(vllm.close())
    loop.run_until_complete(vllm.start())
    assert loop.run_until_complete(vllm.answer(plain(1))).ids == before.ids


READER = """
import asyncio, multiprocessing, sys, time
from ocr.models import catalog
from ocr.engines.vlm.vllm import VllmEngine

async def begin():
    await VllmEngine(catalog.resolve(sys.argv[1])).start()
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    asyncio.run(begin())
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="vLLM runs on Linux")
def test_its_processes_do_not_outlive_a_killed_command(tmp_path: Path) -> None:
    folder = tmp_path / "model"
    build(folder, smallest(), seed=0)
    catalog.save(Model(prompt="page-text-1", max_tokens=TOKENS, serving={"max_model_len": 1024}), folder)
    (tmp_path / "reader.py").write_text(READER, encoding="utf-8")
    command = subprocess.Popen([sys.executable, tmp_path / "reader.py", folder], stdout=subprocess.PIPE, text=True)
    assert command.stdout
    processes = [int(number) for number in command.stdout.readline().split()]
    assert processes
    assert all(map(alive, processes))
    command.kill()
    command.wait()
    deadline = time.monotonic() + 60
    while any(map(alive, processes)) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not any(map(alive, processes))
