"""From corrected output to a recognizer of one's own: the way in docs/guides/recognizer.md, with a tiny recipe."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from corrected_output import compose_page, correct, write_output
from typer.testing import CliRunner

pytest.importorskip("torch", reason="training needs the extra 'train'")
pytest.importorskip("onnx", reason="training needs the extra 'train'")

from cli import app
from training.recognizer import line_training
from training.recognizer.ctc.loop_settings import Progress
from training.recognizer.line_supply.line_farm import Sample
from training.recognizer.line_supply.line_folder import read_line_folder
from training.recognizer.stage import recognizer_session
from training.recognizer.stage.recognizer_run import load_run

TINY = ("lines=12", "minutes=0", "columns=4096", "window=64", "own_share=0.5")


def _four(held_out_lines: Callable[..., list[Sample]], lines: Any, _count: int, **kinds: Any) -> list[Sample]:
    return held_out_lines(lines, 4, **kinds)


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """The command that trains on a page of six lines, each of which was read with three letters too many."""
    lines = compose_page(tmp_path / "scans", 6)
    misread = [replace(line, text=f"{line.text[:9]}qxj{line.text[9:]}") for line in lines]
    write_output(tmp_path / "scans", tmp_path / "corrections", misread, ["txt"])
    correct(tmp_path / "corrections", "txt", lambda content: content.replace("qxj", ""))
    settings = [part for setting in TINY for part in ("--set", setting)]
    return [
        *("finetune", "--part", "recognizer", "--stage", "domain", "--base", "stock", "--recipe", "recognizer-cpu"),
        *("--data", str(tmp_path / "corrections"), "--runs", str(tmp_path / "runs"), "--force-promote", *settings),
    ]


def run(command: list[str]) -> str:
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_accepted_corrections_reach_the_trainer(
    tmp_path: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def train(_run: Any, data: str, folder: Path, _clean: int) -> Progress:
        seen.extend(sample.text for sample in read_line_folder(Path(data)))
        (folder / "recognizer.onnx").write_bytes(b"weights")
        return Progress(step=1, lines=12, again=0, seconds=1.0)

    monkeypatch.setattr(recognizer_session, "train_run", train)
    monkeypatch.setattr(recognizer_session, "frozen_lines", lambda *_: {})
    monkeypatch.setattr(recognizer_session, "read_base", lambda *_: {})
    monkeypatch.setattr(recognizer_session, "read_file", lambda *_: {})
    run(command)
    true = {" ".join(line.text.split()) for line in compose_page(tmp_path / "again", 6)}
    assert len(seen) == 5 and true.issuperset(seen), "one line is too short for three wrong letters, and left out"
    run(command)
    assert len(seen) == 5, "the same corrections, the same run"
    correct(tmp_path / "corrections", "txt", lambda content: content + "\n")
    assert "recognizer-domain-2" in run([*command, "--dry-run"]), "other corrections, another run"


@pytest.mark.slow
def test_accepted_corrections_train_a_recognizer(
    tmp_path: Path, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (line_training, recognizer_session):  # four frozen lines, because each is read three times
        monkeypatch.setattr(module, "held_out_lines", partial(_four, module.held_out_lines))
    run(command)
    made = load_run(tmp_path / "runs" / "recognizer-domain-1")
    assert made.state == "promoted" and made.metrics.lines >= 12
    assert str(tmp_path / "corrections") in made.data
    curves = (tmp_path / "runs" / "recognizer-domain-1" / "curves.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(row) for row in curves]
