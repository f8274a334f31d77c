"""`main` turns whatever ends a command into words and an exit code, in the form that was asked for."""

import json
import tomllib

import pytest
import typer
from paths import ROOT

import cli
import ocr
from ocr.core.errors import ExitCode, OutputError


def run_main(monkeypatch: pytest.MonkeyPatch, failure: BaseException, *words: str) -> int:
    """The exit code of a command that ends with `failure`."""
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.command()
    def command(log_json: bool = False) -> None:
        del log_json  # `main` looks at the words themselves, also where they are wrong
        raise failure

    monkeypatch.setattr(cli, "app", app)
    with pytest.raises(SystemExit) as leaving:
        cli.main(words)
    assert isinstance(leaving.value.code, int)
    return leaving.value.code


@pytest.mark.parametrize("failure", [ValueError("a slip"), EOFError("a short file")])
def test_a_bug_shows_its_traceback_and_asks_for_a_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], failure: Exception
) -> None:
    assert run_main(monkeypatch, failure) == ExitCode.BUG
    said = capsys.readouterr().err.strip().splitlines()
    assert said[:2] == ["error: this is a bug in lusocr", "Traceback (most recent call last):"]
    assert f"{type(failure).__name__}: {failure}" in said
    assert said[-1] == "hint: please report it, with all these lines"


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), typer.Abort()])
def test_a_person_who_leaves_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], failure: BaseException
) -> None:
    assert run_main(monkeypatch, failure) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err.splitlines()[0] == "error: interrupted"


@pytest.mark.parametrize(
    "failure", [OutputError("no room", hint="free some"), ValueError("a slip"), KeyboardInterrupt()]
)
def test_errors_are_json_where_everything_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], failure: BaseException
) -> None:
    run_main(monkeypatch, failure, "--log-json")
    (line,) = capsys.readouterr().err.splitlines()
    event = json.loads(line)
    assert event["event"] == "error"
    assert event["message"] and event["hint"]


@pytest.mark.parametrize("word", ["--version", "--show-completion"])
def test_options_of_the_whole_command_print_and_end(
    word: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shellingham.detect_shell", lambda: ("bash", "/bin/bash"))
    with pytest.raises(SystemExit) as leaving:
        cli.main([word])
    assert leaving.value.code == 0
    assert capsys.readouterr().out.strip()


def test_the_version_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert ocr.__version__ == project["project"]["version"]


@pytest.mark.parametrize("word", ["--witness", "--cross-check"])
def test_old_names_of_options_still_work(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        cli.main(["extract", "missing", word, "some"])
    assert leaving.value.code == ExitCode.USAGE
    assert "--witness" in capsys.readouterr().err
