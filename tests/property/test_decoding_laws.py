"""Whatever the bytes, a file becomes pages or a `ScanError`; the render child names every failure that it meets."""

import asyncio
import shutil
from collections.abc import Iterator

import pytest
from hostile_formats import DJVU_PAGES, whole
from hostile_images import encoded, tiff
from hostile_pdfs import locked_rc4, nested_forms, one_page
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocr.core.errors import ScanError
from ocr.rendering.renderer import Renderer, RenderSettings

SEEDS = [
    encoded("PNG"),
    encoded("PNG", "P"),
    encoded("JPEG"),
    encoded("WEBP"),
    encoded("BMP"),
    encoded("JPEG2000"),
    encoded("GIF"),
    encoded("AVIF"),
    whole("HEIC"),
    *([DJVU_PAGES] if shutil.which("ddjvu") else []),
    encoded("TIFF", "1", compression="group4"),
    encoded("TIFF", compression="tiff_lzw"),
    tiff(0),
    one_page(),
    nested_forms(3),
    locked_rc4(b"", b"dono"),
]

changes = st.lists(st.tuples(st.integers(0, 1500), st.sampled_from([0, 1, 127, 255])), max_size=8)


@pytest.fixture(scope="module")
def reader() -> Iterator[tuple[asyncio.Runner, Renderer]]:
    """One renderer for all examples: a child that answers wrongly after a bad file would show here too."""
    with asyncio.Runner() as runner:
        # Limits low enough that what mutates into a bomb costs no time.
        renderer = Renderer(RenderSettings(processes=1, dpi=72, max_pixels=5_000_000, max_pages=50, seconds=20))
        yield runner, renderer
        runner.run(renderer.close())


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.sampled_from(SEEDS), changes=changes, kept=st.floats(0.02, 1))
def test_any_bytes_become_pages_or_a_clear_error(
    reader: tuple[asyncio.Runner, Renderer],
    tmp_path_factory: pytest.TempPathFactory,
    seed: bytes,
    changes: list[tuple[int, int]],
    kept: float,
) -> None:
    content = bytearray(seed)
    for place, value in changes:
        content[place % len(content)] = value
    path = tmp_path_factory.getbasetemp() / "mutated.scan"
    path.write_bytes(content[: max(8, int(len(content) * kept))])
    runner, renderer = reader
    try:
        pages = runner.run(renderer.inspect(path)).pages
        assert pages >= 1
        page = runner.run(renderer.render(path, 1))
        assert page.pixels.shape == (page.height, page.width, 3)
    except ScanError as problem:
        assert problem.hint and path.name in problem.message
        # A child that leaves with an exit code met an exception that `sheet.DAMAGE` does not name.
        assert "ended (exit" not in problem.message
