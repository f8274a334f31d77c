"""`ocr data` as users run it: real typesetter, real worker processes, the real command."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from command import ENVIRONMENT, OCR, run_ocr

pytest.importorskip("typst")

from data.examples import parse_row, read_manifest

COMMAND = [str(OCR), "data"]
THREE_KINDS = ["--kind", "receipt,certificate,form", "--count", "6", "--seed", "7", "--dpi", "100", "--degrade",
               "scan,photocopy:1.5"]  # fmt: skip


def ocr(*arguments: object, expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = run_ocr("data", *arguments, cwd=Path.cwd())
    assert done.returncode == expect, done.stderr[-2000:]
    return done


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, by its path there; the lock says which process had it."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture(scope="module")
def composed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("composed") / "pages"
    ocr("compose", *THREE_KINDS, "--to", folder, "--workers", 2)
    yield folder


def test_the_same_seed_gives_the_same_bytes_on_any_number_of_workers(composed: Path, tmp_path: Path) -> None:
    ocr("compose", *THREE_KINDS, "--to", tmp_path / "one", "--workers", 1)
    assert contents(tmp_path / "one") == contents(composed)
    assert len(read_manifest(composed / "manifest.jsonl")) == 6


def test_a_finished_order_is_left_alone_and_another_is_refused(composed: Path) -> None:
    before = contents(composed)
    ocr("compose", *THREE_KINDS, "--to", composed)
    other = ocr("compose", "--kind", "receipt", "--count", 6, "--to", composed, expect=8)
    assert "another configuration" in other.stderr
    assert contents(composed) == before


def test_a_killed_run_is_resumed_to_the_same_bytes(composed: Path, tmp_path: Path) -> None:
    arguments = ["compose", *THREE_KINDS, "--to", str(tmp_path / "killed"), "--workers", "1"]
    running = subprocess.Popen(
        [*COMMAND, *arguments], env=ENVIRONMENT, start_new_session=True, stderr=subprocess.DEVNULL
    )
    parts = tmp_path / "killed" / ".parts"
    until = time.monotonic() + 60
    while time.monotonic() < until and running.poll() is None and not list(parts.glob("0*.jsonl")):
        time.sleep(0.01)
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    assert not (tmp_path / "killed" / "manifest.jsonl").exists() or running.returncode == 0
    ocr(*arguments)
    assert contents(tmp_path / "killed") == contents(composed)


def test_rows_tell_the_truth_of_their_pages(composed: Path) -> None:
    for example in read_manifest(composed / "manifest.jsonl"):
        assert example.origin == "composed" and example.licence == "Apache-2.0" and example.seed == 7
        for field in ("header", "text", "margin", "footer"):
            lines = [line.text for line in example.lines if line.field == field]
            assert "\n".join(lines) == example.fields[field]
        words = " ".join(example.paragraphs).replace("-", "").split()
        assert len(words) >= 0.9 * len(example.text.replace("-\n", "").split()) > 0


def test_text_of_a_folder_fills_the_bodies_once(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    sentences = [f"A frase de número {number} não se repete em página nenhuma." for number in range(300)]
    (tmp_path / "in" / "obra.txt").write_text("\n".join(sentences), encoding="utf-8")
    wanted = ["--kind", "letter,ruling", "--count", 90, "--to", tmp_path / "out", "--dpi", 40]
    short = ocr("compose", *wanted, "--text", tmp_path / "in", "--licence", "CC0", expect=4)
    assert "the text is used up after" in short.stderr
    examples = read_manifest(tmp_path / "out" / "manifest.jsonl")
    assert {example.document for example in examples} == {"text/obra"} and {e.licence for e in examples} == {"CC0"}
    said = " ".join(paragraph for example in examples for paragraph in example.paragraphs)
    numbers = [word for before, word in pairwise(said.split()) if before == "número"]
    assert len(numbers) == len(set(numbers)) >= 200


def test_lines(tmp_path: Path) -> None:
    ocr("compose", "--kind", "line", "--count", 130, "--to", tmp_path / "lines", "--degrade", "light", "--seed", 3)
    examples = read_manifest(tmp_path / "lines" / "manifest.jsonl")
    assert len(examples) == 130
    for example in examples:
        assert len(example.lines) == 1 and example.text == example.lines[0].text
        assert 1 <= len(example.text.split()) <= 12 and example.height < 150


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--kind", "cordel"], 2, "no page type 'cordel'"),
        (["--degrade", "moon"], 2, "unknown profile"),
        (["--text", "absent-folder"], 4, "no text"),
        (["--fonts", "absent-folder"], 4, "holds no"),
        (["--count", "0"], 2, "count"),
    ],
)
def test_wrong_orders_are_refused(tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    done = ocr("compose", "--count", 1, "--to", tmp_path / "out", *arguments, expect=code)
    assert words in done.stderr
    assert not (tmp_path / "out").exists()


def workers_of(parent: int) -> list[int]:
    """The children of a process that are workers, not the tracker of shared resources."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="utf-8").split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds worker processes in /proc")
def test_a_killed_worker_is_an_error_and_resume_makes_the_rest(tmp_path: Path) -> None:
    arguments = ["compose", "--kind", "receipt", "--count", "30", "--to", str(tmp_path / "out"), "--workers", "2"]
    running = subprocess.Popen([*COMMAND, *arguments], env=ENVIRONMENT, stderr=subprocess.PIPE, encoding="utf-8")
    parts = tmp_path / "out" / ".parts"
    while running.poll() is None and not list(parts.glob("0*.jsonl")):
        time.sleep(0.01)
    os.kill(workers_of(running.pid)[0], signal.SIGKILL)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 6 and "a worker process died" in said and "run the same command again" in said
    assert not (tmp_path / "out" / "manifest.jsonl").exists()
    ocr(*arguments)
    assert len(read_manifest(tmp_path / "out" / "manifest.jsonl")) == 30


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds worker processes in /proc")
def test_workers_end_when_the_command_is_killed(tmp_path: Path) -> None:
    arguments = ["compose", "--kind", "receipt", "--count", "40", "--to", str(tmp_path / "out"), "--workers", "2"]
    running = subprocess.Popen([*COMMAND, *arguments], env=ENVIRONMENT)
    while running.poll() is None and not list((tmp_path / "out" / ".parts").glob("0*.jsonl")):
        time.sleep(0.01)
    workers = workers_of(running.pid)
    running.kill()
    running.wait()
    ends = time.monotonic() + 60
    while any(Path(f"/proc/{worker}").is_dir() for worker in workers) and time.monotonic() < ends:
        time.sleep(0.05)
    assert workers and not any(Path(f"/proc/{worker}").is_dir() for worker in workers)


def test_two_orders_in_one_folder_at_once_do_not_mix(tmp_path: Path) -> None:
    arguments = ["compose", "--kind", "receipt", "--count", "12", "--to", str(tmp_path / "out"), "--workers", "1"]
    first = subprocess.Popen([*COMMAND, *arguments], env=ENVIRONMENT, stderr=subprocess.PIPE, encoding="utf-8")
    while first.poll() is None and not list((tmp_path / "out" / ".parts").glob("0*.jsonl")):
        time.sleep(0.01)
    first.send_signal(signal.SIGSTOP)  # or it may end before the other one has started
    try:
        refused = ocr(*arguments, expect=8)
    finally:
        first.send_signal(signal.SIGCONT)
    assert f"in use by process {first.pid}" in refused.stderr and "--to" in refused.stderr
    _, said = first.communicate(timeout=120)
    assert first.returncode == 0, said
    assert len(read_manifest(tmp_path / "out" / "manifest.jsonl")) == 12
    ocr(*arguments)


def test_a_full_disk_is_an_error_and_nothing_is_half_written(tmp_path: Path) -> None:
    """No file may grow past 6 kB here: the images do not fit, as on a disk that is full."""
    arguments = ["compose", "--kind", "receipt", "--count", "2", "--to", str(tmp_path / "out"), "--workers", "1"]
    limited = f"ulimit -f 6; exec {shlex.join([*COMMAND, *arguments])}"
    done = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, env=ENVIRONMENT, check=False)
    assert done.returncode == 8, done.stderr
    assert "free space or name another --to" in done.stderr
    assert not (tmp_path / "out" / "manifest.jsonl").exists() and not list((tmp_path / "out" / ".parts").iterdir())
    ocr(*arguments)
    assert len(read_manifest(tmp_path / "out" / "manifest.jsonl")) == 2


def test_an_order_that_made_nothing_gives_way(tmp_path: Path) -> None:
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "a.txt").write_text("漢字の文章です。\n", encoding="utf-8")
    arguments = ["compose", "--kind", "receipt", "--count", 1, "--to", tmp_path / "out", "--dpi", 60]
    assert "no " in ocr(*arguments, "--text", tmp_path / "texts", expect=4).stderr
    ocr(*arguments)
    assert len(read_manifest(tmp_path / "out" / "manifest.jsonl")) == 1


def test_unwritable_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert "file" in ocr("compose", "--count", 1, "--to", tmp_path / "file", expect=8).stderr


def test_split_check_and_leak(composed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    shutil.copytree(composed, folder)
    said = ocr(
        "split", folder / "manifest.jsonl", "--by", "document", "--to", folder, "--shares", "0.5,0.25,0.25"
    ).stdout
    assert sum(int(line.split()[1]) for line in said.splitlines()) == 6
    parts = [path for path in (folder / f"{name}.jsonl" for name in ("train", "validation", "test")) if path.exists()]
    assert "licence    Apache-2.0: 6 pages" in ocr("check", *parts).stdout
    rows = [parse_row(line) for line in (folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()]
    leaked = json.loads((folder / "manifest.jsonl").read_text(encoding="utf-8").splitlines()[0]) | {"split": "test"}
    (folder / "leak.jsonl").write_text(json.dumps(leaked) + "\n", encoding="utf-8")
    train = json.dumps(leaked | {"split": "train"}) + "\n"
    (folder / "train2.jsonl").write_text(train, encoding="utf-8")
    done = ocr("check", folder / "train2.jsonl", folder / "leak.jsonl", expect=4)
    assert "leak" in done.stdout and "1 leaks between splits" in done.stderr and len(rows) == 6
    ocr("split", folder / "manifest.jsonl", "--by", "page", expect=2)


def test_the_commands_of_the_readme_in_a_fresh_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compose, split into another folder, check, show: each command takes what the one before it wrote."""
    monkeypatch.chdir(tmp_path)
    ocr("compose", "--kind", "receipt", "--count", 8, "--to", "pages/", "--seed", 7, "--dpi", 60)
    said = ocr("split", "pages/manifest.jsonl", "--by", "document", "--to", "split/", "--shares", "0.6,0.2,0.2").stdout
    assert sum(int(line.split()[1]) for line in said.splitlines()) == 8
    parts = sorted(Path("split").glob("*.jsonl"))
    assert len(parts) > 1
    assert "licence    Apache-2.0: 8 pages" in ocr("check", *parts).stdout
    said = ocr("show", parts[0]).stdout
    assert f"split/sheet.html: {len(read_manifest(parts[0]))} pages" in said.replace(os.sep, "/")
    assert "data:image/jpeg;base64," in Path("split/sheet.html").read_text(encoding="utf-8")


def test_bad_row_is_named_by_the_command(composed: Path, tmp_path: Path) -> None:
    content = (composed / "manifest.jsonl").read_text(encoding="utf-8")
    (tmp_path / "manifest.jsonl").write_text(content, encoding="utf-8")
    assert "row 1: image images/" in ocr("check", tmp_path / "manifest.jsonl", expect=4).stderr


def test_import_then_show(tmp_path: Path, composed: Path) -> None:
    example = read_manifest(composed / "manifest.jsonl")[0]
    (tmp_path / "in").mkdir()
    shutil.copy(composed / example.image, tmp_path / "in" / f"a{Path(example.image).suffix}")
    (tmp_path / "in" / "a.txt").write_text(example.text, encoding="utf-8")
    ocr("import", "pairs", tmp_path / "in", "--to", tmp_path / "out")
    assert "1 pages" in ocr("show", tmp_path / "out" / "manifest.jsonl").stdout
    sheet = (tmp_path / "out" / "sheet.html").read_text(encoding="utf-8")
    assert "data:image/jpeg;base64," in sheet and "http" not in sheet


def test_the_sheet_draws_every_box(composed: Path, tmp_path: Path) -> None:
    ocr("show", composed / "manifest.jsonl", "--to", tmp_path / "sheet.html", "--count", 3)
    sheet = (tmp_path / "sheet.html").read_text(encoding="utf-8")
    shown = [e for e in read_manifest(composed / "manifest.jsonl") if f"{e.id} <small>" in sheet]
    assert len(shown) == 3 and len({example.kind for example in shown}) == 3
    assert sheet.count("<rect ") == sum(len(example.lines) for example in shown)
