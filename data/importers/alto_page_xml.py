"""Parse ALTO and PAGE XML, the two forms in which libraries give lines and boxes; import pages that lie beside them.

`parse_xml` is the one parser: importers make examples for training from it, `eval.reference_files` reads references and
other systems' outputs with it. Both get the reading order that PAGE XML states.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from data.examples import ReferenceLine, Split
from ocr.core.document import FIELDS, Box, Field
from ocr.core.errors import DataError

IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")

PAGE_XML_FIELDS: dict[str, Field] = {
    "header": "header", "footer": "footer", "page-number": "footer", "marginalia": "margin", "signature-mark": "margin",
}  # fmt: skip
ALTO_FIELDS: dict[str, Field] = {
    "TopMargin": "header", "BottomMargin": "footer", "LeftMargin": "margin", "RightMargin": "margin",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImportedPage:
    """One page of a corpus: the bytes of its image, its texts, and where it comes from."""

    name: str
    document: str
    image: bytes
    texts: dict[Field, str]
    lines: tuple[ReferenceLine, ...] = ()
    page: int = 1
    kind: str = "printed"
    split: Split = ""
    """Where the corpus fixes it."""


@dataclass(frozen=True, slots=True)
class XmlLine:
    """One line of a file, in reading order."""

    id: str
    field: Field
    text: str
    """As written in the file, white space included."""
    box: Box | None
    """(left, top, right, bottom) in the file's unit; None where the file gives no usable one."""


@dataclass(frozen=True, slots=True)
class XmlDocument:
    """An ALTO or PAGE XML file."""

    form: Literal["alto", "page-xml"]
    image: str
    """Name of the image file as stated, or empty."""
    unit: str
    """Unit of the boxes; PAGE XML always has "pixel"."""
    pages: tuple[tuple[XmlLine, ...], ...]


def parse_xml(content: bytes) -> XmlDocument:
    """Parse a file of either form.

    Raises ValueError that says what is wrong: no XML, a document type (entities can fill the memory), another format.
    """
    if b"<!DOCTYPE" in content[:2000] or b"<!ENTITY" in content:
        raise ValueError("declares a document type; such files are not read")
    try:
        root = ElementTree.fromstring(content)
    except ElementTree.ParseError as failure:
        raise ValueError(f"is not XML: {failure}") from failure
    pages = [element for element in root.iter() if _name(element) == "Page"]
    if _name(root) == "alto":
        unit = root.findtext("{*}Description/{*}MeasurementUnit", "pixel").strip()
        image = root.findtext("{*}Description/{*}sourceImageInformation/{*}fileName", "")
        return XmlDocument("alto", image, unit, tuple(tuple(_alto_lines(page)) for page in pages))
    if _name(root) == "PcGts":
        image = pages[0].get("imageFilename", "") if pages else ""
        return XmlDocument("page-xml", image, "pixel", tuple(tuple(_page_xml_lines(page)) for page in pages))
    raise ValueError(f"is neither ALTO nor PAGE XML, but <{_name(root)}>")


def read_alto(source: Path) -> Iterator[ImportedPage]:
    """Import ALTO XML of any version beside its images, boxes in pixels. Raises DataError that names the file."""
    for path, document in _documents(source, "alto"):
        if document.unit != "pixel":
            raise DataError(f"{path}: measures in {document.unit}, not in pixels")
        yield _imported(path, document)


def read_page_xml(source: Path) -> Iterator[ImportedPage]:
    """Import PAGE XML beside its images; every line needs Coords points. Raises DataError that names the file."""
    for path, document in _documents(source, "page-xml"):
        if document.pages:
            yield _imported(path, document)


def _documents(source: Path, form: str) -> Iterator[tuple[Path, XmlDocument]]:
    """Parse the files of a form below a folder; other XML files are skipped."""
    for path in sorted(source.rglob("*.xml")):
        try:
            document = parse_xml(path.read_bytes())
        except ValueError as failure:
            if str(failure).startswith("is neither"):
                continue
            raise DataError(f"{path}: {failure}", hint="repair the file or move it out of the folder") from failure
        if document.form == form:
            yield path, document


def _imported(path: Path, document: XmlDocument) -> ImportedPage:
    lines = []
    for line in (line for page in document.pages for line in page):
        if text := " ".join(line.text.split()):
            if line.box is None:
                raise DataError(f"{path}: line {line.id or text[:30]!r} has no box: no Coords points, or no numbers")
            lines.append(ReferenceLine(text, line.box, line.field))
    texts: dict[Field, str] = {field: "\n".join(line.text for line in lines if line.field == field) for field in FIELDS}
    stated = PurePosixPath(document.image.replace("\\", "/")).name
    beside = [path.with_name(stated)] if stated else []
    beside += [path.with_suffix(suffix) for suffix in IMAGES]
    image = next((candidate for candidate in beside if candidate.is_file()), None)
    if image is None:
        raise DataError(f"{path}: its image {stated or path.stem} is not beside it", hint="put both into one folder")
    return ImportedPage(path.stem, path.stem.rsplit("_", 1)[0], image.read_bytes(), texts, tuple(lines))


def _alto_lines(page: Element) -> Iterator[XmlLine]:
    for space in page:
        field = ALTO_FIELDS.get(_name(space), "text")
        for line in (part for part in space.iter() if _name(part) == "TextLine"):
            yield XmlLine(line.get("ID", ""), field, _alto_text(line), _alto_box(line))


def _alto_text(line: Element) -> str:
    words: list[str] = []
    for part in line:
        if _name(part) == "String" and part.get("CONTENT"):
            words.append(part.get("CONTENT", ""))
        elif _name(part) == "HYP":  # the hyphen at the end of a line belongs to the word before it
            words = [*words[:-1], (words[-1] if words else "") + part.get("CONTENT", "-")]
    return " ".join(words)


def _alto_box(line: Element) -> Box | None:
    try:
        left, top, width, height = (float(line.get(name, 0)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    except ValueError:
        return None
    return left, top, left + width, top + height


def _page_xml_lines(page: Element) -> Iterator[XmlLine]:
    """Yield lines by region in the stated reading order, others after them; a region without lines counts as one."""
    regions = [part for part in page.iter() if _name(part) == "TextRegion"]
    order = {
        part.get("regionRef", ""): int(part.get("index", "0"))
        for part in page.iter()
        if _name(part) == "RegionRefIndexed"
    }
    for region in sorted(regions, key=lambda part: order.get(part.get("id", ""), len(order))):
        field = PAGE_XML_FIELDS.get(region.get("type", ""), "text")
        for part in [line for line in region if _name(line) == "TextLine"] or [region]:
            yield XmlLine(part.get("id", ""), field, _own_text(part), _points_box(part))


def _own_text(part: Element) -> str:
    """Return the text of a line or region itself, not of the words inside it."""
    for child in part:
        if _name(child) == "TextEquiv":
            return "".join(grandchild.text or "" for grandchild in child if _name(grandchild) == "Unicode")
    return ""


def _points_box(part: Element) -> Box | None:
    coords = next((child for child in part if _name(child) == "Coords"), None)
    try:
        pairs = coords.get("points", "").split() if coords is not None else []
        xs, ys = zip(*(tuple(map(float, pair.split(","))) for pair in pairs), strict=True)
    except ValueError:
        return None
    return min(xs), min(ys), max(xs), max(ys)


def _name(element: Element) -> str:
    """Return the tag without its namespace."""
    return element.tag.rpartition("}")[2]
