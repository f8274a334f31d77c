"""`ocr finetune` as typed: what is missing is said with what to type next."""

import subprocess
from pathlib import Path

import pytest
from command import ENVIRONMENT, OCR


def finetune(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    command = [str(OCR), "finetune", *words]
    return subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, capture_output=True, encoding="utf-8", timeout=120, check=False
    )


def test_without_a_parent_the_two_commands_that_come_first_are_said(tmp_path: Path) -> None:
    done = finetune(tmp_path, "--stage", "dpo")
    assert done.returncode == 7
    assert "ocr finetune --stage general --data DIR" in done.stderr
    assert "ocr finetune --stage domain --data DIR" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--stage", "last"), "stages: general, domain, dpo"),
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
