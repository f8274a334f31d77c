"""Add text layers page by page, without holding a PDF in memory.

A PDF stays byte for byte as it is: changed pages, layers and the font stand in a section behind it (an incremental
update: ISO 32000-1, 7.5.6). Images become a new file. Memory holds a thousand pages of the PDF library at most.

The layers are tagged, and what the scan shows is an artifact: its text is that of the layer. Where a PDF has a
structure tree of its own, that stays as it is, and the layers have no tags.
"""

import copy
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from ocr.core.document import Page
from ocr.core.environment import load
from ocr.formats.pdf.existing_text import kinds_of_text
from ocr.formats.pdf.glyphless_font import CharacterCodes
from ocr.formats.pdf.image_pages import image_pages
from ocr.formats.pdf.invisible_text import Sheet, layer_of
from ocr.formats.pdf.object_writer import ObjectCopier, ObjectWriter, token
from ocr.formats.pdf.tags.page_tags import tags_of
from ocr.formats.pdf.tags.structure_tree import StructureTree
from ocr.formats.scan_job import FormatError, ScanJob

if TYPE_CHECKING:
    import pikepdf

LANGUAGE = "pt-BR"
_PAGES_AT_ONCE = 200
"""Pages after which the PDF is opened anew: the library keeps every object that it has looked at."""
_LOOKED_AT = 1000
"""Nodes of the page tree after which the PDF is opened anew: each takes 3 kB."""
_A4 = (595, 842)
"""Size in points of the empty page that stands for a damaged one."""
_TREE_DEPTH = 100
_TAIL = 1100
"""Bytes at the end of a file in which the place of its cross-reference section must stand."""
_START = re.compile(rb"startxref\s+(\d{1,19})\s+%%EOF\s*\Z")
_KID = re.compile(rb"(\d+) (\d+) R")
_KIDS = re.compile(rb"\[\s*(?:\d+ \d+ R\s*)+\]")
"""Kids of a node of the page tree, where all are references and there is one."""
_PACKED = "1.5"
"""First version of PDF with objects inside streams."""
_ENTRIES = 8
"""Bytes of a file that tell a cross-reference table from a stream."""


@dataclass(frozen=True, slots=True)
class AppendPoint:
    """What must be known of a PDF to write a section behind it."""

    path: Path
    size: int
    """Bytes of the file."""
    pages: tuple[tuple[int, int], ...]
    """Object number and generation of each page."""
    objects: int
    """One more than the highest object number."""
    section: int
    """Place of its last cross-reference section."""
    has_stream: bool
    """The section is a stream, not a table."""
    has_tags: bool
    """The PDF has a structure tree of its own."""


def base_of(path: Path) -> AppendPoint | None:
    """Return what is needed to append to the PDF; None where its structure is not sound enough for that."""
    size = path.stat().st_size
    with path.open("rb") as file:
        has_head = file.read(5) == b"%PDF-"
        file.seek(max(0, size - _TAIL))
        start = _START.search(file.read())
        section = int(start[1]) if start else size
        file.seek(min(section, size))
        mark = file.read(_ENTRIES)
    pages = _pages_in(path)
    with _opened(path) as pdf:
        objects = int(pdf.trailer.get("/Size", 0))
        has_tags = "/StructTreeRoot" in pdf.Root
    is_sound = has_head and 0 < section < size and pages and all(0 < number < objects for number, _ in pages)
    if not is_sound or len(set(pages)) != len(pages):
        return None
    return AppendPoint(path, size, pages, objects, section, not mark.lstrip().startswith(b"xref"), has_tags)


def _opened(path: Path) -> "pikepdf.Pdf":
    """Open a PDF without the library's own walk through all its pages, which would stay in memory."""
    return load("pikepdf", extra="pdf").open(path, inherit_page_attributes=False)


def _pages_in(path: Path) -> tuple[tuple[int, int], ...]:
    """Return object number and generation of each page, in order; nothing where the page tree has a fault.

    The PDF is opened anew after some pages, because the library keeps what it has looked at.
    """
    with _opened(path) as pdf:
        waiting = [pdf.Root.Pages.objgen]
    leaves, nodes = list[tuple[int, int]](), set[tuple[int, int]]()
    while waiting:
        if not _walk(path, waiting, leaves, nodes):
            return ()
    return tuple(leaves)


def _walk(path: Path, waiting: list[Any], leaves: list[Any], nodes: set[Any]) -> bool:
    """Look at the next nodes of a page tree, from the end of `waiting`; return whether they are sound."""
    with _opened(path) as pdf:
        for _ in range(_LOOKED_AT):
            if not waiting:
                break
            reference = waiting.pop()
            kids = _kids_of(pdf.get_object(reference))
            if kids is None or reference in nodes:
                return False
            if kids:
                nodes.add(reference)
                waiting += reversed(kids)
            else:
                leaves.append(reference)
        return not pdf.get_warnings()


def _kids_of(node: Any) -> list[tuple[int, int]] | None:
    """Return the references below a node of a page tree: none for a page, None for something else.

    They are taken from the text of the array: an item of it would load its page, and all pages together.
    """
    pikepdf = load("pikepdf", extra="pdf")
    if not isinstance(node, pikepdf.Dictionary):
        return None
    kids = node.get("/Kids")
    if kids is None:
        return [] if node.get("/Type") == "/Page" else None
    listed = kids.unparse(resolved=True) if isinstance(kids, pikepdf.Array) else b""
    if not _KIDS.fullmatch(listed):
        return None
    return [(int(number), int(generation)) for number, generation in _KID.findall(listed)]


def append_layers(job: ScanJob, base: AppendPoint, file: BinaryIO) -> None:
    """Write the section behind the PDF `base` to `file`: layers for all pages that have no text yet."""
    writer = ObjectWriter(file, start=base.size, first=base.objects)
    writer.write_bytes(b"\n")
    layers = _Layers(writer, None if base.has_tags else StructureTree(writer))
    seen = 0
    for group in _groups(page for page in job.pages if 1 <= page.number <= len(base.pages)):
        seen += _append_group(group, base, layers)
    layers.has_other_text |= seen < len(base.pages)  # nobody looked at the rest
    layers.finish()
    with _opened(base.path) as pdf:
        _write_end(layers, base, pdf, job.source.path)


def _append_group(group: Iterable[Page], base: AppendPoint, layers: "_Layers") -> int:
    """Write the layers of some pages and return how many pages there were.

    Nothing outlives the call that holds on to the PDF, so its memory is free then.
    """
    pikepdf = load("pikepdf", extra="pdf")
    seen = 0
    with _opened(base.path) as pdf:
        for page in group:
            seen += 1
            number, generation = base.pages[page.number - 1]
            leaf = pikepdf.Page(pdf.get_object((number, generation)))
            if kinds_of_text(leaf):
                layers.has_other_text = True
            elif layers.add(leaf, page, (number, generation)):
                layers.writer.write(number, leaf.obj.unparse(resolved=True), generation)
    return seen


def write_images(job: ScanJob, file: BinaryIO) -> None:
    """Write a PDF of the pages of an image file, with their layers. Raises `FormatError` where all are damaged."""
    pikepdf = load("pikepdf", extra="pdf")
    writer = ObjectWriter(file, packs=True)
    writer.write_bytes(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    catalog, tree, info = writer.reserve(), writer.reserve(), writer.reserve()
    layers = _Layers(writer, StructureTree(writer))
    kids, refusals = [], list[FormatError]()
    texts = _Texts(job.pages)
    for number, content in enumerate(image_pages(job.scan), start=1):
        kids.append(writer.reserve())
        if isinstance(content, FormatError):
            refusals.append(content)
            body = b"<< /Type /Page /Resources << >> /MediaBox [ 0 0 %d %d ] /Parent %d 0 R >>" % (*_A4, tree)
            writer.write(kids[-1], body)
            continue
        with pikepdf.open(io.BytesIO(content)) as pdf:
            leaf = pdf.pages[0]
            page = texts.of(number)
            if page is not None:
                layers.add(leaf, page, (kids[-1], 0))
            leaf.obj.Parent = pikepdf.Name(token(tree))
            ObjectCopier(writer).copy_as(kids[-1], leaf.obj)
    if refusals and len(refusals) == len(kids):
        raise refusals[0]
    layers.finish()
    references = b" ".join(b"%d 0 R" % kid for kid in kids)
    writer.write(tree, b"<< /Type /Pages /Count %d /Kids [ %b ] >>" % (len(kids), references))
    language = pikepdf.String(LANGUAGE).unparse()
    tags = b"" if layers.tags is None else b" /StructTreeRoot %d 0 R /MarkInfo << /Marked true >>" % layers.tags
    writer.write(catalog, b"<< /Type /Catalog /Pages %d 0 R /Lang %b%b >>" % (tree, language, tags))
    writer.write(info, b"<< /Title %b >>" % pikepdf.String(job.source.path).unparse())
    writer.finish(b"/Root %d 0 R /Info %d 0 R" % (catalog, info), None, previous=None, as_stream=True)


class _Texts:
    """The pages that were read, asked for by rising numbers."""

    def __init__(self, pages: Iterable[Page]) -> None:
        self._pages = iter(pages)
        self._next = next(self._pages, None)

    def of(self, number: int) -> Page | None:
        """Return the page with this number, if it was read."""
        while self._next is not None and self._next.number < number:
            self._next = next(self._pages, None)
        return self._next if self._next is not None and self._next.number == number else None


class _Layers:
    """Writes the layers of one PDF, the fonts that they share, and their structure tree."""

    def __init__(self, writer: ObjectWriter, tree: StructureTree | None) -> None:
        """`tree` is None where the layers get no tags."""
        self.writer = writer
        self.has_other_text = False
        """A page has text that is not ours."""
        self.tags: int | None = None
        """Object number of the structure tree, once it is written."""
        self._tree = tree
        self._fonts = {writer.reserve(): CharacterCodes(width) for width in (1, 2)}
        self._frame = (writer.reserve(), writer.reserve())
        self._is_framed = False

    def add(self, leaf: "pikepdf.Page", page: Page, place: tuple[int, int]) -> bool:
        """Write the layer of a page and change the page in memory, with tokens for new objects.

        `place` is the object number and generation of the page. Return whether the page has a layer.
        """
        pikepdf = load("pikepdf", extra="pdf")
        sheet = sheet_of(leaf)
        if sheet is None:
            return False
        fonts = _fonts_of(leaf)
        names = list(islice(_free_names(fonts), len(self._fonts)))
        turned = Sheet(sheet.box, (sheet.rotation + page.rotation) % 360)
        tags = None if self._tree is None else tags_of(page)
        ours = dict(zip(names, self._fonts.values(), strict=True))
        content = layer_of(page, turned, ours, None if tags is None else tags.starts)
        if not content:
            return False
        for name, (number, codes) in zip(names, self._fonts.items(), strict=True):
            if codes.is_used:
                fonts[f"/{name}"] = pikepdf.Name(token(number))
        resources = copy.copy(leaf.resources) if inherited(leaf, "/Resources") is not None else pikepdf.Dictionary()
        resources.Font = fonts
        leaf.obj.Resources = resources
        leaf.obj.Contents = pikepdf.Array([self._write(content), *self._framed(leaf, is_tagged=tags is not None)])
        if page.rotation:
            leaf.obj.Rotate = turned.rotation
        if self._tree is not None and tags is not None:
            leaf.obj.StructParents = self._tree.add(tags, place)
        return True

    def finish(self) -> None:
        """Write what the pages share, once all text is encoded."""
        for number, codes in self._fonts.items():
            if codes.is_used:
                with load("pikepdf", extra="pdf").new() as pdf:
                    font = pdf.make_indirect(load("pikepdf", extra="pdf").Dictionary())
                    codes.fill(pdf, font)
                    ObjectCopier(self.writer).copy_as(number, font)
        for number, content in zip(self._frame, (b"/Artifact BMC\n", b"\nEMC\n"), strict=True):
            if self._is_framed:
                self.writer.write_stream(number, b"", content)
        self.tags = None if self._tree is None else self._tree.finish()

    def _write(self, content: bytes) -> Any:
        number = self.writer.reserve()
        self.writer.write_stream(number, b"/Filter /FlateDecode", zlib.compress(content, 9))
        return load("pikepdf", extra="pdf").Name(token(number))

    def _framed(self, leaf: "pikepdf.Page", *, is_tagged: bool) -> list[Any]:
        """Return the streams of a page's own content; in a tagged PDF they stand inside an artifact."""
        pikepdf = load("pikepdf", extra="pdf")
        old = leaf.obj.get("/Contents")
        parts = [] if old is None else list(old) if isinstance(old, pikepdf.Array) else [old]
        if not parts or not is_tagged:
            return parts
        self._is_framed = True
        start, end = (pikepdf.Name(token(number)) for number in self._frame)
        return [start, *parts, end]


def _fonts_of(leaf: "pikepdf.Page") -> Any:
    """Return a copy of the page's fonts by name."""
    pikepdf = load("pikepdf", extra="pdf")
    resources = leaf.resources if inherited(leaf, "/Resources") is not None else pikepdf.Dictionary()
    return copy.copy(resources.get("/Font", pikepdf.Dictionary()))


def _free_names(fonts: Any) -> Iterator[str]:
    """Yield names for the layer's fonts that no font of the page has."""
    return (name for number in count() if f"/{(name := f'LusoText{number or str()}')}" not in fonts)


def sheet_of(leaf: "pikepdf.Page") -> Sheet | None:
    """Return the visible area of a page and its rotation; None where its boxes make no sense."""
    try:
        media = [float(value) for value in leaf.mediabox]
        crop = [float(value) for value in leaf.cropbox]
        rotation = int(inherited(leaf, "/Rotate") or 0)
    except (ValueError, TypeError, AttributeError, KeyError):
        return None
    if len(media) != 4 or len(crop) != 4:
        return None
    (left, right), (bottom, top) = (sorted((media[side], media[side + 2])) for side in (0, 1))
    (crop_left, crop_right), (crop_bottom, crop_top) = (sorted((crop[side], crop[side + 2])) for side in (0, 1))
    box = (max(left, crop_left), max(bottom, crop_bottom), min(right, crop_right), min(top, crop_top))
    is_sound = box[2] > box[0] and box[3] > box[1] and rotation % 90 == 0
    return Sheet(box, rotation % 360) if is_sound else None


def inherited(leaf: "pikepdf.Page", key: str) -> Any:
    """Return an entry of a page, or of the nearest node above it in the page tree; None where there is none."""
    node, steps = leaf.obj, 0
    while node is not None and key not in node and steps < _TREE_DEPTH:
        node, steps = node.get("/Parent"), steps + 1
    return None if node is None else node.get(key)


def describe(root: Any, info: Any, title: str) -> bool:
    """Set language and title where a PDF has none; return whether it had both."""
    pikepdf = load("pikepdf", extra="pdf")
    has_language, has_title = "/Lang" in root, bool(str(info.get("/Title", "")).strip())
    if not has_language:
        root["/Lang"] = pikepdf.String(LANGUAGE)
    if not has_title:
        info["/Title"] = pikepdf.String(title)
    return has_language and has_title


def _groups(pages: Iterable[Page]) -> Iterator[Iterator[Page]]:
    """Yield pages in groups that are read one after the other; the rest of a group is dropped."""
    each = iter(pages)
    while (first := next(each, None)) is not None:
        yield chain([first], (page for _, page in zip(range(_PAGES_AT_ONCE - 1), each, strict=False)))


def _write_end(layers: _Layers, base: AppendPoint, pdf: "pikepdf.Pdf", title: str) -> None:
    """Write catalog and document information where they change, and the end of the section."""
    pikepdf = load("pikepdf", extra="pdf")
    writer, root, info = layers.writer, pdf.Root, pdf.trailer.get("/Info")
    kept = info if isinstance(info, pikepdf.Dictionary) else pikepdf.Dictionary()
    number, generation = kept.objgen if kept.is_indirect else (writer.reserve(), 0)
    if layers.tags is not None:
        root.StructTreeRoot = pikepdf.Name(token(layers.tags))
        # A reader that trusts this looks at nothing but tags: text of other pages would be lost to it.
        root.MarkInfo = pikepdf.Dictionary(Marked=not layers.has_other_text)
        if max(pdf.pdf_version, str(root.get("/Version", "/")).lstrip("/")) < _PACKED:
            root.Version = pikepdf.Name(f"/{_PACKED}")
    if not describe(root, kept, title) or not kept.is_indirect or layers.tags is not None:
        writer.write(root.objgen[0], root.unparse(resolved=True), root.objgen[1])
        writer.write(number, kept.unparse(resolved=True), generation)
    entries = b"/Root %b /Info %d %d R" % (root.unparse(), number, generation)
    identifiers = pdf.trailer.get("/ID")
    first = pikepdf.String(bytes(identifiers[0])).unparse() if isinstance(identifiers, pikepdf.Array) else None
    writer.finish(entries, first, previous=base.section, as_stream=base.has_stream)
