"""Pages come out upright, in RGB, on white, at the right scale, whatever the file was."""

import asyncio
import io
import os
import shutil
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
from hostile_formats import DJVU_PAGES
from hostile_pdfs import BOX, INK, image, many_pages, one_page, stream
from PIL import Image, ImageCms

from ocr.core.document import PageImage
from ocr.core.errors import ScanError
from ocr.rendering.decoders.tiff import page_offsets
from ocr.rendering.renderer import Inspection, Renderer, RenderSettings

TOP_LEFT, TOP_RIGHT, BOTTOM_RIGHT, BOTTOM_LEFT = (0, 0), (0, 1), (1, 1), (1, 0)


RUNNER = asyncio.Runner()
RENDERERS: dict[str, Renderer] = {}
"""Settings and PATH -> a renderer that all tests of this module share: starting a child takes longer than a page."""


@pytest.fixture(scope="module", autouse=True)
def _end_renderers() -> Iterator[None]:
    yield
    with RUNNER:
        for renderer in RENDERERS.values():
            RUNNER.run(renderer.close())


def renderer_with(**settings: Any) -> Renderer:
    name = repr((sorted(settings.items()), os.environ["PATH"]))
    return RENDERERS.setdefault(name, Renderer(RenderSettings(processes=1, **settings)))


def read(path: Path, *numbers: int, **settings: Any) -> list[PageImage]:
    """Pages of a file, by a renderer of one child."""

    async def run() -> list[PageImage]:
        return [await renderer_with(**settings).render(path, number) for number in numbers or (1,)]

    return RUNNER.run(run())


def inspect(path: Path) -> Inspection:
    return RUNNER.run(renderer_with().inspect(path))


def dark_corner(page: PageImage) -> tuple[int, int]:
    """(row, column) of the half of the page that holds the ink."""
    rows, columns = np.nonzero(page.pixels[..., 0] < 128)
    return int(rows.mean() > page.height / 2), int(columns.mean() > page.width / 2)


def cornered(mode: str = "RGB") -> Image.Image:
    """A page of 60 x 40 with ink in its top left corner."""
    page = Image.new("RGB", (60, 40), "white")
    page.paste("black", (0, 0, 20, 10))
    return page.convert(mode)


@pytest.mark.parametrize("program", ["pdfium", "poppler"])
@pytest.mark.parametrize(
    ("angle", "corner"), [(0, BOTTOM_LEFT), (90, TOP_LEFT), (180, TOP_RIGHT), (270, BOTTOM_RIGHT), (-90, BOTTOM_RIGHT)]
)
def test_pdf_rotation_is_honoured(tmp_path: Path, program: str, angle: int, corner: tuple[int, int]) -> None:
    if program == "poppler" and not shutil.which("pdftoppm"):
        pytest.skip("poppler is not installed")
    path = tmp_path / "a.pdf"
    content = stream(b"0 0 0 rg 0 0 60 30 re f")
    path.write_bytes(one_page(BOX + b"/Rotate %d" % angle, content))
    (page,) = read(path, pdf=program, dpi=72)
    assert (page.width, page.height) == ((100, 200) if angle % 180 else (200, 100))
    assert dark_corner(page) == corner
    assert page.dpi == 72


@pytest.mark.parametrize("program", ["pdfium", "poppler"])
def test_both_pdf_programs_draw_the_crop_box_at_the_resolution_asked(tmp_path: Path, program: str) -> None:
    if program == "poppler" and not shutil.which("pdftoppm"):
        pytest.skip("poppler is not installed")
    path = tmp_path / "a.pdf"
    path.write_bytes(one_page(BOX + b"/CropBox [0 0 144 72]"))
    (page,) = read(path, pdf=program)
    assert (page.width, page.height, page.dpi) == (400, 200, 200.0)


def test_form_fields_are_drawn(tmp_path: Path) -> None:
    path = tmp_path / "form.pdf"
    field = (
        b"<</Type /Annot /Subtype /Widget /FT /Tx /T (a) /V (x) /Rect [20 20 120 60] /F 4 /AP <</N 6 0 R>> /P 3 0 R>>"
    )
    look = stream(b"0 0 0 rg 0 0 100 40 re f", b"/Type /XObject /Subtype /Form /BBox [0 0 100 40]")
    page = BOX + b"/Annots [5 0 R]"
    path.write_bytes(one_page(page, stream(b" "), [field, look], b"/AcroForm <</Fields [5 0 R]>>"))
    assert read(path)[0].pixels.min() == 0


def test_a_pdf_page_with_too_many_pixels_is_drawn_smaller(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(one_page(b"/MediaBox [0 0 1440 720]", stream(INK)))
    (page,) = read(path, max_pixels=1_500_000)
    assert 1_400_000 < page.width * page.height <= 1_500_000
    assert page.dpi == pytest.approx(page.width / 20, rel=0.01)


@pytest.mark.parametrize("underlay", [b"", b" BT 3 Tr /F 9 Tf 9 9 Td (abc) Tj ET"])
def test_a_picture_that_says_one_point_a_pixel_is_not_blown_up(tmp_path: Path, underlay: bytes) -> None:
    path = tmp_path / "phone.pdf"
    page = b"/MediaBox [0 0 2480 3508] /Resources <</XObject <</I 5 0 R>> /Font <</F 6 0 R>>>>"
    font = b"<</Type /Font /Subtype /Type1 /BaseFont /Helvetica>>"
    data = zlib.compress(bytes([90, 255] * (2480 * 3508 // 2)))
    picture = image(data, b"/Filter /FlateDecode", (2480, 3508))
    content = b"q 2480 0 0 3508 0 0 cm /I Do Q" + underlay
    path.write_bytes(one_page(page, stream(content), [picture, font]))
    assert (read(path)[0].width, read(path)[0].height) == (2480, 3508)
    path.write_bytes(one_page(page, stream(content + INK.replace(b"0 0 0 rg", b"1 0 0 rg")), [picture, font]))
    assert read(path)[0].width == pytest.approx(2480 * 200 / 72, abs=1)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_exif_orientation_is_honoured(tmp_path: Path, kind: str, orientation: int) -> None:
    undo: dict[int, Image.Transpose] = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = cornered().transpose(undo[orientation]) if orientation in undo else cornered()
    exif = Image.Exif()
    exif[274] = orientation
    path = tmp_path / "a.scan"
    stored.save(path, kind, exif=exif)
    (page,) = read(path)
    assert (page.width, page.height) == (60, 40)
    assert dark_corner(page) == TOP_LEFT


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        *((mode, "PNG") for mode in ("1", "L", "P", "LA", "RGB", "RGBA")),
        *((mode, "TIFF") for mode in ("1", "L", "P", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "I", "F", "I;16")),
        *((mode, "JPEG") for mode in ("L", "RGB", "CMYK")),
        *((mode, "BMP") for mode in ("1", "L", "P", "RGB")),
        *((mode, "WEBP") for mode in ("RGB", "RGBA")),
        *((mode, "JPEG2000") for mode in ("L", "LA", "RGB", "RGBA", "I;16")),
        *((mode, "AVIF") for mode in ("RGB", "RGBA")),
        *((mode, "GIF") for mode in ("1", "L", "P")),
        *((mode, "HEIF") for mode in ("L", "RGB", "RGBA")),
    ],
)
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str, kind: str) -> None:
    path = tmp_path / "a.scan"
    if mode == "LAB":
        lab = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB")
        page = ImageCms.applyTransform(cornered(), lab)
    elif mode == "I;16":
        page = Image.fromarray(np.asarray(cornered("L")).astype(np.uint16) * 257)
    else:
        page = cornered("RGB" if mode in ("LA", "P") else mode)
        page = page.convert("L").convert("LA") if mode == "LA" else page.convert(mode)
    assert page is not None and page.mode == mode
    if kind == "HEIF":
        pillow_heif.from_pillow(page).save(path)
    else:
        page.save(path, kind)
    (drawn,) = read(path)
    assert drawn.pixels.shape == (40, 60, 3) and drawn.pixels.dtype == np.uint8
    assert int(drawn.pixels[5, 10].max()) < 30
    assert int(drawn.pixels[30, 50].min()) > 225


@pytest.mark.parametrize(
    "compression", ["raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "group3", "group4", "zstd"]
)
def test_tiff_compressions(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "a.tif"
    mode = "1" if compression.startswith("group") else "RGB"
    try:
        cornered(mode).save(path, compression=compression)
    except (OSError, KeyError, ValueError):
        pytest.skip(f"this Pillow does not write {compression}")
    assert dark_corner(read(path)[0]) == TOP_LEFT


@pytest.mark.parametrize("flatten", ["RGBA", "LA", "P"])
def test_what_is_transparent_is_white(tmp_path: Path, flatten: str) -> None:
    path = tmp_path / "a.png"
    page = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    page.paste((0, 0, 0, 255), (0, 0, 20, 10))
    if flatten == "P":
        indexed = Image.new("P", page.size, 0)
        indexed.putpalette([0, 0, 0, 0, 0, 0])
        indexed.paste(1, (0, 0, 20, 10))
        indexed.save(path, transparency=0)
    else:
        page.convert(flatten).save(path)
    (drawn,) = read(path)
    assert drawn.pixels[30, 50].tolist() == [255, 255, 255]
    assert drawn.pixels[5, 10].tolist() == [0, 0, 0]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_white_print_on_transparency_stands_on_black(tmp_path: Path, mode: str) -> None:
    page = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    page.paste((255, 255, 255, 255), (0, 0, 20, 10))
    page.convert(mode).save(tmp_path / "a.png")
    (drawn,) = read(tmp_path / "a.png")
    assert drawn.pixels[30, 50].tolist() == [0, 0, 0]
    assert drawn.pixels[5, 10].tolist() == [255, 255, 255]


def test_paper_with_transparent_edges_stays_on_white(tmp_path: Path) -> None:
    page = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    page.paste((240, 240, 240, 255), (5, 5, 55, 35))
    page.save(tmp_path / "a.png")
    (drawn,) = read(tmp_path / "a.png")
    assert drawn.pixels[0, 0].tolist() == [255, 255, 255]


def test_twelve_bits_in_sixteen_are_scaled_by_the_brightest(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 1024, 4095]], np.uint16)).save(tmp_path / "a.tif", "TIFF")
    (page,) = read(tmp_path / "a.tif")
    assert np.abs(page.pixels[0, :, 0].astype(int) - [0, 64, 255]).max() <= 1


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled_not_cut(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.scan"
    values = np.array([[0, 257, 128 * 257, 65535]], np.uint16)
    Image.fromarray(values).save(path, kind)
    (page,) = read(path)
    assert np.abs(page.pixels[0, :, 0].astype(int) - [0, 1, 128, 255]).max() <= 1


def test_big_endian_sixteen_bits(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    entries = [
        (256, 4, 3),
        (257, 4, 1),
        (258, 3, 16),
        (259, 3, 1),
        (262, 3, 1),
        (273, 4, 122),
        (277, 3, 1),
        (278, 4, 1),
        (279, 4, 6),
    ]
    rows = b"".join(
        struct.pack(">HHI", tag, form, 1) + (struct.pack(">HH", value, 0) if form == 3 else struct.pack(">I", value))
        for tag, form, value in entries
    )
    head = b"MM\x00*\x00\x00\x00\x08" + struct.pack(">H", len(entries)) + rows + bytes(4)
    assert len(head) == 122
    path.write_bytes(head + struct.pack(">HHH", 0, 128 * 257, 65535))
    assert read(path)[0].pixels[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize(("said", "meant"), [(300, 300), (72, 200), (None, 200), (100_000, 200)])
def test_resolution_is_what_the_file_says_if_it_can_be(tmp_path: Path, said: int | None, meant: float) -> None:
    path = tmp_path / "a.png"
    cornered().save(path, **({"dpi": (said, said)} if said else {}))
    assert read(path)[0].dpi == pytest.approx(meant, rel=0.001)


def test_the_narrow_pixels_of_a_fax_are_made_square(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    Image.new("1", (1728, 1100), 1).save(path, compression="group4", dpi=(204, 98))
    (page,) = read(path)
    assert (page.width, page.height, page.dpi) == (1728, 2290, 204.0)


def test_pages_of_a_tiff_may_differ_and_any_may_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pages = [Image.new("L", (10 + number, 20), 255 - number) for number in range(30)]
    pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_lzw")
    assert inspect(path) == Inspection(30, "tiff")
    assert [page.width for page in read(path, 30, 1, 17)] == [39, 10, 26]
    assert len(page_offsets(path, 7)) == 7


@pytest.mark.parametrize("big", [False, True])
def test_pages_of_a_big_tiff(tmp_path: Path, big: bool) -> None:
    path = tmp_path / "a.tif"
    cornered().save(path, save_all=True, append_images=[cornered("L")], big_tiff=big)
    assert path.read_bytes()[2] == (43 if big else 42)
    assert [dark_corner(page) for page in read(path, 1, 2)] == [TOP_LEFT, TOP_LEFT]


def test_a_cut_page_costs_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    noise = [Image.fromarray(np.random.default_rng(seed).integers(0, 255, (200, 200), np.uint8)) for seed in range(3)]
    buffer = io.BytesIO()
    noise[0].save(buffer, "TIFF", save_all=True, append_images=noise[1:])
    path.write_bytes(buffer.getvalue()[:-5000])
    assert inspect(path).pages == 3
    assert len(read(path, 1, 2)) == 2
    with pytest.raises(ScanError, match="page 3"):
        read(path, 3)


def test_pixels_are_shared_and_read_only(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    cornered().save(path)
    (page,) = read(path)
    assert not page.pixels.flags.writeable and not page.pixels.flags.owndata
    assert page.number == 1


def test_a_page_that_is_not_there(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(one_page())
    for number in (0, 2, -1):
        with pytest.raises(ScanError, match=r"a\.pdf: page -?\d: there is no such page: the file has 1"):
            read(path, number)


def test_a_file_that_changes_is_opened_again(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"

    async def run() -> list[int]:
        renderer = Renderer(RenderSettings(processes=1))
        counts = []
        for pages in (1, 3):
            path.write_bytes(many_pages([b"3 0 R"] * pages, [b"<</Type /Page %b>>" % BOX]))
            counts.append((await renderer.inspect(path)).pages)
        await renderer.close()
        return counts

    assert asyncio.run(run()) == [1, 3]


@pytest.mark.parametrize(
    ("setting", "make", "words"),
    [
        ({"max_pixels": 1000}, lambda path: cornered().save(path, "PNG"), "max_pixels=2400"),
        (
            {"max_pages": 1},
            lambda path: cornered().save(path, "TIFF", save_all=True, append_images=[cornered()]),
            "max_pages=2",
        ),
    ],
)
def test_limits_can_be_raised_as_the_hint_says(
    tmp_path: Path, setting: dict[str, int], make: Callable[[Path], None], words: str
) -> None:
    path = tmp_path / "a.scan"
    make(path)
    with pytest.raises(ScanError) as refusal:
        read(path, **setting)
    assert words in refusal.value.hint
    key, _, value = refusal.value.hint.rpartition("render.")[2].partition("=")
    assert read(path, **{key: int(value)})


def test_of_an_animation_the_first_frame_is_the_page(tmp_path: Path) -> None:
    path = tmp_path / "a.gif"
    cornered().save(path, save_all=True, append_images=[cornered().rotate(180)], duration=50)
    assert inspect(path) == Inspection(1, "gif")
    assert dark_corner(read(path)[0]) == TOP_LEFT


def test_thumbnails_between_the_pages_of_a_tiff_are_no_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    pages = [cornered().resize((600, 400)), cornered().resize((600, 400)).rotate(180)]
    stored = [part for page in pages for part in (page.resize((60, 40)), page)]
    stored[0].save(path, save_all=True, append_images=stored[1:])
    assert inspect(path).pages == 2
    assert [dark_corner(page) for page in read(path, 1, 2)] == [TOP_LEFT, BOTTOM_RIGHT]


@pytest.mark.skipif(not shutil.which("ddjvu"), reason="ddjvu is not installed (apt-get install djvulibre-bin)")
def test_pages_of_a_djvu_file_keep_their_pixels_and_resolution(tmp_path: Path) -> None:
    path = tmp_path / "a.djvu"
    path.write_bytes(DJVU_PAGES)
    assert inspect(path) == Inspection(2, "djvu")
    found = [(page.width, page.height, page.dpi, dark_corner(page)) for page in read(path, 2, 1)]
    assert found == [(300, 200, 600.0, TOP_LEFT), (200, 300, 200.0, TOP_LEFT)]


def test_without_ddjvu_the_message_names_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.djvu"
    path.write_bytes(DJVU_PAGES)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ScanError, match="ddjvu, which reads them, is not installed") as refusal:
        inspect(path)
    assert refusal.value.hint == "apt-get install djvulibre-bin"
