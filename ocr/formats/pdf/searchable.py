"""Write a searchable PDF: the scan's own pages, unchanged, over an invisible layer of the text that was read.

A PDF stays as it is, byte for byte, and gets a section with its layers behind it. Images become pages without being
encoded again. Memory does not grow with the number of pages. A PDF is written anew where its text is redone or forced,
or where its structure is damaged; memory then holds its objects and layers, about 9 kB a page.
"""

import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ocr.core.document import Page, PageImage
from ocr.core.environment import load
from ocr.formats.page_pictures import PagePictures, as_jpeg
from ocr.formats.pdf.archival import make_archival
from ocr.formats.pdf.existing_text import kinds_of_text, remove_invisible
from ocr.formats.pdf.glyphless_font import CharacterCodes
from ocr.formats.pdf.image_pages import is_pdf
from ocr.formats.pdf.invisible_text import Sheet, placing
from ocr.formats.pdf.page_layers import AppendPoint, add_layer, append_layers, base_of, describe, sheet_of, write_images
from ocr.formats.scan_job import FormatError, ScanJob, TextLayer
from ocr.rendering.discovery import shown

if TYPE_CHECKING:
    import pikepdf

_CHUNK = 1 << 20
_QUALITY = 85
"""JPEG quality of pages that `force` turns into pictures."""
_OTHER_FORMATS = "or use --out alto or hocr, which leave the scan alone"


def write_searchable_pdf(job: ScanJob) -> Iterator[bytes]:
    """Yield the bytes of the PDF. Raises `FormatError` for an encrypted, signed or damaged PDF."""
    pikepdf = load("pikepdf", extra="pdf")
    with tempfile.TemporaryDirectory(dir=job.folder, prefix="pdf-") as name:
        draft = Path(name) / "done.pdf"
        try:
            parts = _write(job, draft)
            if job.pdfa:
                parts = (_archival(job, parts, Path(name)),)
        except (pikepdf.PdfError, pikepdf.DataDecodingError, RuntimeError, ValueError, KeyError, TypeError) as cause:
            raise FormatError(
                f"{shown(job.source.path)}: the file is damaged, no text layer can be added: {cause}",
                hint=f"print or save it to a new PDF, {_OTHER_FORMATS}",
            ) from cause
        yield from _bytes_of(parts)


def _archival(job: ScanJob, parts: Iterable[Path], folder: Path) -> Path:
    """Return the file that holds the PDF as PDF/A."""
    with (folder / "whole.pdf").open("wb") as file:
        file.writelines(_bytes_of(parts))
    make_archival(folder / "whole.pdf", folder / "archival.pdf", job.source.path)
    return folder / "archival.pdf"


def _bytes_of(parts: Iterable[Path]) -> Iterator[bytes]:
    """Yield the bytes of files, one behind the other."""
    for part in parts:
        with part.open("rb") as file:
            while chunk := file.read(_CHUNK):
                yield chunk


def _write(job: ScanJob, draft: Path) -> tuple[Path, ...]:
    """Write what is new to `draft`; return the files that make up the output, one behind the other."""
    if not is_pdf(job.scan):
        with draft.open("wb") as file:
            write_images(job, file)
        return (draft,)
    base = _examine_or_write(job, draft)
    if base is None:
        return (draft,)
    with draft.open("wb") as file:
        append_layers(job, base, file)
    return (job.scan, draft)


def _examine_or_write(job: ScanJob, draft: Path) -> AppendPoint | None:
    """Return what is needed to append to the scan; where that is impossible, write the PDF anew and return None.

    The opened PDF lives in here only: its table of objects takes 3 kB a page.
    """
    with ExitStack() as opened:
        pdf = _open(job, opened)
        base = base_of(pdf, job.scan) if job.text_layer == "skip" else None
        if base is None:
            _write_anew(job, pdf, draft)
        return base


def _open(job: ScanJob, opened: ExitStack) -> "pikepdf.Pdf":
    """Return the scan's PDF. Raises `FormatError` where no layer may or can be added."""
    pikepdf = load("pikepdf", extra="pdf")
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
    return pdf


def _locked(job: ScanJob) -> FormatError:
    return FormatError(
        f"{shown(job.source.path)}: the PDF is encrypted, and a copy without encryption is not made unasked",
        hint=f"qpdf --decrypt IN.pdf OUT.pdf, then read OUT.pdf, {_OTHER_FORMATS}",
    )


def _is_signed(pdf: "pikepdf.Pdf") -> bool:
    """Return whether a signature is in the file, or certifies it. Source: ISO 32000-1, 12.7.2 and 12.8."""
    form = pdf.Root.get("/AcroForm", {})
    return bool(int(form.get("/SigFlags", 0)) & 1) or "/Perms" in pdf.Root


def _write_anew(job: ScanJob, pdf: "pikepdf.Pdf", draft: Path) -> None:
    """Add the layers in memory and write the whole PDF."""
    pikepdf = load("pikepdf", extra="pdf")
    codes = CharacterCodes()
    font = pdf.make_indirect(pikepdf.Dictionary())
    found = False
    with PagePictures(job.scan, job.passwords) as pictures:
        layers = _Layers(pdf, codes, font, pictures, job.text_layer)
        for page in job.pages:
            if 1 <= page.number <= len(pdf.pages):
                found |= _add_layer(layers, page)
    if found:
        codes.fill(pdf, font)
    describe(pdf.Root, pdf.docinfo, job.source.path)
    pdf.save(
        draft,
        deterministic_id=True,
        compress_streams=False,  # nothing of the scan's is packed anew; our own streams are packed already
        object_stream_mode=pikepdf.ObjectStreamMode.preserve,
    )


@dataclass(frozen=True, slots=True)
class _Layers:
    """What the layers of one PDF share."""

    pdf: "pikepdf.Pdf"
    codes: CharacterCodes
    font: Any
    pictures: PagePictures
    text_layer: TextLayer

    def write(self, content: bytes) -> "pikepdf.Stream":
        """Make a stream of content."""
        pikepdf = load("pikepdf", extra="pdf")
        return pikepdf.Stream(self.pdf, zlib.compress(content, 9), Filter=pikepdf.Name.FlateDecode)


def _add_layer(shared: _Layers, page: Page) -> bool:
    """Add the layer of one page below its content; return whether it got one."""
    leaf = shared.pdf.pages[page.number - 1]
    kinds = kinds_of_text(leaf)
    if shared.text_layer == "redo" and "invisible" in kinds:
        remove_invisible(shared.pdf, leaf)
        kinds = kinds - {"invisible"}
    if kinds and shared.text_layer != "force":
        return False
    sheet = sheet_of(leaf)
    if kinds and sheet is not None:
        _draw(shared.pdf, leaf, shared.pictures.render(page.number), sheet)
    return add_layer(leaf, page, shared.codes, shared.font, shared.write)


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
