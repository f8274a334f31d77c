"""Turn a searchable PDF into PDF/A-2b, and check the result. Source: ISO 19005-2.

The PDF library repairs structure and metadata: an output intent with an sRGB profile, XMP metadata that agree with the
document information, no scripts. Its validator then approves only what it knows to conform, in the file as written.
Pages, fonts and images are never changed: a scan that uses what PDF/A forbids is refused.
"""

import io
from pathlib import Path

from ocr.core.environment import load
from ocr.formats.scan_job import FormatError
from ocr.rendering.discovery import shown

FLAVOUR = "2b"
_SHOWN = 3
"""Violations that a refusal names."""
_DATE = "xmp:MetadataDate"


def make_archival(path: Path, target: Path, name: str) -> None:
    """Write the PDF at `path` as PDF/A-2b to `target`; `name` is that of the scan. Raises `FormatError`."""
    pikepdf = load("pikepdf", extra="pdf")
    pdfa = load("pikepdf.pdfa", extra="pdf")
    with pikepdf.open(path) as pdf:
        pdfa.prepare(pdf, FLAVOUR)
        with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
            if _DATE in metadata:
                del metadata[_DATE]  # the same scan gives the same bytes
        written = io.BytesIO()
        try:
            pdfa.save(pdf, written, FLAVOUR, repair=False, deterministic_id=True, compress_streams=False)
        except pdfa.PdfaError as cause:
            findings = [f"{finding.rule}: {finding.message}" for finding in cause.report.findings]
            more = f" and {len(findings) - _SHOWN:,} more" if len(findings) > _SHOWN else ""
            raise FormatError(
                f"{shown(name)}: is not PDF/A-2b: {'; '.join(findings[:_SHOWN])}{more}",
                hint="write it with --no-pdfa, or convert the scan: ocrmypdf --output-type pdfa IN.pdf OUT.pdf",
            ) from cause
    target.write_bytes(written.getvalue())
