"""The text of pages as files beside scans hold it: plain text, fields in JSON, ALTO, PAGE XML.

One answer a page comes back: a JSON object of the fields header, text, margin, footer, or plain text. Readings that
some other system wrote come in the same files, so the same functions read them: unlike
`data.importers.alto_page_xml`, which makes examples for training, they need neither boxes nor images, and they keep
the order that PAGE XML states.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from data.importers.alto_page_xml import ALTO_FIELDS, PAGE_XML_FIELDS
from ocr.core.document import FIELDS
from ocr.core.errors import DataError


def find_beside(scan: Path, folder: Path) -> Path | None:
    """The text file in `folder` that belongs to `scan`: named after the whole file (scan.pdf.json), or its stem."""
    names = [scan.name + suffix for suffix in READERS] + [scan.stem + suffix for suffix in READERS]
    return next((folder / name for name in names if (folder / name).is_file()), None)


def read_answers(path: Path) -> list[str]:
    """One answer for each page in the file. Raises DataError that names the file and what is wrong with it."""
    try:
        content = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as cause:
        raise DataError(
            f"{path}: is not UTF-8 ({cause.reason} at byte {cause.start})", hint="save it as UTF-8"
        ) from cause
    except OSError as cause:
        raise DataError(f"{path}: cannot be read: {cause.strerror}") from cause
    try:
        return READERS[path.suffix.lower()](content)
    except (ValueError, ElementTree.ParseError) as cause:
        raise DataError(
            f"{path}: {cause}", hint="one page of text, or JSON with header, text, margin, footer"
        ) from cause


def from_fields(fields: dict[str, str]) -> str:
    """A page's fields as an answer: its known fields that are not empty, in the order of `FIELDS`."""
    kept = {name: fields[name] for name in FIELDS if fields.get(name)}
    return json.dumps(kept, ensure_ascii=False)


def _plain(content: str) -> list[str]:
    return [content]


def _json(content: str) -> list[str]:
    """Fields of one page, a list of such, or a document of `ocr extract`."""
    found = json.loads(content)
    if isinstance(found, dict) and isinstance(found.get("pages"), list):
        found = sorted(found["pages"], key=lambda page: int(page["number"]))
        return [from_fields(_checked(page)) for page in found]
    pages = found if isinstance(found, list) else [found]
    # Key order is kept here: the published composite counts it.
    return [json.dumps(_checked(page), ensure_ascii=False) for page in pages]


def _checked(page: object) -> dict[str, str]:
    if not isinstance(page, dict) or not any(name in page for name in FIELDS):
        raise ValueError("is no page: none of header, text, margin, footer")
    kept = {str(key): value for key, value in page.items() if key in FIELDS and value is not None}
    if wrong := [name for name, value in kept.items() if not isinstance(value, str)]:
        raise ValueError(f"{wrong[0]} is not text")
    return kept


def _xml(content: str) -> list[str]:
    root = ElementTree.fromstring(content.encode("utf-8"))
    kind = _local(root)
    if kind == "alto":
        return [_answer(_alto_lines(page)) for page in root.iter() if _local(page) == "Page"]
    if kind == "PcGts":
        return [_answer(_page_xml_lines(page)) for page in root.iter() if _local(page) == "Page"]
    raise ValueError(f"is neither ALTO nor PAGE XML, but <{kind}>")


def _alto_lines(page: Element) -> Iterator[tuple[str, str]]:
    for space in page:
        field = ALTO_FIELDS.get(_local(space), "text")
        for line in (part for part in space.iter() if _local(part) == "TextLine"):
            words = [part.get("CONTENT", "") for part in line if _local(part) in ("String", "HYP")]
            hyphens = any(_local(part) == "HYP" for part in line)
            # A hyphen at the end of a line belongs to the word before it.
            yield field, " ".join(words[:-1]) + words[-1] if hyphens and len(words) > 1 else " ".join(words)


def _page_xml_lines(page: Element) -> Iterator[tuple[str, str]]:
    regions = [part for part in page.iter() if _local(part) == "TextRegion"]
    order = {
        part.get("regionRef", ""): int(part.get("index", "0"))
        for part in page.iter()
        if _local(part) == "RegionRefIndexed"
    }
    for region in sorted(regions, key=lambda part: order.get(part.get("id", ""), len(order))):
        field = PAGE_XML_FIELDS.get(region.get("type", ""), "text")
        lines = [part for part in region if _local(part) == "TextLine"]
        for part in lines or [region]:
            yield field, _unicode(part)


def _unicode(part: Element) -> str:
    """The text of a line or region itself, not of the words inside it."""
    for child in part:
        if _local(child) == "TextEquiv":
            return "".join(grandchild.text or "" for grandchild in child if _local(grandchild) == "Unicode")
    return ""


def _answer(lines: Iterator[tuple[str, str]]) -> str:
    fields: dict[str, list[str]] = {}
    for field, text in lines:
        fields.setdefault(field, []).append(text)
    return from_fields({field: "\n".join(texts) for field, texts in fields.items()})


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


READERS: dict[str, Callable[[str], list[str]]] = {".json": _json, ".txt": _plain, ".md": _plain, ".xml": _xml}
"""Suffix of a text file -> what reads it, the most telling first."""
