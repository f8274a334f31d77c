"""`ocr finetune` as typed: what is missing is said with what to type next."""

import json
import signal
import subprocess
import time
from pathlib import Path

import pytest
from command import ENVIRONMENT, OCR, run_ocr
from PIL import Image

from data.examples import Example, write_manifest
from ocr.core.files import hash_bytes

psutil = pytest.importorskip("psutil", reason="psutil is not installed")

MINIATURE = ("--recipe", "miniature", "--data", "pages", "--set", "scratch.hidden=64", "--set", "general.batch=4")


def finetune(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return run_ocr("finetune", *words, cwd=folder, environment=ENVIRONMENT | {"HF_HUB_OFFLINE": "1"}, seconds=300)


def test_without_a_parent_the_two_commands_that_come_first_are_said(tmp_path: Path) -> None:
    done = finetune(tmp_path, "--stage", "dpo")
    assert done.returncode == 7
    assert "ocr finetune --stage general --data DIR" in done.stderr
    assert "ocr finetune --stage domain --data DIR" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--stage", "last"), "stages: general, domain, dpo, drafter"),
        (("--stage", "general", "--recipe", "miniatur"), "did you mean miniature?"),
        (("--stage", "general", "--set", "general.bach=3"), "general.batch"),
    ],
)
def test_what_does_not_exist_is_said(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = finetune(tmp_path, *words)
    assert done.returncode == 2
    assert said in done.stderr


def test_pages_must_be_named_and_split(tmp_path: Path) -> None:
    assert "needs pages" in finetune(tmp_path, "--stage", "general").stderr
    (tmp_path / "pages").mkdir()
    done = finetune(tmp_path, "--stage", "general", "--data", "pages")
    assert done.returncode == 7
    assert "ocr data split pages/manifest.jsonl" in done.stderr


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A folder of split pages: 8 to train on, 100 held out, of one picture each."""
    folder = tmp_path / "pages"
    folder.mkdir()
    for name, count, shade in (("train", 8, "white"), ("validation", 100, "ivory")):
        image = f"{name}.png"
        Image.new("RGB", (64, 32), shade).save(folder / image)
        sha256 = hash_bytes((folder / image).read_bytes())
        rows = [
            Example(f"{name}-{n}", f"{name}-{n}", 1, image, sha256, 64, 32, "line", "drawn", "none", text=str(n))
            for n in range(count)
        ]
        write_manifest(folder / f"{name}.jsonl", rows)
    return tmp_path


def rewrite(manifest: Path, **values: object) -> None:
    rows = [json.loads(line) for line in manifest.read_text(encoding="utf-8").splitlines()]
    manifest.write_text("".join(json.dumps(row | values) + "\n" for row in rows), encoding="utf-8")


def test_what_may_not_be_trained_on_is_refused(pages: Path) -> None:
    rewrite(pages / "pages/train.jsonl", test_only=True)
    done = finetune(pages, "--stage", "general", *MINIATURE)
    assert (done.returncode, "8 of 8 pages are for testing only" in done.stderr) == (4, True)
    rewrite(pages / "pages/train.jsonl", test_only=False)
    rewrite(pages / "pages/validation.jsonl", document="one")
    done = finetune(pages, "--stage", "general", *MINIATURE)
    assert (done.returncode, "are of one document" in done.stderr) == (4, True)
    (pages / "pages/train.jsonl").write_bytes(b"")
    done = finetune(pages, "--stage", "general", *MINIATURE)
    assert (done.returncode, "has no rows" in done.stderr) == (4, True)


def test_a_base_must_be_here_and_see(pages: Path) -> None:
    done = finetune(pages, "--stage", "domain", "--data", "pages", "--base", "nanonets-ocr2-3b", "--yes")
    assert (done.returncode, "cannot be downloaded" in done.stderr) == (6, True)
    (pages / "blind").mkdir()
    (pages / "blind/config.json").write_text('{"model_type": "qwen2"}', encoding="utf-8")
    done = finetune(pages, "--stage", "domain", *MINIATURE, "--base", "blind")
    assert (done.returncode, "does not see images" in done.stderr) == (6, True)
    assert not (pages / "runs").exists(), "nothing was begun"


def test_too_little_disk_is_said_before_anything_is_begun(pages: Path) -> None:
    done = finetune(pages, "--stage", "general", *MINIATURE, "--set", "parameters=1e6")
    assert (done.returncode, "GB free, the run needs about" in done.stderr) == (7, True)
    assert not (pages / "runs").exists()


def test_a_run_is_not_trained_twice_at_once_and_ends_with_its_command(pages: Path) -> None:
    pytest.importorskip("trl", reason="the extra train is not installed")
    words = ("--stage", "general", *MINIATURE, "--set", "general.steps=100000")
    with (pages / "said.txt").open("w", encoding="utf-8") as said:
        first = subprocess.Popen([str(OCR), "finetune", *words], cwd=pages, env=ENVIRONMENT, stderr=said)
    try:
        deadline = time.monotonic() + 300
        while not (pages / "runs/general-1/losses.jsonl").exists():
            assert first.poll() is None, (pages / "said.txt").read_text(encoding="utf-8")
            assert time.monotonic() < deadline, "no step was made"
            time.sleep(0.1)
        beside = finetune(pages, *words)
        children = psutil.Process(first.pid).children(recursive=True)
        first.send_signal(signal.SIGINT)
        assert first.wait(60) == 130
    finally:
        first.kill()
    assert (beside.returncode, f"in use by process {first.pid}" in beside.stderr) == (8, True)
    assert children
    assert not psutil.wait_procs(children, timeout=30)[1], "nobody trains on"
    said_last = (pages / "said.txt").read_text(encoding="utf-8")
    assert "run the same command again" in said_last
    assert "Traceback" not in said_last
