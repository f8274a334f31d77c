"""Read the texts of pages as files beside scans hold them: plain text, fields in JSON, ALTO, PAGE XML.

Every page becomes one string: a JSON object with the fields header, text, margin, footer, or plain text. Outputs of
other systems come in the same files, so the same functions read them. Neither boxes nor images are needed.
"""

import json
from collections.abc import Callable, Iterable
from pathlib import Path

from data.importers.alto_page_xml import XmlLine, parse_xml
from ocr.core.document import FIELDS
from ocr.core.errors import DataError


def find_text_file(scan: Path, folder: Path) -> Path | None:
    """Return the text file in `folder` named after the scan's whole name (scan.pdf.json) or its stem, if any."""
    names = [scan.name + suffix for suffix in PARSERS] + [scan.stem + suffix for suffix in PARSERS]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def read_page_texts(path: Path) -> list[str]:
    """Return one text for each page in the file. Raises DataError that names the file and what is wrong with it."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as cause:
        raise DataError(
            f"{path}: is not UTF-8 ({cause.reason} at byte {cause.start})", hint="save it as UTF-8"
        ) from cause
    except OSError as cause:
        raise DataError(f"{path}: cannot be read: {cause.strerror}") from cause
    try:
        return PARSERS[path.suffix.lower()](content)
    except ValueError as cause:
        raise DataError(
            f"{path}: {cause}", hint="one page of text, or JSON with header, text, margin, footer"
        ) from cause


def fields_to_json(fields: dict[str, str]) -> str:
    """Return a page's known fields as a JSON object: those that are not empty, in the order of `FIELDS`."""
    kept = {name: fields[name] for name in FIELDS if fields.get(name)}
    return json.dumps(kept, ensure_ascii=False)


def _parse_plain(content: str) -> list[str]:
    return [content]


def _parse_json(content: str) -> list[str]:
    """Parse the fields of one page, a list of pages, or a document that `ocr extract` wrote."""
    found = json.loads(content)
    if isinstance(found, dict) and isinstance(found.get("pages"), list):
        found = sorted(found["pages"], key=lambda page: int(page["number"]))
        return [fields_to_json(_checked(page)) for page in found]
    pages = found if isinstance(found, list) else [found]
    # The key order is kept: the published composite depends on it.
    return [json.dumps(_checked(page), ensure_ascii=False) for page in pages]


def _checked(page: object) -> dict[str, str]:
    if not isinstance(page, dict) or not any(name in page for name in FIELDS):
        raise ValueError("is no page: none of header, text, margin, footer")
    kept = {str(key): value for key, value in page.items() if key in FIELDS and value is not None}
    if wrong := [name for name, value in kept.items() if not isinstance(value, str)]:
        raise ValueError(f"{wrong[0]} is not text")
    return kept


def _parse_xml(content: str) -> list[str]:
    return [_text_of(lines) for lines in parse_xml(content.encode("utf-8")).pages]


def _text_of(lines: Iterable[XmlLine]) -> str:
    fields: dict[str, list[str]] = {}
    for line in lines:
        fields.setdefault(line.field, []).append(line.text)
    return fields_to_json({field: "\n".join(texts) for field, texts in fields.items()})


PARSERS: dict[str, Callable[[str], list[str]]] = {
    ".json": _parse_json,
    ".txt": _parse_plain,
    ".md": _parse_plain,
    ".xml": _parse_xml,
}
"""Suffix of a text file -> its parser, the most informative format first."""
