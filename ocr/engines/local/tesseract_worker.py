"""The code of a worker of the engine tesseract: run the program on the pixels of a page and parse its output.

The functions here are targets of `ocr.core.worker_pool`, which sets OMP_THREAD_LIMIT=1: with its default threads the
program takes up to sixty times longer on a busy machine.
"""

import subprocess
from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

import cv2
import numpy as np

from ocr.core import process_tree
from ocr.core.document import Box, EngineOutput, Line, Word, box_around
from ocr.core.errors import EngineError
from ocr.core.worker_pool import Handler, Parcel
from ocr.engines.local.orientation import placed, read_page
from ocr.engines.local.skew import Affine, Gray
from ocr.engines.local.tesseract import LANGUAGE
from ocr.layout.columns import PageInk

RULES = frozenset("|¦")
"""How Tesseract reads the vertical rules of a table."""


class Row(NamedTuple):
    """A word of Tesseract's TSV output: the line that it belongs to, and itself."""

    line: tuple[str, ...]
    box: Box
    confidence: float
    text: str


class TesseractFailedError(Exception):
    """The program failed on a page; the message is its own."""


def load() -> Handler:
    """Return the handler; there is nothing to load, because the program starts for every page."""
    cv2.setNumThreads(1)
    return _handle


def _handle(request: Parcel) -> Parcel:
    if request.pixels is None:
        raise EngineError("the engine tesseract was sent a page without pixels")
    gray = np.asarray(cv2.cvtColor(request.pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    try:
        return Parcel(read_page(TesseractReader(), gray))
    except TesseractFailedError as failure:
        return Parcel(EngineOutput("error", reason=f"tesseract: {failure}"))


class TesseractReader:
    """The program as a `LineReader`."""

    def lines(self, gray: Gray, placement: Affine, ink: PageInk | None = None) -> tuple[Line, ...]:  # noqa: ARG002
        """Read an upright, deskewed page; lines come in Tesseract's own reading order."""
        return tuple(_line(list(rows), placement) for _, rows in groupby(_rows(_run(gray)), key=lambda row: row.line))

    def confidence(self, gray: Gray) -> float:
        """Return the mean confidence of its letters."""
        rows = list(_rows(_run(gray)))
        letters = sum(len(row.text) for row in rows)
        return sum(len(row.text) * row.confidence for row in rows) / letters if letters else 0.0


def _run(gray: Gray) -> str:
    """Send the program a page as PGM on stdin; return its TSV."""
    image = b"P5 %d %d 255\n" % (gray.shape[1], gray.shape[0]) + gray.tobytes()
    command = ["tesseract", "stdin", "stdout", "-l", LANGUAGE, "tsv"]
    with process_tree.lend_to_grandchildren():
        ran = subprocess.run(command, input=image, capture_output=True, check=False)
    if ran.returncode:
        said = ran.stderr.decode("utf-8", "replace").strip().splitlines()
        raise TesseractFailedError(said[-1] if said else f"exit code {ran.returncode}")
    return ran.stdout.decode("utf-8", "replace")


def _rows(tsv: str) -> Iterator[Row]:
    """Yield the words of a TSV: level 5 is a word; its page, block, paragraph and line numbers name its line."""
    for record in tsv.splitlines()[1:]:
        fields = record.split("\t")
        if len(fields) != 12 or fields[0] != "5" or not fields[11].strip() or set(fields[11]) <= RULES:
            continue
        left, top, width, height = (float(field) for field in fields[6:10])
        box = (left, top, left + width, top + height)
        yield Row(tuple(fields[1:5]), box, max(0.0, float(fields[10])) / 100, fields[11].strip())


def _line(rows: list[Row], placement: Affine) -> Line:
    words = tuple(Word(row.text, placed(row.box, placement), round(row.confidence, 4)) for row in rows)
    letters = sum(len(row.text) for row in rows)
    confidence = sum(len(row.text) * row.confidence for row in rows) / letters
    box = placed(box_around(row.box for row in rows), placement)
    return Line(" ".join(word.text for word in words), box, round(confidence, 4), words)
