"""The samples, read by the real networks: columns, fields and tables come out as they are printed."""

import json
import unicodedata
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from paths import SAMPLES
from rapidfuzz.distance import Levenshtein

from ocr.core.document import Page
from ocr.engines.local.line_reader import PpocrPageReader
from ocr.engines.local.orientation import read_page
from ocr.layout.page import arrange

Read = Callable[[str], tuple[Page, dict[str, Any]]]


@pytest.fixture(scope="module")
def read() -> Read:
    reader = PpocrPageReader("onnxruntime")

    def read(name: str) -> tuple[Page, dict[str, Any]]:
        gray = np.asarray(cv2.imread(str(SAMPLES / name), cv2.IMREAD_GRAYSCALE), np.uint8)
        truth = json.loads((SAMPLES / f"truth/{name}.json").read_text(encoding="utf-8"))[0]
        return arrange(read_page(reader, gray), 1), truth

    return read


def close(printed: str, true: str, share: float = 0.02) -> bool:
    printed, true = (" ".join(unicodedata.normalize("NFC", text).split()) for text in (printed, true))
    return Levenshtein.distance(printed, true) <= share * max(20, len(true))


def test_a_gazette_page_of_two_columns(read: Read) -> None:
    page, truth = read("gazette.png")
    for field in ("header", "text", "margin", "footer"):
        assert close(getattr(page, field), truth[field]), field
    assert any("far-se-á das 8" in paragraph and "interrupção" in paragraph for paragraph in page.paragraphs)
    assert page.flags == ()


def test_a_table_comes_out_in_rows_and_cells(read: Read) -> None:
    page, truth = read("table.png")
    assert close(page.text, truth["text"])
    assert close(page.footer, truth["footer"], share=0.1)
    (table,) = page.tables
    assert len(table.rows) == 9
    assert {len(row) for row in table.rows} == {5}
    assert table.rows[0][0] == "Função"
    assert table.rows[-1][-1] == "1.057.387,43"


def test_a_letter_has_its_paragraphs(read: Read) -> None:
    page, truth = read("letter.jpg")
    assert close(page.text, truth["text"])
    assert not any(paragraph.endswith("-") for paragraph in page.paragraphs)
