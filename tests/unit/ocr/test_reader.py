"""`ocr.Reader`: one engine for many calls, from threads and event loops, and every kind of scan."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command import ENVIRONMENT, make_scan, run_ocr
from hostile_pdfs import locked_rc4
from paths import SAMPLES
from PIL import Image
from pixel_engine import STARTED

import ocr
from ocr.core.document import Document

PIXELS = "pixel_engine:create"
FAKE = "ocr.engines.fake:create"


def texts(document: Document) -> list[str]:
    return [page.text for page in document.pages]


def test_many_calls_start_one_engine(tmp_path: Path) -> None:
    STARTED.clear()
    scans = [make_scan(tmp_path / f"{number}.png", shade=number) for number in range(5)]
    with ocr.Reader(engine=PIXELS) as reader:
        documents = [reader.extract(scan) for scan in scans]
    assert len({text for document in documents for text in texts(document)}) == 5
    assert STARTED == ["pixels"]


def test_threads_share_a_reader(tmp_path: Path) -> None:
    scans = [make_scan(tmp_path / f"{number}.png", shade=number) for number in range(8)]
    with ocr.Reader(engine=PIXELS) as reader, ThreadPoolExecutor(4) as threads:
        together = [texts(document) for document in threads.map(reader.extract, scans)]
        assert together == [texts(reader.extract(scan)) for scan in scans]


def test_it_reads_where_an_event_loop_runs(tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "a.png")

    async def read() -> list[list[str]]:
        async with ocr.Reader(engine=PIXELS) as reader:
            awaited = await asyncio.gather(*(reader.aextract(scan) for _ in range(3)))
            return [
                texts(document)
                for document in (*awaited, reader.extract(scan), await ocr.aextract(scan, engine=PIXELS))
            ]

    seen = asyncio.run(read())
    assert len(seen) == 5
    assert all(text == seen[0] for text in seen)


def test_a_cancelled_call_leaves_the_reader_usable(tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "a.pdf", pages=2)

    async def read() -> Document:
        async with ocr.Reader(engine=FAKE, settings={"options.hang": [1], "options.times": 1}) as reader:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.5):
                    await reader.aextract(scan)
            return await reader.aextract(scan)

    assert [page.status for page in asyncio.run(read()).pages] == ["ok", "ok"]


def test_an_engine_that_died_is_started_again_by_the_next_call(tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "a.png")
    STARTED.clear()
    with ocr.Reader(engine=PIXELS, settings={"options": {"fatal": [1]}}) as reader:
        with pytest.raises(ocr.EngineError, match="the device is gone"):
            reader.extract(scan)
        assert texts(reader.extract(scan)) == texts(reader.extract(scan))
    assert len(STARTED) == 2


def test_a_closed_reader_says_so(tmp_path: Path) -> None:
    reader = ocr.Reader(engine=FAKE)
    reader.close()
    reader.close()
    with pytest.raises(ocr.UsageError, match="the reader is closed"):
        reader.extract(make_scan(tmp_path / "a.png"))


def test_no_thread_is_left(tmp_path: Path) -> None:
    before = threading.active_count()
    ocr.extract(make_scan(tmp_path / "a.png"), engine=FAKE)
    assert threading.active_count() == before


@pytest.mark.parametrize("name", ["letter.jpg", "gazette.png", "photocopy.png"])
def test_an_image_is_read_as_its_file_is(name: str) -> None:
    path = SAMPLES / name
    with ocr.Reader(engine=PIXELS) as reader, Image.open(path) as image:
        from_file, from_image = reader.extract(path), reader.extract(image)
        array = np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"))
        from_array = reader.extract(array)
    assert from_file.pages == from_image.pages == from_array.pages


def test_the_bytes_of_a_file_are_read_as_the_file_is(tmp_path: Path) -> None:
    for path in (make_scan(tmp_path / "a.pdf", pages=2), SAMPLES / "letter.jpg"):
        with ocr.Reader(engine=PIXELS) as reader:
            assert reader.extract(path.read_bytes()).pages == reader.extract(path).pages
    with pytest.raises(ocr.ScanError, match=r"^the 22 bytes: is text$") as caught:
        ocr.extract(b"nothing that is a scan", engine=FAKE)
    assert caught.value.hint


@pytest.mark.parametrize("shape", [(60, 80, 1), (60, 80, 4), bool])
def test_arrays_as_other_libraries_make_them_are_read(shape: Any) -> None:
    gray = np.tile(np.linspace(0, 255, 80).astype(np.uint8), (60, 1))
    if shape is bool:
        array, same = gray > 127, np.where(gray > 127, 255, 0).astype(np.uint8)
    else:
        array, same = np.repeat(gray[..., None], shape[2], axis=2), gray
        array[..., 3:] = 255
    with ocr.Reader(engine=PIXELS) as reader:
        assert texts(reader.extract(array)) == texts(reader.extract(same))


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "I;16", "F", "HSV"])
def test_images_of_every_mode_are_read(mode: str) -> None:
    shades = Image.linear_gradient("L").resize((80, 60))
    image = Image.new("I;16", (80, 60), 40_000) if mode == "I;16" else shades.convert("RGB" if mode == "HSV" else "L")
    image = image if mode == "I;16" else image.convert(mode)
    document = ocr.extract(image, engine=PIXELS)
    assert [(page.status, page.width, page.height) for page in document.pages] == [("ok", 80, 60)]


def test_the_orientation_of_a_photograph_is_kept(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    Image.linear_gradient("L").resize((80, 40)).save(tmp_path / "a.jpg", exif=exif)
    with ocr.Reader(engine=PIXELS) as reader, Image.open(tmp_path / "a.jpg") as image:
        assert reader.extract(image).pages == reader.extract(tmp_path / "a.jpg").pages
        assert (reader.extract(image).pages[0].width, image.width) == (40, 80)


@pytest.mark.parametrize(
    "scan",
    [np.zeros((4, 4), np.float32), np.zeros((4, 4, 2), np.uint8), np.zeros(4, np.uint8), np.zeros((0, 4), np.uint8), 7],
)
def test_what_is_no_image_is_refused(scan: Any) -> None:
    with pytest.raises(ocr.UsageError, match="cannot read a") as caught:
        ocr.extract(scan, engine=FAKE)
    assert caught.value.hint


def test_a_folder_is_refused_with_the_function_that_reads_it(tmp_path: Path) -> None:
    with pytest.raises(ocr.UsageError, match="is a folder") as caught:
        ocr.extract(tmp_path, engine=FAKE)
    assert "ocr.extract_all" in caught.value.hint


def test_a_pattern_is_refused_with_the_function_that_reads_it(tmp_path: Path) -> None:
    make_scan(tmp_path / "a.png")
    make_scan(tmp_path / "a[1].png")
    with pytest.raises(ocr.UsageError, match="is a pattern") as caught:
        ocr.extract(tmp_path / "*.png", engine=FAKE)
    assert "ocr.extract_all" in caught.value.hint
    assert ocr.extract(tmp_path / "a[1].png", engine=FAKE).pages


@pytest.mark.parametrize("case", ["missing", "text", "empty", "damaged", "encrypted"])
def test_a_file_that_cannot_be_opened_raises_what_the_command_says(case: str, tmp_path: Path) -> None:
    path = tmp_path / "scan.pdf"
    if case == "text":
        path.write_text("Prezado senhor", encoding="utf-8")
    elif case == "empty":
        path.touch()
    elif case == "damaged":
        path.write_bytes(b"%PDF-1.4\nnothing else")
    elif case == "encrypted":
        path.write_bytes(locked_rc4(b"abre", b"dono"))
    with pytest.raises(ocr.ScanError) as caught:
        ocr.extract(path, engine=FAKE)
    done = run_ocr("extract", path, "--engine", FAKE, "--to", tmp_path / "out", cwd=tmp_path)
    reason = caught.value.message.removeprefix(f"{path}: ")
    assert f"scan.pdf: cannot be opened: {reason} ({caught.value.hint})" in done.stderr
    assert done.returncode == caught.value.exit_code


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"render.dpy": 300}, ["--set", "render.dpy=300"]),
        ({"render": {"dpi": 5}}, ["--set", "render.dpi=5"]),
        ({"engine": "rapit"}, ["--set", "engine=rapit"]),
    ],
)
def test_settings_that_do_not_exist_raise_what_the_command_says(
    settings: dict[str, Any], words: list[str], tmp_path: Path
) -> None:
    scan = make_scan(tmp_path / "a.png")
    with pytest.raises(ocr.UsageError) as caught:
        ocr.extract(scan, settings=settings)
    done = run_ocr("extract", scan, *words, "--to", tmp_path / "out", cwd=tmp_path)
    message = caught.value.message.removeprefix("settings: ")
    error, *hints = done.stderr.splitlines()
    assert error.endswith(message)
    assert hints == ([f"hint: {caught.value.hint}"] if caught.value.hint else [])


def test_settings_come_from_a_file_a_mapping_or_an_object(tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "a.pdf")
    (tmp_path / "s.toml").write_text(f'engine = "{PIXELS}"\n[render]\ndpi = 72\n', encoding="utf-8")
    kinds = [tmp_path / "s.toml", {"engine": PIXELS, "render.dpi": 72}, ocr.Settings(engine=PIXELS, render={"dpi": 72})]  # type: ignore[arg-type]
    documents = [ocr.extract(scan, settings=kind) for kind in kinds]
    assert documents[0] == documents[1] == documents[2]
    assert "72 dpi" in documents[0].engine.fingerprint


def test_bad_pages_are_returned_with_their_status(tmp_path: Path) -> None:
    scan = make_scan(tmp_path / "book.pdf", pages=3)
    document = ocr.extract(scan, engine=FAKE, settings={"options.errs": [2]}, pages="1-2")
    assert [page.status for page in document.pages] == ["ok", "failed", "skipped"]
    assert document.pages[1].reason


@pytest.mark.parametrize(
    ("pages", "read"), [(2, [2]), ([1, 3], [1, 3]), (range(2, 4), [2, 3]), ("2-", [2, 3]), (None, [1, 2, 3])]
)
def test_pages_are_selected(pages: Any, read: list[int], tmp_path: Path) -> None:
    document = ocr.extract(make_scan(tmp_path / "book.pdf", pages=3), engine=FAKE, pages=pages)
    assert [page.number for page in document.pages if page.status == "ok"] == read


@pytest.mark.parametrize("pages", [0, [1, -1], [], ["1"], "one"])
def test_what_is_no_page_number_is_refused(pages: Any, tmp_path: Path) -> None:
    with pytest.raises(ocr.UsageError):
        ocr.extract(make_scan(tmp_path / "a.png"), engine=FAKE, pages=pages)


def test_weights_that_are_not_here_are_not_downloaded(tmp_path: Path) -> None:
    pytest.importorskip("huggingface_hub")
    with pytest.raises(ocr.UsageError, match="the weights of no-one/nothing are not on this machine") as caught:
        ocr.extract(make_scan(tmp_path / "a.png"), model="no-one/nothing")
    assert "--yes" in caught.value.hint


def test_a_hub_that_does_not_answer_is_an_engine_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("huggingface_hub")
    monkeypatch.setitem(ENVIRONMENT, "HF_ENDPOINT", "http://127.0.0.1:9")
    done = run_ocr("extract", make_scan(tmp_path / "a.png"), "--model", "no-one/nothing", "--yes", cwd=tmp_path)
    assert done.returncode in (ocr.ExitCode.ENGINE, ocr.ExitCode.DEPENDENCY)
    assert "Traceback" not in done.stderr
