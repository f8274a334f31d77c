"""The command line: flags -> settings -> one call -> exit code. Nothing heavy is imported until a command runs."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

import ocr
from ocr.errors import ExitCode, OcrError

app = typer.Typer(
    name="ocr",
    help="Brazilian Portuguese scans into trustworthy text.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"lusocr {ocr.__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop."),
    ] = False,
) -> None:
    """Read scans, make specialists, compare systems."""


@app.command()
def doctor() -> None:
    """Say what this machine can run, what is missing, and the command that installs it."""
    from ocr.doctor import examine

    findings = examine()
    for finding in findings:
        typer.echo(f"{finding.state:<9} {finding.what}: {finding.detail}")
        if finding.install:
            typer.echo(f"{'':<9} to get it: {finding.install}")
    if any(finding.state == "missing" for finding in findings):
        raise typer.Exit(ExitCode.DEPENDENCY)


@app.command()
def schema() -> None:
    """Print the JSON Schema of the output."""
    import json

    from ocr.schema import output_schema

    typer.echo(json.dumps(output_schema(), ensure_ascii=False, indent=2))


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code; the one place where exceptions become messages."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = app(args=arguments, standalone_mode=False)
    except OcrError as failure:
        _say(failure.message, failure.hint)
        code = failure.exit_code
    except KeyboardInterrupt:
        _say("interrupted", "run the same command again: finished work is kept")
        code = ExitCode.INTERRUPTED
    except typer.Exit as leaving:
        code = leaving.exit_code
    sys.exit(int(code or 0))


def _say(message: str, hint: str = "") -> None:
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)
