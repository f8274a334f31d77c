"""The commands `ocr extract`, `verify`, `show`, `accept`, `doctor` and `schema`.

Nothing heavy is imported before a command runs, so that `ocr --help` answers at once.
"""

import os
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from ocr.core.errors import ExitCode, UsageError
from ocr.formats.format_names import FORMAT_NAMES

Config = Annotated[Path | None, typer.Option(help="Read settings from this TOML file.")]
Assignments = Annotated[
    list[str] | None,
    typer.Option("--set", help="Change one setting, such as render.dpi=300. May be repeated.", metavar="KEY=VALUE"),
]


SPEED_SAMPLE = "letter.jpg"
"""The page of samples that `ocr doctor --speed` reads."""
PORTUGUESE = frozenset({"por", "pt", "pt-br", "pt-pt", "portuguese", "português"})
TextLayerOption = Annotated[
    str | None,
    typer.Option(
        metavar="skip|redo|force",
        help="For --out pdf, pages with text: skip, redo an invisible layer, or force a picture and a layer.",
    ),
]


PdfaOption = Annotated[
    bool | None,
    typer.Option("--pdfa/--no-pdfa", help="For --out pdf, write PDF/A-2b and refuse scans that cannot be."),
]


Inputs = Annotated[
    list[str], typer.Argument(help="Folders, files or glob patterns; - reads a list of paths from standard input.")
]
Out = Annotated[
    str | None,
    typer.Option(help=f"Output formats, separated by commas: {', '.join(FORMAT_NAMES)}. Default: json."),
]
To = Annotated[
    str,
    typer.Option(help="Output folder; - writes to standard output: JSON Lines, or md or txt if --out says so."),
]
PagesOption = Annotated[str, typer.Option(help="Pages to read, such as 1,3-5,9-. Default: all.")]
EngineOption = Annotated[
    str | None,
    typer.Option(
        help="rapid, tesseract, vllm, server, transformers, ray, or your own engine as package.module:function."
    ),
]
ModelOption = Annotated[
    str | None, typer.Option(help="Vision-language model to read with: a name, a folder or a hub id.")
]
DecodingOption = Annotated[
    str | None,
    typer.Option(
        metavar="ar|diffusion|self-speculation|verify:rapid",
        help="How a model writes a page, with --engine transformers: ar, diffusion, self-speculation or verify:rapid.",
    ),
]
FillGaps = Annotated[str | None, typer.Option(metavar="MODEL", help="Text model that proposes illegible words.")]
Url = Annotated[str | None, typer.Option(help="Address of an OpenAI-compatible server, such as http://host:8000/v1.")]
CrossCheck = Annotated[
    str | None,
    typer.Option(
        "--cross-check",
        "--witness",
        metavar="all|share|off",
        help="Cross-check model output with the built-in engine: all pages, a share of them (5%), or off.",
    ),
]
NoCanary = Annotated[bool, typer.Option("--no-canary", help="Read even if the model misreads the built-in test page.")]
Yes = Annotated[bool, typer.Option("--yes", help="Download the model's weights without asking.")]
TrustCode = Annotated[
    bool, typer.Option("--trust-code", help="Run the Python code of the model's repository without asking.")
]
Cluster = Annotated[
    str | None, typer.Option(help="Read on a Ray cluster: its address, or auto for the one this machine is in.")
]
Dpi = Annotated[
    int | None, typer.Option(help="Resolution at which PDF pages are rendered; short for --set render.dpi=N.")
]
SplitSpreadsOption = Annotated[
    str | None,
    typer.Option(metavar="auto|off", help="Order an image of two book pages page by page, or leave and flag it."),
]
PasswordOption = Annotated[
    list[str] | None,
    typer.Option(
        help="Password of encrypted PDF files. May be repeated: each is tried. The environment variable "
        "OCR_PASSWORD holds one more.",
    ),
]
PasswordsFile = Annotated[
    Path | None,
    typer.Option(help="File with a glob pattern of file names, a comma and a password in each line.", metavar="FILE"),
]
Null = Annotated[
    bool, typer.Option("--null", "-0", help="NUL characters separate the paths of the list on standard input.")
]
Lang = Annotated[str | None, typer.Option(help="Language of the scans. lusocr reads Portuguese: por, pt or pt-BR.")]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with code 10 if any page is flagged.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print errors only.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Name every file that is ignored.")]
LogJson = Annotated[bool, typer.Option("--log-json", help="Print progress and errors as JSON Lines on standard error.")]


def confirm(question: str) -> bool:
    """Ask a yes/no question on the terminal. Without a terminal the answer is no."""
    return sys.stdin.isatty() and typer.confirm(question, err=True)


def extract(
    inputs: Inputs,
    out: Out = None,
    to: To = "ocr-out",
    text_layer: TextLayerOption = None,
    pdfa: PdfaOption = None,
    pages: PagesOption = "",
    engine: EngineOption = None,
    model: ModelOption = None,
    decoding: DecodingOption = None,
    url: Url = None,
    witness: CrossCheck = None,
    fill_gaps: FillGaps = None,
    no_canary: NoCanary = False,
    yes: Yes = False,
    trust_code: TrustCode = False,
    cluster: Cluster = None,
    dpi: Dpi = None,
    split_spreads: SplitSpreadsOption = None,
    password: PasswordOption = None,
    passwords: PasswordsFile = None,
    null: Null = False,
    lang: Lang = None,
    config: Config = None,
    assignments: Assignments = None,
    strict: Strict = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    log_json: LogJson = False,
) -> int:
    """Read scans and write structured text. Run it again to read only the pages that are missing."""
    from ocr.core.settings import load
    from ocr.engines.vlm.decoding.modes import parse_mode
    from ocr.models.weights import trust_and_obtain
    from ocr.pipeline.engine_selection import on_cluster
    from ocr.pipeline.extract import extract_to_folder, extract_to_stream, reserved_stdout
    from ocr.pipeline.options import ExtractSettings, Job, parse_selection
    from ocr.pipeline.progress import make_progress
    from ocr.rendering.passwords import Passwords, read_passwords
    from ocr.text.gap_proposals import obtain_text_model

    _check_language(lang)
    flags = {
        "out": out,
        "engine": engine or ("server" if url else "transformers" if decoding else "vllm" if model else None),
        "decoding.mode": decoding and parse_mode(decoding),
        "text_layer": text_layer,
        "pdfa": pdfa,
        "options.model": model,
        "options.url": url,
        "render.dpi": dpi,
        "split_spreads": split_spreads,
        "witness": witness,
        "fill_gaps": fill_gaps,
        "fill_gaps_code": fill_gaps and obtain_text_model(fill_gaps, agreed=(trust_code, yes), ask=confirm),
        "canary": False if no_canary else None,
    }
    settings = load(ExtractSettings, file=config, assignments=assignments or [], flags=flags)
    if settings.engine in ("vllm", "transformers"):
        trusted = trust_and_obtain(settings.options, agreed=(trust_code, yes), ask=confirm)
        settings = settings.model_copy(update={"options": {**settings.options, **trusted}})
    if cluster is not None:
        settings = on_cluster(settings, cluster)
    general = (*(password or ()), *filter(None, [os.environ.get("OCR_PASSWORD")]))
    secrets = Passwords(general, read_passwords(passwords) if passwords else ())
    job = Job(tuple(inputs), settings, parse_selection(pages), secrets, null=null, verbose=verbose)
    with reserved_stdout() as stream:
        progress = make_progress(quiet=quiet, log_json=log_json)
        summary = extract_to_stream(job, stream, progress) if to == "-" else extract_to_folder(job, Path(to), progress)
    code = summary.exit_code
    return ExitCode.OK if code == ExitCode.PAGES_FLAGGED and not strict else code


def export(
    folder: Annotated[Path, typer.Argument(help="Output folder, as given to --to.")],
    out: Annotated[str, typer.Option(help="Output formats, separated by commas, as for ocr extract.")],
    scans: Annotated[
        list[str] | None, typer.Option(help="Where the scans are now, if they were moved. May be repeated.")
    ] = None,
    text_layer: TextLayerOption = None,
    pdfa: PdfaOption = None,
    password: Annotated[
        list[str] | None,
        typer.Option(help="Password of encrypted PDF files, or OCR_PASSWORD in the environment. May be repeated."),
    ] = None,
) -> int:
    """Write more formats from what was read already. No page is read again."""
    from ocr.core.settings import load
    from ocr.formats.writers import FORMATS
    from ocr.pipeline.options import ExtractSettings
    from ocr.rendering.passwords import Passwords
    from ocr.storage.output_dir import open_folder
    from ocr.storage.sinks import export as write_all

    flags = {"out": out, "text_layer": text_layer, "pdfa": pdfa}
    settings = load(ExtractSettings, file=None, assignments=[], flags=flags)
    for form in settings.out:
        FORMATS[form].check()
    secrets = Passwords((*(password or ()), *filter(None, [os.environ.get("OCR_PASSWORD")])))
    with open_folder(folder) as held:
        held.show_scans(settings.text_layer, pdfa=settings.pdfa, scans=scans or (), passwords=secrets)
        written, refusals = write_all(held, settings.out)
    for refusal in refusals:
        typer.echo(f"error: {refusal.message}\nhint: {refusal.hint}", err=True)
    typer.echo(f"wrote {written:,} outputs")
    return ExitCode.OUTPUT if refusals else ExitCode.OK


def _check_language(lang: str | None) -> None:
    if lang is not None and lang.lower().replace("_", "-") not in PORTUGUESE:
        raise UsageError(
            f"--lang {lang}: lusocr reads Portuguese only",
            hint="leave out --lang for Portuguese; for another language use its own program, such as tesseract -l LANG",
        )


def verify(
    folder: Annotated[Path, typer.Argument(help="Output folder, as given to --to.")],
    rebuild: Annotated[
        bool,
        typer.Option("--rebuild", help="Move a damaged ledger aside and build a new one from the JSON output files."),
    ] = False,
) -> int:
    """Check that every page of an output folder has a status and that no output file was changed."""
    from ocr.storage.output_dir import open_folder
    from ocr.storage.page_list import describe_worst
    from ocr.storage.summary import describe
    from ocr.storage.verify import rebuild as build_ledger
    from ocr.storage.verify import verify as check

    if rebuild:
        typer.echo(f"the new ledger holds {build_ledger(folder):,} files")
    with open_folder(folder) as held:
        report = check(held)
        worst = describe_worst(held.ledger, shlex.quote(str(folder)), lost=False)
    for line in (*report.unread, *report.lost, *report.wrong_outputs):
        typer.echo(line)
    typer.echo(describe(report.summary))
    for line in worst:
        typer.echo(f"to look at: {line}")
    for path in report.corrected:
        typer.echo(f"corrected: {path}")
    typer.echo(f"{report.outputs:,} output files are byte for byte what the ledger gives")
    if report.advice:
        typer.echo(f"hint: {report.advice}", err=True)
    return report.exit_code


def show(
    folder: Annotated[Path, typer.Argument(help="Output folder, as given to --to.")],
    flagged: Annotated[
        bool, typer.Option("--flagged", help="List only pages that are lost or flagged, the worst first.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a page.")] = False,
) -> None:
    """List the pages of an output folder: status, confidence, first words and flags."""
    import json

    from ocr.storage.output_dir import open_folder
    from ocr.storage.page_list import list_pages

    with open_folder(folder) as held:
        lines = list(list_pages(held, flagged=flagged))
    width = max((len(f"{line.path}:{line.number}") for line in lines), default=0)
    for line in lines:
        typer.echo(json.dumps(line.to_json(), ensure_ascii=False) if as_json else line.describe(width))
    if not lines and not as_json:
        typer.echo("no page is lost or flagged" if flagged else "no page was read yet")


def accept(
    folder: Annotated[Path, typer.Argument(help="Output folder, as given to --to.")],
    files: Annotated[
        list[str] | None, typer.Argument(help="Output files that you corrected. Default: all that were changed.")
    ] = None,
) -> None:
    """Record corrected output files, so that ocr verify accepts them and no run overwrites them."""
    from ocr.storage.acceptance import accept as record
    from ocr.storage.output_dir import open_folder

    with open_folder(folder) as held:
        accepted = record(held, files or ())
    for path in accepted:
        typer.echo(f"accepted: {path}")
    if not accepted:
        typer.echo("no output file was changed")


def doctor(
    speed: Annotated[
        bool,
        typer.Option("--speed", help="Measure which backend of the built-in engine is faster, and use it from now on."),
    ] = False,
) -> int:
    """List what this machine can run, what is missing, and the command that installs it."""
    from ocr.doctor import examine

    if speed:
        return _compare_backends()
    findings = examine()
    for finding in findings:
        typer.echo(f"{finding.state:<9} {finding.what}: {finding.detail}")
        if finding.install:
            typer.echo(f"{'':<9} to install it: {finding.install}")
    return ExitCode.DEPENDENCY if any(finding.state == "missing" for finding in findings) else ExitCode.OK


def _compare_backends() -> int:
    """Measure both backends on a page of samples, print the result and remember it."""
    from ocr.core.environment import samples_folder
    from ocr.doctor import compare_backends
    from ocr.engines.backend_speed import remember
    from ocr.formats.page_pictures import PagePictures
    from ocr.rendering.passwords import Passwords

    with PagePictures(samples_folder() / SPEED_SAMPLE, Passwords()) as pictures:
        page = pictures.render(1)
    speed = compare_backends(page)
    for name, seconds in sorted(speed.seconds.items(), key=lambda item: item[1]):
        typer.echo(f"{name:<12} {seconds:.2f} CPU seconds for a page ({SPEED_SAMPLE})")
    file = remember(speed)
    typer.echo(f"{speed.fastest} is used from now on (remembered in {file}); folders that were begun keep theirs")
    return ExitCode.OK


def schema() -> None:
    """Print the JSON Schema of the JSON output files."""
    import json

    from ocr.formats.json_schema import output_schema

    typer.echo(json.dumps(output_schema(), ensure_ascii=False, indent=2))
