"""The command line: flags -> settings -> one call -> exit code. Nothing heavy is imported until a command runs."""

import shlex
import sys
import traceback
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

import ocr
from eval.bench_command import spread_compare
from ocr.core.errors import ExitCode, OcrError, UsageError

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
def extract(
    inputs: Annotated[
        list[str], typer.Argument(help="Folders, files or patterns; - reads a list of paths from stdin.")
    ],
    out: Annotated[str | None, typer.Option(help="Formats, separated by commas: json, jsonl, md, txt.")] = None,
    to: Annotated[str, typer.Option(help="The output folder; - writes JSON lines to stdout.")] = "ocr-out",
    pages: Annotated[str, typer.Option(help="Pages to read, such as 1,3-5,9-.")] = "",
    engine: Annotated[
        str | None,
        typer.Option(help="rapid, tesseract, vllm, server, transformers, or your own as package.module:function."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="What a vision-language engine reads with: a name, a folder, or a hub id.")
    ] = None,
    url: Annotated[str | None, typer.Option(help="An OpenAI-compatible endpoint, such as http://host:8000/v1.")] = None,
    witness: Annotated[
        str | None, typer.Option(help="Hear the embedded engine on what a model read: all, share or off.")
    ] = None,
    no_canary: Annotated[
        bool, typer.Option("--no-canary", help="Read even if the model misreads the known page.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Fetch the model's weights without asking.")] = False,
    cluster: Annotated[
        str | None, typer.Option(help="Read on many machines: the address of a Ray cluster, or auto.")
    ] = None,
    password: Annotated[str | None, typer.Option(envvar="OCR_PASSWORD", help="Opens encrypted PDF files.")] = None,
    config: Annotated[Path | None, typer.Option(help="A TOML file with settings.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="One setting, such as render.dpi=300.", metavar="KEY=VALUE")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 10 when a page deserves a look.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="Say nothing but errors.")] = False,
    log_json: Annotated[bool, typer.Option("--log-json", help="Say everything as JSON lines on stderr.")] = False,
) -> int:
    """Read scans into structured text. Run again, it reads only what is missing."""
    from ocr.core.settings import load
    from ocr.models.weights import obtain
    from ocr.pipeline.engine_selection import spread
    from ocr.pipeline.extract import claimed_stdout, extract_to_folder, extract_to_stream
    from ocr.pipeline.options import ExtractSettings, Job, parse_selection
    from ocr.pipeline.progress import make_progress

    flags = {
        "out": out,
        "engine": engine or ("server" if url else "vllm" if model else None),
        "options.model": model,
        "options.url": url,
        "witness": witness,
        "canary": False if no_canary else None,
    }
    settings = load(ExtractSettings, file=config, assignments=assignments or [], flags=flags)
    if settings.engine in ("vllm", "transformers"):
        obtain(str(settings.options.get("model", "")), agreed=yes, ask=_ask)
    if cluster is not None:
        settings = spread(settings, cluster)
    job = Job(tuple(inputs), settings, parse_selection(pages), password)
    with claimed_stdout() as stream:
        progress = make_progress(quiet=quiet, log_json=log_json)
        summary = extract_to_stream(job, stream, progress) if to == "-" else extract_to_folder(job, Path(to), progress)
    code = summary.exit_code
    return ExitCode.OK if code == ExitCode.PAGES_FLAGGED and not strict else code


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(help="The folder that --to named.")],
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Put a damaged ledger aside; make a new one from the JSON outputs.")
    ] = False,
) -> int:
    """Prove that every page of an output folder is accounted for, and that its files are as they were written."""
    from ocr.storage.output_dir import open_folder
    from ocr.storage.summary import describe
    from ocr.storage.verify import rebuild as make_anew
    from ocr.storage.verify import verify as check

    if rebuild:
        typer.echo(f"a new ledger knows {make_anew(folder):,} files")
    with open_folder(folder) as held:
        report = check(held)
    for line in (*report.lost, *report.wrong_outputs):
        typer.echo(line)
    typer.echo(describe(report.summary))
    typer.echo(f"{report.outputs:,} output files are byte for byte what the ledger gives")
    if report.advice:
        typer.echo(f"hint: {report.advice}", err=True)
    return report.exit_code


@app.command()
def bench(
    data: Annotated[
        str, typer.Option(help="samples, dharma, a folder of scans and texts, a manifest.jsonl or a .parquet file.")
    ] = "samples",
    engine: Annotated[str, typer.Option(help="The engine that is judged; NAME=MODEL where it serves models.")] = "",
    compare: Annotated[
        list[str] | None, typer.Option(help="Rivals: opus, gpt, gemini, a model id, an engine, recorded:DIR.")
    ] = None,
    to: Annotated[Path, typer.Option(help="The folder for report, results and cache.")] = Path("ocr-bench"),
    machine: Annotated[
        str, typer.Option(help="What our own hardware costs: l4, l40s, a100, h100, h200 or NAME=DOLLARS_PER_HOUR.")
    ] = "",
    utilisation: Annotated[
        float, typer.Option(help="Share of its hours that the machine reads.", min=0.01, max=1)
    ] = 1.0,
    yes: Annotated[bool, typer.Option("--yes", help="Agree to sending page images to the vendors compared.")] = False,
    max_cost: Annotated[float | None, typer.Option(help="Dollars that this run may cost at most.", min=0)] = None,
    fail_under: Annotated[
        list[str] | None, typer.Option(help="Exit with 11 when a metric is worse, such as score=0.90 or cer=0.02.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(help="An earlier results.json: exit with 11 when the engine got worse.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the intervals and tests.")] = 0,
    config: Annotated[Path | None, typer.Option(help="A TOML file with settings, as of ocr extract.")] = None,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="One setting, such as render.dpi=300.", metavar="KEY=VALUE")
    ] = None,
) -> None:
    """Judge an engine on pages with known text, beside its rivals: quality, degeneration and cost, with intervals."""
    from eval.bench import Job, run
    from eval.console import make_voice, show
    from eval.regression import parse_limits
    from eval.systems.pricing import find_machine
    from ocr.core.settings import load
    from ocr.pipeline.options import ExtractSettings

    job = Job(
        data=data,
        settings=load(ExtractSettings, file=config, assignments=assignments or [], flags={"engine": engine or None}),
        compare=tuple(compare or ()),
        to=to,
        command=shlex.join(["ocr", *sys.argv[1:]]),
        seed=seed,
        machine=find_machine(machine) if machine else None,
        utilisation=utilisation,
        yes=yes,
        max_cost=max_cost,
        limits=parse_limits(fail_under or []),
        baseline=baseline,
    )
    run(job, make_voice(), show)


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

    from ocr.storage.json_schema import output_schema

    typer.echo(json.dumps(output_schema(), ensure_ascii=False, indent=2))


data_app = typer.Typer(
    help="Pages with known text: compose, import, split, check, show.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(data_app, name="data")


@data_app.command("compose")
def data_compose(
    to: Annotated[Path, typer.Option(help="The folder for images and manifest.jsonl.")],
    kind: Annotated[str, typer.Option(help="Kinds separated by commas, all, or line.")] = "all",
    count: Annotated[int, typer.Option(min=1, help="How many pages, or lines.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same bytes.")] = 0,
    degrade: Annotated[str, typer.Option(help="Profiles, each with a strength if you like: scan,fax:0.5.")] = "clean",
    text: Annotated[Path | None, typer.Option(help="A folder of plain text for the bodies.")] = None,
    licence: Annotated[str, typer.Option(help="The terms of the text in that folder.")] = "",
    fonts: Annotated[list[Path] | None, typer.Option(help="More folders of fonts.")] = None,
    dpi: Annotated[int, typer.Option(min=20, max=600, help="Dots per inch.")] = 200,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 is one a core.")] = 0,
) -> None:
    """Make pages with known text. Run again after an interruption, it makes the rest."""
    from data.synthesis.composed_document import LICENCE, SynthesisConfig
    from data.synthesis.degradation import parse_profiles
    from data.synthesis.generate import compose
    from data.synthesis.page_types import parse_kinds
    from ocr.core.environment import count_cores

    order = SynthesisConfig(
        kinds=parse_kinds(kind), count=count, to=to, seed=seed, profiles=parse_profiles(degrade), text=text, dpi=dpi,
        licence=licence or ("unknown" if text else LICENCE), fonts=tuple(fonts or ()), workers=workers or count_cores(),
    )  # fmt: skip
    typer.echo(f"{compose(order, _count_pages(count))}: {count} {'lines' if kind == 'line' else 'pages'}")


def _count_pages(total: int) -> Callable[[int], None]:
    """Say the pages done on stderr: in place on a terminal, else nothing."""

    def report(done: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done}/{total}", end="" if done < total else "\n", file=sys.stderr, flush=True)

    return report


@data_app.command("import")
def data_import(
    corpus: Annotated[str, typer.Argument(help="bressay, ester, dharma, alto, page-xml, pairs, or hub:OWNER/NAME.")],
    source: Annotated[str, typer.Argument(help="Its folder or file; nothing for hub:.")] = "",
    to: Annotated[Path, typer.Option(help="The folder for images and manifest.jsonl.")] = Path("data-in"),
    licence: Annotated[str, typer.Option(help="The terms its pages come under, where you know better.")] = "",
) -> None:
    """Take in a corpus by its real layout."""
    from data.importers.corpora import import_corpus

    typer.echo(import_corpus(corpus, source, to, licence))


@data_app.command("split")
def data_split(
    manifest: Annotated[Path, typer.Argument(help="A manifest.jsonl.")],
    to: Annotated[Path | None, typer.Option(help="Where train, validation and test.jsonl go; its own folder.")] = None,
    by: Annotated[str, typer.Option(help="What stays together: document.")] = "document",
    shares: Annotated[str, typer.Option(help="Train, validation, test.")] = "0.9,0.05,0.05",
    seed: Annotated[int, typer.Option(min=0)] = 0,
) -> None:
    """Split by document; a document keeps its split when rows are reordered or added."""
    from data.splits import parse_shares, write_splits

    if by != "document":
        raise UsageError(f"cannot split by {by!r}", hint="--by document")
    for name, pages in write_splits(manifest, to or manifest.parent, parse_shares(shares), seed).items():
        typer.echo(f"{name:<11}{pages} pages")


@data_app.command("check")
def data_check(
    manifests: Annotated[list[Path], typer.Argument(help="Manifests, of one split each or of several.")],
) -> None:
    """Prove that no page stands in two splits; list licences. A leak is exit 4."""
    from data.splits import check, render_report

    report = check(manifests)
    typer.echo(render_report(report))
    report.raise_if_bad()


@data_app.command("show")
def data_show(
    manifest: Annotated[Path, typer.Argument(help="A manifest.jsonl.")],
    to: Annotated[Path | None, typer.Option(help="The HTML file; sheet.html beside the manifest.")] = None,
    count: Annotated[int, typer.Option(min=1, help="How many pages, spread over the kinds.")] = 40,
) -> None:
    """Write a contact sheet: pages, boxes and truth side by side."""
    from data.contact_sheet import choose, write_sheet
    from data.examples import read_manifest

    path = to or manifest.with_name("sheet.html")
    typer.echo(f"{path}: {write_sheet(path, choose(read_manifest(manifest), count), manifest.parent)} pages")


@app.command()
def finetune(
    stage: Annotated[str, typer.Option(help="general, domain or dpo.")],
    data: Annotated[
        Path | None, typer.Option(help="Folder that `ocr data split` wrote; dpo takes its parent's.")
    ] = None,
    base: Annotated[str, typer.Option("--base", "--model", help="Start from this model instead of the parent.")] = "",
    recipe: Annotated[str, typer.Option(help="A recipe that ships, or a TOML file; default: the parent's.")] = "",
    runs: Annotated[Path, typer.Option(help="The folder of runs.")] = Path("runs"),
    general: Annotated[
        Path | None, typer.Option(help="Manifest of the general set; default: the parent's, or composed pages.")
    ] = None,
    pairs_from: Annotated[
        Path | None, typer.Option(help="Pairs from a folder that `ocr extract` wrote, or of a pairs.jsonl.")
    ] = None,
    processes: Annotated[int, typer.Option(min=1, help="Training processes, one for each GPU.")] = 1,
    seed: Annotated[int, typer.Option(help="Fixes the order of pages and all drawing of lots.")] = 0,
    assignments: Annotated[
        list[str] | None, typer.Option("--set", help="One number of the recipe.", metavar="KEY=VALUE")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan; train nothing.")] = False,
    force_promote: Annotated[bool, typer.Option("--force-promote", help="Promote against the gate.")] = False,
    quantize: Annotated[str, typer.Option(help="Make the promoted run smaller as well: awq (4 bits) or fp8.")] = "",
    yes: Annotated[
        bool, typer.Option("--yes", help="Fetch the base's weights, or what --quantize needs, without asking.")
    ] = False,
) -> int:
    """Make a specialist: one stage of training, promoted only if it reads no worse than before."""
    from ocr.models.weights import obtain
    from training.evaluation.model_card import describe_gate
    from training.finetune import finetune, make_wish
    from training.plan import describe_plan, plan
    from training.quantization import compressor_environment
    from training.quantization.quantize import choose_scheme, quantise

    wish = make_wish(stage, runs, recipe, assignments or [], base)
    wish = replace(
        wish, data=data, general=general, pairs_from=pairs_from, processes=processes, seed=seed, force=force_promote
    )
    if dry_run:
        typer.echo(describe_plan(wish))
        return ExitCode.OK
    if name := plan(wish).base:
        obtain(name, agreed=yes, ask=_ask)
    scheme = choose_scheme(quantize) if quantize else None
    if scheme:
        compressor_environment.obtain(agreed=yes, ask=_ask)
    run = finetune(wish)
    if scheme:
        run = quantise(run, scheme, wish)
    typer.echo(describe_gate(run))
    typer.echo(f"{run.name} is promoted: ocr extract scans/ --model {runs / run.name}")
    return ExitCode.OK


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code; the one place where exceptions become messages."""
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
        if isinstance(bug, typer.Abort) and bug.__cause__ is None:  # nobody answered a question
            code = ExitCode.INTERRUPTED
        else:
            say(f"this is a bug in lusocr\n{traceback.format_exc().rstrip()}", "please report it, with all these lines")
            code = ExitCode.BUG
    if code == ExitCode.INTERRUPTED:  # Typer makes it of Ctrl-C
        say("interrupted", "run the same command again: finished work is kept")
    sys.exit(int(code or 0))


def _ask(question: str) -> bool:
    """Put a question to the person at the terminal; nobody there means no."""
    return sys.stdin.isatty() and typer.confirm(question, err=True)


def _say(message: str, hint: str = "") -> None:
    print(f"error: {message}", file=sys.stderr)
    if hint:
        print(f"hint: {hint}", file=sys.stderr)


def _say_json(message: str, hint: str = "") -> None:
    from ocr.pipeline.progress import JsonLines

    JsonLines().problem(message, hint)
