"""The engines that read on this machine, for real: what they read, how they fail, and that they stay at home."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from paths import SAMPLES
from PIL import Image
from processes import descendants

from ocr.core.document import EngineOutput, PageImage
from ocr.core.errors import DependencyError, EngineError, UsageError
from ocr.engines.backend_speed import usual_backends
from ocr.engines.base import Engine, Request, create
from ocr.engines.local.rapidocr import choose_backend

TESSERACT = pytest.param("tesseract", marks=pytest.mark.skipif(not shutil.which("tesseract"), reason="no tesseract"))
ENGINES = ["rapid", TESSERACT]


def sample(name: str, number: int = 1) -> PageImage:
    with Image.open(SAMPLES / name) as image:
        return PageImage(number, np.asarray(image.convert("RGB")), 150)


def strip(name: str, number: int = 1) -> PageImage:
    """A few lines: enough to read, quick to read."""
    page = sample(name, number)
    return replace(page, pixels=np.ascontiguousarray(page.pixels[300:600]))


def strip_of_letter() -> PageImage:
    return strip("letter.jpg")


@asynccontextmanager
async def started(name: str, **options: object) -> AsyncIterator[Engine]:
    engine = create(name, options)
    try:
        await engine.start()
        yield engine
    finally:
        await engine.close()
        await engine.close()


async def read_all(name: str, pages: Sequence[PageImage], **options: object) -> list[EngineOutput]:
    async with started(name, **options) as engine:
        answers = await asyncio.gather(*(engine.read(Request(page)) for page in pages))
    return [replace(answer, seconds=0.0) for answer in answers]


ReadHere = Callable[[str, Sequence[PageImage]], list[EngineOutput]]


@pytest.fixture(scope="module")
def read_here() -> Iterator[ReadHere]:
    """Reads pages one after the other with a worker of each engine, which every test of this module asks."""
    engines: dict[str, Engine] = {}

    async def read(name: str, pages: Sequence[PageImage]) -> list[EngineOutput]:
        if name not in engines:
            engines[name] = create(name, {"workers": 1})
            await engines[name].start()
        return [replace(await engines[name].read(Request(page)), seconds=0.0) for page in pages]

    with asyncio.Runner() as runner:
        yield lambda name, pages: runner.run(read(name, pages))
        for engine in engines.values():
            runner.run(engine.close())


def words(generation: EngineOutput) -> set[str]:
    assert generation.lines is not None
    return {word.text.strip(".,;:") for line in generation.lines for word in line.words}


@pytest.mark.parametrize("name", ENGINES)
def test_it_reads_accents_and_gives_boxes_on_the_page(name: str, read_here: ReadHere) -> None:
    (generation,) = read_here(name, [sample("letter.jpg")])
    truth = (SAMPLES / "truth/letter.jpg.json").read_text(encoding="utf-8")
    accented = {word for word in words(generation) if not word.isascii() and word.isalpha()}
    assert len(accented) > 15
    assert sum(word in truth for word in accented) > 0.9 * len(accented)
    assert generation.finish == "stop" and generation.rotation == 0
    for line in generation.lines or ():
        for left, top, right, bottom in [line.box, *(word.box for word in line.words)]:
            assert 0 <= left < right <= generation.width
            assert 0 <= top < bottom <= generation.height
        assert line.text == " ".join(word.text for word in line.words)


@pytest.mark.parametrize("name", ENGINES)
def test_a_page_upside_down_reads_as_upright(name: str, read_here: ReadHere) -> None:
    upright = strip_of_letter()
    turned = replace(upright, pixels=np.ascontiguousarray(np.rot90(upright.pixels, 2)))
    first, second = read_here(name, [upright, turned])
    assert (first.rotation, second.rotation) == (0, 180)
    assert len(words(first) & words(second)) > 0.9 * len(words(first)) > 10


@pytest.mark.parametrize("name", ENGINES)
def test_readings_do_not_depend_on_who_reads_what_when(name: str, read_here: ReadHere) -> None:
    pages = [strip_of_letter(), strip("table.png", 2), strip("photocopy.png", 3)]
    one = read_here(name, pages)
    two = asyncio.run(read_all(name, pages[::-1], workers=2))[::-1]
    assert all(generation.lines for generation in one)
    assert one == two


def test_both_backends_read_the_same_words(read_here: ReadHere) -> None:
    assert choose_backend("auto") == usual_backends()[0]
    pages = [strip_of_letter()]
    (openvino,) = read_here("rapid", pages)
    (onnxruntime,) = asyncio.run(read_all("rapid", pages, backend="onnxruntime", workers=1))
    assert words(openvino) == words(onnxruntime)
    names = [create("rapid", {"backend": backend}).fingerprint for backend in ("openvino", "onnxruntime")]
    assert names[0] != names[1]


@pytest.mark.parametrize("name", ENGINES)
def test_blank_paper_has_no_lines(name: str, read_here: ReadHere) -> None:
    rng = np.random.default_rng(1)
    clean = PageImage(1, np.full((1200, 800, 3), 255, np.uint8), 150)
    dusty = PageImage(2, rng.integers(225, 256, (1200, 800, 3)).astype(np.uint8), 150)
    tiny = PageImage(3, np.zeros((1, 1, 3), np.uint8), 150)
    for generation in read_here(name, [clean, dusty, tiny]):
        assert (generation.finish, generation.lines) == ("stop", ()), generation.reason


@pytest.mark.parametrize("name", ENGINES)
def test_a_late_page_is_a_timeout_and_the_next_one_reads(name: str) -> None:
    async def story() -> None:
        async with started(name, workers=1) as engine:
            late = await engine.read(Request(sample("gazette.png"), seconds=0.05))
            assert late.finish == "timeout" and "0.05 s" in late.reason
            assert (await engine.read(Request(strip_of_letter()))).lines

    asyncio.run(story())


def test_a_killed_worker_costs_one_page_which_may_be_tried_again() -> None:
    others = workers()

    async def story() -> None:
        async with started("rapid", workers=1) as engine:
            reading = asyncio.create_task(engine.read(Request(sample("gazette.png", number=12))))
            await asyncio.sleep(0.3)
            (pid,) = workers() - others
            os.kill(pid, signal.SIGKILL)
            lost = await reading
            assert lost.finish == "error"
            assert "SIGKILL" in lost.reason
            assert (await engine.read(Request(strip_of_letter()))).lines

    asyncio.run(story())


def workers() -> set[int]:
    return {pid for pid, words in descendants(os.getpid()).items() if "rapidocr_worker" in words}


@pytest.mark.parametrize("name", ENGINES)
def test_a_mistyped_option_is_named(name: str) -> None:
    with pytest.raises(UsageError, match="workrs") as caught:
        create(name, {"workrs": 2})
    assert "workers" in caught.value.hint


def test_reading_before_start_is_refused() -> None:
    with pytest.raises(EngineError, match="before it was started"):
        asyncio.run(create("rapid", {}).read(Request(strip_of_letter())))


def test_no_tesseract_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(DependencyError, match="tesseract") as caught:
        create("tesseract", {})
    assert "apt install tesseract-ocr" in caught.value.hint


@pytest.mark.skipif(not shutil.which("tesseract"), reason="no tesseract")
def test_no_portuguese_data_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    with pytest.raises(DependencyError, match="por") as caught:
        create("tesseract", {})
    assert "tesseract-ocr-por" in caught.value.hint


def test_a_missing_model_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from ocr.engines.local import rapidocr

    monkeypatch.setattr(rapidocr, "RECOGNIZER", "no_such_model.onnx")
    with pytest.raises(DependencyError, match="no_such_model") as caught:
        create("rapid", {})
    assert "rapidocr" in caught.value.hint


def test_a_broken_model_is_an_engine_error(tmp_path: Path) -> None:
    from ocr.engines.local.ppocr import BACKENDS

    broken = tmp_path / "model.onnx"
    broken.write_bytes(b"this is not a network")
    for load in BACKENDS.values():
        with pytest.raises(EngineError, match=r"model\.onnx does not load") as refusal:
            load(broken, False)
        assert str(broken) in refusal.value.hint and "reinstall" not in refusal.value.hint


GUARD = """
import os, sys
def watch(event, arguments):
    if not event.startswith("socket."):
        return
    family = arguments[1] if event == "socket.__new__" else getattr(arguments[0], "family", 0)
    if family != 1:
        os.write(2, f"{event} {arguments}".encode())
        os._exit(99)
sys.addaudithook(watch)
"""


@pytest.mark.parametrize("backend", ["openvino", "onnxruntime"])
def test_reading_opens_no_socket(backend: str, tmp_path: Path) -> None:
    """In parent and workers alike, any use of a socket that is not of the family AF_UNIX ends the process with 99."""
    (tmp_path / "sitecustomize.py").write_text(GUARD, encoding="utf-8")
    program = (
        "import asyncio, sys\n"
        "import numpy as np\n"
        "from PIL import Image\n"
        "from ocr.core.document import PageImage\n"
        "from ocr.engines.base import Request, create\n"
        "async def story():\n"
        f"    engine = create('rapid', {{'backend': {backend!r}, 'workers': 1}})\n"
        "    await engine.start()\n"
        "    pixels = np.asarray(Image.open(sys.argv[1]).convert('RGB'))[300:500]\n"
        "    print(len((await engine.read(Request(PageImage(1, pixels, 150)))).lines))\n"
        "    await engine.close()\n"
        "asyncio.run(story())\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, "-c", program, str(SAMPLES / "letter.jpg")]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) > 0
    probe = "import socket; socket.socket(socket.AF_INET)"
    assert subprocess.run([sys.executable, "-c", probe], env=environment, check=False).returncode == 99
