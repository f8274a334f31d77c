"""The children of the renderer: killed at the deadline, replaced, limited, and gone when their parent is."""

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hostile_formats import DJVU_PAGES
from hostile_images import png, png_rows
from hostile_pdfs import many_pages, one_page, slow_page
from PIL import Image
from processes import alive, descendants, render_children

from ocr.core.errors import DependencyError, ScanError
from ocr.rendering.renderer import Renderer, RenderSettings

pytestmark = pytest.mark.serial

PARENT = """
import asyncio, sys
from pathlib import Path
from ocr.rendering.renderer import Renderer, RenderSettings

async def main():
    renderer = Renderer(RenderSettings(processes=2, pdf=sys.argv[1]))
    await renderer.start()
    print("ready", flush=True)
    await asyncio.gather(*(renderer.render(Path(name), 1) for name in sys.argv[2:]))

asyncio.run(main())
"""


def decoders() -> list[int]:
    return render_children(os.getpid())


def wait_for(condition: object, seconds: float) -> bool:
    assert callable(condition)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return bool(condition())


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.pdf"
    path.write_bytes(one_page())
    return path


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    path = tmp_path / "slow.pdf"
    path.write_bytes(slow_page())
    return path


def test_deadline_kills_the_child_and_the_next_page_is_read(good: Path, slow: Path) -> None:
    async def run() -> None:
        renderer = Renderer(RenderSettings(processes=1, seconds=2))
        await renderer.start()
        (before,) = decoders()
        with pytest.raises(ScanError, match=r"slow\.pdf: page 1: took longer than 2 s"):
            await renderer.render(slow, 1)
        assert not alive(before)
        assert await _patiently(renderer, good) == 556
        await renderer.close()

    asyncio.run(run())
    assert not decoders()


async def _patiently(renderer: Renderer, path: Path) -> int:
    """The width of page 1. A child starts anew for it within the deadline too, which a busy machine may miss."""
    for _ in range(10):
        with contextlib.suppress(ScanError):
            return (await renderer.render(path, 1)).width
    pytest.fail("no new child was quick enough")


@pytest.mark.skipif(os.name != "posix", reason="the stand-in is a shell script")
def test_deadline_kills_ddjvu_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = tmp_path / "a.djvu"
    scan.write_bytes(DJVU_PAGES)
    for program in ("ddjvu", "djvused"):
        (tmp_path / program).write_text("#!/bin/sh\nexec sleep 987\n", encoding="utf-8")
        (tmp_path / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")

    async def run() -> dict[int, str]:
        renderer = Renderer(RenderSettings(processes=1, seconds=2))
        task = asyncio.create_task(renderer.inspect(scan))
        family: dict[int, str] = {}
        while not task.done():
            family |= descendants(os.getpid())
            await asyncio.sleep(0.05)
        with pytest.raises(ScanError, match="took longer than 2 s"):
            await task
        return family

    family = asyncio.run(run())
    assert any("sleep 987" in words for words in family.values()), family
    assert wait_for(lambda: not any(alive(number) for number in family), 5), family


@pytest.mark.skipif(not shutil.which("pdftoppm"), reason="poppler is not installed")
def test_deadline_kills_poppler_too(slow: Path) -> None:
    async def run() -> dict[int, str]:
        renderer = Renderer(RenderSettings(processes=1, seconds=2, pdf="poppler"))
        task = asyncio.create_task(renderer.render(slow, 1))
        family: dict[int, str] = {}
        while not task.done():
            family |= descendants(os.getpid())
            await asyncio.sleep(0.05)
        with contextlib.suppress(ScanError):
            await task
        await renderer.close()
        return family

    family = asyncio.run(run())
    assert any("pdftoppm" in words for words in family.values())
    assert wait_for(lambda: not any(alive(number) for number, words in family.items() if "pdftoppm" in words), 5)


@pytest.mark.skipif(sys.platform != "linux", reason="memory limits work on Linux")
def test_memory_limit(tmp_path: Path, good: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(_large_png())

    async def run() -> None:
        renderer = Renderer(RenderSettings(processes=1, memory_mb=256))
        with pytest.raises(ScanError, match="memory") as refusal:
            await renderer.render(path, 1)
        assert "render.memory_mb" in refusal.value.hint
        assert (await renderer.render(good, 1)).width == 556
        await renderer.close()
        generous = Renderer(RenderSettings(processes=1))
        assert (await generous.render(path, 1)).pixels.shape == (7_000, 7_000, 3)
        await generous.close()

    asyncio.run(run())


def _large_png() -> bytes:
    """1-bit rows: small in the file, 49 MB as Pillow holds them, 147 MB as RGB."""
    return png(7_000, 7_000, png_rows(7_000, 7_000))


def test_children_are_recycled(good: Path) -> None:
    async def run() -> list[int]:
        renderer = Renderer(RenderSettings(processes=1, recycle_after=3))
        seen = []
        for _ in range(7):
            await renderer.render(good, 1)
            seen += decoders()
        await renderer.close()
        return seen

    seen = asyncio.run(run())
    # Asked after each page: the third and sixth page ended their child.
    assert len(seen) == 5 and len(set(seen)) == 3


def test_many_pages_at_once_share_few_children(tmp_path: Path) -> None:
    for width in range(40):
        Image.new("L", (100 + width, 50), 255).save(tmp_path / f"{width}.png")

    async def run() -> list[int]:
        renderer = Renderer(RenderSettings(processes=3))
        pages = await asyncio.gather(*(renderer.render(tmp_path / f"{width}.png", 1) for width in range(40)))
        assert len(decoders()) <= 3
        await renderer.close()
        return [page.width for page in pages]

    assert asyncio.run(run()) == list(range(100, 140))


def test_pages_of_one_document_by_several_children(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    pages = [b"<</Type /Page /MediaBox [0 0 %d 72]>>" % (72 + number) for number in range(30)]
    path.write_bytes(many_pages([b"%d 0 R" % (3 + number) for number in range(30)], pages))

    async def run() -> list[int]:
        renderer = Renderer(RenderSettings(processes=2, dpi=72))
        drawn = await asyncio.gather(*(renderer.render(path, number) for number in range(1, 31)))
        await renderer.close()
        return [page.width for page in drawn]

    assert asyncio.run(run()) == list(range(72, 102))


def test_a_killed_child_costs_no_page(good: Path) -> None:
    async def run() -> None:
        renderer = Renderer(RenderSettings(processes=1))
        await renderer.render(good, 1)
        (child,) = decoders()
        os.kill(child, signal.SIGKILL)
        assert (await renderer.render(good, 1)).width == 556
        await renderer.close()

    asyncio.run(run())


def test_a_cancelled_page_frees_its_child_at_once(good: Path, slow: Path) -> None:
    async def run() -> None:
        renderer = Renderer(RenderSettings(processes=1))
        await renderer.start()
        task = asyncio.create_task(renderer.render(slow, 1))
        await asyncio.sleep(0.5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await renderer.render(good, 1)).width == 556
        await renderer.close()

    asyncio.run(run())
    assert not decoders()


def test_a_folder_of_the_user_cannot_replace_our_modules(good: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Children start with PYTHONSAFEPATH: a `PIL.py` beside the scans is not ours to run."""
    (good.parent / "pypdfium2.py").write_text("raise SystemExit('taken over')", encoding="utf-8")
    monkeypatch.chdir(good.parent)

    async def run() -> int:
        renderer = Renderer(RenderSettings(processes=1))
        width = (await renderer.render(Path("good.pdf"), 1)).width
        await renderer.close()
        return width

    assert asyncio.run(run()) == 556


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("program", ["pdfium", "poppler"])
@pytest.mark.parametrize("whole_group", [False, True])
def test_nothing_outlives_a_killed_parent(tmp_path: Path, slow: Path, program: str, whole_group: bool) -> None:
    if program == "poppler" and not shutil.which("pdftoppm"):
        pytest.skip("poppler is not installed")
    other = tmp_path / "other.pdf"
    shutil.copy(slow, other)
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, program, str(slow), str(other)],
        stdout=subprocess.PIPE,
        start_new_session=True,
        env={**os.environ, "PYTHONSAFEPATH": "1"},
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"ready\n"
    wanted = "pdftoppm -r" if program == "poppler" else "ocr.rendering.render_worker"
    assert wait_for(lambda: sum(wanted in words for words in descendants(parent.pid).values()) >= 2, 20)
    time.sleep(0.3)
    family = descendants(parent.pid)
    if whole_group:
        os.killpg(parent.pid, signal.SIGKILL)
    else:
        parent.kill()
    parent.wait()
    parent.stdout.close()
    assert len(family) >= 2
    assert wait_for(lambda: not any(alive(number) for number in family), 5), family


def test_a_decoder_that_does_not_run_is_said_before_the_first_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocr.rendering.renderer.sys.executable", shutil.which("false"))
    with pytest.raises(DependencyError, match="the decoder does not run"):
        asyncio.run(Renderer(RenderSettings()).start())
