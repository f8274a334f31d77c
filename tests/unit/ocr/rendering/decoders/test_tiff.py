import io
from pathlib import Path

import pytest
from PIL import Image

from ocr.rendering.decoders.tiff import page_offsets, single_page


@pytest.mark.parametrize(("mode", "compression"), [("1", "group4"), ("L", "tiff_lzw"), ("RGB", None)])
@pytest.mark.parametrize("big", [False, True])
def test_a_single_page_has_the_pixels_and_strips_of_that_page(
    tmp_path: Path, mode: str, compression: str | None, big: bool
) -> None:
    pages = [Image.linear_gradient("L").rotate(90 * turn).resize((50, 70)).convert(mode) for turn in range(3)]
    path = tmp_path / "a.tiff"
    pages[0].save(path, save_all=True, append_images=pages[1:], compression=compression, dpi=(200, 100), big_tiff=big)
    for page, offset in zip(pages, page_offsets(path, 10), strict=True):
        content = single_page(path, offset)
        assert len(content) < path.stat().st_size
        with Image.open(io.BytesIO(content)) as read:
            assert read.n_frames == 1
            assert read.tobytes() == page.tobytes()
            assert read.info["dpi"] == (200, 100)


def test_a_page_that_ends_early_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.tiff"
    Image.new("L", (50, 70)).save(path)
    (offset,) = page_offsets(path, 10)
    path.write_bytes(path.read_bytes()[: offset + 20])
    with pytest.raises(ValueError, match="ends within a page"):
        single_page(path, offset)
