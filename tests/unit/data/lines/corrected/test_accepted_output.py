"""Lines of an output folder whose corrections were accepted."""

import json
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from corrected_output import NAME, compose_page, correct, write_output
from PIL import Image

from data.lines.corrected.accepted_output import FORMS, OTHER_FORM, PAGES_DIFFER, UNPLACED, accepted_documents
from data.lines.folder import compose_text, read_lines
from ocr.core.document import Line
from ocr.core.errors import DataError
from ocr.storage.acceptance import accept
from ocr.storage.output_dir import open_folder

WRONG = "qxj"


@pytest.fixture
def lines(tmp_path: Path) -> list[Line]:
    """The true lines of a page that was read with three letters too many in the middle of the second line."""
    true = compose_page(tmp_path / "scans", 4)
    read = [replace(line, text=spoiled(line.text)) if place == 1 else line for place, line in enumerate(true)]
    write_output(tmp_path / "scans", tmp_path / "out", read, FORMS)
    return true


def spoiled(text: str) -> str:
    half = len(text) // 2
    return text[:half] + WRONG + text[half:]


def without_error(content: str) -> str:
    return content.replace(WRONG, "")


def texts(folder: Path) -> list[str]:
    return [line.text for line in read_lines(folder, clean_text=compose_text).lines]


@pytest.mark.parametrize("form", ["json", "jsonl", "md", "txt", "alto.xml", "page-1.xml", "hocr"])
def test_lines_are_cut_with_their_corrected_text(tmp_path: Path, lines: list[Line], form: str) -> None:
    correct(tmp_path / "out", form, without_error)
    found = read_lines(tmp_path / "out", clean_text=compose_text)
    assert [line.text for line in found.lines] == [" ".join(line.text.split()) for line in lines]
    assert found.left_out == {}
    page = np.asarray(Image.open(tmp_path / "scans" / NAME))
    for line, true in zip(found.lines, lines, strict=True):
        left, top, right, bottom = map(int, true.box)
        assert np.array_equal(line.pixels, page[top:bottom, left:right])
    assert found.lines[1].source == f"{NAME}, page 1, line 2"


def test_a_corrected_docx_file_gives_its_lines(tmp_path: Path, lines: list[Line]) -> None:
    path = tmp_path / "out" / f"{NAME}.docx"
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    parts["word/document.xml"] = without_error(parts["word/document.xml"].decode("utf-8")).encode("utf-8")
    with zipfile.ZipFile(path, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    with open_folder(tmp_path / "out") as folder:
        assert accept(folder, [path]) == [path.name]
    assert texts(tmp_path / "out") == [" ".join(line.text.split()) for line in lines]


def test_where_only_the_text_of_a_json_page_was_corrected_its_lines_follow(tmp_path: Path, lines: list[Line]) -> None:
    def change(content: str) -> str:
        values = json.loads(content)
        (page,) = values["pages"]
        page["text"] = without_error(page["text"])
        return json.dumps(values, ensure_ascii=False)

    correct(tmp_path / "out", "json", change)
    assert texts(tmp_path / "out") == [" ".join(line.text.split()) for line in lines]


def test_a_line_that_is_not_in_the_corrected_text_is_left_out_and_counted(tmp_path: Path, lines: list[Line]) -> None:
    correct(
        tmp_path / "out", "txt", lambda content: without_error(content).replace(" ".join(lines[2].text.split()), "")
    )
    left_out: Counter[str] = Counter()
    ((scan, document),) = accepted_documents(tmp_path / "out", left_out)
    assert scan == tmp_path / "scans" / NAME
    kept = [line.text for line in document.pages[0].lines]
    assert " ".join(lines[2].text.split()) not in kept
    assert len(kept) + left_out[UNPLACED] == 4 and kept


@pytest.mark.parametrize(
    ("form", "change", "reason"),
    [
        ("txt", lambda content: content + "\fanother page", PAGES_DIFFER),
        ("html", lambda content: content.replace(WRONG, ""), OTHER_FORM),
        ("hocr", lambda content: content.replace("</body>", '<div class="ocr_page"/></body>'), PAGES_DIFFER),
    ],
)
def test_what_cannot_be_aligned_is_counted(
    tmp_path: Path, lines: list[Line], form: str, change: Callable[[str], str], reason: str
) -> None:
    write_output(tmp_path / "scans", tmp_path / "out", [replace(lines[0], text=WRONG)], ["html", "hocr", "txt"])
    correct(tmp_path / "out", form, change)
    with pytest.raises(DataError, match=f"holds no line to train on; 1 left out: {reason[:20]}"):
        read_lines(tmp_path / "out")


@pytest.mark.usefixtures("lines")
def test_without_an_accepted_correction_there_is_no_line(tmp_path: Path) -> None:
    path = tmp_path / "out" / f"{NAME}.txt"
    path.write_text("corrected, but not accepted", encoding="utf-8")
    with pytest.raises(DataError, match="no corrected output is recorded") as refusal:
        read_lines(tmp_path / "out")
    assert refusal.value.hint == f"correct an output file, then type: ocr accept {tmp_path / 'out'}"


@pytest.mark.usefixtures("lines")
def test_a_scan_that_is_gone_is_named(tmp_path: Path) -> None:
    correct(tmp_path / "out", "txt", without_error)
    (tmp_path / "scans" / NAME).unlink()
    with pytest.raises(DataError, match=r"acta\.png: its scan is no longer at"):
        read_lines(tmp_path / "out")
