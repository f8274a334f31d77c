"""Which files are scans, what they are called, and what is wrong with the others."""

import hashlib
import os
from pathlib import Path

import pytest

from ocr.core.errors import ScanError
from ocr.rendering.discovery import Scan, discover, sha256_of, shown
from ocr.rendering.filetype import EXTENSIONS, KINDS, describe, kind_of

PDF = b"%PDF-1.7\nrest"
PNG = b"\x89PNG\r\n\x1a\nrest"
HEADS = {
    "pdf": PDF,
    "png": PNG,
    "jpeg": b"\xff\xd8\xff\xe0rest",
    "tiff": b"II*\x00rest",
    "webp": b"RIFF\x00\x00\x00\x00WEBPVP8 ",
    "bmp": b"BM" + bytes(12) + b"\x28\0\0\0",
    "jpeg2000": b"\0\0\0\x0cjP  \r\n\x87\n",
    "heic": b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic",
    "avif": b"\0\0\0\x1cftypavif\0\0\0\0mif1avif",
    "gif": b"GIF89arest",
    "djvu": b"AT&TFORM\0\0\1\0DJVM",
}


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)


def names(scans: list[Scan]) -> list[str]:
    return [scan.name for scan in scans]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_known_by_its_first_bytes(kind: str) -> None:
    assert kind_of(HEADS[kind]) == kind
    assert kind in EXTENSIONS.values()


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"MM\x00*rest", "tiff"),
        (b"II+\x00\x08\x00", "tiff"),
        (b"\n" * 1000 + b"%PDF-1.4", "pdf"),
        (b"\n" * 1024 + b"%PDF-1.4", None),
        (b"BMW is a car, and this a text", None),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"\xff\x4f\xff\x51\0\x2f", "jpeg2000"),
        (b"GIF87a", "gif"),
        (b"GIF is a format, and this a text", None),
        (b"AT&TFORM\0\0\1\0DJVU", "djvu"),
        (b"AT&TFORM\0\0\1\0DJVI", None),
        (b"\0\0\0\x14ftypmif1\0\0\0\0mif1heic", None),  # the brand stands behind the box
        (b"\0\0\0\x18ftypqt  \0\0\0\0qt  avif", "avif"),
        (b"\0\0\0\x14ftypisom\0\0\0\0mp42", None),
        (b"", None),
    ],
)
def test_near_misses(head: bytes, kind: str | None) -> None:
    assert kind_of(head) == kind


def test_foreign_files_are_described() -> None:
    assert describe(b"\0\0\0\x14ftypisom\0\0\0\0mp42") == "a video or another media file"
    assert describe(b"  <HTML>") == "an HTML page"
    assert describe("Olá".encode()) == "text"
    assert describe(bytes(9)) == "nothing but zero bytes"
    assert "not known" in describe(b"\x7fELF\x00\x01")


def test_a_folder_is_read_to_its_depths_in_a_stable_order(tmp_path: Path) -> None:
    write(tmp_path, {"b/2.pdf": PDF, "b/1.png": PNG, "a.pdf": PDF, "c": PNG, "b/x/9.pdf": PDF})
    assert names(list(discover([tmp_path]))) == ["a.pdf", "b/1.png", "b/2.pdf", "b/x/9.pdf", "c"]


def test_what_is_no_scan_is_ignored_and_told(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.pdf": PDF,
            "notes.txt": b"text",
            ".hidden.pdf": PDF,
            ".git/b.pdf": PDF,
            "ocr-out/c.pdf": PDF,
            "to/d.pdf": PDF,
        },
    )
    ignored: list[Path] = []
    scans = list(discover([tmp_path], output=tmp_path / "to", on_ignored=ignored.append))
    assert names(scans) == ["a.pdf"]
    assert {path.name for path in ignored} == {"notes.txt", ".hidden.pdf", ".git", "ocr-out", "to"}


def test_a_file_that_claims_to_be_a_scan_is_never_ignored(tmp_path: Path) -> None:
    write(tmp_path, {"empty.pdf": b"", "letter.TIF": b"Prezado senhor", "fine.jpg": PDF})
    empty, fine, letter = discover([tmp_path])
    assert empty.problem is not None and "empty" in empty.problem.message
    assert letter.problem is not None and "not what its name says" in letter.problem.message
    assert (fine.kind, fine.problem) == ("pdf", None)


def test_named_files_are_never_ignored(tmp_path: Path) -> None:
    write(tmp_path, {"notes.txt": b"text", ".hidden.pdf": PDF})
    notes, hidden = discover([tmp_path / "notes.txt", tmp_path / ".hidden.pdf"])
    assert notes.problem is not None and "is text" in notes.problem.message and notes.problem.hint
    assert (hidden.name, hidden.kind) == (".hidden.pdf", "pdf")


def test_two_inputs_never_share_a_name(tmp_path: Path) -> None:
    write(tmp_path, {"A/x.pdf": PDF, "B/x.pdf": PDF, "C/x.pdf": PDF})
    found = names(list(discover([tmp_path / "A", tmp_path / "B", tmp_path / "C/x.pdf"])))
    whole = tmp_path.as_posix().lstrip("/")
    assert found == ["x.pdf", f"{whole}/B/x.pdf", f"{whole}/C/x.pdf"]


def test_what_is_named_twice_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"s/a.pdf": PDF, "s/t/b.pdf": PDF})
    monkeypatch.chdir(tmp_path)
    assert names(list(discover(["s", "s/a.pdf", "s/t", tmp_path / "s", "./s/a.pdf"]))) == ["a.pdf", "t/b.pdf"]


def test_a_link_to_a_file_is_a_scan_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, {"a.pdf": PDF})
    (tmp_path / "b.pdf").symlink_to("a.pdf")
    assert names(list(discover([tmp_path]))) == ["a.pdf", "b.pdf"]


def test_links_to_folders_are_followed_once(tmp_path: Path) -> None:
    write(tmp_path, {"real/a.pdf": PDF, "scans/b.pdf": PDF})
    (tmp_path / "scans/one").symlink_to("../real")
    (tmp_path / "scans/two").symlink_to("../real")
    (tmp_path / "scans/up").symlink_to("..")
    ignored: list[Path] = []
    found = names(list(discover([tmp_path / "scans"], on_ignored=ignored.append)))
    assert found[:2] == ["b.pdf", "one/a.pdf"] and len(found) == 2
    assert {path.name for path in ignored} == {"two", "real", "scans"}


def test_patterns_that_the_shell_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a.pdf": PDF, "d/b.pdf": PDF, "c.png": PNG, "[x].pdf": PDF})
    monkeypatch.chdir(tmp_path)
    assert names(list(discover(["*.png"]))) == ["c.png"]
    assert names(list(discover(["**/*.pdf"]))) == ["[x].pdf", "a.pdf", "b.pdf"]
    assert names(list(discover(["[x].pdf"]))) == ["[x].pdf"]
    (none,) = discover(["*.jpg"])
    assert none.problem is not None and "nothing matches" in none.problem.message


def test_a_list_of_inputs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"a.pdf": PDF, "d/b.pdf": PDF})
    monkeypatch.chdir(tmp_path)
    assert names(list(discover(["-"], listing=["a.pdf\n", "\n", "d\r\n"]))) == ["a.pdf", "b.pdf"]
    (tmp_path / "list").write_bytes(b"a.pdf\nd/b.pdf")
    with (tmp_path / "list").open(encoding="ascii") as lines:
        monkeypatch.setattr("sys.stdin", lines)
        assert names(list(discover(["-"]))) == ["a.pdf", "b.pdf"]


def test_names_are_always_utf8_and_messages_one_line(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.pdf")).write_bytes(PDF)
    (tmp_path / "two\nlines.pdf").write_bytes(b"")
    stray, lines = discover([tmp_path])
    assert stray.name == "caf\\xe9.pdf"
    assert stray.path.exists()
    assert lines.name == "two\nlines.pdf"
    assert lines.problem is not None and "two\\nlines.pdf: the file is empty" in lines.problem.message
    assert shown(stray.path).endswith("caf\\xe9.pdf")


def test_the_hash_is_of_the_bytes(tmp_path: Path) -> None:
    write(tmp_path, {"a.pdf": PDF * 100_000})
    assert sha256_of(tmp_path / "a.pdf") == hashlib.sha256(PDF * 100_000).hexdigest()
    with pytest.raises(ScanError, match="does not exist"):
        sha256_of(tmp_path / "b.pdf")


def test_discovery_is_lazy(tmp_path: Path) -> None:
    write(tmp_path, {"a.pdf": PDF, "b.pdf": PDF})
    scans = discover([tmp_path])
    assert next(scans).name == "a.pdf"
    (tmp_path / "b.pdf").write_bytes(b"")
    assert next(scans).problem is not None


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_closed_folder_is_told_under_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)
    for named in (tmp_path / "closed", tmp_path):
        (scan,) = discover([named])
        assert scan.name == "closed"
        assert scan.problem is not None and "no permission" in scan.problem.message
