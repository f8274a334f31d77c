"""The commands `ocr data compose`, `import`, `split`, `check` and `show`."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from ocr.core.errors import UsageError


def compose(
    to: Annotated[Path, typer.Option(help="Output folder for the images and manifest.jsonl.")],
    kind: Annotated[
        str, typer.Option(help="Page types separated by commas, all, or line for single text lines.")
    ] = "all",
    count: Annotated[int, typer.Option(min=1, help="Number of pages or lines.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Random seed: the same seed gives the same bytes.")] = 0,
    degrade: Annotated[
        str, typer.Option(help="Degradation profiles, each with an optional strength, such as scan,fax:0.5.")
    ] = "clean",
    text: Annotated[Path | None, typer.Option(help="Folder of plain text files to take body text from.")] = None,
    licence: Annotated[str, typer.Option("--license", "--licence", help="License of the text in that folder.")] = "",
    fonts: Annotated[list[Path] | None, typer.Option(help="Additional font folder. May be repeated.")] = None,
    dpi: Annotated[int, typer.Option(min=20, max=600, help="Resolution in dots per inch.")] = 200,
    workers: Annotated[int, typer.Option(min=0, help="Number of processes; 0 uses every core.")] = 0,
) -> None:
    """Generate pages with ground truth. Run it again after an interruption to generate the rest."""
    from data.data_api import synthesize

    manifest = synthesize(
        to, kinds=kind, count=count, seed=seed, degrade=degrade, text=text, licence=licence, fonts=fonts or (),
        dpi=dpi, workers=workers, on_page=_count_pages(count),
    )  # fmt: skip
    typer.echo(f"{manifest}: {count} {'lines' if kind == 'line' else 'pages'}")


def _count_pages(total: int) -> Callable[[int], None]:
    """Return a callback that shows the number of finished pages on a terminal."""

    def report(done: int) -> None:
        if sys.stderr.isatty():
            print(f"\r{done}/{total}", end="" if done < total else "\n", file=sys.stderr, flush=True)

    return report


def import_(
    corpus: Annotated[str, typer.Argument(help="bressay, ester, dharma, alto, page-xml, pairs, or hub:OWNER/NAME.")],
    source: Annotated[str, typer.Argument(help="Folder or file of the corpus; leave it out for hub:.")] = "",
    to: Annotated[Path, typer.Option(help="Output folder for the images and manifest.jsonl.")] = Path("data-in"),
    licence: Annotated[
        str, typer.Option("--license", "--licence", help="License of its pages, if it is not the published one.")
    ] = "",
) -> None:
    """Import a corpus in its published layout."""
    from data.importers.corpora import import_corpus

    typer.echo(import_corpus(corpus, source, to, licence))


def split(
    manifest: Annotated[Path, typer.Argument(help="A manifest.jsonl.")],
    to: Annotated[
        Path | None,
        typer.Option(help="Output folder for train, validation and test.jsonl. Default: the manifest's folder."),
    ] = None,
    by: Annotated[str, typer.Option(help="Unit that is never divided: document.")] = "document",
    shares: Annotated[str, typer.Option(help="Shares of train, validation and test.")] = "0.9,0.05,0.05",
    seed: Annotated[int, typer.Option(min=0, help="Random seed.")] = 0,
) -> None:
    """Split a manifest by document. A document keeps its split when rows are reordered or added."""
    from data.splits import parse_shares, write_splits

    if by != "document":
        raise UsageError(f"cannot split by {by!r}", hint="--by document")
    for name, pages in write_splits(manifest, to or manifest.parent, parse_shares(shares), seed).items():
        typer.echo(f"{name:<11}{pages} pages")


def check(
    manifests: Annotated[list[Path], typer.Argument(help="Manifests of one split each, or of several.")],
) -> None:
    """Check that no page is in two splits, and list licenses. A leak exits with code 4."""
    from data.splits import check, render_report

    report = check(manifests)
    typer.echo(render_report(report))
    report.raise_if_bad()


def show(
    manifest: Annotated[Path, typer.Argument(help="A manifest.jsonl.")],
    to: Annotated[Path | None, typer.Option(help="HTML file. Default: sheet.html beside the manifest.")] = None,
    count: Annotated[int, typer.Option(min=1, help="Number of pages, spread over the page types.")] = 40,
) -> None:
    """Write a contact sheet: pages, boxes and ground truth side by side."""
    from data.contact_sheet import choose, write_sheet
    from data.examples import read_manifest

    path = to or manifest.with_name("sheet.html")
    typer.echo(f"{path}: {write_sheet(path, choose(read_manifest(manifest), count), manifest.parent)} pages")


def make_app() -> typer.Typer:
    """Return the command group `ocr data`."""
    app = typer.Typer(help="Pages with ground truth: compose, import, split, check, show.", no_args_is_help=True)
    app.command("compose")(compose)
    app.command("import")(import_)
    app.command("split")(split)
    app.command("check")(check)
    app.command("show")(show)
    return app
