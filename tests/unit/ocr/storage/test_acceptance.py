from pathlib import Path

import pytest
from boxed_pages import FIRST, READER

from ocr.core.document import Source
from ocr.core.errors import UsageError
from ocr.storage.acceptance import accept
from ocr.storage.ledger import Entry
from ocr.storage.output_dir import open_folder

FORMS = ("alto", "page", "hocr", "docx", "xlsx")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    source = Source("a.png", "a" * 64, 1)
    with open_folder(tmp_path / "out", create=True) as held:
        held.ledger.begin(READER, version="0", host="here")
        held.ledger.adopt()
        held.ledger.add_file(source, "a.png")
        held.ledger.record(source.sha256, Entry(FIRST)).result(timeout=10)
        for form in FORMS:
            held.write(source, form)
    return tmp_path / "out"


@pytest.mark.parametrize("name", ["a.png.alto.xml", "a.png.page-1.xml", "a.png.hocr", "a.png.docx", "a.png.xlsx"])
def test_a_file_that_is_no_longer_of_its_format_is_refused(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes()[:-40])
    with open_folder(folder) as held:
        with pytest.raises(UsageError, match=f"{name}: is no valid .* output") as refusal:
            accept(held, [path])
        assert list(held.corrections) == []
    assert refusal.value.hint == "correct the file, then type ocr accept again"


def test_a_corrected_file_of_a_format_with_several_files_is_kept(folder: Path) -> None:
    path = folder / "a.png.page-1.xml"
    path.write_text(path.read_text(encoding="utf-8").replace("Custas", "Custos"), encoding="utf-8")
    with open_folder(folder) as held:
        assert accept(held) == [path.name]
        held.write(Source("a.png", "a" * 64, 1), "page")
    assert "Custos" in path.read_text(encoding="utf-8")
