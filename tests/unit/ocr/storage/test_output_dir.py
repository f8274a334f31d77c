import errno
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr.core.document import EngineIdentity, Page, Source
from ocr.core.errors import OutputError
from ocr.storage.acceptance import accept
from ocr.storage.ledger import Entry
from ocr.storage.output_dir import NotOursError, OutputDirectory, open_folder, output_path
from ocr.storage.verify import rebuild, verify

SOURCE = Source("deep/a.pdf", "a" * 64, 1)


def fill(folder: OutputDirectory, text: str = "O réu") -> None:
    folder.ledger.begin(EngineIdentity("fake", "fake 1"), version="0", host="here")
    folder.ledger.add_file(SOURCE)
    folder.ledger.record(SOURCE.sha256, Entry(Page(1, "ok", text=text))).result(timeout=10)


def test_a_written_file_is_current_until_a_page_changes(tmp_path: Path) -> None:
    with open_folder(tmp_path, create=True) as folder:
        fill(folder)
        assert not folder.is_current(SOURCE, "txt")
        folder.write(SOURCE, "txt")
        assert folder.is_current(SOURCE, "txt")
        fill(folder, "A ré")
        assert not folder.is_current(SOURCE, "txt")
        folder.write(SOURCE, "txt")
        assert (tmp_path / "deep/a.pdf.txt").read_text(encoding="utf-8") == "A ré\n"
        (tmp_path / "deep/a.pdf.txt").unlink()
        assert not folder.is_current(SOURCE, "txt")
    assert list((tmp_path / ".lusocr/drafts").iterdir()) == []


def test_what_somebody_else_wrote_or_changed_is_left_alone(tmp_path: Path) -> None:
    with open_folder(tmp_path, create=True) as folder:
        fill(folder)
        target = tmp_path / "deep/a.pdf.txt"
        target.parent.mkdir()
        target.write_text("mine", encoding="utf-8")
        with pytest.raises(NotOursError, match="was not written by lusocr"):
            folder.check_free(SOURCE, "txt")
        with pytest.raises(NotOursError, match="changed since lusocr wrote it"):
            folder.write(SOURCE, "txt")
        assert target.read_text(encoding="utf-8") == "mine"
        target.unlink()
        folder.write(SOURCE, "txt")
        target.write_text("corrected", encoding="utf-8")
        fill(folder, "A ré")
        with pytest.raises(NotOursError):
            folder.write(SOURCE, "txt")
        assert target.read_text(encoding="utf-8") == "corrected"


def test_a_run_that_died_between_saying_and_writing_can_go_on(tmp_path: Path) -> None:
    with open_folder(tmp_path, create=True) as folder:
        fill(folder)
        folder.write(SOURCE, "txt")
        before = (tmp_path / "deep/a.pdf.txt").read_bytes()
        fill(folder, "A ré")
        folder.write(SOURCE, "txt")
        (tmp_path / "deep/a.pdf.txt").write_bytes(before)
        folder.ledger.settle("deep/a.pdf.txt", "")  # as a run leaves it that is killed before the rename
        assert not folder.is_current(SOURCE, "txt")
        folder.write(SOURCE, "txt")
        assert folder.is_current(SOURCE, "txt")
        assert (tmp_path / "deep/a.pdf.txt").read_text(encoding="utf-8") == "A ré\n"
        (tmp_path / "deep/a.pdf.txt").write_bytes(before)
        fill(folder, "O autor")
        folder.write(SOURCE, "txt")
        assert (tmp_path / "deep/a.pdf.txt").read_text(encoding="utf-8") == "O autor\n"


def test_a_file_that_could_not_be_put_in_place_is_not_current(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_folder(tmp_path, create=True) as folder:
        fill(folder)
        folder.write(SOURCE, "txt")
        fill(folder, "A ré")
        with monkeypatch.context() as patch, pytest.raises(OutputError, match="No space left"):
            patch.setattr(Path, "replace", full_disk)
            folder.write(SOURCE, "txt")
        assert not folder.is_current(SOURCE, "txt")
        assert (tmp_path / "deep/a.pdf.txt").read_text(encoding="utf-8") == "O réu\n"


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_page_that_changes_while_its_file_is_made_makes_it_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_folder(tmp_path, create=True) as folder:
        fill(folder)
        render = folder.render

        def render_and_change(source: Source, form: str) -> Iterator[bytes]:
            yield from render(source, form)
            fill(folder, "A ré")

        monkeypatch.setattr(folder, "render", render_and_change)
        folder.write(SOURCE, "txt")
        assert not folder.is_current(SOURCE, "txt")


@pytest.mark.parametrize("content", ['[{"header": ""}]', "3", "null", '"text"', "{", "[" * 100_000])
def test_a_folder_with_json_of_others_may_become_an_output_folder(tmp_path: Path, content: str) -> None:
    (tmp_path / "truth.json").write_text(content, encoding="utf-8")
    with open_folder(tmp_path, create=True) as folder:
        fill(folder)
        folder.write(SOURCE, "json")
    assert (tmp_path / "truth.json").read_text(encoding="utf-8") == content


def test_a_lost_ledger_is_no_empty_folder(tmp_path: Path) -> None:
    with open_folder(tmp_path, create=True) as folder:
        fill(folder)
        folder.write(SOURCE, "json")
    (tmp_path / ".lusocr/ledger.sqlite").unlink()
    for create in (False, True):
        with pytest.raises(OutputError, match="is lost") as refusal, open_folder(tmp_path, create=create):
            pass
        assert "--rebuild" in refusal.value.hint
    (tmp_path / "deep/a.pdf.json").write_text("{}", encoding="utf-8")  # nothing of ours is left to be lost
    with open_folder(tmp_path, create=True) as folder:
        assert list(folder.ledger.files()) == []


def test_our_own_files_are_nobody_elses_to_read(tmp_path: Path) -> None:
    with open_folder(tmp_path / "out", create=True):
        assert stat.S_IMODE((tmp_path / "out/.lusocr").stat().st_mode) == 0o700
    (tmp_path / "out/.lusocr").chmod(0o770)  # somebody shares it with a group
    with open_folder(tmp_path / "out"):
        assert stat.S_IMODE((tmp_path / "out/.lusocr").stat().st_mode) == 0o770


@pytest.mark.parametrize(("create", "hint"), [(True, "--to DIR"), (False, "copy the folder")])
def test_a_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, create: bool, hint: str
) -> None:
    with open_folder(tmp_path, create=True):
        pass
    monkeypatch.setattr(Path, "open", read_only)
    with pytest.raises(OutputError, match="Read-only file system") as refusal, open_folder(tmp_path, create=create):
        pass
    assert hint in refusal.value.hint


def read_only(*_: object, **__: object) -> None:
    raise OSError(errno.EROFS, "Read-only file system")


def test_a_link_is_replaced_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text("precious", encoding="utf-8")
    with open_folder(tmp_path / "out", create=True) as folder:
        fill(folder)
        (tmp_path / "out/deep").mkdir()
        (tmp_path / "out/deep/a.pdf.txt").symlink_to(tmp_path / "elsewhere")
        with pytest.raises(NotOursError):
            folder.write(SOURCE, "txt")
    assert (tmp_path / "elsewhere").read_text(encoding="utf-8") == "precious"


def test_drafts_of_a_killed_run_are_cleared(tmp_path: Path) -> None:
    with open_folder(tmp_path, create=True):
        (tmp_path / ".lusocr/drafts/half").write_text("half", encoding="utf-8")
        (tmp_path / ".lusocr/drafts/pdf-half").mkdir()
        (tmp_path / ".lusocr/drafts/pdf-half/done.pdf").write_bytes(b"half")
    with open_folder(tmp_path):
        assert list((tmp_path / ".lusocr/drafts").iterdir()) == []


def test_only_output_folders_are_opened(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="not an output folder"), open_folder(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("a.pdf", "a.pdf.json"),
        ("deep/er/a.pdf", "deep/er/a.pdf.json"),
        ("../../etc/a.pdf", "etc/a.pdf.json"),
        ("/etc/./a.pdf", "etc/a.pdf.json"),
        ("..", "_.json"),
    ],
)
def test_outputs_stay_inside(name: str, path: str) -> None:
    assert output_path(name, "json") == path


@given(st.text(st.characters(codec="utf-8", exclude_characters="/\x00"), min_size=1, max_size=300))
def test_names_fit_and_stay_apart(name: str) -> None:
    if name in (".", ".."):
        return
    path = output_path(f"deep/{name}", "jsonl")
    assert path.startswith("deep/")
    assert len(path.removeprefix("deep/").encode()) <= 255
    assert path != output_path(f"deep/{name}x", "jsonl")


def fill_pages(folder: OutputDirectory, count: int) -> Source:
    """Record a scan of `count` pages in place of the one before."""
    source = Source(SOURCE.path, "b" * 63 + str(count), count)
    folder.ledger.begin(EngineIdentity("fake", "fake 1"), version="0", host="here")
    folder.ledger.add_file(source)
    for number in range(1, count + 1):
        folder.ledger.record(source.sha256, Entry(Page(number, "ok", text="O réu"))).result(timeout=10)
    return source


def test_a_format_of_several_files_keeps_them_together(tmp_path: Path) -> None:
    with open_folder(tmp_path, create=True) as folder:
        source = fill_pages(folder, 3)
        folder.write(source, "page")
        files = [f"deep/a.pdf.page-{number}.xml" for number in (1, 2, 3)]
        assert [part.path for part in folder.outputs(source, "page")] == files
        assert folder.is_current(source, "page") and folder.has_written(source, "page")
        (tmp_path / files[1]).unlink()
        assert not folder.is_current(source, "page")
        folder.write(source, "page")
        assert folder.is_current(source, "page")
        assert verify(folder).outputs == 3

        (tmp_path / files[1]).write_text("<mine/>", encoding="utf-8")
        (wrong,) = verify(folder).wrong_outputs
        assert wrong.startswith(f"{files[1]}: was changed")
        with pytest.raises(NotOursError):
            folder.write(source, "page")
        assert accept(folder) == [files[1]]
        folder.write(source, "page")
        assert (tmp_path / files[1]).read_text(encoding="utf-8") == "<mine/>"
        assert not verify(folder).wrong_outputs


def test_files_that_a_scan_no_longer_gives_are_removed_unless_changed(tmp_path: Path) -> None:
    with open_folder(tmp_path, create=True) as folder:
        folder.write(fill_pages(folder, 3), "page")
        (tmp_path / "deep/a.pdf.page-3.xml").write_text("mine", encoding="utf-8")
        source = fill_pages(folder, 1)
        assert not folder.is_current(source, "page")
        folder.write(source, "page")
        assert sorted(path.name for path in (tmp_path / "deep").iterdir()) == ["a.pdf.page-1.xml", "a.pdf.page-3.xml"]
        assert [part.path for part in folder.outputs(source, "page")] == ["deep/a.pdf.page-1.xml"]
        assert not verify(folder).wrong_outputs


def test_a_rebuilt_ledger_knows_the_files_of_a_page_format(tmp_path: Path) -> None:
    with open_folder(tmp_path, create=True) as folder:
        source = fill_pages(folder, 2)
        for form in ("json", "page"):
            folder.write(source, form)
    assert rebuild(tmp_path) == 1
    with open_folder(tmp_path) as folder:
        assert len(folder.outputs(source, "page")) == 2
        folder.write(source, "page")
        assert verify(folder).wrong_outputs == []


def test_names_of_page_files_of_long_names_are_found(tmp_path: Path) -> None:
    with open_folder(tmp_path, create=True) as folder:
        source = fill_pages(folder, 2)
        long = Source("deep/" + "ç" * 200 + ".pdf", source.sha256, 2)
        folder.ledger.add_file(long)
        folder.write(long, "page")
        assert len(folder.outputs(long, "page")) == 2
        assert folder.is_current(long, "page")
