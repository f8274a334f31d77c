"""ALTO and PAGE XML: the two forms that libraries give line boxes in. Each file lies beside its page's image."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

from data.examples import Split, TrueLine
from ocr.core.document import FIELDS, Field
from ocr.core.errors import DataError

IMAGES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp")


@dataclass(frozen=True, slots=True)
class Found:
    """One page of a corpus: its image's bytes, its texts, and where it comes from."""

    name: str
    document: str
    image: bytes
    texts: dict[Field, str]
    lines: tuple[TrueLine, ...] = ()
    page: int = 1
    kind: str = "printed"
    split: Split = ""
    """Where the corpus fixes it."""


PAGE_XML_FIELDS: dict[str, Field] = {
    "header": "header", "footer": "footer", "page-number": "footer", "marginalia": "margin", "signature-mark": "margin",
}  # fmt: skip
ALTO_FIELDS: dict[str, Field] = {
    "TopMargin": "header", "BottomMargin": "footer", "LeftMargin": "margin", "RightMargin": "margin",
}  # fmt: skip


def read_alto(source: Path) -> Iterator[Found]:
    """ALTO XML of any version beside its images: TextLine and String with HPOS, VPOS, WIDTH, HEIGHT in pixels."""
    for path, root in _xml_files(source, "alto"):
        if root.findtext("{*}Description/{*}MeasurementUnit", "pixel").strip() != "pixel":
            raise DataError(f"{path}: measures in {root.findtext('{*}Description/{*}MeasurementUnit')}, not in pixels")
        lines = tuple(_alto_line(line, field) for field, line in _alto_lines(root))
        named = root.findtext("{*}Description/{*}sourceImageInformation/{*}fileName", "")
        yield _from_lines(path, named, tuple(line for line in lines if line.text))


def read_page_xml(source: Path) -> Iterator[Found]:
    """PAGE XML beside its images: TextRegion type header, footer, marginalia or other; TextLine with Coords points."""
    for path, root in _xml_files(source, "PcGts"):
        page = root.find("{*}Page")
        if page is None:
            continue
        lines = []
        for region in page.iter():
            if region.tag.endswith("}TextRegion"):
                field = PAGE_XML_FIELDS.get(region.get("type", ""), "text")
                lines += [_page_line(line, field, path) for line in region.findall("{*}TextLine")]
        yield _from_lines(path, page.get("imageFilename", ""), tuple(line for line in lines if line.text))


def _alto_lines(root: ElementTree.Element) -> Iterator[tuple[Field, ElementTree.Element]]:
    for place in root.iterfind("{*}Layout/{*}Page/*"):
        field = ALTO_FIELDS.get(place.tag.rpartition("}")[2], "text")
        for line in place.iter():
            if line.tag.endswith("}TextLine") or line.tag == "TextLine":
                yield field, line


def _alto_line(line: ElementTree.Element, field: Field) -> TrueLine:
    words = [
        part.get("CONTENT", "") + ("-" if part.tag.endswith("HYP") else "") for part in line if part.get("CONTENT")
    ]
    text = (
        " ".join(words).replace(" --", "-").replace(" -", "-") if line.find("{*}HYP") is not None else " ".join(words)
    )
    left, top, width, height = (float(line.get(name, 0)) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
    return TrueLine(text.strip(), (left, top, left + width, top + height), field)


def _page_line(line: ElementTree.Element, field: Field, path: Path) -> TrueLine:
    said = line.findtext("{*}TextEquiv/{*}Unicode", "") or ""
    coords = line.find("{*}Coords")
    try:
        pairs = coords.get("points", "").split() if coords is not None else []
        xs, ys = zip(*(tuple(map(float, pair.split(","))) for pair in pairs), strict=True)
    except ValueError as failure:
        raise DataError(f"{path}: line {line.get('id')!r} has no Coords points") from failure
    return TrueLine(" ".join(said.split()), (min(xs), min(ys), max(xs), max(ys)), field)


def _from_lines(path: Path, named: str, lines: tuple[TrueLine, ...]) -> Found:
    texts: dict[Field, str] = {field: "\n".join(line.text for line in lines if line.field == field) for field in FIELDS}
    beside = [path.with_name(PurePosixPath(named.replace("\\", "/")).name)] if named else []
    beside += [path.with_suffix(suffix) for suffix in IMAGES]
    image = next((candidate for candidate in beside if candidate.is_file()), None)
    if image is None:
        raise DataError(f"{path}: its image {named or path.stem} is not beside it")
    return Found(path.stem, path.stem.rsplit("_", 1)[0], image.read_bytes(), texts, lines)


def _xml_files(source: Path, root_name: str) -> Iterator[tuple[Path, ElementTree.Element]]:
    for path in sorted(source.rglob("*.xml")):
        content = path.read_bytes()
        if b"<!DOCTYPE" in content[:2000] or b"<!ENTITY" in content:
            raise DataError(f"{path}: declares a document type; such files are not read")  # entities can blow up memory
        try:
            root = ElementTree.fromstring(content)
        except ElementTree.ParseError as failure:
            raise DataError(f"{path}: is not XML: {failure}") from failure
        if root.tag.rpartition("}")[2] == root_name:
            yield path, root
