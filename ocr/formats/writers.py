"""The table of output formats: for each, its name, the suffix of its files, and the function that writes it.

To add a format, write a module with one function of type `Writer`, add a line to the table below and the name to
`format_names`. The command line, the settings, `ocr verify` and the Python API take the format from there.

A writer takes the source, the engine and the pages in order, one at a time: a scan of 5,000 pages needs the memory of
one page. The same document gives the same bytes, always. A writer adds no date, host or path of this machine.

A format has one of three functions. `write` yields one file piece by piece. `parts` yields several files, each with a
label that goes between the name of the scan and the suffix: `a.pdf` becomes `a.pdf.page-1.xml`. `from_scan` yields one
file that shows the scan itself, so it needs the scan's file.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ocr.core.document import EngineIdentity, Page, Source
from ocr.core.environment import load
from ocr.formats.format_names import FORMAT_NAMES
from ocr.formats.office.csv_tables import write_csv_tables
from ocr.formats.office.html_review import write_html
from ocr.formats.office.word_document import write_docx
from ocr.formats.office.xlsx_workbook import write_xlsx
from ocr.formats.pdf.searchable import write_searchable_pdf
from ocr.formats.scan_job import ScanJob, ScanWriter
from ocr.formats.text.json_document import write_json
from ocr.formats.text.json_lines import write_json_lines
from ocr.formats.text.markdown import write_markdown
from ocr.formats.text.plain_text import write_text
from ocr.formats.xml.alto import write_alto
from ocr.formats.xml.hocr import write_hocr
from ocr.formats.xml.page_xml import write_page_xml

Writer = Callable[[Source, EngineIdentity, Iterable[Page]], Iterator[str] | Iterator[bytes]]
"""Yields the file piece by piece. Text is encoded as UTF-8."""
PartsWriter = Callable[[Source, EngineIdentity, Iterable[Page]], Iterator[tuple[str, str]]]
"""Yields (label, text) for each file of a format with several files."""


@dataclass(frozen=True, slots=True)
class OutputFormat:
    """One output format."""

    name: str
    """As `--out` takes it."""
    suffix: str
    """What the name of the scan gets appended, with the dot: `a.pdf` becomes `a.pdf.json`."""
    write: Writer | None = None
    parts: PartsWriter | None = None
    from_scan: ScanWriter | None = None
    packages: tuple[str, ...] = ()
    """Packages that the writer imports, brought by the extra that has the format's name."""
    has_boxes: bool = False
    """It shows where words stand: a model's text is then placed on the lines of the built-in engine."""
    version: int = 1
    """Raised when the same pages give other bytes: files of an older version are then out of date."""

    def check(self) -> None:
        """Raise `DependencyError` where a package is missing that the writer needs."""
        for package in self.packages:
            load(package, extra=self.name)

    def render(self, source: Source, engine: EngineIdentity, pages: Iterable[Page]) -> Iterator[bytes]:
        """Yield the bytes of the file piece by piece, for a format of one file that does not need the scan."""
        assert self.write is not None, "another format has parts, or needs the scan"
        yield from _encoded(self.write(source, engine, pages))

    def render_scan(self, job: ScanJob) -> Iterator[bytes]:
        """Yield the bytes of the file piece by piece, for a format that shows the scan. Raises `FormatError`."""
        assert self.from_scan is not None, "another format does not need the scan"
        yield from _encoded(self.from_scan(job))

    def render_parts(
        self, source: Source, engine: EngineIdentity, pages: Iterable[Page]
    ) -> Iterator[tuple[str, bytes]]:
        """Yield (label, bytes) of each file, for a format of several files."""
        assert self.parts is not None, "a format of one file has no parts"
        for label, text in self.parts(source, engine, pages):
            yield label, text.encode("utf-8")


def _encoded(pieces: Iterable[str] | Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield piece if isinstance(piece, bytes) else piece.encode("utf-8")


_FORMATS = (
    OutputFormat("json", ".json", write_json),
    OutputFormat("jsonl", ".jsonl", write_json_lines),
    OutputFormat("md", ".md", write_markdown, version=3),
    OutputFormat("txt", ".txt", write_text),
    OutputFormat("alto", ".alto.xml", write_alto, has_boxes=True, version=3),
    OutputFormat("page", ".xml", parts=write_page_xml, has_boxes=True, version=2),
    OutputFormat("hocr", ".hocr", write_hocr, has_boxes=True, version=2),
    OutputFormat("html", ".html", from_scan=write_html, version=3),
    OutputFormat("docx", ".docx", write_docx, version=2),
    OutputFormat("csv", ".csv", parts=write_csv_tables),
    OutputFormat("xlsx", ".xlsx", write_xlsx),
    OutputFormat(
        *("pdf", ".pdf"),
        from_scan=write_searchable_pdf,
        packages=("pikepdf", "img2pdf"),
        has_boxes=True,
        version=3,
    ),
)
FORMATS: dict[str, OutputFormat] = {name: output for name in FORMAT_NAMES for output in _FORMATS if output.name == name}
"""Every format by its name, in the order in which files are written."""
