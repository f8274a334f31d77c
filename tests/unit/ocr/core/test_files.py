"""Files that are complete or absent, lines that a crash cut short, and hashes."""

import hashlib
import json
import os
import stat
from pathlib import Path

import pytest

from ocr.core.errors import OutputError
from ocr.core.files import (
    append_line,
    hash_bytes,
    hash_file,
    read_jsonl,
    seed_from,
    write_atomic,
    write_lines,
    write_private,
)


def test_a_file_is_written_with_its_folders_and_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "a/b/c.bin"
    write_atomic(file, b"first")
    write_atomic(file, b"second")
    assert file.read_bytes() == b"second"
    assert [path.name for path in file.parent.iterdir()] == ["c.bin"]


@pytest.mark.skipif(os.name != "posix", reason="file modes are those of POSIX")
def test_only_the_owner_reads_a_private_file(tmp_path: Path) -> None:
    write_atomic(tmp_path / "open", b"")
    write_private(tmp_path / "private/text", "réu")
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("open", "private", "private/text")]
    assert modes == [0o644, 0o700, 0o600]


def test_what_stood_there_stays_where_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a"
    write_atomic(file, b"before")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="a: cannot be written: No space left on device"):
        write_atomic(file, b"after")
    assert file.read_bytes() == b"before"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_in_the_place_of_a_folder_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    for write in (lambda path: write_atomic(path, b""), lambda path: append_line(path, b"")):
        with pytest.raises(OutputError, match="cannot be written"):
            write(tmp_path / "taken/file")


def test_lines_come_back(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    rows = [{"text": "linha\u2028separada\r"}, {"text": ""}]
    write_lines(file, (json.dumps(row, ensure_ascii=False).encode() for row in rows[:1]))
    append_line(file, json.dumps(rows[1]).encode())
    assert read_jsonl(file, json.loads) == (rows, [])


def test_a_line_that_was_cut_short_spoils_no_other(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    append_line(file, b"[1]")
    file.write_bytes(file.read_bytes() + b"[2")
    append_line(file, b"[3]")
    rows, bad = read_jsonl(file, json.loads)
    assert rows == [[1], [3]]
    assert [line.number for line in bad] == [2]
    assert isinstance(bad[0].error, json.JSONDecodeError)


def test_hashes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    assert hash_file(tmp_path / "file") == hash_bytes(b"content") == hashlib.sha256(b"content").hexdigest()
    assert seed_from("abc") == int(hashlib.sha256(b"abc").hexdigest()[:8], 16)
