"""Boxes of an upright page, brought back onto the scan as it lies in its file: what other programs draw on."""

from dataclasses import replace

from ocr.core.document import Box, Page


def scanned_box(box: Box, page: Page) -> Box:
    """Return a box of the upright page in pixels of the scan, which was turned by `page.rotation` to be upright."""
    left, top, right, bottom = box
    width, height = page.width, page.height
    return {
        0: box,
        90: (top, width - right, bottom, width - left),
        180: (width - right, height - bottom, width - left, height - top),
        270: (height - bottom, left, height - top, right),
    }[page.rotation % 360]


def as_scanned(page: Page) -> Page:
    """Return the page with all boxes on the scan, and the scan's width and height; its rotation is 0 then."""
    lines = tuple(
        replace(
            line,
            box=scanned_box(line.box, page),
            words=tuple(replace(word, box=scanned_box(word.box, page)) for word in line.words),
        )
        for line in page.lines
    )
    tables = tuple(replace(table, box=scanned_box(table.box, page)) for table in page.tables)
    width, height = (page.height, page.width) if page.rotation % 180 else (page.width, page.height)
    return replace(page, lines=lines, tables=tables, width=width, height=height, rotation=0)
