import io
from decimal import Decimal

import pikepdf
import pytest

from ocr.formats.pdf.object_writer import ObjectCopier, ObjectWriter, serialize, token


def small_file(*, as_stream: bool = False, packs: bool = False) -> bytes:
    file = io.BytesIO()
    writer = ObjectWriter(file, packs=packs)
    writer.write_bytes(b"%PDF-1.7\n")
    root, pages, kid, content = (writer.reserve() for _ in range(4))
    leaf = f"<< /Type /Page /Resources << >> /MediaBox [ 0 0 9 9 ] /Parent {token(pages)} /Contents {token(content)} >>"
    writer.write(kid, leaf.encode())
    writer.write_stream(content, b"/Kept true", b"0 0 5 5 re f")
    writer.write(pages, f"<< /Type /Pages /Count 1 /Kids [ {token(kid)} ] >>".encode())
    writer.write(root, f"<< /Type /Catalog /Pages {token(pages)} >>".encode())
    writer.finish(b"/Root %d 0 R" % root, None, previous=None, as_stream=as_stream)
    return file.getvalue()


@pytest.mark.parametrize("as_stream", [False, True])
@pytest.mark.parametrize("packs", [False, True])
def test_a_file_is_read_without_a_warning(as_stream: bool, packs: bool) -> None:
    content = small_file(as_stream=as_stream, packs=packs)
    assert (b"/ObjStm" in content, b"/XRefStm" in content) == (packs, packs and not as_stream)
    with pikepdf.open(io.BytesIO(content)) as pdf:
        assert pdf.check_pdf_syntax() == []
        assert pdf.get_warnings() == []
        assert pdf.pages[0].Contents.read_bytes() == b"0 0 5 5 re f"
        assert bool(pdf.pages[0].Contents.Kept)
        assert len(bytes(pdf.trailer.ID[0])) == 16


@pytest.mark.parametrize("as_stream", [False, True])
def test_a_section_behind_a_file_replaces_objects_and_adds_some(as_stream: bool) -> None:
    whole = small_file(as_stream=as_stream)
    previous = int(whole.split(b"startxref\n")[1].split()[0])
    with pikepdf.open(io.BytesIO(whole)) as pdf:
        first, size = pikepdf.String(bytes(pdf.trailer.ID[0])).unparse(), int(pdf.trailer.Size)
    file = io.BytesIO()
    writer = ObjectWriter(file, start=len(whole), first=size)
    added = writer.reserve()
    writer.write_stream(added, b"", b"1 1 2 2 re f")
    body = f"<< /Type /Page /Resources << >> /MediaBox [ 0 0 9 9 ] /Parent {token(2)} /Contents {token(added)} >>"
    writer.write(3, body.encode())
    writer.finish(b"/Root 1 0 R", first, previous=previous, as_stream=as_stream)
    with pikepdf.open(io.BytesIO(whole + file.getvalue())) as pdf:
        assert (pdf.check_pdf_syntax(), pdf.get_warnings()) == ([], [])
        assert pdf.pages[0].Contents.read_bytes() == b"1 1 2 2 re f"
        identifiers = [bytes(value) for value in pdf.trailer.ID]
        assert pikepdf.String(identifiers[0]).unparse() == first and identifiers[1] != identifiers[0]


def test_a_copy_brings_what_it_refers_to_once() -> None:
    file = io.BytesIO()
    writer = ObjectWriter(file)
    with pikepdf.new() as pdf:
        shared = pdf.make_stream(b"shared", Kind=pikepdf.Name("/a b"))
        value = pikepdf.Dictionary(First=shared, Second=pikepdf.Array([shared, 1, Decimal("0.5"), True, None]))
        ObjectCopier(writer).copy_as(writer.reserve(), pdf.make_indirect(value))
    written = file.getvalue()
    assert written.count(b"shared") == 1
    assert b"/First 2 0 R /Second [ 2 0 R 1 0.5 true null ]" in written
    assert b"/Kind /a#20b" in written


def test_small_and_large_numbers_are_written_without_an_exponent() -> None:
    assert serialize(Decimal("1E-7"), lambda _: b"") == b"0.0000001"
    assert serialize(Decimal("1E+9"), lambda _: b"") == b"1000000000"
    assert serialize(12, lambda _: b"") == b"12"
