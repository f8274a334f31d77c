"""Write a searchable PDF: the scan's own pages, unchanged, over an invisible layer of the text that was read.

A PDF keeps its pages, images and metadata: only a content stream and a font are added to a page. Images become pages
without being encoded again. Memory holds the layers of a file, about 5 kB a page; pages stay on disk.
"""

import io
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr.core.document import Page, PageImage
from ocr.core.environment import load
from ocr.formats.page_pictures import PagePictures, as_jpeg
from ocr.formats.pdf.existing_text import kinds_of_text, remove_invisible
from ocr.formats.pdf.glyphless_font import CharacterCodes
from ocr.formats.pdf.image_pages import image_pages, is_pdf
from ocr.formats.pdf.invisible_text import Sheet, layer_of, placing
from ocr.formats.scan_job import FormatError, ScanJob, TextLayer
from ocr.rendering.discovery import shown

if TYPE_CHECKING:
    import pikepdf

LANGUAGE = "pt-BR"
_CHUNK = 1 << 20
_BATCH = 64
"""Pages of an image file that are written to disk together, so that memory holds only one batch."""
_A4 = (595, 842)
"""Size in points of the empty page that stands for a damaged one."""
_QUALITY = 85
"""JPEG quality of pages that `force` turns into pictures."""
_OTHER_FORMATS = "or use --out alto or hocr, which leave the scan alone"


def write_searchable_pdf(job: ScanJob) -> Iterator[bytes]:
    """Yield the bytes of the PDF. Raises `FormatError` for an encrypted, signed or damaged PDF."""
    pikepdf = load("pikepdf", extra="pdf")
    with tempfile.TemporaryDirectory(dir=job.folder, prefix="pdf-") as name, ExitStack() as opened:
        folder = Path(name)
        try:
            pdf, is_new = _open(job, folder, opened)
            _add_layers(job, pdf)
            _describe(pdf, job.source.path)
            mode = pikepdf.ObjectStreamMode
            pdf.save(
                folder / "done.pdf",
                deterministic_id=True,
                compress_streams=False,  # nothing of the scan's is packed anew; our own streams are packed already
                object_stream_mode=mode.generate if is_new else mode.preserve,
            )
        except (pikepdf.PdfError, pikepdf.DataDecodingError, RuntimeError, ValueError, KeyError, TypeError) as cause:
            raise FormatError(
                f"{shown(job.source.path)}: the file is damaged, no text layer can be added: {cause}",
                hint=f"print or save it to a new PDF, {_OTHER_FORMATS}",
            ) from cause
        with (folder / "done.pdf").open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _open(job: ScanJob, folder: Path, opened: ExitStack) -> tuple["pikepdf.Pdf", bool]:
    """Return the scan as a PDF, and whether it was made of images."""
    pikepdf = load("pikepdf", extra="pdf")
    if not is_pdf(job.scan):
        return _made_of_images(job.scan, folder, opened), True
    try:
        pdf = opened.enter_context(pikepdf.open(job.scan))
    except pikepdf.PasswordError as cause:
        raise _locked(job) from cause
    if pdf.is_encrypted:
        raise _locked(job)
    if _is_signed(pdf):
        raise FormatError(
            f"{shown(job.source.path)}: the PDF is signed, and a text layer would break the signature",
            hint=f"print it to a new PDF and read that, {_OTHER_FORMATS}",
        )
    if len(pdf.pages) != job.source.pages:
        raise FormatError(
            f"{shown(job.source.path)}: the PDF is damaged: {len(pdf.pages):,} pages are found to write, "
            f"{job.source.pages:,} were read",
            hint=f"print or save it to a new PDF, {_OTHER_FORMATS}",
        )
    return pdf, False


def _locked(job: ScanJob) -> FormatError:
    return FormatError(
        f"{shown(job.source.path)}: the PDF is encrypted, and a copy without encryption is not made unasked",
        hint=f"qpdf --decrypt IN.pdf OUT.pdf, then read OUT.pdf, {_OTHER_FORMATS}",
    )


def _is_signed(pdf: "pikepdf.Pdf") -> bool:
    """Return whether a signature is in the file, or certifies it. Source: ISO 32000-1, 12.7.2 and 12.8."""
    form = pdf.Root.get("/AcroForm", {})
    return bool(int(form.get("/SigFlags", 0)) & 1) or "/Perms" in pdf.Root


def _made_of_images(scan: Path, folder: Path, opened: ExitStack) -> "pikepdf.Pdf":
    """Return a PDF whose pages stand in files of `folder` until they are saved.

    A damaged page becomes an empty one. Raises the first `FormatError` where all are damaged.
    """
    pikepdf = load("pikepdf", extra="pdf")
    whole = opened.enter_context(pikepdf.new())
    pages = image_pages(scan)
    refusals: list[FormatError] = []
    while batch := list(islice(pages, _BATCH)):
        path = folder / f"images-{len(whole.pages)}.pdf"
        _join(batch, path)
        refusals += [page for page in batch if isinstance(page, FormatError)]
        whole.pages.extend(opened.enter_context(pikepdf.open(path)).pages)
    if refusals and len(refusals) == len(whole.pages):
        raise refusals[0]
    return whole


def _join(pages: list[bytes | FormatError], path: Path) -> None:
    """Write PDFs of one page each as one; an empty page stands for a damaged one."""
    pikepdf = load("pikepdf", extra="pdf")
    with ExitStack() as parts:
        joined = parts.enter_context(pikepdf.new())
        for page in pages:
            if isinstance(page, FormatError):
                joined.add_blank_page(page_size=_A4)
            else:
                joined.pages.extend(parts.enter_context(pikepdf.open(io.BytesIO(page))).pages)
        joined.save(path, deterministic_id=True)


def _add_layers(job: ScanJob, pdf: "pikepdf.Pdf") -> None:
    """Add a layer to every page that gets one, and the font that all share."""
    codes = CharacterCodes()
    font = pdf.make_indirect(load("pikepdf", extra="pdf").Dictionary())
    found = False
    with PagePictures(job.scan, job.passwords) as pictures:
        layers = _Layers(pdf, codes, font, pictures, job.text_layer)
        for page in job.pages:
            if 1 <= page.number <= len(pdf.pages):
                found |= _add_layer(layers, page)
    if found:
        codes.fill(pdf, font)


@dataclass(frozen=True, slots=True)
class _Layers:
    """What the layers of one PDF share."""

    pdf: "pikepdf.Pdf"
    codes: CharacterCodes
    font: Any
    pictures: PagePictures
    text_layer: TextLayer


def _add_layer(shared: _Layers, page: Page) -> bool:
    """Add the layer of one page below its content; return whether it got one."""
    pdf = shared.pdf
    leaf = pdf.pages[page.number - 1]
    kinds = kinds_of_text(leaf)
    if shared.text_layer == "redo" and "invisible" in kinds:
        remove_invisible(pdf, leaf)
        kinds = kinds - {"invisible"}
    if kinds and shared.text_layer != "force":
        return False
    sheet = _sheet(leaf)
    if sheet is None:
        return False
    if kinds:
        _draw(pdf, leaf, shared.pictures.render(page.number), sheet)
    name = _free_font_name(leaf)
    turned = Sheet(sheet.box, (sheet.rotation + page.rotation) % 360)
    content = layer_of(page, turned, shared.codes, name)
    if not content:
        return False
    pikepdf = load("pikepdf", extra="pdf")
    leaf.add_resource(shared.font, pikepdf.Name.Font, pikepdf.Name(f"/{name}"))
    leaf.contents_add(pikepdf.Stream(pdf, zlib.compress(content, 9), Filter=pikepdf.Name.FlateDecode), prepend=True)
    if page.rotation:
        leaf.obj.Rotate = turned.rotation
    return True


def _sheet(leaf: "pikepdf.Page") -> Sheet | None:
    """Return the visible area of a page and its rotation; None where its boxes make no sense."""
    try:
        media = [float(value) for value in leaf.mediabox]
        crop = [float(value) for value in leaf.cropbox]
        rotation = int(_inherited(leaf, "/Rotate") or 0)
    except (ValueError, TypeError, AttributeError, KeyError):
        return None
    if len(media) != 4 or len(crop) != 4:
        return None
    (left, right), (bottom, top) = (sorted((media[side], media[side + 2])) for side in (0, 1))
    (crop_left, crop_right), (crop_bottom, crop_top) = (sorted((crop[side], crop[side + 2])) for side in (0, 1))
    box = (max(left, crop_left), max(bottom, crop_bottom), min(right, crop_right), min(top, crop_top))
    is_sound = box[2] > box[0] and box[3] > box[1] and rotation % 90 == 0
    return Sheet(box, rotation % 360) if is_sound else None


def _inherited(leaf: "pikepdf.Page", key: str) -> Any:
    """Return an entry of a page, or of the nearest node above it in the page tree."""
    node, steps = leaf.obj, 0
    while node is not None and key not in node and steps < _TREE_DEPTH:
        node, steps = node.get("/Parent"), steps + 1
    return None if node is None else node.get(key)


_TREE_DEPTH = 100


def _free_font_name(leaf: "pikepdf.Page") -> str:
    """Return a name that no font of the page has."""
    fonts = leaf.resources.get("/Font", {}) if "/Resources" in leaf.obj or _inherited(leaf, "/Resources") else {}
    return next(name for number in count() if f"/{(name := f'LusoText{number or str()}')}" not in fonts)


def _draw(pdf: "pikepdf.Pdf", leaf: "pikepdf.Page", picture: PageImage, sheet: Sheet) -> None:
    """Replace the content of a page by a picture of it."""
    pikepdf = load("pikepdf", extra="pdf")
    name = pikepdf.Name
    image = pikepdf.Stream(
        pdf, as_jpeg(picture, _QUALITY), Type=name.XObject, Subtype=name.Image, Width=picture.width,
        Height=picture.height, ColorSpace=name.DeviceRGB, BitsPerComponent=8, Filter=name.DCTDecode,
    )  # fmt: skip
    matrix = " ".join(f"{value:.4f}" for value in placing(sheet, 1, 1))
    content = f"q {matrix} cm /Page Do Q\n".encode("ascii")
    leaf.obj.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Page=pdf.make_indirect(image)))
    leaf.obj.Contents = pdf.make_indirect(pikepdf.Stream(pdf, content))


def _describe(pdf: "pikepdf.Pdf", title: str) -> None:
    """Set title and language where the file has none."""
    pikepdf = load("pikepdf", extra="pdf")
    if "/Lang" not in pdf.Root:
        pdf.Root.Lang = pikepdf.String(LANGUAGE)
    if not str(pdf.docinfo.get("/Title", "")).strip():
        pdf.docinfo["/Title"] = pikepdf.String(title)
