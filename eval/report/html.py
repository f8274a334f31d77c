"""Write the files of a benchmark run: report.html (one file that loads nothing), results.json, and the plots as PNG."""

import asyncio
import base64
import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from eval.bench_result import BenchResult, to_json
from eval.metrics.compared_metrics import BY_NAME, METRICS
from eval.metrics.composite import canonical
from eval.report import plots, report_tables
from eval.report.report_tables import ReportTable
from eval.report.text_diff import mark
from eval.results import PageResult
from ocr.core.environment import load
from ocr.core.errors import DependencyError, ScanError
from ocr.core.files import write_private
from ocr.rendering.renderer import Renderer, RenderSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WORST = 6
"""Number of pages of each system that are shown whole."""
IMAGE_WIDTH = 900
"""Width of a page in the report, in pixels: its text is legible, and a report of three systems stays under 5 MB."""


def write(folder: Path, result: BenchResult, pages: dict[str, list[PageResult]]) -> None:
    """Write results.json, the plots and report.html into `folder`; `pages` holds those of each system by its name.

    Raises OutputError.
    """
    write_private(folder / "results.json", to_json(result))
    try:
        pictures, without = plots.draw_all(result), ""
    except DependencyError as missing:
        pictures, without = {}, f"No plots: {missing.message}. {missing.hint}"
    for name, content in pictures.items():
        (folder / name).write_bytes(content)
    worst = {name: _worst(found) for name, found in pages.items()}
    images = asyncio.run(_images([page for found in worst.values() for page in found]))
    write_private(folder / "report.html", _page(result, pictures, without, _shown(worst, images)))


def _worst(results: Sequence[PageResult]) -> list[PageResult]:
    wrong = [result for result in results if result.status != "skipped" and result.value(BY_NAME["strict"]) < 1]
    return sorted(wrong, key=lambda result: (result.value(BY_NAME["strict"]), result.page.id))[:WORST]


async def _images(results: Sequence[PageResult]) -> dict[str, str]:
    """Return page id -> image as a data URI; pages that cannot be rendered are left out."""
    renderer, rendered = Renderer(RenderSettings()), {}
    try:
        for page in {result.page.id: result.page for result in results}.values():
            try:
                rendered[page.id] = _data_uri((await renderer.render(page.scan, page.number)).pixels)
            except ScanError:
                continue
    finally:
        await renderer.close()
    return rendered


def _data_uri(pixels: "NDArray[np.uint8]") -> str:
    image = load("PIL.Image").fromarray(pixels)
    image.thumbnail((IMAGE_WIDTH, IMAGE_WIDTH * 2))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=70)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _shown(worst: dict[str, list[PageResult]], images: dict[str, str]) -> str:
    parts = []
    for name, results in worst.items():
        parts.append(f"<h2>Worst pages of {html.escape(name)}</h2>")
        if not results:
            parts.append("<p class=note>Every page was read without an error.</p>")
        parts += [_one_page(result, images.get(result.page.id, "")) for result in results]
    return "\n".join(parts)


def _one_page(result: PageResult, image: str) -> str:
    reference, output = mark(canonical(result.page.reference), canonical(result.output))
    scores = ", ".join(f"{metric.title} {metric.show(result.value(metric))}" for metric in METRICS)
    picture = f'<img alt="the page" src="{image}">' if image else "<p class=note>cannot be rendered</p>"
    why = f" ({html.escape(result.reason)})" if result.reason else ""
    return (
        f"<h3>{html.escape(result.page.id)}: {result.status}{why}</h3><p class=note>{scores}</p>"
        f"<div class=page><div><h4>page</h4>{picture}</div>"
        f"<div><h4>reference: <del>not in the output</del></h4><pre>{reference}</pre></div>"
        f"<div><h4>output: <ins>not in the reference</ins></h4><pre>{output or '<em>nothing</em>'}</pre></div></div>"
    )


def _page(result: BenchResult, pictures: dict[str, bytes], without: str, worst: str) -> str:
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    shown = report_tables.build(result)
    images = "".join(
        f'<img alt="{html.escape(name)}" src="data:image/png;base64,{base64.b64encode(content).decode("ascii")}">'
        for name, content in pictures.items()
    )
    plotted = f"<div class=plots>{images}</div>" if images else f"<p class=note>{html.escape(without)}</p>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>ocr bench: {html.escape(result.data.name)}</title><style>{style}</style></head><body>"
        f"<h1>How well pages are read</h1><p class=note>lusocr {result.version}: "
        f"{report_tables.plural(result.data.pages, 'page')} of {html.escape(result.data.name)}</p>"
        f"{_table(shown[0])}{plotted}{''.join(_table(table) for table in shown[1:])}"
        f"{worst}{_origin(result)}</body></html>"
    )


def _table(table: ReportTable) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in table.columns)
    rows = "".join(_row(row, len(table.columns)) for row in table.rows)
    note = f"<p class=note>{html.escape(table.note)}</p>" if table.note else ""
    body = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<h2>{html.escape(table.title)}</h2>{note}<div class=scroll>{body}</div>"


def _row(row: tuple[str, ...], width: int) -> str:
    # The reason why a system was not run spans the whole row.
    if row[1].startswith("not run") and not any(row[2:]):
        return f"<tr class=absent><td>{html.escape(row[0])}</td><td colspan={width - 1}>{html.escape(row[1])}</td></tr>"
    cells = (f"<td{' class=nowrap' if len(cell) < 34 else ''}>{html.escape(cell)}</td>" for cell in row)
    return f"<tr>{''.join(cells)}</tr>"


def _origin(result: BenchResult) -> str:
    data = result.data
    size = f"{report_tables.plural(data.pages, 'page')}, {report_tables.plural(data.documents, 'document')}"
    lines = {
        "command": f"<code>{html.escape(result.command)}</code>",
        "seed": str(result.seed),
        "pages": f"{size}, sha256 {data.sha256}",
        "license": html.escape(data.license or "not stated"),
        "left out": html.escape("; ".join(data.left_out) or "nothing"),
        "software": html.escape(
            f"lusocr {result.version}, Python {result.python}, "
            + ", ".join(f"{name} {version}" for name, version in result.packages.items())
        ),
    }
    for system in result.measured:
        if system.fingerprint:
            lines[html.escape(system.title)] = f"<code>{html.escape(system.fingerprint)}</code>"
    listed = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in lines.items())
    return f"<h2>How this was made</h2><dl>{listed}</dl><p class=note>docs/concepts/metrics.md defines every score.</p>"
