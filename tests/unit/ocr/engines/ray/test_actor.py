"""Which file a worker draws from, and what it says where it cannot. No Ray is needed for that."""

import asyncio
import gc
import hashlib
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from paths import SAMPLES
from PIL import Image

from ocr.core.document import PageImage
from ocr.core.errors import ScanError
from ocr.engines.base import Request
from ocr.engines.ray.actor import MISSING, EngineActor
from ocr.engines.ray.scan_files import Files
from ocr.pipeline.retry import monitored
from ocr.rendering.renderer import PageRef, Renderer, RenderSettings

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="nameless files are reached through /proc")


def scan(path: Path, shade: int = 200) -> PageRef:
    image = Image.new("L", (40, 30), shade)
    image.putpixel((3, 4), 0)
    image.save(path)
    return PageRef(path, 1, hashlib.sha256(path.read_bytes()).hexdigest(), RenderSettings())


def bytes_of(path: Path) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    return np.fromfile(path, np.uint8)


async def drawn(page: PageRef) -> PageImage:
    renderer = Renderer(page.settings)
    try:
        return await renderer.render_page(page)
    finally:
        await renderer.close()


def work(story: Callable[[EngineActor], Awaitable[None]]) -> None:
    async def run() -> None:
        reader = EngineActor("ocr.engines.fake:create", {})
        try:
            await story(reader)
        finally:
            if reader._renderer is not None:
                await reader._renderer.close()

    asyncio.run(run())


def test_a_worker_draws_the_same_pixels_from_the_same_path_and_from_bytes(tmp_path: Path) -> None:
    page = scan(tmp_path / "a.png")
    contents = bytes_of(page.path)
    elsewhere = replace(page, path=tmp_path / "not here.png")

    async def story(reader: EngineActor) -> None:
        local = await drawn(page)
        assert await reader.render(elsewhere) == (MISSING, None)
        for asked in (
            await reader.render(page),
            await reader.render(elsewhere, contents),
            await reader.render(elsewhere),
        ):
            assert asked[0] == ""
            assert asked[1] is not None
            assert np.array_equal(asked[1].pixels, local.pixels)
            assert asked[1].dpi == local.dpi

    work(story)


@pytest.mark.parametrize("name", ["ruling.pdf", "minutes.tiff", "letter.jpg"])
@pytest.mark.parametrize("program", ["pdfium", "poppler"])
def test_every_kind_of_file_is_drawn_from_a_copy_without_a_name(name: str, program: str, tmp_path: Path) -> None:
    if program == "poppler" and (not name.endswith(".pdf") or shutil.which("pdftoppm") is None):
        pytest.skip("there is nothing for poppler to do, or no poppler")
    path = SAMPLES / name
    settings = RenderSettings.model_validate({"pdf": program})
    page = PageRef(path, 1, hashlib.sha256(path.read_bytes()).hexdigest(), settings)

    async def story(reader: EngineActor) -> None:
        said, image = await reader.render(replace(page, path=tmp_path / "not here"), bytes_of(path))
        assert said == ""
        assert image is not None
        assert np.array_equal(image.pixels, (await drawn(page)).pixels)

    work(story)


def test_another_file_under_the_same_path_is_not_drawn_from(tmp_path: Path) -> None:
    page = scan(tmp_path / "a.png")
    scan(page.path, shade=90)

    async def story(reader: EngineActor) -> None:
        assert await reader.render(page) == (MISSING, None)
        said, _ = await reader.render(page, bytes_of(page.path))
        assert said == "the file changed while it was sent"

    work(story)


def test_what_cannot_be_drawn_is_said_and_costs_nothing_else(tmp_path: Path) -> None:
    page = scan(tmp_path / "a.png")
    (tmp_path / "bad.png").write_bytes(page.path.read_bytes()[:60])
    bad = PageRef(
        tmp_path / "bad.png", 1, hashlib.sha256((tmp_path / "bad.png").read_bytes()).hexdigest(), page.settings
    )

    async def story(reader: EngineActor) -> None:
        with pytest.raises(ScanError) as local:
            await drawn(bad)
        assert await reader.render(bad) == (str(local.value), None)
        assert (await reader.render(page))[0] == ""

    work(story)


def test_a_copy_has_no_name_and_is_gone_with_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = scan(tmp_path / "a.png")
    contents, room = bytes_of(page.path), tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    gc.collect()
    before = len(list(Path("/proc/self/fd").iterdir()))
    files = Files()
    found = asyncio.run(files.find(replace(page, path=tmp_path / "gone"), contents))
    assert found is not None
    assert found[0].path.read_bytes() == page.path.read_bytes()
    assert list(room.iterdir()) == []
    del files, found
    gc.collect()
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_copies_do_not_pile_up(tmp_path: Path) -> None:
    async def story() -> None:
        files = Files()
        pages = [scan(tmp_path / f"{number}.png", shade=number) for number in range(100, 120)]
        for page in pages:
            assert await files.find(replace(page, path=tmp_path / "gone"), bytes_of(page.path))
        kept = [page for page in pages if await files.find(replace(page, path=tmp_path / "gone"), None)]
        assert kept == pages[-8:]

    asyncio.run(story())


def test_a_request_whose_text_is_watched_travels() -> None:
    cloudpickle = pytest.importorskip("ray.cloudpickle", reason="the extra cluster is not installed")
    request = monitored(Request(PageImage(1, np.zeros((4, 4, 3), np.uint8), 200.0)))
    assert request.on_text is not None
    assert request.on_text("o pedido foi julgado procedente e ")
    arrived = cloudpickle.loads(cloudpickle.dumps(request))
    assert not all(arrived.on_text("o pedido foi julgado procedente e ") for _ in range(200)), "it goes on counting"
