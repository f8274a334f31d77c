"""The command `ocr launch`: start a server for a model in one decoding mode."""

import shlex
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from ocr.core.errors import ExitCode, UsageError
from ocr.core.settings import Settings, load
from ocr.engines.vlm.decoding.modes import DecodingSettings, parse_mode
from ocr.engines.vlm.launching.sglang_launch import plan_launch
from ocr.models.catalog import resolve
from ocr.models.weights import allow_code


class LaunchSettings(Settings):
    """What `--set` of `ocr launch` changes."""

    decoding: DecodingSettings = DecodingSettings()
    """How the server writes the tokens of a page."""


def launch(
    server: Annotated[str, typer.Argument(help="Program that serves the model: sglang.")],
    model: Annotated[str, typer.Option(help="Model to serve: a name, a folder or a hub id.")],
    decoding: Annotated[str, typer.Option(help="Mode of the server: ar, diffusion or self-speculation.")] = "ar",
    revision: Annotated[str, typer.Option(help="Commit of a model whose repository holds code.")] = "",
    port: Annotated[int, typer.Option(help="Port of the server.")] = 30000,
    to: Annotated[Path, typer.Option(help="Folder for the server's configuration.")] = Path(),
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", help="Change decoding.block, threshold or steps. May be repeated.", metavar="KEY=VALUE"),
    ] = None,
    only_print: Annotated[bool, typer.Option("--print", help="Print the command line and run nothing.")] = False,
    trust_code: Annotated[
        bool, typer.Option("--trust-code", help="Run the Python code of the model's repository without asking.")
    ] = False,
) -> int:
    """Start a server for a model in one decoding mode, or print how. `ocr extract --url` reads from it."""
    if server != "sglang":
        raise UsageError(f"ocr launch {server}: no such server", hint="ocr launch sglang; for vLLM: vllm serve MODEL")
    flags = {"decoding.mode": parse_mode(decoding)}
    settings = load(LaunchSettings, file=None, assignments=assignments or [], flags=flags)
    chosen = resolve(model)
    chosen = chosen.model_copy(update={"revision": revision or chosen.revision})
    plan = plan_launch(chosen, settings.decoding, to, port=port)
    plan.write()
    for note in plan.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(shlex.join(plan.command))
    if only_print:
        return ExitCode.OK
    allow_code(chosen, agreed=trust_code, ask=_confirm)
    return subprocess.run(plan.command, check=False).returncode


def _confirm(question: str) -> bool:
    """Ask on the terminal; without one the answer is no."""
    return sys.stdin.isatty() and typer.confirm(question, err=True)
