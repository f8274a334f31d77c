"""The command `ocr`: registers the subcommands and turns every exception into a message and an exit code."""

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from data.data_commands import make_app
from eval.bench_command import bench, spread_compare
from ocr.core.errors import ExitCode, OcrError
from ocr.engines.vlm.launching.launch_command import launch
from ocr.extract_commands import accept, doctor, export, extract, schema, show, verify
from training.finetune_command import finetune

app = typer.Typer(
    name="ocr",
    help="Read Brazilian Portuguese scans into trustworthy text.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from ocr import __version__

        typer.echo(f"lusocr {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit."),
    ] = False,
) -> None:
    """Read scans, fine-tune models, compare systems."""


for command in (extract, export, verify, show, accept, bench, finetune, launch, doctor, schema):
    app.command()(command)
app.add_typer(make_app(), name="data")


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code. This is the one place that turns exceptions into messages."""
    arguments = spread_compare(sys.argv[1:] if argv is None else argv)
    say = _say_json if "--log-json" in arguments else _say
    try:
        code = app(args=arguments, standalone_mode=False)
    except OcrError as failure:
        say(failure.message, failure.hint)
        code = failure.exit_code
    except typer.TyperException as wrong:
        shown = getattr(wrong, "format_message", wrong.__str__)()
        say(shown, "ocr --help, or ocr COMMAND --help")
        code = ExitCode.USAGE
    except Exception as bug:
        if isinstance(bug, typer.Abort) and bug.__cause__ is None:  # a question was not answered
            code = ExitCode.INTERRUPTED
        else:
            say(f"this is a bug in lusocr\n{traceback.format_exc().rstrip()}", "please report it, with all these lines")
            code = ExitCode.BUG
    if code == ExitCode.INTERRUPTED:  # Typer returns this code for Ctrl-C
        say("interrupted", "run the same command again: finished work is kept")
    sys.exit(int(code or 0))


def _say(message: str, hint: str = "") -> None:
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)


def _say_json(message: str, hint: str = "") -> None:
    from ocr.pipeline.progress import JsonLines

    JsonLines().problem(message, hint)
