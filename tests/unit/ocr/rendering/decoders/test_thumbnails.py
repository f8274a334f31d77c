from pathlib import Path

import pytest
from hostile_formats import tiff_with_thumbnails
from PIL import Image

from ocr.rendering.decoders.thumbnails import picture_offsets
from ocr.rendering.decoders.tiff import Header, page_offsets, read_headers


@pytest.mark.parametrize("big", [False, True])
def test_headers_say_what_the_file_says(tmp_path: Path, big: bool) -> None:
    path = tmp_path / "a.tif"
    Image.new("L", (50, 70)).save(path, tiffinfo={254: 1}, big_tiff=big)
    offsets = page_offsets(path, 10)
    assert read_headers(path, [*offsets, 10**6]) == [Header(50, 70, is_reduced=True), None]


@pytest.mark.parametrize(
    ("sizes", "flag", "other", "pages"),
    [
        (((600, 400),), 1, False, 1),  # the file says that it is a smaller copy
        (((600, 400), (300, 200)), 1, False, 1),  # a pyramid
        (((1200, 800),), 4, False, 1),  # a mask
        (((150, 100),), None, False, 1),  # nothing is said, and it shows the same
        (((600, 400),), 2, False, 2),  # the mark of an ordinary page
        (((2400, 1600),), 1, False, 2),  # said to be a copy, but larger than the page
        (((600, 400),), None, False, 2),  # large enough to hold legible print
        (((150, 100),), None, True, 2),  # another picture
        (((100, 100),), None, False, 2),  # another shape
    ],
)
def test_which_pictures_are_pages(
    tmp_path: Path, sizes: tuple[tuple[int, int], ...], flag: int | None, other: bool, pages: int
) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(tiff_with_thumbnails(*sizes, flag=flag, other=other))
    assert len(picture_offsets(path, 10, 10**7)) == pages


def test_where_every_picture_is_called_a_copy_all_are_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    copies = [Image.new("L", (50, 70)) for _ in range(2)]
    for copy in copies:
        copy.encoderinfo = {"tiffinfo": {254: 1}}
    copies[0].save(path, save_all=True, append_images=copies[1:], tiffinfo={254: 1})
    assert picture_offsets(path, 10, 10**6) == page_offsets(path, 10)


def test_no_picture_above_the_limit_is_decoded(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    path.write_bytes(tiff_with_thumbnails((150, 100)))
    assert len(picture_offsets(path, 10, 10**6)) == 1
    assert len(picture_offsets(path, 10, 1200 * 800 - 1)) == 2
    assert len(picture_offsets(path, 1, 10**6)) == 2, "one too many, so that the limit on pages refuses the file"


def test_a_blank_page_is_no_thumbnail_of_its_neighbor(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    small = Image.new("L", (150, 100), 255)
    Image.new("L", (1200, 800), 255).save(path, save_all=True, append_images=[small])
    assert len(picture_offsets(path, 10, 10**7)) == 2
