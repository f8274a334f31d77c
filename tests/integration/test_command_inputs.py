"""What people type at `ocr extract`: lists, formats on a pipe, pages that do not exist, passwords, ignored files."""

import json
from pathlib import Path

import pytest
from command import ENVIRONMENT, FAKE, make_scan, run_ocr
from hostile_pdfs import locked_rc4

import ocr
from ocr.rendering.passwords import Passwords, make_passwords, read_passwords

LINE = "interpôs apelação"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    make_scan(tmp_path / "a.png", shade=5)
    make_scan(tmp_path / "b b.pdf", pages=2)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a.png\0b b.pdf\0", ()),
        ("a.png\0b b.pdf", ("--null",)),
        ("a.png\nb b.pdf\n", ()),
        ("a.png\r\n\nb b.pdf", ()),
        ("\0a.png\0\0b b.pdf\0", ()),
    ],
)
def test_lists_of_paths_are_read(folder: Path, text: str, words: tuple[str, ...]) -> None:
    done = run_ocr("extract", "-", *words, *FAKE, "--to", "out", cwd=folder, text=text)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (folder / "out").glob("*.json")) == ["a.png.json", "b b.pdf.json"]


def test_a_name_with_a_line_end_needs_a_list_with_nul(folder: Path) -> None:
    make_scan(folder / "c\nc.png", shade=7)
    done = run_ocr("extract", "-", *FAKE, "--to", "out", cwd=folder, text="c\nc.png\0a.png\0")
    assert done.returncode == 0, done.stderr
    assert len(list((folder / "out").glob("*.json"))) == 2


def test_a_nul_in_a_line_is_named_and_nothing_hangs(folder: Path) -> None:
    lines = "".join("a.png\n" for _ in range(3_000))  # past what is looked at first
    done = run_ocr("extract", "-", *FAKE, "--to", "out", cwd=folder, text=lines + "b\0b.pdf\n")
    assert done.returncode == 3
    assert "no path can hold a NUL character" in done.stderr
    assert "--null" in done.stderr


@pytest.mark.parametrize("form", ["txt", "md"])
def test_a_pipe_gets_the_format_that_is_asked_for(folder: Path, form: str) -> None:
    done = run_ocr("extract", "a.png", "b b.pdf", *FAKE, "--to", "-", "--out", form, cwd=folder)
    assert done.returncode == 0
    assert done.stdout.count(LINE) == 3
    assert not done.stdout.startswith("{")
    run_ocr("extract", "a.png", *FAKE, "--to", "out", "--out", form, cwd=folder)
    written = (folder / f"out/a.png.{form}").read_text(encoding="utf-8")
    one = run_ocr("extract", "a.png", *FAKE, "--to", "-", "--out", form, cwd=folder).stdout
    assert one == (f"<!-- a.png -->\n\n{written}" if form == "md" else written)


def test_a_pipe_gets_json_lines_otherwise_and_one_format_only(folder: Path) -> None:
    for words in ((), ("--out", "json"), ("--out", "jsonl")):
        done = run_ocr("extract", "a.png", *FAKE, "--to", "-", *words, cwd=folder)
        assert [json.loads(line)["page"]["number"] for line in done.stdout.splitlines()] == [1]
    done = run_ocr("extract", "a.png", *FAKE, "--to", "-", "--out", "txt,md", cwd=folder)
    assert (done.returncode, "writes one format" in done.stderr) == (2, True)


def test_pages_that_a_file_does_not_have_are_said(folder: Path) -> None:
    done = run_ocr("extract", "a.png", *FAKE, "--pages", "99", "--to", "out", cwd=folder)
    assert (done.returncode, "a.png: there is no page 99: the file has 1 page\n" in done.stderr) == (0, True)
    both = run_ocr("extract", "a.png", "b b.pdf", *FAKE, "--pages", "1,3,7-", "--to", "two", cwd=folder)
    assert "there is no page 3,7-: the file has" in both.stderr
    assert "1 more file end before" in both.stderr
    fine = run_ocr("extract", "a.png", "b b.pdf", *FAKE, "--pages", "1-2", "--to", "three", cwd=folder)
    assert "there is no page" not in fine.stderr
    assert "read 3 pages in" in fine.stderr


def test_one_page_is_not_pages(folder: Path) -> None:
    assert "read 1 page in " in run_ocr("extract", "a.png", *FAKE, "--to", "out", cwd=folder).stderr


def test_unknown_formats_name_the_known_ones(folder: Path) -> None:
    done = run_ocr("extract", "a.png", "--out", "nonsense", cwd=folder)
    assert done.returncode == 2
    assert "there is no 'nonsense'" in done.stderr
    assert "hint: choose from json, jsonl, md" in done.stderr


@pytest.mark.parametrize(("lang", "code"), [("por", 0), ("pt_BR", 0), ("eng", 2), ("por+eng", 2)])
def test_another_language_is_explained(folder: Path, lang: str, code: int) -> None:
    done = run_ocr("extract", "a.png", *FAKE, "--lang", lang, "--to", "out", cwd=folder)
    assert (done.returncode, "reads Portuguese only" in done.stderr) == (code, code == 2)


def test_dpi_is_a_flag(folder: Path) -> None:
    run_ocr("extract", "b b.pdf", *FAKE, "--dpi", "72", "--to", "out", cwd=folder)
    assert "at 72 dpi" in ocr.load(folder / "out/b b.pdf.json").engine.fingerprint
    assert run_ocr("extract", "b b.pdf", "--dpi", "7", cwd=folder).returncode == 2


def test_ignored_files_are_counted_by_ending_or_named(folder: Path) -> None:
    for name in ("x.txt", "y.TXT", "z.docx", "LEIAME", ".hidden"):
        (folder / name).write_text("text", encoding="utf-8")
    done = run_ocr("extract", ".", *FAKE, "--to", "../out", cwd=folder)
    assert "ignored 4 files that are no scans (.txt 2, .docx 1, no ending 1); --verbose lists them" in done.stderr
    named = run_ocr("extract", ".", *FAKE, "--to", "../out", "--verbose", cwd=folder)
    assert named.stderr.count("ignored, because it is no scan: ") == 4
    assert "LEIAME" in named.stderr


def test_several_passwords_are_tried_and_never_shown(tmp_path: Path) -> None:
    for name, password in (("one.pdf", b"primeira"), ("two.pdf", b"segunda"), ("three.pdf", b"terceira")):
        (tmp_path / name).write_bytes(locked_rc4(password, b"dono"))
    (tmp_path / "keys.csv").write_text("# keys\nthree*.pdf,terceira\nnone.pdf\tx,y\n", encoding="utf-8")
    words = ("--password", "errada", "--password", "segunda", "--passwords", "keys.csv")
    locked = run_ocr("extract", ".", *FAKE, *words, "--to", "out", cwd=tmp_path)
    assert locked.returncode == 3
    assert "one.pdf: cannot be opened: the password does not open the PDF" in locked.stderr
    done = run_ocr("extract", ".", *FAKE, *words, "--password", "primeira", "--to", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    kept = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    for secret in ("errada", "segunda", "terceira", "primeira"):
        assert secret not in done.stderr + locked.stderr
        assert secret.encode() not in kept


def test_a_password_comes_from_the_environment_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one.pdf").write_bytes(locked_rc4(b"duas palavras", b"dono"))
    monkeypatch.setitem(ENVIRONMENT, "OCR_PASSWORD", "duas palavras")
    assert run_ocr("extract", "one.pdf", *FAKE, cwd=tmp_path).returncode == 0


def test_a_resumed_run_finds_the_password_again(tmp_path: Path) -> None:
    (tmp_path / "one.pdf").write_bytes(locked_rc4(b"segunda", b"dono"))
    given = ["primeira", "segunda"]
    first = ocr.extract_all(tmp_path, tmp_path / "out", engine=FAKE[1], password=given, settings={"options.errs": [1]})
    assert first.states == {"failed": 1}
    second = ocr.extract_all(tmp_path, tmp_path / "out", engine=FAKE[1], password=given)
    assert second.states == {"ok": 1}
    assert ocr.extract(tmp_path / "one.pdf", engine=FAKE[1], password={"*.pdf": "segunda"}).pages[0].status == "ok"


def test_passwords_of_a_pattern_come_first_and_stay_hidden() -> None:
    passwords = Passwords(("g",), (("2019*", "a"), ("*/autos/*.pdf", "b"), ("x", "c")))
    assert passwords.of(Path("in/autos/2019-1.pdf")) == ("a", "b", "g")
    assert passwords.of(Path("x")) == ("c", "g")
    assert "g" not in repr(passwords).removeprefix("Passwords")
    assert make_passwords("s").of(Path("x")) == ("s",)
    assert make_passwords(["s", "t", "s"]).of(Path("x")) == ("s", "t")
    assert make_passwords(None).of(Path("x")) == ()


@pytest.mark.parametrize("text", ["nonsense", ",secret", "*.pdf,", "\tsecret"])
def test_a_bad_file_of_passwords_is_named_by_line_without_its_content(tmp_path: Path, text: str) -> None:
    (tmp_path / "keys").write_text(f"*.pdf,good\n{text}\n", encoding="utf-8")
    with pytest.raises(ocr.UsageError, match="line 2 is no pattern and password") as caught:
        read_passwords(tmp_path / "keys")
    assert "secret" not in caught.value.message
    with pytest.raises(ocr.UsageError, match="cannot be read"):
        read_passwords(tmp_path / "none")
