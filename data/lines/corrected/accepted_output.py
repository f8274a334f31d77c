"""Read an output folder of `ocr extract` whose corrections `ocr accept` recorded: scans, and the text of their lines.

A corrected JSON output says what each line reads: in its lines, or where only the text of a page was corrected, in that
text. In the other formats they are found in the text (`line_texts`). PAGE XML has a file a page: corrected pages count.
Of several corrected outputs of a scan, the first of `FORMS` counts. Files of a scan that nobody corrected are no
reference: nobody has said that they are right.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from data.lines.corrected.line_texts import align_lines
from data.lines.corrected.markup_texts import docx_pages, hocr_pages, library_pages
from ocr.core.document import FIELDS, Document, EngineIdentity, Line, Page, Source
from ocr.core.errors import DataError, OutputError
from ocr.formats.json_schema import document_from_json
from ocr.formats.page_blocks import notice_of
from ocr.formats.scan_job import FormatError, ScanFinder
from ocr.formats.xml.page_xml import page_label
from ocr.storage.output_dir import PRIVATE, OutputDirectory, open_folder, output_path

FORMS = ("json", "jsonl", "txt", "md", "alto", "page", "hocr", "docx")
UNPLACED = "not found in the corrected text"
OTHER_FORM = f"corrected in a format without a text that can be aligned ({', '.join(FORMS)} have one)"
PAGES_DIFFER = "the corrected file has another number of pages"
_FIELD_ORDER = {field: place for place, field in enumerate(FIELDS)}


def is_output_folder(folder: Path) -> bool:
    """Return whether `ocr extract` wrote into this folder."""
    return (folder / PRIVATE).is_dir()


def correction_files(folder: Path) -> list[Path]:
    """Return the files of an output folder that decide which lines `accepted_documents` gives, sorted."""
    return sorted((folder / PRIVATE / "corrections").glob("*.json"))


def accepted_documents(folder: Path, left_out: Counter[str]) -> list[tuple[Path, Document]]:
    """Return each scan with a recorded correction, and its document with the corrected text of every line.

    Lines whose text cannot be told are not in it; `left_out` counts them. Raises `DataError` where nothing was
    accepted, or where a scan is gone.
    """
    with _opened(folder) as held:
        sources = {source.path: source for source in held.ledger.files()}
        corrected = sorted({record.source for record in held.corrections})
        chosen = [sources[name] for name in corrected if name in sources]
        if not chosen:
            raise DataError(
                f"{folder}: no corrected output is recorded in it",
                hint=f"correct an output file, then type: ocr accept {folder}",
            )
        finder = ScanFinder()
        return [pair for source in chosen for pair in _scan_of(held, source, finder, left_out)]


@contextmanager
def _opened(folder: Path) -> Iterator[OutputDirectory]:
    try:
        with open_folder(folder) as held:
            yield held
    except OutputError as problem:
        raise DataError(problem.message, hint=problem.hint) from problem


def _scan_of(
    held: OutputDirectory, source: Source, finder: ScanFinder, left_out: Counter[str]
) -> Iterator[tuple[Path, Document]]:
    pages = _corrected_pages(held, source, left_out)
    if not pages:
        return
    place = held.ledger.holder(source.path)
    try:
        scan = finder.find(source, place[0] if place else "")
    except FormatError as problem:
        raise DataError(
            problem.message, hint="put the scan back where it was read, or read it again with: ocr extract"
        ) from problem
    yield scan, Document(source, held.ledger.engine() or EngineIdentity("", ""), tuple(pages))


def _corrected_pages(held: OutputDirectory, source: Source, left_out: Counter[str]) -> list[Page]:
    """Return the pages of a corrected scan, their lines with the corrected text."""
    corrected = {
        correction.path: correction
        for correction in held.corrections
        if correction.source == source.path and correction.scan == source.sha256
    }
    form = next((form for form in FORMS if any(one.form == form for one in corrected.values())), "")
    read = list(held.ledger.pages(source.sha256))
    if form == "page":
        files = ((page, corrected.get(output_path(source.path, form, page_label(page.number)))) for page in read)
        found = [(page, held.corrections.content(one)) for page, one in files if one is not None]
        return [_aligned(page, "\n".join(library_pages(content)), left_out) for page, content in found]
    correction = corrected.get(output_path(source.path, form)) if form else None
    if correction is None:
        left_out[OTHER_FORM] += 1
        return []
    content = held.corrections.content(correction)
    if form in ("json", "jsonl"):
        pages = _pages_of_json(content) if form == "json" else _pages_of_rows(content)
        before = {page.number: page for page in read}
        return [_with_text_of(page, before.get(page.number, page), left_out) for page in pages]
    texts = _page_texts(form, content, read)
    if len(texts) != len(read):
        left_out[PAGES_DIFFER] += 1
        return []
    return [_aligned(page, text, left_out) for page, text in zip(read, texts, strict=True)]


def _page_texts(form: str, content: bytes, read: Sequence[Page]) -> list[str]:
    """Return the text of each page of a corrected output in a format that gives no lines of ours."""
    if form == "txt":
        return _plain_pages(content.decode("utf-8"), read)
    if form == "md":
        return _markdown_pages(content.decode("utf-8"))
    return {"alto": library_pages, "hocr": hocr_pages, "docx": docx_pages}[form](content)


def _pages_of_json(content: bytes) -> Sequence[Page]:
    return document_from_json(json.loads(content)).pages


def _pages_of_rows(content: bytes) -> Sequence[Page]:
    rows = [json.loads(line) for line in content.split(b"\n") if line.strip()]
    head = {"source": rows[0]["source"], "engine": rows[0]["engine"]}
    return document_from_json({**head, "pages": [row["page"] for row in rows]}).pages


def _with_text_of(page: Page, before: Page, left_out: Counter[str]) -> Page:
    """Return a corrected page: its lines as they are, or with the text of the page where only that was corrected."""
    if [line.text for line in page.lines] != [line.text for line in before.lines]:
        return page
    if any(getattr(page, field) != getattr(before, field) for field in FIELDS):
        return _aligned(page, "\n".join(getattr(page, field) for field in FIELDS), left_out)
    if page.paragraphs != before.paragraphs:
        return _aligned(page, "\n".join([page.header, *page.paragraphs, page.margin, page.footer]), left_out)
    return page


def _aligned(page: Page, text: str, left_out: Counter[str]) -> Page:
    """Return the page with those of its lines that are found in the corrected text, and what they say there."""
    lines = sorted(page.lines, key=lambda line: _FIELD_ORDER[line.field])
    found: list[Line] = []
    for line, corrected in zip(lines, align_lines([line.text for line in lines], text), strict=True):
        if corrected is None:
            left_out[UNPLACED] += 1
        else:
            found.append(replace(line, text=corrected, words=()))
    return replace(page, lines=tuple(found))


def _plain_pages(content: str, read: Sequence[Page]) -> list[str]:
    """Return the text of each page of a plain text output, without the notices above it."""
    pages = content.split("\f")
    notices = [f"[{notice_of(page)}]" for page in read] if len(pages) == len(read) else [""] * len(pages)
    return [page.strip().removeprefix(notice) for page, notice in zip(pages, notices, strict=True)]


_PAGE_MARK = re.compile(r"^<!-- page \d+ -->$", re.MULTILINE)
_NOTICE = re.compile(r"\A\s*> \*\*.*\*\*$", re.MULTILINE)
_EMPHASIZED = re.compile(r"^\*(?!\*)(.*[^\\])\*$", re.MULTILINE)
_RULE_OF_TABLE = re.compile(r"^\|(?: --- \|)+$", re.MULTILINE)
_CELL_EDGE = re.compile(r"(?:^| )\|(?= |$)", re.MULTILINE)
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def _markdown_pages(content: str) -> list[str]:
    """Return the text of each page of a Markdown output, without its marks."""
    pages = []
    for page in _PAGE_MARK.split(content)[1:]:
        plain = _EMPHASIZED.sub(r"\1", _NOTICE.sub("", page))
        plain = _CELL_EDGE.sub(" ", _RULE_OF_TABLE.sub("", plain))
        pages.append(_ESCAPED.sub(r"\1", plain))
    return pages
