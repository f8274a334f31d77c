"""Write a searchable PDF: the scan's own pages, unchanged, over an invisible layer of the text that was read.

A PDF stays as it is, byte for byte, and gets a section with its layers behind it. Images become pages without being
encoded again. Memory does not grow with the number of pages. Where its text is redone or forced, or its structure is
damaged, the PDF is first written anew without the text to replace; memory then holds its objects, about 3 kB a page.
"""

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ocr.core.document import Page, PageImage
from ocr.core.environment import load
from ocr.formats.page_pictures import PagePictures, as_jpeg
from ocr.formats.pdf.archival import make_archival
from ocr.formats.pdf.existing_text import kinds_of_text, remove_invisible, remove_tags
from ocr.formats.pdf.image_pages import is_pdf
from ocr.formats.pdf.invisible_text import Sheet, placing
from ocr.formats.pdf.page_layers import AppendPoint, append_layers, base_of, sheet_of, write_images
from ocr.formats.scan_job import FormatError, ScanJob, TextLayer
from ocr.rendering.discovery import shown

if TYPE_CHECKING:
    import pikepdf

_CHUNK = 1 << 20
_QUALITY = 85
"""JPEG quality of pages that `force` turns into pictures."""
_NOT_READ = frozenset(("failed", "refused", "skipped", "unreadable"))
"""Pages without a new text: what they have stays."""
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
    base = _examine(job)
    if base is None:
        job, base = _cleared(job, draft.with_name("cleared.pdf"))
    with draft.open("wb") as file:
        append_layers(job, base, file)
    return (base.path, draft)


def _examine(job: ScanJob) -> AppendPoint | None:
    """Return what is needed to append to the scan; None where it must be written anew first."""
    with ExitStack() as opened:
        _open(job, opened, walks=False)
    base = base_of(job.scan) if job.text_layer == "skip" else None
    return base if base is not None and len(base.pages) == job.source.pages else None


def _cleared(job: ScanJob, path: Path) -> tuple[ScanJob, AppendPoint]:
    """Write the PDF anew to `path`, without the text that a layer replaces; return what is needed to append to it.

    The pages of the job can be read once only: the new job has copies of them, in a file beside `path`.
    """
    pikepdf = load("pikepdf", extra="pdf")
    copies = path.with_name("pages.pickle")
    with ExitStack() as opened:
        pdf = _open(job, opened)
        if len(pdf.pages) != job.source.pages:
            raise FormatError(
                f"{shown(job.source.path)}: the PDF is damaged: {len(pdf.pages):,} pages are found to write, "
                f"{job.source.pages:,} were read",
                hint=f"print or save it to a new PDF, {_OTHER_FORMATS}",
            )
        file = opened.enter_context(copies.open("wb"))
        pictures = opened.enter_context(PagePictures(job.scan, job.passwords))
        if job.text_layer != "skip" and not _keeps_visible_text(pdf, job.text_layer):
            remove_tags(pdf)
        for page in job.pages:
            pickle.dump(page, file)
            if 1 <= page.number <= len(pdf.pages) and page.status not in _NOT_READ:
                _clear(pdf, page, job.text_layer, pictures)
        pdf.save(
            path,
            deterministic_id=True,
            compress_streams=False,  # nothing of the scan's is packed anew
            object_stream_mode=pikepdf.ObjectStreamMode.preserve,
        )
    base = base_of(path)
    if base is None:
        raise ValueError("its pages cannot be told apart")
    return replace(job, pages=_unpickled(copies)), base


def _unpickled(path: Path) -> Iterator[Page]:
    """Yield the pages in a file of this process."""
    with path.open("rb") as file:
        while file.peek(1):
            yield pickle.load(file)


def _open(job: ScanJob, opened: ExitStack, *, walks: bool = True) -> "pikepdf.Pdf":
    """Return the scan's PDF; `walks` looks at all pages at once. Raises `FormatError` where no layer may be added."""
    pikepdf = load("pikepdf", extra="pdf")
    try:
        pdf = opened.enter_context(pikepdf.open(job.scan, inherit_page_attributes=walks))
    except pikepdf.PasswordError as cause:
        raise _locked(job) from cause
    if pdf.is_encrypted:
        raise _locked(job)
    if _is_signed(pdf):
        raise FormatError(
            f"{shown(job.source.path)}: the PDF is signed, and a text layer would break the signature",
            hint=f"print it to a new PDF and read that, {_OTHER_FORMATS}",
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


def _keeps_visible_text(pdf: "pikepdf.Pdf", text_layer: TextLayer) -> bool:
    """Return whether a page of a tagged PDF keeps text: the tags are then needed."""
    if text_layer == "force" or "/StructTreeRoot" not in pdf.Root:
        return False
    return any("visible" in kinds_of_text(page) for page in pdf.pages)


def _clear(pdf: "pikepdf.Pdf", page: Page, text_layer: TextLayer, pictures: PagePictures) -> None:
    """Remove the text of one page that its layer replaces."""
    leaf = pdf.pages[page.number - 1]
    if text_layer == "redo":
        remove_invisible(pdf, leaf)
    elif text_layer == "force" and kinds_of_text(leaf) and (sheet := sheet_of(leaf)) is not None:
        _draw(pdf, leaf, pictures.render(page.number), sheet)


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
