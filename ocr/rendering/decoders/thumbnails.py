"""Tell the pages of a TIFF file from the thumbnails that scanners and viewers store between them.

A file says which pictures are smaller copies of others. Some programs do not say it: there a tiny picture is a
thumbnail if it shows the same as a large one. Where every picture is said to be a copy, all are pages.
"""

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from ocr.rendering.decoders.tiff import Header, TiffPage, page_offsets, read_headers
from ocr.rendering.page_buffer import DAMAGE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_Picture = tuple[int, Header | None]
"""Offset and header of a directory; a damaged one has no header."""

_TINY = 512
"""Pixels of the longer side of a thumbnail, at most: on A4 that is 44 dpi, where print cannot be read."""
_SCALE = 4
"""A thumbnail is at least so many times smaller on each side than its page."""
_SHAPE_TOLERANCE = 0.03
_SAME_PICTURE = 0.9
"""Correlation of the gray levels of both pictures, at the size of `_COMPARED`, from which they show the same."""
_COMPARED = (96, 96)


def picture_offsets(path: Path, max_pages: int, max_pixels: int) -> list[int]:
    """Return the offsets of the directories that are pages, in order, one more than `max_pages` at most.

    Pictures of more than `max_pixels` are not decoded. Raises `ValueError` as `page_offsets` does.
    """
    offsets = page_offsets(path, max_pages + 1)
    if len(offsets) == 1 or len(offsets) > max_pages:
        return offsets
    pictures = _without_stated_copies(list(zip(offsets, read_headers(path, offsets), strict=True)))
    copies = set()
    for before, after in pairwise(pictures):
        for page, other in ((before, after), (after, before)):
            if _is_copy(path, page, other, max_pixels):
                copies.add(other[0])
    return [offset for offset, _ in pictures if offset not in copies]


def _without_stated_copies(pictures: list[_Picture]) -> list[_Picture]:
    """Return the pictures without those that the file calls copies, if they are no larger than the largest page."""
    largest = max((_area(header) for _, header in pictures if header and not header.is_reduced), default=0)
    return [
        (offset, header)
        for offset, header in pictures
        if not (header and header.is_reduced and _area(header) <= largest)
    ]


def _area(header: Header) -> int:
    return header.width * header.height


def _is_copy(path: Path, page: _Picture, other: _Picture, max_pixels: int) -> bool:
    """Return whether `other` is a thumbnail of `page`, its neighbor, though the file does not say it."""
    if page[1] is None or other[1] is None or not _is_tiny_beside(other[1], page[1]):
        return False
    if _area(page[1]) > max_pixels:
        return False
    try:
        return _correlation(_levels(path, page[0]), _levels(path, other[0])) >= _SAME_PICTURE
    except (MemoryError, *DAMAGE):
        return False


def _is_tiny_beside(small: Header, large: Header) -> bool:
    if not (0 < small.width <= _TINY and 0 < small.height <= _TINY):
        return False
    across, down = large.width / small.width, large.height / small.height
    return min(across, down) >= _SCALE and abs(across / down - 1) <= _SHAPE_TOLERANCE


def _levels(path: Path, offset: int) -> "NDArray[np.float64]":
    """Return the gray levels of a picture at the size of `_COMPARED`, less their mean."""
    import numpy as np  # not when the child starts: few files need it

    with TiffPage(path, offset) as file, Image.open(file, formats=["TIFF"]) as image:
        levels = np.asarray(image.convert("L").resize(_COMPARED, Image.Resampling.BOX), np.float64)
    difference: NDArray[np.float64] = levels - levels.mean()
    return difference


def _correlation(first: "NDArray[np.float64]", second: "NDArray[np.float64]") -> float:
    """Return the correlation of two pictures; 0 where one is of a single color."""
    norm = float((first**2).sum() * (second**2).sum()) ** 0.5
    return float((first * second).sum()) / norm if norm > 0 else 0.0
